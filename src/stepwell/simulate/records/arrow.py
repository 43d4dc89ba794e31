"""From arrays of numbers to columns of Arrow."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

_MINUTES_A_DAY = 24 * 60
_MICROSECONDS = 60 * 1_000_000


def words(words: list[str], place: np.ndarray) -> pa.Array:
    """The word at each place; NULL where the place is negative."""
    place = np.asarray(place).astype(np.int64)
    return pa.array(words, pa.string()).take(pa.array(place, mask=place < 0))


def dates(day: np.ndarray, mask: np.ndarray | None = None) -> pa.Array:
    """Days since 1970-01-01 as dates; NULL where the mask is true."""
    return pa.array(day.astype(np.int32), mask=mask).cast(pa.date32())


def clock(day: np.ndarray, minute: np.ndarray) -> pa.Array:
    """The time of a day; NULL where the minute is negative."""
    at = (day * _MINUTES_A_DAY + minute) * _MICROSECONDS
    return pa.array(at.astype(np.int64), mask=minute < 0).cast(pa.timestamp("us"))


def text(numbers: np.ndarray) -> pa.Array:
    """Whole numbers as text."""
    return pa.array(numbers).cast(pa.string())


def column(value: object, field: pa.Field, n: int) -> pa.Array:
    """A value for all rows, or one for each, as a column of this field; dates are days since 1970-01-01."""
    if value is None:
        return pa.nulls(n, field.type)
    if isinstance(value, pa.Array):
        return value.cast(field.type)
    if not isinstance(value, np.ndarray):
        return pa.repeat(pa.scalar(value, field.type), n)
    return dates(value) if pa.types.is_date32(field.type) else pa.array(value).cast(field.type)
