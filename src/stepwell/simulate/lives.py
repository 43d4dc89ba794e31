"""Life after life, in compiled code: the loop over people, and what is kept of each."""

from __future__ import annotations

import numpy as np

from .chance import base_of
from .clock import ALIVE, TRY
from .compiled import compiled
from .layout import PERSON, WINDOW
from .walk import meet, walk

_NOWHERE = np.iinfo(np.int64).max
"""Where a window begins that no event falls into: they are only counted."""


def unborn() -> np.ndarray:
    """A person before entering, twice: nothing has happened, nothing is taken, nothing ends. The first is lived in."""
    person = np.zeros(2, PERSON)
    for name in ("drug", "added", "treatment"):
        person[name] = -1
    for name in ("next_day", "drug_end", "course_end", "on_until", "therapy_end", "death_day"):
        person[name] = np.inf
    person["episode"] = 1
    person["cause"] = ALIVE
    person["phase"] = TRY
    person["resistant_day"] = np.nan
    return person


@compiled
def live_all(p, q, seed, first, step, two, log, out, events):
    """Lives of as many people as `out` has rows, or as many as `events` has room for; an `events` without any room keeps none.

    Returns how many people that were, and how many events were written.
    """
    n_rows, keeps = 0, len(events.day) > 0
    for n in range(len(out.days)):
        log[0].first = 0 if keeps else _NOWHERE
        me = _live(two, p, q, seed, first + n * step, log)
        if keeps and n_rows + me.row > len(events.day):
            return n, n_rows
        _keep(me, out, n)
        while keeps:
            begin = log[0].first
            for row in range(min(me.row - begin, WINDOW)):
                to = n_rows + begin + row
                events.day[to] = log[0].day[row]
                events.event[to] = log[0].event[row]
                events.state[to] = log[0].state[row]
                events.episode[to] = log[0].episode[row]
                events.step[to] = log[0].step[row]
                events.trial[to] = log[0].trial[row]
                events.course[to] = log[0].course[row]
                events.what[to] = log[0].what[row]
                events.value[to] = log[0].value[row]
            log[0].first += WINDOW
            if log[0].first >= me.row:
                n_rows += me.row
                break
            me = _live(two, p, q, seed, first + n * step, log)
    return len(out.days), n_rows


@compiled
def _live(two, p, q, seed, person, log):
    """One life; returns the record of it. The second of the two is the person before entering."""
    two[0] = two[1]
    me = two[0]
    me.base = base_of(seed, person)
    walk(me, p[0], q[0], log[0])
    return me


@compiled
def _keep(me, out, n):
    out.days[n] = me.day
    for k in range(out.days_in.shape[1]):
        out.days_in[n, k] = me.days_in[k]
    out.days_resistant[n] = me.days_resistant
    for k in range(out.resistant_day.shape[1]):
        out.resistant_day[n, k] = me.resistant_day[k]
    out.n_trials[n] = me.trial
    out.n_relapses[n] = me.n_relapses
    out.n_recurrences[n] = me.n_recurrences
    out.n_remissions[n] = me.n_remissions
    for k in range(out.n_courses.shape[1]):
        out.n_courses[n, k] = me.n_courses[k]
        out.n_sessions[n, k] = me.n_sessions[k]
    out.days_maintained[n] = me.days_maintained
    out.died_day[n] = me.day if me.cause != ALIVE else np.nan
    out.cause[n] = me.cause
    out.n_events[n] = me.row


@compiled
def meet_all(p, seed, first, step, two, is_female, age_years, frailty, is_never):
    """Who so many people are."""
    for n in range(len(age_years)):
        two[0] = two[1]
        me = two[0]
        me.base = base_of(seed, first + n * step)
        meet(me, p[0])
        is_female[n] = me.is_female
        age_years[n] = me.age
        frailty[n] = me.frailty
        is_never[n] = me.is_never
