"""Rows of what is looked for that have no usable day: none is written, it is only a month or a year, or it is impossible.

They are in no record table. They become rows of `code_gap`, so that their absence there says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ..tables import CODE_GAP
from ..tables.ranges import DAY
from .findings import Finding
from .source import Loss

UNREAD, WITHOUT_DAY = CODE_GAP.by_name["reason"].values

_WHAT = {
    "condition": "diagnoses",
    "procedure": "procedures",
    "measurement": "scores",
    "answer": "answers",
    "vital": "vital signs",
}
GAP_SCHEMA = pl.DataFrame(CODE_GAP.arrow_schema.empty_table()).schema
"""The columns of `code_gap`, as Polars types."""


def ends_of(date: str) -> dict[str, pl.Expr]:
    """The first and the last day of rows together; NULL, which is any day, where one of them has no day."""
    is_dated = pl.col(date).is_not_null().all()
    return {
        "first_date": pl.when(is_dated).then(pl.col(date).min()),
        "last_date": pl.when(is_dated).then(pl.col(date).max()),
    }


def as_gap(rows: pl.DataFrame, record: str, reason: str) -> pl.DataFrame:
    """Rows of `code_gap` from their `person_id`, `codeset`, `first_date`, `last_date` and `n_rows`."""
    said = rows.with_columns(record=pl.lit(record), reason=pl.lit(reason))
    return said.select(pl.col(name).cast(type_) for name, type_ in GAP_SCHEMA.items())


def undated_rows(rows: pl.DataFrame, undated: Sequence[Finding], record: str, named: str) -> tuple[pl.DataFrame, Loss]:
    """The rows of `code_gap` that rows without a usable day make, and the line that counts them.

    `rows` has `person_id`, the column `named` (code set, instrument or vital sign), `first` and `last`, the ends of what the cell
    of the day can mean. `undated` are the findings by which rows without a usable day are left out.
    """
    is_undated = pl.any_horizontal(f.when.fill_null(False) for f in undated)
    first, last = pl.col("first"), pl.col("last")
    is_known = (first >= pl.lit(DAY.at_least)) & (last <= pl.lit(DAY.at_most))
    found = rows.filter(is_undated & pl.col("person_id").is_not_null()).select(
        "person_id",
        codeset=named,
        first_date=pl.when(is_known).then(first),
        last_date=pl.when(is_known).then(last),
    )
    each = found.group_by("person_id", "codeset", "first_date", "last_date").agg(n_rows=pl.len())
    what = (
        f"of these, {_WHAT[record]} of what is looked for, without a usable day: what depends on when they were is unknown for "
        "these people; add the days"
    )
    counted = Loss(record, what, "read as unknown", found.height, found["person_id"].n_unique())
    return as_gap(each, record, WITHOUT_DAY), counted
