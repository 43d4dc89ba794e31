"""From uniform numbers to what is drawn with them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .forms import Age, Span
from .streams import Kind, Streams


class Draws:
    """The draws for one occurrence of one kind, by slot."""

    def __init__(self, streams: Streams, kind: Kind, occurrence: int | np.ndarray, rows: np.ndarray):
        self._of = lambda slot: streams.uniform(kind, occurrence, slot, rows)

    def __call__(self, slot: int) -> np.ndarray:
        """Uniform numbers in [0, 1), one a row."""
        return self._of(slot)


def days_in(u: np.ndarray, span: Span) -> np.ndarray:
    """A whole number of days of the span, each alike."""
    return span.at_least + (u * (span.at_most - span.at_least + 1)).astype(np.int64)


def pick(u: np.ndarray, shares: Iterable[float]) -> np.ndarray:
    """The index of the share into which each number falls."""
    bounds = np.cumsum(list(shares))
    return np.minimum(np.searchsorted(bounds, u * bounds[-1], side="right"), len(bounds) - 1)


def weighted(u: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """One column for each row, with odds by the row's weights."""
    bounds = np.cumsum(weight, axis=1)
    return np.minimum((u[:, None] * bounds[:, -1:] >= bounds).sum(axis=1), weight.shape[1] - 1)


def triangle(u: np.ndarray, age: Age) -> np.ndarray:
    """An age in years from a triangle."""
    low, mode, high = age.youngest, age.usual, age.oldest
    turn = (mode - low) / (high - low)
    left = low + np.sqrt(u * (high - low) * (mode - low))
    right = high - np.sqrt((1 - u) * (high - low) * (high - mode))
    return np.where(u < turn, left, right)
