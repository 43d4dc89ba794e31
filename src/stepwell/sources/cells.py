"""Cells into values: text, numbers, days. What cannot be read becomes NULL; the caller counts it, nobody guesses.

`values.py` says the same of columns on an engine, as far as rows are found by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

import polars as pl

from ..tables.ranges import DAY, Range
from .files import SOURCE_ADDRESS
from .values import EMPTY, MOST_WHOLE, NUMBER, WHOLE_DOUBLES

CLOCK = "^([01]?[0-9]|2[0-3]):([0-5][0-9])$"
"""A time of the day, such as 09:30."""

_COMPACT_DATE = r"^\s*([0-9]{4})([0-9]{2})([0-9]{2})\s*$"

_DATE = (
    r"^\s*([0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2})"
    r"([ T]+[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]*)?)?\s*(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)?)?\s*$"
)
"""A date in text, with or without a time. Databases read more as one: epoch, 2020-06-15 (BC)."""

_YEAR_OR_MORE = r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"

_TIME_OF_DAY = r"^.*[T ]([01][0-9]|2[0-3]):([0-5][0-9]).*$"

_BLANKS = " \t\n\r\v\f"
_SHIFTED = date(2100, 1, 1)


@dataclass(frozen=True)
class Day:
    """A column read as days: what came of it, and which cells had something that is no usable day."""

    value: pl.Expr
    is_unreadable: pl.Expr
    is_marker: pl.Expr
    is_shifted: pl.Expr


@dataclass(frozen=True)
class Cells:
    """The columns of raw rows as values. A column that the source does not have is NULL in every row."""

    rows: pl.DataFrame

    @cached_property
    def _schema(self) -> pl.Schema:
        return self.rows.schema

    def has(self, name: str) -> bool:
        """Whether the source has the column."""
        return name in self._schema

    def text(self, name: str) -> pl.Expr:
        """The cell as text without surrounding blanks; NULL for empty cells and the words that stand for them."""
        if not self.has(name):
            return pl.lit(None, pl.String)
        if self._schema[name].is_integer():
            return pl.col(name).cast(pl.String)
        value = self._written(name).str.strip_chars(_BLANKS)
        return pl.when(value.str.contains(EMPTY) | (value == "")).then(None).otherwise(value)

    def number(self, name: str) -> pl.Expr:
        """The cell as a finite number, else NULL."""
        type_ = self._schema.get(name)
        if type_ is None or not (type_.is_numeric() or type_ == pl.String):
            return pl.lit(None, pl.Float64)
        value = _number_in(pl.col(name)) if type_ == pl.String else pl.col(name).cast(pl.Float64)
        return pl.when(value.is_finite()).then(value)

    def is_no_number(self, name: str) -> pl.Expr:
        """Whether there is text in the cell that is no number."""
        if self._schema.get(name) != pl.String:
            return pl.lit(False)
        return self.text(name).is_not_null() & self.number(name).is_null()

    def whole(self, name: str) -> pl.Expr:
        """The cell as a whole number (a fraction is rounded), else NULL."""
        type_ = self._schema.get(name)
        if type_ is not None and type_.is_integer():
            return pl.col(name).cast(pl.Int64, strict=False)
        if type_ == pl.String:
            is_number = pl.col(name).str.contains(NUMBER)
            exact = pl.when(is_number).then(pl.col(name).str.strip_chars(_BLANKS)).cast(pl.Int64, strict=False)
            return pl.coalesce(exact, _whole_of(self.number(name), "half_away_from_zero"))
        return _whole_of(self.number(name))

    def concept(self, name: str) -> pl.Expr:
        """A concept id; 0 says that there is none."""
        value = self.whole(name)
        return pl.when(value != 0).then(value)

    def day(self, name: str, range_: Range = DAY) -> Day:
        """The cell as a day: a date, a timestamp, or text such as 2020-01-31, 2020-01-31 10:00 or 20200131."""
        type_ = self._schema.get(name)
        if type_ is not None and type_.is_temporal():
            value = pl.col(name).cast(pl.Date, strict=False) if type_ != pl.Time else pl.lit(None, pl.Date)
            given = pl.col(name).is_not_null()
        else:
            # A data frame writes 20200131 as 20200131.0.
            is_number = type_ is not None and type_.is_float()
            cell = self.whole(name).cast(pl.String) if is_number else self._written(name)
            given = self.text(name).is_not_null()
            value = _date_in(cell)
        return _usable(value, given, range_)

    def span(self, name: str) -> tuple[pl.Expr, pl.Expr]:
        """The first and the last day that a date, a month (2020-05) or a year (2020) can mean; NULL for what is none of them."""
        type_ = self._schema.get(name)
        if type_ is not None and type_.is_temporal():
            only = self.day(name).value
            return only, only
        cell = self.text(name)
        is_one = cell.str.contains(_YEAR_OR_MORE)
        first = (
            pl.when(is_one).then(cell + "-01-01").str.slice(0, len("2020-05-17")).str.to_date("%Y-%m-%d", strict=False)
        )
        last = (
            pl.when(cell.str.len_chars() == len("2020"))
            .then(first.dt.offset_by("1y").dt.offset_by("-1d"))
            .when(cell.str.len_chars() == len("2020-05"))
            .then(first.dt.offset_by("1mo").dt.offset_by("-1d"))
            .otherwise(first)
        )
        return first, last

    def clock(self, name: str) -> pl.Expr:
        """The minute of the day of a time such as 09:30, else NULL."""
        return _minute(self._written(name), CLOCK)

    def minute(self, name: str) -> pl.Expr:
        """The minute of the day of a timestamp, or of text that ends in a time; NULL without one. Midnight is what exports write
        where they know no time."""
        type_ = self._schema.get(name)
        if isinstance(type_, pl.Datetime):
            found = pl.col(name).dt.hour().cast(pl.Int32) * 60 + pl.col(name).dt.minute().cast(pl.Int32)
        else:
            found = _minute(self._written(name), _TIME_OF_DAY)
        return pl.when(found != 0).then(found)

    def is_no_time(self, name: str) -> pl.Expr:
        """Whether there is something that is neither a day nor a day with a time (NULL where there is nothing)."""
        if isinstance(self._schema.get(name), pl.Datetime):
            return self.day(name).is_unreadable
        written = self._written(name)
        return self.day(name).is_unreadable | (
            written.str.contains(":", literal=True) & ~written.str.contains(_TIME_OF_DAY)
        )

    def address(self, table: str, id_: str) -> pl.Expr:
        """Where each row stands in the source: the record that it was made from, where it names one, else `drug_exposure/123`."""
        if self.has(SOURCE_ADDRESS):
            return pl.col(SOURCE_ADDRESS).cast(pl.String)
        return pl.lit(f"{table}/") + self.text(id_).fill_null("?")

    def written(self, name: str) -> pl.Expr:
        """The cell as it is written, as text."""
        return self._written(name)

    def _written(self, name: str) -> pl.Expr:
        type_ = self._schema.get(name)
        if type_ is None:
            return pl.lit(None, pl.String)
        return pl.col(name) if type_ == pl.String else pl.col(name).cast(pl.String)


def _number_in(cell: pl.Expr) -> pl.Expr:
    is_number = cell.str.contains(NUMBER)
    return pl.when(is_number).then(cell.str.strip_chars(_BLANKS)).cast(pl.Float64, strict=False)


def _whole_of(number: pl.Expr, halves: Literal["half_to_even", "half_away_from_zero"] = "half_to_even") -> pl.Expr:
    """The nearest whole number; of text and of numbers, engines round halves differently."""
    small = pl.when(number.is_between(-MOST_WHOLE, MOST_WHOLE)).then(number)
    return small.round(mode=halves).cast(pl.Int64, strict=False)


def _date_in(cell: pl.Expr) -> pl.Expr:
    written = cell.str.replace(_COMPACT_DATE, "$1-$2-$3").str.extract(_DATE, 1).str.replace_all("/", "-", literal=True)
    return written.str.to_date("%Y-%m-%d", strict=False)


def _minute(cell: pl.Expr, form: str) -> pl.Expr:
    hours, minutes = (cell.str.extract(form, n).cast(pl.Int32, strict=False) for n in (1, 2))
    return hours * 60 + minutes


def _usable(value: pl.Expr, given: pl.Expr, range_: Range) -> Day:
    usable = value.is_between(pl.lit(range_.at_least), pl.lit(range_.at_most))
    return Day(
        value=pl.when(usable).then(value),
        is_unreadable=given & value.is_null(),
        is_marker=value.is_not_null() & ~usable,
        is_shifted=usable & (value >= pl.lit(_SHIFTED)),
    )


def within(range_: Range, value: pl.Expr) -> pl.Expr:
    """The value where it lies in its range, else NULL."""
    return pl.when(value.is_between(range_.at_least, range_.at_most)).then(value)


def is_outside(range_: Range, value: pl.Expr) -> pl.Expr:
    """Whether there is a value and it lies outside its range."""
    return value.is_not_null() & ~value.is_between(range_.at_least, range_.at_most)


def is_whole(value: pl.Expr) -> pl.Expr:
    """Whether a number has no fraction."""
    return (value.floor() == value) | (value.abs() > WHOLE_DOUBLES)


def unsigned_zero(value: pl.Expr) -> pl.Expr:
    """The number, with 0 for -0. Polars leaves a column as it is when 0 is added to it."""
    return pl.when(value == 0).then(0.0).otherwise(value)


def rounded(value: pl.Expr) -> pl.Expr:
    """The nearest whole number; of two, the greater."""
    return (value + 0.5).floor().cast(pl.Int64)


def days_after(start: pl.Expr, n: pl.Expr) -> pl.Expr:
    """The date `n` days after `start`."""
    return start + pl.duration(days=n)


def chosen(*cases: tuple[pl.Expr, object], otherwise=None) -> pl.Expr:
    """The value of the first condition that holds; texts and numbers among the values stand for themselves."""
    made = pl
    for when, value in cases:
        made = made.when(when).then(value if isinstance(value, pl.Expr) else pl.lit(value))
    return made.otherwise(otherwise if isinstance(otherwise, pl.Expr) else pl.lit(otherwise))
