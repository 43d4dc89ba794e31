"""Explains records held in memory, for one person on a screen, in the same words as a run over a whole source."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from stepwell.asked import KEPT_RECORDS, describe_request
from stepwell.in_memory import as_tables
from stepwell.knowledge.chosen import find_forms
from stepwell.knowledge.definition import Definition
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.loader import load
from stepwell.knowledge.staging import Staging
from stepwell.result import Result
from stepwell.result_check import DECLARED
from stepwell.rules import judge_records
from stepwell.version import __version__


def explain_records(
    records: Mapping[str, pa.Table | Sequence[Mapping]],
    definitions: Sequence[Definition | str],
    knowledge: Knowledge | None = None,
    *,
    has: Iterable[str] | None = None,
    stagings: Sequence[Staging | str] = (),
    label: str = "records in memory",
) -> Result:
    """Judges records held in memory and returns a `Result` that is held in memory too: with the evidence of each person, and
    everything else that is read from a result (`stepwell.candidacy.assess`, the page of a person).

    Takes what `determine_records` takes. `label` names the source on pages. Nothing is written.

        result = explain_records(records, ["sforzini-2022"], stagings=["ath-r"])
        for line in result.evidence("p1"):
            print(line["verdict"], line["sentence"])
    """
    knowledge = knowledge or load()
    forms, models = find_forms(definitions, stagings, knowledge)
    has = frozenset(records if has is None else has)
    given = as_tables(records)
    made = judge_records(given, forms, knowledge, has, models)
    tables = {name: given[name] for name in KEPT_RECORDS} | made
    manifest = {
        "stepwell": __version__,
        "source": {"label": label, "location": "", "fingerprint": _fingerprint(given)},
        "definitions": [d.name for d in forms],
        "not_answerable": {},
        **describe_request(forms, models, knowledge),
        "has": sorted(has),
        "knowledge": knowledge.digest,
        "rows": {name: rows.num_rows for name, rows in tables.items()},
    }
    return _ResultInMemory(Path(label), manifest, knowledge, tables)


def _fingerprint(records: Mapping[str, pa.Table]) -> str:
    """Stands for these very rows, as the fingerprint of files does on a page."""
    digest = hashlib.sha256()
    for name, rows in sorted(records.items()):
        digest.update(name.encode())
        for batch in rows.combine_chunks().to_batches():
            digest.update(batch.serialize())
    return digest.hexdigest()[:16]


class _ResultInMemory(Result):
    """A result without a folder: its tables are Arrow tables, and one person's rows are read without a database."""

    def __init__(self, folder: Path, manifest: dict, knowledge: Knowledge, tables: Mapping[str, pa.Table]):
        self.folder = folder
        self.manifest = manifest
        self.knowledge = knowledge
        self._tables = tables
        self._rows: dict[str, list[dict]] = {}

    def table(self, name: str) -> ir.Table:
        return ibis.memtable(self._arrow(name))

    def person_id(self, person: str) -> int:
        found = [r["person_id"] for r in self._rows_in_order("person") if r["source_person_id"] == person]
        return found[0] if found else super().person_id(person)

    def rows_of_people(self, name: str, person_ids: Sequence[int]) -> list[dict]:
        wanted = set(person_ids)
        # Whoever asks may change a row.
        return [dict(row) for row in self._rows_in_order(name) if row["person_id"] in wanted]

    def _rows_in_order(self, name: str) -> list[dict]:
        if name not in self._rows:
            rows = self._arrow(name)
            key = [(column, "ascending") for column in DECLARED[name].key if column in rows.column_names]
            self._rows[name] = rows.sort_by(key).to_pylist()
        return self._rows[name]

    def _arrow(self, name: str) -> pa.Table:
        if name not in self._tables:
            raise self.no_table(name)
        return self._tables[name]
