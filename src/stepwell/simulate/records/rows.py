"""Rows of columns, and from uniform numbers to what is drawn with them. `row` is a person's place in the chunk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from ..streams import Kind, Streams

NEVER = -(10**6)
"""A day before all others."""
LATER = 10**6
"""A day after all others."""
_DAY_BITS = 24


@dataclass
class Rows:
    """Columns of equal length; days are whole numbers, counted from 1970-01-01."""

    row: np.ndarray

    def __len__(self) -> int:
        return len(self.row)

    def take(self, which: np.ndarray) -> Self:
        """The rows at these places, or where this is true."""
        return replace(self, **{f.name: getattr(self, f.name)[which] for f in fields(self)})

    def but(self, **columns: np.ndarray) -> Self:
        """The same with other columns."""
        return replace(self, **columns)

    def occurrence(self) -> np.ndarray:
        """0, 1, 2 ... within each person; the rows are by person."""
        return number_within(self.row)


def number_within(group: np.ndarray) -> np.ndarray:
    """0, 1, 2 ... within each run of equal values."""
    begins = np.flatnonzero(np.diff(group, prepend=-1))
    return np.arange(len(group)) - np.repeat(begins, np.diff(begins, append=len(group)))


def repeated(times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(which, number): each place so many times, and 0, 1, 2 ... within it."""
    which = np.repeat(np.arange(len(times)), times)
    before = np.cumsum(times) - times
    return which, np.arange(len(which)) - before[which]


def joined(parts: Iterable[Rows]) -> Rows:
    """Rows of one kind, one part after the other."""
    parts = list(parts)
    columns = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(parts[0])}
    return replace(parts[0], **columns)


def day_key(row: np.ndarray, day: np.ndarray) -> np.ndarray:
    """One number for a person and a day, in the order of both."""
    return (row.astype(np.int64) << _DAY_BITS) + day


def different_days(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The different keys in order, and their people and days."""
    keys = np.sort(keys)
    keys = keys[np.append(True, np.diff(keys) > 0)[: len(keys)]]
    return keys, keys >> _DAY_BITS, keys & ((1 << _DAY_BITS) - 1)


class Draws:
    """The draws for one occurrence of one kind, by slot."""

    def __init__(self, streams: Streams, kind: Kind, occurrence: int | np.ndarray, rows: np.ndarray | slice):
        self._of = lambda slot: streams.uniform(kind, occurrence, slot, rows)

    def __call__(self, slot: int) -> np.ndarray:
        """Uniform numbers between 0 and 1, one a row."""
        return self._of(slot)


def whole_in(u: np.ndarray, span) -> np.ndarray:
    """A whole number of the span, each alike."""
    low, high = int(span.at_least), int(span.at_most)
    return low + (u * (high - low + 1)).astype(np.int64)


def pick(u: np.ndarray, shares: Iterable[float]) -> np.ndarray:
    """The index of the share into which each number falls."""
    bounds = np.cumsum(list(shares))
    return np.minimum(np.searchsorted(bounds, u * bounds[-1], side="right"), len(bounds) - 1)


def weighted(u: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """One column for each row, with odds by the row's weights."""
    bounds = np.cumsum(weight, axis=1)
    return np.minimum((u[:, None] * bounds[:, -1:] >= bounds).sum(axis=1), weight.shape[1] - 1)
