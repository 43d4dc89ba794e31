"""Whose diagnoses, procedures or answers may hide a code, so that its absence says nothing (docs/engine.md, 7): rows that nobody
could identify, or that are in a vocabulary of which the code set holds no codes."""

from __future__ import annotations

from stepwell.tables import CODE_GAP
from stepwell.tables.row_type import NA

from .compiled import compiled
from .criterion_numbers import NONE

CONDITIONS, PROCEDURES, ANSWERS = (
    CODE_GAP.by_name["record"].values.index(record) for record in ("condition", "procedure", "answer")
)
OTHER_CODESET = -2
"""A code set that the question does not ask for."""


@compiled
def is_hidden(gaps, record, is_asked, from_day, until_day):
    """Whether records of the person may hide a code of these sets on these days (NA: without a limit)."""
    for g in gaps:
        if g.record != record or (g.codeset != NONE and (g.codeset == OTHER_CODESET or not is_asked[g.codeset])):
            continue
        begins_in_time = g.first_day == NA or until_day == NA or g.first_day <= until_day
        ends_in_time = g.last_day == NA or from_day == NA or g.last_day >= from_day
        if begins_in_time and ends_in_time:
            return True
    return False
