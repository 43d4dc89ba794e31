"""Rows of a result in memory, days as integers, and what is asked of days and people."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from stepwell.tables import Table
from stepwell.tables.ranges import AGE


def rows_in_days(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a table, whichever of its columns they have: its dates as days (`start_date` -> `start_day`), its numbers without
    NaN, which is greater than every limit."""
    of_type = {c.name: c.type for c in table.columns if c.name in rows.columns}
    dates = [name for name, of in of_type.items() if of == "date"]
    numbers = [pl.col(name).fill_nan(None) for name, of in of_type.items() if of == "float64"]
    rows = rows.with_columns(*(to_day(pl.col(name)) for name in dates), *numbers)
    return rows.rename({name: _day_name(name) for name in dates})


def rows_in_dates(table: Table, rows: pl.DataFrame) -> pa.Table:
    """The declared columns of a table, days as dates, in the order of its key."""
    days = {c.name: to_date(pl.col(_day_name(c.name))) for c in table.columns if c.type == "date"}
    declared = rows.with_columns(**days).select(table.arrow_schema.names).sort(table.key, nulls_last=True)
    return declared.to_arrow().cast(table.arrow_schema)


def to_day(date: pl.Expr) -> pl.Expr:
    """A date as days since 1970-01-01 (negative before)."""
    return date.cast(pl.Date).cast(pl.Int32).cast(pl.Int64)


def to_date(day: pl.Expr) -> pl.Expr:
    """Days since 1970-01-01 as a date."""
    return day.cast(pl.Int32).cast(pl.Date)


def months_later(day: pl.Expr, months: int) -> pl.Expr:
    """The same day so many calendar months later (earlier if negative); the last of the month where it has no such day."""
    return to_day(to_date(day).dt.offset_by(f"{months}mo"))


def completed_years(birth_day: str, on_day: str) -> pl.Expr:
    """Completed years from one day to another; NULL where they are no age that a person has."""
    born, on = to_date(pl.col(birth_day)).dt, to_date(pl.col(on_day)).dt
    before_birthday = (on.month() < born.month()) | ((on.month() == born.month()) & (on.day() < born.day()))
    years = on.year().cast(pl.Int64) - born.year() - before_birthday
    return pl.when(years.is_between(AGE.at_least, AGE.at_most)).then(years)


def _day_name(name: str) -> str:
    """`start_date` -> `start_day`."""
    return name.removesuffix("_date") + "_day" if name.endswith("_date") else name


def without_breaks(period: pl.DataFrame) -> pl.DataFrame:
    """One row is one stretch of days (`from_day` to `until_day`) on which a person was observed without a break: periods that
    overlap or adjoin one another taken together."""
    period = period.select("person_id", "start_day", "end_day").sort("person_id", "start_day", "end_day")
    before_day = latest_before("end_day", "person_id")
    period = period.with_columns(begins=(pl.col("start_day") > before_day + 1).fill_null(True))
    period = period.with_columns(unbroken=pl.col("begins").cum_sum().over("person_id"))
    whole = period.group_by("person_id", "unbroken").agg(
        from_day=pl.col("start_day").min(), until_day=pl.col("end_day").max()
    )
    return whole.drop("unbroken")


def latest_before(day: str, by: str) -> pl.Expr:
    """The latest of the days in the rows before this one with the same `by`; NULL in the first."""
    return pl.col(day).cum_max().shift(1).over(by)


def find_score(measurement: pl.DataFrame) -> pl.DataFrame:
    """One row is the total of one instrument on one day; the higher one where a day has two. Rows without a total say nothing
    (docs/engine.md, 5)."""
    scored = measurement.with_columns(pl.col("total").fill_nan(None)).filter(pl.col("total").is_not_null())
    return scored.group_by("person_id", "instrument", "measured_day").agg(pl.col("total").max())


def mark(people: pl.DataFrame, of: pl.DataFrame, name: str) -> pl.DataFrame:
    """The people with `name`: whether there is a row of theirs."""
    found = of.select("person_id", pl.lit(True).alias(name)).unique()
    people = people.join(found, on="person_id", how="left", maintain_order="left")
    return people.with_columns(pl.col(name).fill_null(False))


def mark_hidden(
    people: pl.DataFrame,
    gaps: pl.DataFrame | None,
    record: str,
    sets: tuple[str, ...],
    name: str,
    *,
    until: str | None = None,
    within: int | None = None,
) -> pl.DataFrame:
    """The people with `name`: whether records of theirs may hide a code of these sets, so that its absence says nothing: rows
    that nobody could identify, or in a vocabulary of which the code set holds no codes (docs/engine.md, 7). They may in the days
    up to the column `until` (NULL: any day), not longer than `within` days before it.

    `gaps` is `code_gap`; None where the source has no gaps.
    """
    if gaps is None:
        return people.with_columns(pl.lit(False).alias(name))
    codeset = pl.col("codeset")
    gaps = gaps.filter(pl.col("record") == record, codeset.is_null() | codeset.is_in(list(sets)))
    if until is not None:
        gaps = gaps.join(people.select("person_id", until_day=until), on="person_id")
        gaps = gaps.filter((pl.col("first_day") <= pl.col("until_day")).fill_null(True))
        if within is not None:
            gaps = gaps.filter((pl.col("last_day") >= pl.col("until_day") - within).fill_null(True))
    return mark(people, gaps, name)
