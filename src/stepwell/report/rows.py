"""Rows of a result in memory, some people at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from stepwell.on_request.rows import rows_in_days
from stepwell.result import Result
from stepwell.tables import DERIVED, RECORDS

_TABLES = {table.name: table for table in (*RECORDS, *DERIVED)}
_PEOPLE_AT_A_TIME = 100_000


def people_in_parts(result: Result) -> Iterator[tuple[int, int]]:
    """The numbers of the first and the last of some people, until everybody has been among them."""
    n_people = result.table("person").person_id.max().to_pyarrow().as_py() or 0
    for first in range(1, n_people + 1, _PEOPLE_AT_A_TIME):
        yield first, first + _PEOPLE_AT_A_TIME - 1


def read_rows(result: Result, name: str, people: tuple[int, int], columns: Sequence[str] = ()) -> pl.DataFrame:
    """The rows of a table of the people from the first number to the last, dates as days; with `person_id` and these columns, or
    with all. No rows where a result of an earlier version does not have the table."""
    table = _TABLES[name]
    columns = ("person_id", *columns) if columns else tuple(table.arrow_schema.names)
    if name in result.tables:
        rows = result.table(name).select(*columns)
        found = rows.filter(rows.person_id.between(*people)).to_pyarrow()
    else:
        found = table.arrow_schema.empty_table().select(columns)
    return rows_in_days(table, pl.from_arrow(found))
