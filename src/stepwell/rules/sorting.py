"""Sorting the few rows of one person by whole-number keys."""

from __future__ import annotations

import numpy as np

from .compiled import compiled

_BITS_OF_PLACE, _BITS_OF_DAY = 25, 23
"""With 15 bits for the code they fill a whole number of 64 bits without its sign."""
_FIRST_DAY = 2 ** (_BITS_OF_DAY - 1)
"""Added to a day, so that every day of the calendar (years 1 to 9999) is a positive number."""
MOST_ROWS = 2**_BITS_OF_PLACE
"""So many rows of one table a person can have; a key could not number more."""


@compiled
def key_of(code, day, place):
    """A key that sorts by code (a drug, an instrument), then day, and then the place of the row."""
    return (
        (np.int64(code) << (_BITS_OF_PLACE + _BITS_OF_DAY)) | ((np.int64(day) + _FIRST_DAY) << _BITS_OF_PLACE) | place
    )


@compiled
def place_of(key):
    """The place of the row that a key stands for."""
    return key & (MOST_ROWS - 1)


@compiled
def code_and_day_of(key):
    """What two keys of one code and day share."""
    return key >> _BITS_OF_PLACE


@compiled
def code_of(key):
    """The code of the row that a key stands for."""
    return key >> (_BITS_OF_PLACE + _BITS_OF_DAY)


@compiled
def put_in_order(keys, n):
    """Sorts the first `n` keys in place, by Shell's method: a person's rows are few and nearly in order."""
    gap = 1
    while gap < n // 9:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, n):
            key, j = keys[i], i
            while j >= gap and keys[j - gap] > key:
                keys[j] = keys[j - gap]
                j -= gap
            keys[j] = key
        gap //= 3


@compiled
def keep_different(keys, n):
    """Sorts the first `n` keys in place, each once, and returns how many they are."""
    put_in_order(keys, n)
    n_different = 0
    for i in range(n):
        if i == 0 or keys[i] != keys[n_different - 1]:
            keys[n_different] = keys[i]
            n_different += 1
    return n_different
