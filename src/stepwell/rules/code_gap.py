"""Whose diagnoses, procedures, answers or scores are known in part only, so that an absence says nothing (docs/engine.md, 7):
rows that nobody could identify, that are in a vocabulary of which the code set holds no codes, or that have no usable day."""

from __future__ import annotations

from stepwell.tables import CODE_GAP
from stepwell.tables.row_type import NA

from .compiled import compiled
from .criterion_numbers import NONE

CONDITIONS, PROCEDURES, ANSWERS, SCORES = (
    CODE_GAP.by_name["record"].values.index(record) for record in ("condition", "procedure", "answer", "measurement")
)
WITHOUT_DAY = CODE_GAP.by_name["reason"].values.index("without a day")
OTHER_CODESET = -2
"""A code set that the question does not ask for."""


@compiled
def is_hidden(gaps, record, is_asked, from_day, until_day):
    """Whether records of the person may hide a code of these sets on these days (NA: without a limit)."""
    for g in gaps:
        if g.record != record or (g.codeset != NONE and (g.codeset == OTHER_CODESET or not is_asked[g.codeset])):
            continue
        if reaches_into(g, from_day, until_day):
            return True
    return False


@compiled
def reaches_into(gap, from_day, until_day):
    """Whether rows of the gap may be of these days (NA: without a limit)."""
    begins_in_time = gap.first_day == NA or until_day == NA or gap.first_day <= until_day
    ends_in_time = gap.last_day == NA or from_day == NA or gap.last_day >= from_day
    return begins_in_time and ends_in_time


@compiled
def count_undated(gaps, is_asked, from_day, until_day):
    """How many diagnoses of these sets have no usable day, and may be of these days (NA: without a limit)."""
    n = 0
    for g in gaps:
        is_of_set = g.record == CONDITIONS and g.codeset >= 0 and is_asked[g.codeset]
        if is_of_set and g.reason == WITHOUT_DAY and reaches_into(g, from_day, until_day):
            n += g.n_rows
    return n


@compiled
def has_undated(gaps, record, is_asked):
    """Whether a row of the record table, of one of these sets, has no usable day."""
    is_found = False
    for g in gaps:
        is_found |= g.record == record and g.reason == WITHOUT_DAY and g.codeset >= 0 and is_asked[g.codeset]
    return is_found


@compiled
def has_any_undated(gaps):
    """Whether any row of the person has no usable day."""
    is_found = False
    for g in gaps:
        is_found |= g.reason == WITHOUT_DAY
    return is_found


@compiled
def has_undated_score(gaps, first_instrument, last_instrument, from_day, until_day):
    """Whether a score by one of these instruments has no usable day, and may be of these days."""
    if from_day > until_day:
        return False
    for g in gaps:
        is_of_them = g.record == SCORES and first_instrument <= g.codeset <= last_instrument and g.codeset >= 0
        if is_of_them and reaches_into(g, from_day, until_day):
            return True
    return False
