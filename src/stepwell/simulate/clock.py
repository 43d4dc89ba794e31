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
_RESPONSE, _REMISSION = int(State.RESPONSE), int(State.REMISSION)
_RESISTANT = int(Event.RESISTANT)
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
    if me.death_day < to and me.death_day < p.horizon:
        me.day = me.death_day
        me.cause = me.death_cause
    elif to < p.horizon:
        me.day = to
        return True
    else:
        me.day = p.horizon
    me.phase = OVER
    return False


@compiled
def become(me, p, state):
    """Changes the state; the days in the one before are counted."""
    settle(me)
    turns = (state >= _REMISSION) != (me.state >= _REMISSION)
    if turns and me.is_mortal:
        _use_clocks(me, p)
    me.state = state
    if turns and me.is_mortal:
        _set_death(me, p)


# Days are added up where the state changes, and nowhere else: what happens meanwhile must not change a last bit of their sum.
@compiled
def settle(me):
    """Counts the days since the last time."""
    days = me.day - me.since
    me.days_in[me.state] += days
    if me.state < _RESPONSE and me.is_resistant[_TWO_FAILED]:
        me.days_resistant += days
    me.since = me.day


@compiled
def resist(me, p, table, which):
    """Notes that the person is resistant by one of the truths, once an episode. After two failed trials the clock of suicide
    runs at a speed of its own."""
    if not me.is_resistant[which]:
        settle(me)
        turns = which == _TWO_FAILED and me.is_mortal
        if turns:
            _use_clocks(me, p)
        me.is_resistant[which] = 1
        if turns:
            _set_death(me, p)
        note(me, table, _RESISTANT, which, 0.0)
        if np.isnan(me.resistant_day[which]):
            me.resistant_day[which] = me.day


# --- death -----------------------------------------------------------------------------------------------------------


@compiled
def start_clocks(me, p, other, suicide):
    """Sets the two clocks of death. They run at one speed while ill and at another while well, that of suicide at a third
    while ill after two failed trials; of those who can run out before the horizon the day is known.

    Death from other causes has a hazard that doubles with age at equal distances (Gompertz).
    """
    me.hazard = p.death_rate * exp(p.death_growth * _DAYS_A_YEAR * (me.age - p.death_at_age))
    most_other = max(p.death_ill, 1.0) * me.hazard * p.death_years
    most_suicide = max(p.suicide_ill, p.suicide_resistant, p.suicide_well) * p.horizon
    # A clock of -log(u) is never shorter than 1 - u: nearly everybody needs no logarithm to be out of danger.
    me.is_mortal = 1.0 - other <= most_other or 1.0 - suicide <= most_suicide
    if me.is_mortal:
        me.other_left, me.suicide_left = -log(other), -log(suicide)
        _set_death(me, p)


@compiled
def _speeds(me, p):
    if me.state >= _REMISSION:
        return me.hazard, p.suicide_well
    if me.is_resistant[_TWO_FAILED]:
        return me.hazard * p.death_ill, p.suicide_resistant
    return me.hazard * p.death_ill, p.suicide_ill


@compiled
def _set_death(me, p):
    """The day of death if nothing changed from now on."""
    other, suicide = _speeds(me, p)
    me.clocks_day = me.day
    me.death_day = np.inf
    if other > 0.0:
        me.death_day = log(exp(p.death_growth * me.day) + me.other_left * p.death_growth / other) / p.death_growth
        me.death_day = max(me.death_day, me.day)
        me.death_cause = _OTHER
    if suicide > 0.0 and me.day + me.suicide_left / suicide < me.death_day:
        me.death_day = me.day + me.suicide_left / suicide
        me.death_cause = _SUICIDE


@compiled
def _use_clocks(me, p):
    """Takes off the clocks what ran since they were set."""
    other, suicide = _speeds(me, p)
    ran = (exp(p.death_growth * me.day) - exp(p.death_growth * me.clocks_day)) / p.death_growth
    me.other_left = max(me.other_left - other * ran, 0.0)
    me.suicide_left = max(me.suicide_left - suicide * (me.day - me.clocks_day), 0.0)
