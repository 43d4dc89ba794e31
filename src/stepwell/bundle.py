"""Judges a FHIR R4 bundle held in memory, by the same rules as a run over files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import pyarrow as pa

from stepwell.in_memory import determine_records
from stepwell.knowledge.definition import Definition
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.loader import load
from stepwell.knowledge.staging import Staging
from stepwell.sources.fhir import open_bundle
from stepwell.tables import RECORDS

_KEYS = {table.name: table.key for table in RECORDS}


def determine_bundle(
    bundle: Mapping,
    definitions: Sequence[Definition | str] = (),
    knowledge: Knowledge | None = None,
    *,
    stagings: Sequence[Staging | str] = (),
) -> dict[str, pa.Table]:
    """Judges a bundle: a mapping as `json.load` gives it.

    `definitions` and `stagings` are ids, or forms; without definitions, those that are run by default. Returns the record tables
    (`person` has the patients' own ids) and the result tables, by name. Raises SourceError for what is no bundle that can be
    read, QuestionError for an id that is not known.
    """
    knowledge = knowledge or load()
    chosen = definitions or [d for d in knowledge.definitions.values() if d.by_default]
    con = ibis.duckdb.connect()
    try:
        source = open_bundle(dict(bundle), con, knowledge)
        records = {name: con.to_pyarrow(rows.order_by(*_KEYS[name])) for name, rows in source.tables.items()}
    finally:
        con.disconnect()
    return records | determine_records(records, chosen, knowledge, has=source.has, stagings=stagings)
