"""Small hand-made results for the report's tests, declared exactly as `stepwell.tables.derived` declares them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stepwell import tables
from stepwell.asked import describe_request
from stepwell.in_memory import determine_records
from stepwell.knowledge.loader import load
from stepwell.result import Result

BY_NAME = {t.name: t for t in (*tables.DERIVED, *tables.RECORDS)}


def _table_of(name: str, rows: list[dict]):
    """Rows as an Ibis table with the declared columns; columns not given are NULL, unknown columns are an error."""
    declared = BY_NAME[name]
    stray = {key for row in rows for key in row} - set(declared.by_name)
    assert not stray, f"{name} has no column {sorted(stray)}"
    full = [{c.name: row.get(c.name) for c in declared.columns} for row in rows]
    return ibis.memtable(pa.Table.from_pylist(full, schema=declared.schema.to_pyarrow()), schema=declared.schema)


def _steps_of(
    person_id: int, *rungs: tuple[str, str], episode_number: int = 1, intolerant: tuple[int, ...] = ()
) -> list[dict]:
    """One person's rungs as (outcome, how it ended); outcome is remission, response, no response or unscored."""
    known = {
        "remission": (True, True),
        "response": (False, True),
        "no response": (False, False),
        "unscored": (None, None),
    }
    return [
        {
            "person_id": person_id,
            "episode_number": episode_number,
            "step_number": k,
            "kind": "start" if k == 1 else "switch",
            "ingredients": "sertraline",
            "start_date": date(2020, k, 1),
            "end_date": date(2020, k, 28),
            "n_days": 28,
            "is_remission": known[outcome][0],
            "is_response": known[outcome][1],
            "is_intolerance": k in intolerant,
            "ended": ended,
        }
        for k, (outcome, ended) in enumerate(rungs, start=1)
    ]


@pytest.fixture
def table_of():
    return _table_of


@pytest.fixture
def steps_of():
    return _steps_of


DRUGS = {"sertraline": 100.0, "venlafaxine": 150.0, "bupropion": 300.0, "mirtazapine": 30.0}


def _course_of(person: int, rng: Random) -> dict[str, list[dict]]:
    """One invented person: a diagnosis, up to four drugs in turn, a score before and after most of them."""
    name, day = f"{person:04d}", date(2015, 1, 1) + timedelta(rng.randrange(1000))
    drugs = rng.sample(sorted(DRUGS), rng.choice((0, 1, 1, 2, 2, 3, 3, 4)))
    rows: dict[str, list[dict]] = {table.name: [] for table in tables.RECORDS}
    born = date(1940 + rng.randrange(60), 6, 1)
    rows["person"].append({"source_person_id": name, "birth_earliest_date": born, "birth_latest_date": born})
    until = date(2020, 12, 31) if rng.random() < 0.5 else day + timedelta(rng.randrange(100, 800))
    rows["observation_period"].append({"start_date": date(2014, 1, 1), "end_date": until})
    if rng.random() < 0.9:
        diagnosis = {"condition_date": day, "codeset": "major-depression", "vocabulary": "ICD10CM", "code": "F33.1"}
        rows["condition"].append(diagnosis)
    for drug in drugs:
        length = rng.choice((20, 45, 60, 90, 120))
        rows["medication"].append(
            {
                "ingredient": drug,
                "start_date": day,
                "end_date": day + timedelta(length),
                "end_basis": "days supply",
                "mg_per_day": None if rng.random() < 0.2 else DRUGS[drug],
                "dose_basis": "strength, quantity and supply",
                "stop_reason": rng.choice((None, None, "intolerance", "no effect")),
            }
        )
        if rng.random() < 0.7:
            before, after = rng.randrange(12, 25), rng.choice((2, 6, 9, 12, 15))
            rows["measurement"] += [
                {"instrument": "phq-9", "measured_date": day - timedelta(3), "total": float(before)},
                {"instrument": "phq-9", "measured_date": day + timedelta(length), "total": float(after)},
            ]
        day += timedelta(length + rng.choice((2, 10, 40)))
    address = iter(range(100))
    for table in rows.values():
        for row in table:
            row |= {"person_id": person, "address": f"row/{person}/{next(address)}"}
    return rows


@cache
def _judged(n_people: int, seed: int) -> tuple[dict[str, pa.Table], dict]:
    """The tables and the manifest of a run over invented people, by the real engine and the packaged knowledge."""
    knowledge, rng = load(), Random(seed)
    records: dict[str, list[dict]] = {table.name: [] for table in tables.RECORDS}
    for person in range(1, n_people + 1):
        for name, rows in _course_of(person, rng).items():
            records[name] += rows
    definitions = tuple(sorted(knowledge.definitions.values(), key=lambda d: d.name))
    found = determine_records(records, definitions, knowledge, has=records)
    for name in ("person", "observation_period", "condition", "measurement", "procedure"):
        found[name] = pa.Table.from_pylist(records[name], schema=BY_NAME[name].schema.to_pyarrow())
    losses = [
        ("medication", "rows of drugs that stepwell does not judge", "left out", 1234, 77),
        ("measurement", "totals above the instrument's range", "read as unknown", 3, 2),
    ]
    columns = ("table", "what", "effect", "n_rows", "n_people")
    attrition = [dict(zip(columns, row, strict=True)) | {"number": i} for i, row in enumerate(losses, start=1)]
    found["attrition"] = pa.Table.from_pylist(attrition, schema=BY_NAME["attrition"].schema.to_pyarrow())
    manifest = {
        "stepwell": "0",
        "source": {"label": "Invented people", "location": "nowhere", "fingerprint": "0" * 12},
        "definitions": [d.name for d in definitions],
        "not_answerable": {},
        **describe_request(definitions, (), knowledge),
        "has": sorted(records),
        "knowledge": knowledge.digest,
        "engine": "duckdb",
        "coverage": {},
        "rows": {name: rows.num_rows for name, rows in found.items()},
    }
    return found, manifest


def _result_of(folder: Path, n_people: int = 150, seed: int = 7) -> Result:
    """Invented people as a result folder, as a run writes it."""
    found, manifest = _judged(n_people, seed)
    for name, rows in found.items():
        (folder / name).mkdir(parents=True)
        pq.write_table(rows, folder / name / "part-00000.parquet")
    (folder / "run.json").write_text(json.dumps(manifest), "utf-8")
    return Result.open(folder)


@pytest.fixture(scope="session")
def result(tmp_path_factory) -> Result:
    return _result_of(tmp_path_factory.mktemp("result"))


@pytest.fixture(scope="session")
def result_of():
    return _result_of
