"""Days as integers, and what several stages need of intervals. An interval has a first and a last day, both included."""

from __future__ import annotations

from collections.abc import Iterable

import ibis
import ibis.expr.types as ir

from stepwell.tables import Column, Table

_EPOCH = ibis.date(1970, 1, 1)


def to_day(date: ir.DateValue) -> ir.IntegerValue:
    """A date as days since 1970-01-01 (negative before)."""
    return date.delta(_EPOCH, unit="day").cast("int64")


def to_date(day: ir.IntegerValue) -> ir.DateValue:
    """Days since 1970-01-01 as a date."""
    # By way of a timestamp: a date plus an interval is a timestamp on some engines, whatever Ibis says of it.
    return (ibis.timestamp("1970-01-01") + day.as_interval("D")).date()


def in_days(table: Table, rows: ir.Table) -> ir.Table:
    """A record table as the engine reads it: its dates as days (`start_date` -> `start_day`), its numbers without NaN.

    A NULL number can reach an engine as NaN, and NaN is greater than every limit: a missing dose would be an adequate one.
    """
    columns = {}
    for column in table.columns:
        value = rows[column.name].cast(column.type)
        if column.type == "date":
            columns[day_name(column.name)] = to_day(value)
        elif column.type == "float64":
            columns[column.name] = value.isnan().ifelse(ibis.null("float64"), value)
        else:
            columns[column.name] = value
    return rows.select(**columns)


def in_dates(columns: Iterable[Column], rows: ir.Table) -> ir.Table:
    """Rows of the engine with these columns as they are declared: days as dates, declared types."""
    return rows.select(
        **{
            column.name: (to_date(rows[day_name(column.name)]) if column.type == "date" else rows[column.name]).cast(
                column.type
            )
            for column in columns
        }
    )


def day_name(name: str) -> str:
    """`start_date` -> `start_day`."""
    return name.removesuffix("_date") + "_day" if name.endswith("_date") else name


def without_breaks(period: ir.Table) -> ir.Table:
    """One row is one stretch of days (`from_day` to `until_day`) on which a person was observed without a break: periods that
    overlap or adjoin one another taken together."""
    # Of two equal periods no order would say which comes first.
    period = period.select("person_id", "start_day", "end_day").distinct()
    earlier = ibis.window(group_by="person_id", order_by=["start_day", "end_day"], rows=(None, -1))
    period = period.mutate(begins=(period.start_day > period.end_day.max().over(earlier) + 1).fill_null(True))
    upto = ibis.window(group_by="person_id", order_by=["start_day", "end_day"], rows=(None, 0))
    period = period.mutate(unbroken=period.begins.ifelse(1, 0).sum().over(upto))
    whole = period.group_by("person_id", "unbroken").agg(
        from_day=period.start_day.min(), until_day=period.end_day.max()
    )
    return whole.drop("unbroken")
