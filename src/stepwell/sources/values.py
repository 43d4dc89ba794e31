"""Cells into values: text, numbers, days. What cannot be read becomes NULL; the caller counts it, nobody guesses.

Each expression names its column as seldom as it can: Ibis writes an expression out wherever it is used, and repetition
multiplies with every level.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

_EMPTY = r"(?i)^(null|na|n/a|nan|nat|none|<na>|\\n|\.)$"
"""Words by which exports say that a cell is empty."""

FIRST_DAY, LAST_DAY = "1900-01-01", "2299-12-31"
"""Days outside are markers ("unknown", "for ever"), not dates. Records whose dates were shifted to hide them lie after 2100
and are kept."""

CLOCK = "^([01]?[0-9]|2[0-3]):([0-5][0-9])$"
"""A time of the day, such as 09:30."""


@dataclass(frozen=True)
class Day:
    """A column read as days: what came of it, and which cells had something that is no usable day."""

    value: ir.DateColumn
    is_unreadable: ir.BooleanColumn
    is_marker: ir.BooleanColumn
    is_shifted: ir.BooleanColumn


def text(column: ir.Column) -> ir.StringColumn:
    """The cell as text without surrounding blanks; NULL for empty cells and the words that stand for them."""
    if column.type().is_integer():
        return column.cast("string")
    value = column if column.type().is_string() else column.cast("string")
    return value.strip().re_replace(_EMPTY, "").nullif("")


def number(column: ir.Column) -> ir.FloatingColumn:
    """The cell as a finite number, else NULL."""
    value = column.try_cast("float64")
    if column.type().is_integer():
        return value
    if column.type().is_string():
        return value.nullif(float("nan")).nullif(float("inf")).nullif(float("-inf"))
    # Parquet's statistics leave NaN out, and DuckDB then takes no cell to equal it: it must be asked for by function.
    return (value.isnan() | value.isinf()).ifelse(ibis.null("float64"), value)


def whole(column: ir.Column) -> ir.IntegerColumn:
    """The cell as a whole number (a fraction is rounded), else NULL."""
    return column.cast("int64") if column.type().is_integer() else column.try_cast("int64")


def concept(column: ir.Column) -> ir.IntegerColumn:
    """A concept id; 0 says that there is none."""
    return whole(column).nullif(0)


def day(column: ir.Column) -> Day:
    """The cell as a day: a date, a timestamp, or text such as 2020-01-31, 2020-01-31 10:00 or 20200131."""
    if column.type().is_string():
        given = text(column).notnull()
        value = column.strip().re_replace(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3").left(10).try_cast("date")
    else:
        given, value = column.notnull(), column.try_cast("date")
    usable = value.between(ibis.date(FIRST_DAY), ibis.date(LAST_DAY))
    return Day(
        value=usable.ifelse(value, ibis.null("date")),
        is_unreadable=given & value.isnull(),
        is_marker=value.notnull() & ~usable,
        is_shifted=usable & (value >= ibis.date("2100-01-01")),
    )


def address(table: str, id_: ir.Column) -> ir.StringValue:
    """Where a row stands in the source: `drug_exposure/123`."""
    return ibis.literal(f"{table}/") + text(id_).fill_null("?")


def days_after(start: ir.DateColumn, n: ir.IntegerColumn) -> ir.DateColumn:
    """The day so many days later."""
    return (start + n.as_interval("D")).cast("date")


def clock(column: ir.StringColumn) -> ir.IntegerColumn:
    """The minute of the day of a time such as 09:30, else NULL."""
    hours, minutes = (column.re_extract(CLOCK, n).try_cast("int32") for n in (1, 2))
    return (hours * 60 + minutes).cast("int32")
