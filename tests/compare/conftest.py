"""Small hand-made people, judged by the real engine and written as a result folder."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stepwell import tables
from stepwell.asked import describe_request
from stepwell.in_memory import determine_records
from stepwell.knowledge.loader import load
from stepwell.result import Result

BY_NAME = {t.name: t for t in (*tables.DERIVED, *tables.RECORDS)}
DAY = date(2020, 1, 1)


def day(n: int) -> date:
    """Day `n` after the first diagnosis."""
    return DAY + timedelta(n)


class People:
    """Records being written down, person by person; days are counted from the first diagnosis."""

    def __init__(self):
        self.rows: dict[str, list[dict]] = {table.name: [] for table in tables.RECORDS}

    def add(
        self, *drugs: tuple, born: int = 1980, observed: tuple[int, int] | None = (-400, 900), diagnoses=(0, 30)
    ) -> int:
        """One person; a drug is (ingredient, first day, last day, mg a day), the last day None where nobody recorded it."""
        person = len(self.rows["person"]) + 1
        self._add("person", person, source_person_id=f"p{person}")
        self.rows["person"][-1] |= {"birth_earliest_date": date(born, 6, 1), "birth_latest_date": date(born, 6, 1)}
        if observed:
            self._add("observation_period", person, start_date=day(observed[0]), end_date=day(observed[1]))
        for n in diagnoses:
            self._add(
                "condition",
                person,
                condition_date=day(n),
                codeset="major-depression",
                vocabulary="ICD10CM",
                code="F33.1",
            )
        for ingredient, start, end, mg in drugs:
            self._add(
                "medication",
                person,
                ingredient=ingredient,
                start_date=day(start),
                end_date=None if end is None else day(end),
                end_basis=None if end is None else "days supply",
                mg_per_day=mg,
                dose_basis="strength, quantity and supply",
            )
        return person

    def _add(self, name: str, person: int, **values: object) -> None:
        self.rows[name].append(
            {"person_id": person, "address": f"{name}/{len(self.rows[name])}"} | values
            if name != "person"
            else {"person_id": person, "address": f"person/{person}"} | values
        )

    def judge(self, folder: Path, *ids: str, has=None) -> Result:
        """The result folder that a run over these people would write."""
        knowledge = load()
        definitions = tuple(sorted((knowledge.definitions[i] for i in ids), key=lambda d: d.name))
        has = sorted(self.rows) if has is None else sorted(has)
        found = determine_records(self.rows, definitions, knowledge, has=has)
        for name, rows in self.rows.items():
            found[name] = pa.Table.from_pylist(rows, schema=BY_NAME[name].schema.to_pyarrow())
        for name, rows in found.items():
            (folder / name).mkdir(parents=True)
            pq.write_table(rows, folder / name / "part-00000.parquet")
        manifest = {
            "stepwell": "0",
            "source": {"label": "Invented people", "location": "nowhere", "fingerprint": "0" * 12},
            "definitions": [d.name for d in definitions],
            "not_answerable": {},
            **describe_request(definitions, (), knowledge),
            "has": has,
            "knowledge": knowledge.digest,
            "rows": {name: rows.num_rows for name, rows in found.items()},
        }
        (folder / "run.json").write_text(json.dumps(manifest), "utf-8")
        return Result.open(folder)


@pytest.fixture(scope="session")
def people():
    return People


@pytest.fixture(scope="session")
def result(tmp_path_factory) -> Result:
    """Two claims definitions on nine people: see `test_between` for why each is in one and not in the other."""
    written = People()
    for _ in range(2):  # both: two adequate drugs, each left for another
        written.add(("sertraline", 0, 60, 100.0), ("venlafaxine", 62, 130, 150.0), ("bupropion", 132, 200, 300.0))
    for _ in range(3):  # kubitz only: the second drug that counts is quetiapine
        written.add(("sertraline", 0, 60, 100.0), ("quetiapine", 62, 130, 300.0), ("venlafaxine", 132, 200, 150.0))
    # kubitz only: a drug below its minimum dose
    written.add(("sertraline", 0, 60, 5.0), ("venlafaxine", 62, 130, 150.0), ("bupropion", 132, 200, 300.0))
    # liu only: older than 64
    written.add(
        ("sertraline", 0, 60, 100.0), ("venlafaxine", 62, 130, 150.0), ("bupropion", 132, 200, 300.0), born=1940
    )
    written.add(("sertraline", 0, 60, 100.0))  # neither
    written.add(observed=None, diagnoses=())  # never observed: nobody can say
    return written.judge(tmp_path_factory.mktemp("compared") / "result", "kubitz-2013", "liu-2021")
