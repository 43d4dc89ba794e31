"""Judges records held in memory, for one person or a few thousand, by the same rules as a run over a whole source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from stepwell.knowledge.definition import Definition
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.load import load
from stepwell.knowledge.staging import Staging
from stepwell.rules import judge_records
from stepwell.tables import RECORDS, Table

_KEYS = {table.name: table.key for table in RECORDS}


def determine_records(
    records: Mapping[str, pa.Table | Sequence[Mapping]],
    definitions: Sequence[Definition],
    knowledge: Knowledge,
    *,
    has: Iterable[str] | None = None,
    stagings: Sequence[Staging] = (),
) -> dict[str, pa.Table]:
    """Judges records held in memory.

    `records` maps record tables to Arrow tables or lists of rows with the declared columns; a table that is left out does not
    exist in the source (its absence says nothing), unless `has` says otherwise. `stagings` are models to stage the people by.
    Returns the result tables by name, each in the order of its key.
    """
    has = frozenset(records if has is None else has)
    given = {table.name: _declared(table, records.get(table.name, [])) for table in RECORDS}
    return judge_records(given, definitions, knowledge, has, stagings)


def determine_bundle(
    bundle: Mapping,
    definitions: Sequence[Definition] = (),
    knowledge: Knowledge | None = None,
    *,
    stagings: Sequence[Staging] = (),
) -> dict[str, pa.Table]:
    """Judges a FHIR R4 bundle held in memory (a mapping as `json.load` gives it), by the rules of a run over files.

    Without `definitions`, those that are run by default. Returns the record tables (`person` has the patients' own ids) and the
    result tables, by name. Raises SourceError for what is no bundle that can be read.
    """
    import ibis  # a database engine: not needed for records that are read already

    from stepwell.sources.fhir import open_bundle

    knowledge = knowledge or load()
    chosen = definitions or [d for d in knowledge.definitions.values() if d.by_default]
    con = ibis.duckdb.connect()
    try:
        source = open_bundle(dict(bundle), con, knowledge)
        records = {name: con.to_pyarrow(rows.order_by(_KEYS[name])) for name, rows in source.tables.items()}
    finally:
        con.disconnect()
    return records | determine_records(records, chosen, knowledge, has=source.has, stagings=stagings)


def _declared(table: Table, rows: pa.Table | Sequence[Mapping]) -> pa.Table:
    """The rows as an Arrow table with exactly the declared columns."""
    schema = table.arrow_schema
    if isinstance(rows, pa.Table):
        return rows if rows.schema == schema else rows.select(schema.names).cast(schema)
    return pa.Table.from_pylist([dict(r) for r in rows], schema=schema)
