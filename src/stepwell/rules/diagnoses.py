"""Diagnoses of some code sets: on which days, how many, and whether there is any."""

from __future__ import annotations

from .compiled import compiled
from .sorting import keep_different


@compiled
def find_diagnosed_days(conditions, is_asked, keys):
    """The different days with a diagnosis of the code sets asked, in order: fills `keys` and returns how many there are."""
    n = 0
    for c in conditions:
        if c.codeset >= 0 and is_asked[c.codeset]:
            keys[n] = c.condition_day
            n += 1
    return keep_different(keys, n)


@compiled
def count_diagnoses(conditions, is_asked, is_by_record, since, until, keys):
    """Different days, or days and records, with a diagnosis of the code sets asked from one day to another."""
    n = 0
    for c in conditions:
        if c.codeset >= 0 and is_asked[c.codeset] and since <= c.condition_day <= until:
            keys[n] = c.record if is_by_record else c.condition_day
            n += 1
    return keep_different(keys, n)


@compiled
def has_diagnosis(conditions, is_asked, since, until):
    """Whether a diagnosis of the code sets asked is recorded from one day to another."""
    is_found = False
    for c in conditions:
        is_found |= c.codeset >= 0 and is_asked[c.codeset] and since <= c.condition_day <= until
    return is_found
