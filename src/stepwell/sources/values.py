"""Cells into values on an engine: the ids of people, concepts, and the texts and numbers of vocabulary tables.

By these the engine finds the rows that are read; what else stands in those rows is read in Polars (`cells.py`), alike.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

EMPTY = r"(?i)^(null|na|n/a|nan|nat|none|<na>|\\n|\.)$"
"""Words by which exports say that a cell is empty."""

NUMBER = r"^\s*[+-]?([0-9]{1,100}(\.[0-9]{0,100})?|\.[0-9]{1,100})([eE][+-]?[0-9]{1,3})?\s*$"
"""A number in text. Databases read more as one: 0x10, 1_000, infinity."""

WHOLE_DOUBLES = 2**53
"""Up to here a floating-point number holds every whole number exactly."""

MOST_WHOLE = 2**62


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


def is_whole(value: ir.FloatingColumn) -> ir.BooleanColumn:
    """Whether a number has no fraction."""
    # Ibis turns what is rounded down into a 64-bit whole number, into which 1e300 does not go.
    small = value.between(-WHOLE_DOUBLES, WHOLE_DOUBLES).ifelse(value, ibis.null("float64"))
    return (small.floor() == value) | (value.abs() > WHOLE_DOUBLES)


def concept(column: ir.Column) -> ir.IntegerColumn:
    """A concept id; 0 says that there is none."""
    return whole(column).nullif(0)
