"""How many different trials count, in which stretch of time, and on which day there were enough (docs/engine.md, 7)."""

from __future__ import annotations

import numpy as np

from stepwell.tables.row_type import NA

from .compiled import compiled
from .criterion_numbers import (
    AFTER_DIAGNOSIS,
    AFTER_TRIAL,
    BEFORE_PROCEDURE,
    BY_CLASS,
    BY_COURSE,
    BY_INGREDIENT,
    IN_DAYS,
    IN_EPISODE,
    NOT_TIED,
    ROLE,
    USE,
)
from .days import earlier, later
from .sorting import put_in_order
from .verdicts import MET, NOT_MET

COUNTED, TAKEN, ADDED = range(3)
"""What is counted: trials that count, trials taken whether they failed or not, drugs added to an antidepressant."""
_NEVER = 2**30
"""After every day: it only may count."""


@compiled
def count_branch(judged, episodes, conditions, procedures, branch, diagnosis, sets, room, is_joined, found):
    """Fills `found` with what one branch counts among the judged trials of one person. `diagnosis`: the set of diagnoses that the
    definition asks for. `is_joined`: episodes that may be one are taken as one."""
    found.n_counted, found.n_possible, found.met_day, found.stretch, found.is_possible = 0, 0, NA, 0, 0
    if branch.stretch == IN_DAYS and branch.tied_to != AFTER_DIAGNOSIS and branch.tied_to != AFTER_TRIAL:
        count_in_days(judged, procedures, branch, sets, room.keys, found)
        return
    from_day, until_day = days_counted(judged, conditions, branch, diagnosis, sets)
    by_episode = branch.stretch == IN_EPISODE
    for stretch in range(1 if by_episode else 0, len(episodes) + 1 if by_episode else 1):
        n_counted, n_possible, on = reach(
            judged, episodes, is_joined, COUNTED, stretch, branch.distinct, branch.at_least, from_day, until_day, room
        )
        if n_possible == 0:
            continue
        is_possible = n_possible >= branch.at_least
        if branch.taken_at_least > 0:
            _, n_taken, taken_on = reach(
                judged,
                episodes,
                is_joined,
                TAKEN,
                stretch,
                branch.taken_distinct,
                branch.taken_at_least,
                from_day,
                until_day,
                room,
            )
            is_possible = is_possible and n_taken >= branch.taken_at_least
            on = NA if taken_on == NA or on == NA else max(on, taken_on) if branch.is_taken_by_then else on
        if branch.added_at_least > 0:
            _, n_added, added_on = reach(
                judged,
                episodes,
                is_joined,
                ADDED,
                stretch,
                BY_INGREDIENT,
                branch.added_at_least,
                from_day,
                until_day,
                room,
            )
            is_possible = is_possible and n_added >= branch.added_at_least
            on = NA if added_on == NA or on == NA else max(on, added_on)
        found.n_counted = max(found.n_counted, n_counted)
        found.n_possible = max(found.n_possible, n_possible)
        found.is_possible = max(found.is_possible, is_possible)
        if on != NA and (found.met_day == NA or on < found.met_day):
            found.met_day, found.stretch = on, stretch


@compiled
def days_counted(judged, conditions, branch, diagnosis, sets):
    """The days on which a trial may count: all, or so many from the first diagnosis or the first trial of the role on."""
    if branch.tied_to == NOT_TIED:
        return -_NEVER, _NEVER
    first = NA
    if branch.tied_to == AFTER_DIAGNOSIS:
        for c in conditions:
            if c.codeset >= 0 and sets.codeset[diagnosis, c.codeset]:
                first = earlier(first, c.condition_day)
    else:
        for j in judged:
            if j.verdict[ROLE] == MET:
                first = earlier(first, j.start_day)
    return (first, first + branch.days - 1) if first != NA else (_NEVER, -_NEVER)


@compiled
def is_asked(j):
    """Whether the trial is of a drug and a use that the branch asks for, or may be."""
    return j.verdict[ROLE] == MET and j.verdict[USE] != NOT_MET


@compiled
def what_it_is(j, distinct):
    """What tells the trial apart from others: its drug, its class, or its number."""
    return j.trial_number if distinct == BY_COURSE else j.drug_class if distinct == BY_CLASS else j.drug


@compiled
def reach(judged, episodes, is_joined, what, stretch, distinct, at_least, from_day, until_day, room):
    """How many different ones are counted in a stretch (0: all that is recorded), certainly and possibly, and the day on which
    there were enough for certain (NA: there never were)."""
    keys, days, n = room.keys, room.days, 0
    for j in judged:
        if (
            stretch != 0 and stretch_of(j, episodes, is_joined) != stretch
        ) or not from_day <= j.counted_day <= until_day:
            continue
        verdict = j.counts if what == COUNTED else j.verdict[USE] if what == TAKEN else j.added
        if verdict == NOT_MET or (what != ADDED and not is_asked(j)):
            continue
        day = (j.counted_day if what == COUNTED else j.start_day) if verdict == MET else _NEVER
        keys[n] = (np.int64(what_it_is(j, distinct)) << 32) | (np.int64(day) + _NEVER)
        n += 1
    put_in_order(keys, n)
    n_certain, n_possible = 0, 0
    for i in range(n):
        if i > 0 and keys[i] >> 32 == keys[i - 1] >> 32:
            continue
        n_possible += 1
        day = (keys[i] & (2**32 - 1)) - _NEVER  # the first day on which this one counts
        if day != _NEVER:
            days[n_certain] = day
            n_certain += 1
    put_in_order(days, n_certain)
    return n_certain, n_possible, days[at_least - 1] if n_certain >= at_least else NA


@compiled
def stretch_of(j, episodes, is_joined):
    """The number of the trial's episode, or of the first of those with which it is taken as one."""
    if is_joined and j.episode_number > 0:
        return episodes[j.episode_number - 1].joined_number
    return j.episode_number


@compiled
def count_in_days(judged, procedures, branch, sets, keys, found):
    """Counts among the `days` days up to and including the counted day of each trial that may count, or the day of each procedure
    of the set."""
    n_last = len(procedures) if branch.tied_to == BEFORE_PROCEDURE else len(judged)
    for k in range(n_last):
        if branch.tied_to == BEFORE_PROCEDURE:
            p = procedures[k]
            if p.procedure < 0 or not sets.codeset[branch.procedures, p.procedure]:
                continue
            last_day = p.procedure_day
        else:
            if judged[k].counts == NOT_MET or not is_asked(judged[k]):
                continue
            last_day = judged[k].counted_day
        n = 0
        for j in judged:
            if j.counts != NOT_MET and is_asked(j) and last_day - branch.days < j.counted_day <= last_day:
                keys[n] = (np.int64(what_it_is(j, branch.distinct)) << 1) | (j.counts != MET)
                n += 1
        put_in_order(keys, n)
        n_counted, n_possible = 0, 0
        for i in range(n):
            if i > 0 and keys[i] >> 1 == keys[i - 1] >> 1:
                continue
            n_possible += 1
            n_counted += 1 - (keys[i] & 1)
        found.n_counted = max(found.n_counted, n_counted)
        found.n_possible = max(found.n_possible, n_possible)
        found.is_possible = max(found.is_possible, n_possible >= branch.at_least)
        if n_counted >= branch.at_least:
            found.met_day = earlier(found.met_day, last_day)


@compiled
def comes_closer(a, a_needed, b, b_needed):
    """Whether the count `a` comes closer to its number than `b`: met earlier, or else fewer missing."""
    a_day = _NEVER if a.met_day == NA else a.met_day
    b_day = _NEVER if b.met_day == NA else b.met_day
    return a_day < b_day if a_day != b_day else a_needed - a.n_counted < b_needed - b.n_counted


@compiled
def first_and_last_possible(judged):
    """The first and the last day on which a trial may count; NA, NA without one."""
    first, last = NA, NA
    for j in judged:
        if j.counts != NOT_MET:
            first, last = earlier(first, j.counted_day), later(last, j.counted_day)
    return first, last
