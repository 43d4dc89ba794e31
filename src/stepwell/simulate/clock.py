"""Time passing for one person: days counted, death on its way, events written down."""

from __future__ import annotations

import numpy as np

from .chance import exp, log
from .compiled import compiled
from .layout import WINDOW
from .states import Cause, Event, Resistance, State

OVER, DECIDE, TRY, COURSE, WELL = range(5)
"""What a person's walk does next."""

ALIVE = -1
_DAYS_A_YEAR = 365.25
_RESPONSE, _REMISSION, _DEAD = int(State.RESPONSE), int(State.REMISSION), int(State.DEAD)
_DIED, _RESISTANT = int(Event.DIED), int(Event.RESISTANT)
_OTHER, _SUICIDE, _TWO_FAILED = int(Cause.OTHER), int(Cause.SUICIDE), int(Resistance.TWO_FAILED)


@compiled
def note(me, table, event, what, value):
    """Writes an event down where it falls into the window of the table, and counts it."""
    n = me.row - table.first
    if 0 <= n < WINDOW:
        table.day[n] = me.day
        table.event[n] = event
        table.state[n] = me.state
        table.episode[n] = me.episode
        table.step[n] = me.step
        table.trial[n] = me.trial
        table.course[n] = me.course
        table.what[n] = what
        table.value[n] = value
    me.row += 1


@compiled
def advance(me, p, to):
    """Lets time pass until then; False, and the walk is over, where death or the horizon comes first."""
    goes_on = to < p.horizon
    if not goes_on:
        to = p.horizon
    if me.is_mortal:
        death = _death(me, p, to)
        if death < to:
            to, goes_on = death, False
    days = to - me.day
    me.days_in[me.state] += days
    if me.state < _RESPONSE and me.is_resistant[_TWO_FAILED]:
        me.days_resistant += days
    me.day = to
    if not goes_on:
        me.phase = OVER
    return goes_on


@compiled
def set_death(me, p, other, suicide):
    """Sets the two clocks of death, which run at the speed of the state; most never run out before the horizon.

    Death from other causes doubles its hazard with age (Gompertz).
    """
    me.other_left, me.suicide_left = -log(other), -log(suicide)
    me.hazard = p.death_rate * exp(p.death_growth * _DAYS_A_YEAR * (me.age - p.death_at_age))
    most_other = max(p.death_ill, 1.0) * me.hazard * (exp(p.death_growth * p.horizon) - 1.0) / p.death_growth
    most_suicide = max(p.suicide_ill, p.suicide_well) * p.horizon
    me.is_mortal = me.other_left <= most_other or me.suicide_left <= most_suicide


@compiled
def _death(me, p, to):
    """The day of death if it is before `to`, else infinity; the clocks run on until then."""
    is_well = me.state >= _REMISSION
    other = me.hazard * (1.0 if is_well else p.death_ill)
    suicide = p.suicide_well if is_well else p.suicide_ill
    now = exp(p.death_growth * me.day)
    other_used = other * (exp(p.death_growth * to) - now) / p.death_growth
    suicide_used = suicide * (to - me.day)
    death = np.inf
    if other_used >= me.other_left:
        death = max(log(now + me.other_left * p.death_growth / other) / p.death_growth, me.day)
        me.cause = _OTHER
    if suicide_used >= me.suicide_left:
        by_suicide = me.day + me.suicide_left / suicide
        if by_suicide < death:
            death = by_suicide
            me.cause = _SUICIDE
    if death < to:
        return death
    me.cause = ALIVE
    me.other_left -= other_used
    me.suicide_left -= suicide_used
    return np.inf


@compiled
def resist(me, table, which):
    """Notes that the person is resistant by one of the truths, once an episode."""
    if not me.is_resistant[which]:
        me.is_resistant[which] = 1
        note(me, table, _RESISTANT, which, 0.0)
        if np.isnan(me.resistant_day[which]):
            me.resistant_day[which] = me.day
