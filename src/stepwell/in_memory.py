"""Judges records held in memory, for one person or a few thousand, by the same rules as a run over a whole source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from stepwell.knowledge.chosen import find_forms
from stepwell.knowledge.definition import Definition
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.loader import load
from stepwell.knowledge.staging import Staging
from stepwell.rules import judge_records
from stepwell.tables import RECORDS, Table


def determine_records(
    records: Mapping[str, pa.Table | Sequence[Mapping]],
    definitions: Sequence[Definition | str],
    knowledge: Knowledge | None = None,
    *,
    has: Iterable[str] | None = None,
    stagings: Sequence[Staging | str] = (),
) -> dict[str, pa.Table]:
    """Judges records held in memory.

    `records` maps record tables to Arrow tables or lists of rows with the declared columns; a table that is left out does not
    exist in the source (its absence says nothing), unless `has` says otherwise. `definitions` and `stagings`, the models to stage
    the people by, are ids, or forms. Returns the result tables by name, each in the order of its key. Raises QuestionError for an
    id that is not known.
    """
    knowledge = knowledge or load()
    forms, models = find_forms(definitions, stagings, knowledge)
    has = frozenset(records if has is None else has)
    return judge_records(as_tables(records), forms, knowledge, has, models)


def as_tables(records: Mapping[str, pa.Table | Sequence[Mapping]]) -> dict[str, pa.Table]:
    """Every record table as an Arrow table with its declared columns; empty where it is left out."""
    return {table.name: _declared(table, records.get(table.name, [])) for table in RECORDS}


def _declared(table: Table, rows: pa.Table | Sequence[Mapping]) -> pa.Table:
    """The rows as an Arrow table with exactly the declared columns."""
    schema = table.arrow_schema
    if isinstance(rows, pa.Table):
        return rows if rows.schema == schema else rows.select(schema.names).cast(schema)
    return pa.Table.from_pylist([dict(r) for r in rows], schema=schema)
