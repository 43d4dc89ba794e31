"""Chance without state: every draw is a hash of (seed, person, kind, occurrence, slot).

Nothing is kept between draws, so a person's life is the same whatever the chunk, the order or the number of people drawn
beside them, and a new kind of draw changes none of the old ones. `kind` says what the draw is for, `occurrence` counts
repetitions (the third treatment, the twelfth fill), `slot` tells apart the draws for one occurrence; none is ever reused.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from .compiled import compiled

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)
_STEP = 2.0**-52


class Kind(IntEnum):
    """What a draw is for. Numbers are fixed for good: a new kind gets a new number."""

    PERSON = 1
    """Once a person, in the records: what kind of patient, when observed, how followed."""
    SCORE = 3
    """The n-th event of a life that moves the score."""
    DIAGNOSIS = 4
    """The n-th trial."""
    BESIDE = 5
    """The n-th drug taken for something else than depression."""
    NOISE_FILL = 6
    NOISE_SCORE = 7
    NOISE_DIAGNOSIS = 8
    NOISE_PERSON = 9
    DOSE = 10
    """The n-th trial; what is taken beside has numbers above all trials."""
    VISIT = 11
    """The n-th visit."""
    SESSION = 12
    """The n-th session; slots from 16 on are noise."""
    NOISE_READING = 14
    GIVEN = 13
    """The n-th course: what is given in it."""
    CLINIC = 15
    """The n-th session: what is scored around it. Slots 3 to 5 of the first: how a person's other measures go with the score."""

    WHO = 16
    """Once a person: sex, age, frailty, whether never helped, the two clocks of death."""
    TRIAL = 17
    """The n-th trial of a life."""
    STEP = 18
    """The n-th decision about a next step."""
    OFFER = 19
    """The n-th episode; two slots for each treatment."""
    COURSE = 20
    """The n-th course of a life."""
    WELL = 21
    """The n-th stretch of response or remission."""
    PARAMETER = 22
    """The n-th parameter (occurrence), of the sample that takes the place of the person."""
    NOISE_FHIR = 23
    """The n-th row of a table written as FHIR; each table has slots of its own."""


def mix(x: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64: a one-to-one scrambling of 64-bit words (Steele, Lea and Flood 2014)."""
    x = (x ^ (x >> np.uint64(30))) * FIRST
    x = (x ^ (x >> np.uint64(27))) * SECOND
    return x ^ (x >> np.uint64(31))


class Streams:
    """The draws of some people, one row each."""

    def __init__(self, seed: int, person: np.ndarray):
        key = mix(np.array([seed % 2**64], dtype=np.uint64) + GOLDEN)
        self.base = mix(key + person.astype(np.uint64) * GOLDEN)
        """The part of the key that is one person's."""

    def bits(
        self, kind: Kind, occurrence: int | np.ndarray, slot: int, rows: np.ndarray | slice = slice(None)
    ) -> np.ndarray:
        """64 random bits for each of `rows` (indices into the people, repeated as often as needed)."""
        occurrence = np.atleast_1d(occurrence).astype(np.uint64)
        number = np.uint64(kind << 40 | slot) | occurrence << np.uint64(8)
        return mix(self.base[rows] + (number + np.uint64(1)) * GOLDEN)

    def uniform(
        self, kind: Kind, occurrence: int | np.ndarray, slot: int, rows: np.ndarray | slice = slice(None)
    ) -> np.ndarray:
        """Numbers strictly between 0 and 1: odd multiples of 2^-53."""
        rows = np.arange(len(self.base))[rows] if isinstance(rows, slice) else rows
        numbers = np.broadcast_to(np.asarray(occurrence, dtype=np.int64), rows.shape)
        drawn = np.empty(len(rows))
        _draw(self.base, rows.astype(np.int64, copy=False), np.ascontiguousarray(numbers), kind << 40 | slot, drawn)
        return drawn


@compiled
def _draw(base, rows, occurrence, rest, drawn):
    """The same as `bits`, in one pass."""
    for n in range(len(rows)):
        number = np.uint64(occurrence[n] << 8 | rest)
        x = base[rows[n]] + (number + np.uint64(1)) * GOLDEN
        x = (x ^ (x >> np.uint64(30))) * FIRST
        x = (x ^ (x >> np.uint64(27))) * SECOND
        drawn[n] = (np.float64((x ^ (x >> np.uint64(31))) >> np.uint64(12)) + 0.5) * _STEP
