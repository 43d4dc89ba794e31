"""Cells into values: text, numbers, days. What cannot be read becomes NULL; the caller counts it, nobody guesses.

Each expression names its column as seldom as it can: Ibis writes an expression out wherever it is used, and repetition
multiplies with every level.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from ..tables.ranges import DAY, Range

EMPTY = r"(?i)^(null|na|n/a|nan|nat|none|<na>|\\n|\.)$"
"""Words by which exports say that a cell is empty."""

NUMBER = r"^\s*[+-]?([0-9]{1,100}(\.[0-9]{0,100})?|\.[0-9]{1,100})([eE][+-]?[0-9]{1,3})?\s*$"
"""A number in text. Databases read more as one: 0x10, 1_000, infinity."""

WHOLE_DOUBLES = 2**53
"""Up to here a floating-point number holds every whole number exactly."""

MOST_WHOLE = 2**62

CLOCK = "^([01]?[0-9]|2[0-3]):([0-5][0-9])$"
"""A time of the day, such as 09:30."""

COMPACT_DATE = r"^\s*([0-9]{4})([0-9]{2})([0-9]{2})\s*$"
DATE = (
    r"^\s*([0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2})"
    r"([ T]+[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]*)?)?\s*(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)?)?\s*$"
)
"""A date in text, with or without a time. Databases read more as one: epoch, 2020-06-15 (BC)."""


YEAR_OR_MORE = r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"


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
    return value.strip().re_replace(EMPTY, "").nullif("")


def number(column: ir.Column) -> ir.FloatingColumn:
    """The cell as a finite number, else NULL."""
    if column.type().is_string():
        value = column.re_search(NUMBER).ifelse(column, ibis.null("string")).try_cast("float64")
        return value.nullif(float("nan")).nullif(float("inf")).nullif(float("-inf"))
    value = column.try_cast("float64")
    if not column.type().is_floating():
        return value
    # Parquet's statistics leave NaN out, and DuckDB then takes no cell to equal it: it must be asked for by function.
    return (value.isnan() | value.isinf()).ifelse(ibis.null("float64"), value)


def is_no_number(column: ir.Column) -> ir.BooleanColumn:
    """Whether there is text in the cell that is no number."""
    return text(column).notnull() & number(column).isnull() if column.type().is_string() else ibis.literal(False)


def whole(column: ir.Column) -> ir.IntegerColumn:
    """The cell as a whole number (a fraction is rounded), else NULL."""
    if column.type().is_string():
        return column.re_search(NUMBER).ifelse(column, ibis.null("string")).try_cast("int64")
    if fits_int64(column):
        return column.cast("int64")
    value = number(column)
    return value.between(-MOST_WHOLE, MOST_WHOLE).ifelse(value, ibis.null("float64")).cast("int64")


def fits_int64(column: ir.Column) -> bool:
    """Whether every value of the column's type is a 64-bit whole number."""
    return column.type().is_integer() and not column.type().is_uint64()


def identifier(column: ir.Column) -> ir.Column:
    """The cell as an id, in the type in which ids are compared: a whole number where the type is one, else text.

    Text stays as it is written: "007" is not 7. A floating-point number is an id where it is whole and exact; 6.6 is none.
    """
    if fits_int64(column):
        return column.cast("int64")
    if column.type().is_floating():
        value = number(column)
        is_exact = value.between(-WHOLE_DOUBLES, WHOLE_DOUBLES) & is_whole(value)
        return is_exact.ifelse(value, ibis.null("float64")).cast("int64")
    if column.type().is_decimal():
        return column.cast("string").re_replace(r"\.0*$", "")
    return text(column)


def whole_id(column: ir.Column) -> ir.IntegerColumn:
    """The id as a whole number where it is one and written as one, else NULL."""
    key = identifier(column)
    if not key.type().is_string():
        return key
    value = whole(key)
    return (value.cast("string") == key).ifelse(value, ibis.null("int64"))


def within(range_: Range, value: ir.NumericColumn) -> ir.NumericColumn:
    """The value where it lies in its range, else NULL."""
    return value.between(range_.at_least, range_.at_most).ifelse(value, ibis.null(value.type()))


def is_outside(range_: Range, value: ir.NumericColumn) -> ir.BooleanColumn:
    """Whether there is a value and it lies outside its range."""
    return value.notnull() & ~value.between(range_.at_least, range_.at_most)


def is_whole(value: ir.FloatingColumn) -> ir.BooleanColumn:
    """Whether a number has no fraction."""
    # Ibis turns what is rounded down into a 64-bit whole number, into which 1e300 does not go.
    small = value.between(-WHOLE_DOUBLES, WHOLE_DOUBLES).ifelse(value, ibis.null("float64"))
    return (small.floor() == value) | (value.abs() > WHOLE_DOUBLES)


def rounded(value: ir.FloatingColumn) -> ir.IntegerColumn:
    """The nearest whole number; of two, the greater. Engines round halves differently."""
    return (value + 0.5).floor().cast("int64")


def concept(column: ir.Column) -> ir.IntegerColumn:
    """A concept id; 0 says that there is none."""
    return whole(column).nullif(0)


def day(column: ir.Column, range_: Range = DAY) -> Day:
    """The cell as a day: a date, a timestamp, or text such as 2020-01-31, 2020-01-31 10:00 or 20200131."""
    if column.type().is_temporal():
        given, value = column.notnull(), column.try_cast("date")
    else:
        if column.type().is_floating():
            column = whole(column)  # 20200131.0, as a data frame writes it
        column = column if column.type().is_string() else column.cast("string")
        given = text(column).notnull()
        written = column.re_replace(COMPACT_DATE, r"\1-\2-\3").re_extract(DATE, 1).replace("/", "-")
        value = written.try_cast("date")
    usable = value.between(ibis.date(range_.at_least), ibis.date(range_.at_most))
    return Day(
        value=usable.ifelse(value, ibis.null("date")),
        is_unreadable=given & value.isnull(),
        is_marker=value.notnull() & ~usable,
        is_shifted=usable & (value >= ibis.date("2100-01-01")),
    )


def span(column: ir.Column) -> tuple[ir.DateValue, ir.DateValue]:
    """The first and the last day that a date, a month (2020-05) or a year (2020) can mean; NULL for what is none of them."""
    if column.type().is_temporal():
        only = day(column).value
        return only, only
    cell = text(column)
    first = cell.re_search(YEAR_OR_MORE).ifelse((cell + "-01-01").left(len("2020-05-17")), ibis.null("string"))
    first = first.try_cast("date")
    before_next = [
        (first + step - ibis.interval(days=1)).cast("date")
        for step in (ibis.interval(years=1), ibis.interval(months=1))
    ]
    lengths = (len("2020"), len("2020-05"))
    last = ibis.cases(*((cell.length() == n, end) for n, end in zip(lengths, before_next, strict=True)), else_=first)
    return first, last


def days_after(start: ir.DateColumn, n: ir.IntegerColumn) -> ir.DateColumn:
    """The day so many days later."""
    return (start + n.as_interval("D")).cast("date")


def clock(column: ir.StringColumn) -> ir.IntegerColumn:
    """The minute of the day of a time such as 09:30, else NULL."""
    hours, minutes = (column.re_extract(CLOCK, n).try_cast("int32") for n in (1, 2))
    return (hours * 60 + minutes).cast("int32")


TIME_OF_DAY = r"^.*[T ]([01][0-9]|2[0-3]):([0-5][0-9]).*$"


def minute_of(column: ir.Column) -> ir.IntegerValue:
    """The minute of the day of a timestamp, or of text that ends in a time; NULL without one. Midnight is what exports write
    where they know no time."""
    written = column if column.type().is_string() else column.cast("string")
    hours, minutes = (written.re_extract(TIME_OF_DAY, n).try_cast("int32") for n in (1, 2))
    return (hours * 60 + minutes).nullif(0).cast("int32")


def is_no_time(column: ir.Column) -> ir.BooleanValue:
    """Whether there is something that is neither a day nor a day with a time (NULL where there is nothing)."""
    when = day(column)
    written = column if column.type().is_string() else column.cast("string")
    return when.is_unreadable | (written.contains(":") & ~written.re_search(TIME_OF_DAY))
