"""Chance without state: every draw is a hash of (seed, person, kind, occurrence, slot).

Nothing is kept between draws, so a person's life is the same whatever the chunk, the order or the number of people drawn
beside them, and a new kind of draw changes none of the old ones. `kind` says what the draw is for, `occurrence` counts
repetitions (the third treatment, the twelfth fill), `slot` tells apart the draws for one occurrence; none is ever reused.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_TO_UNIT = 2.0**-53


class Kind(IntEnum):
    """What a draw is for. Numbers are fixed for good: a new kind gets a new number."""

    PERSON = 1
    TREATMENT = 2
    SCORE = 3
    DIAGNOSIS = 4
    BESIDE = 5
    NOISE_FILL = 6
    NOISE_SCORE = 7
    NOISE_DIAGNOSIS = 8
    NOISE_PERSON = 9


def mix(x: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64: a one-to-one scrambling of 64-bit words (Steele, Lea and Flood 2014)."""
    x = (x ^ (x >> np.uint64(30))) * _FIRST
    x = (x ^ (x >> np.uint64(27))) * _SECOND
    return x ^ (x >> np.uint64(31))


class Streams:
    """The draws of some people, one row each."""

    def __init__(self, seed: int, person: np.ndarray):
        key = mix(np.array([seed % 2**64], dtype=np.uint64) + _GOLDEN)
        self._base = mix(key + person.astype(np.uint64) * _GOLDEN)

    def bits(
        self, kind: Kind, occurrence: int | np.ndarray, slot: int, rows: np.ndarray | slice = slice(None)
    ) -> np.ndarray:
        """64 random bits for each of `rows` (indices into the people, repeated as often as needed)."""
        occurrence = np.atleast_1d(occurrence).astype(np.uint64)
        number = np.uint64(kind << 40 | slot) | occurrence << np.uint64(8)
        return mix(self._base[rows] + (number + np.uint64(1)) * _GOLDEN)

    def uniform(
        self, kind: Kind, occurrence: int | np.ndarray, slot: int, rows: np.ndarray | slice = slice(None)
    ) -> np.ndarray:
        """Numbers in [0, 1), multiples of 2^-53."""
        return (self.bits(kind, occurrence, slot, rows) >> np.uint64(11)) * _TO_UNIT
