"""Cells into values: text, numbers, days. What cannot be read becomes NULL; the caller counts it, nobody guesses."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

EMPTY_WORDS = ("", "null", "na", "n/a", "nan", "none", "\\n", ".", "<na>", "nat")
"""Words by which exports say that a cell is empty."""

FIRST_DAY, LAST_DAY = "1900-01-01", "2299-12-31"
"""Days outside are markers ("unknown", "for ever"), not dates. Records whose dates were shifted to hide them lie after 2100
and are kept."""


@dataclass(frozen=True)
class Day:
    """A column read as days: what came of it, and which cells had something that is no usable day."""

    value: ir.DateColumn
    is_unreadable: ir.BooleanColumn
    is_marker: ir.BooleanColumn
    is_shifted: ir.BooleanColumn


def text(column: ir.Column) -> ir.StringColumn:
    """The cell as text without surrounding blanks; NULL for empty cells and the words that stand for them."""
    value = column if column.type().is_string() else column.cast("string")
    value = value.strip()
    return value.lower().isin(EMPTY_WORDS).ifelse(ibis.null("string"), value)


def number(column: ir.Column) -> ir.FloatingColumn:
    """The cell as a finite number, else NULL."""
    value = text(column).try_cast("float64") if column.type().is_string() else column.cast("float64")
    return (value.isnan() | value.isinf()).ifelse(ibis.null("float64"), value)


def whole(column: ir.Column) -> ir.IntegerColumn:
    """The cell as a whole number, else NULL."""
    kind = column.type()
    if kind.is_integer():
        return column.cast("int64")
    value = number(column)
    exact = text(column).try_cast("int64") if kind.is_string() else value.try_cast("int64")
    return (value == value.floor()).ifelse(exact, ibis.null("int64"))


def concept(column: ir.Column) -> ir.IntegerColumn:
    """A concept id; 0 says that there is none."""
    return whole(column).nullif(0)


def day(column: ir.Column) -> Day:
    """The cell as a day: a date, a timestamp, or text such as 2020-01-31, 2020-01-31 10:00 or 20200131."""
    kind = column.type()
    if kind.is_date() or kind.is_timestamp():
        given, value = column.notnull(), column.cast("date")
    else:
        cell = text(column)
        digits = cell.re_search(r"^\d{8}$")
        dashed = cell[0:4] + "-" + cell[4:6] + "-" + cell[6:8]
        given, value = cell.notnull(), digits.ifelse(dashed, cell.left(10)).try_cast("date")
    usable = value.between(ibis.date(FIRST_DAY), ibis.date(LAST_DAY))
    return Day(
        value=usable.ifelse(value, ibis.null("date")),
        is_unreadable=given & value.isnull(),
        is_marker=value.notnull() & ~usable,
        is_shifted=usable & (value >= ibis.date("2100-01-01")),
    )


def days_after(start: ir.DateColumn, n: ir.IntegerColumn) -> ir.DateColumn:
    """The day so many days later."""
    return (start + n.as_interval("D")).cast("date")
