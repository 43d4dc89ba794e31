"""One person's life, and those of many: READ THIS FIRST. What happens next is in `step` (treatment), `well` (relapse) and
`clock` (time and death); nothing is shared between two people but what is only read."""

from __future__ import annotations

import numpy as np

from .chance import exp, normal, uniform
from .clock import ALIVE, COURSE, DECIDE, OVER, TRY, note, resist, settle, start_clocks
from .compiled import compiled
from .states import Event, State
from .step import ENOUGH, decide, give_course, try_drug
from .streams import Kind
from .well import be_well, finish_treatment

_WHO = int(Kind.WHO)
_ENTERED, _DIED, _ENDED = int(Event.ENTERED), int(Event.DIED), int(Event.ENDED)
_DEAD = int(State.DEAD)


@compiled
def walk(me, p, q, table):
    """One person from entering to death or the horizon."""
    _enter(me, p, table)
    while me.phase != OVER:
        if me.phase == TRY:
            try_drug(me, p, q, table)
        elif me.phase == DECIDE:
            decide(me, p, q, table)
        elif me.phase == COURSE:
            give_course(me, p, q, table)
        else:
            be_well(me, p, q, table)
    _leave(me, p, table)


@compiled
def _enter(me, p, table):
    """At the beginning of the first trial, or at a decision after so many failed ones."""
    meet(me, p)
    start_clocks(me, p, uniform(me.base, _WHO, 0, 4), uniform(me.base, _WHO, 0, 5))
    note(me, table, _ENTERED, -1, me.age)
    if p.failed_before > 0:
        me.step = me.n_failed = me.n_started = me.n_steps = p.failed_before
        for which in range(len(ENOUGH)):
            if p.failed_before >= ENOUGH[which]:
                resist(me, p, table, which)
        me.goes_on = 1
        me.phase = DECIDE


@compiled
def meet(me, p):
    """Who the person is."""
    me.is_female = uniform(me.base, _WHO, 0, 0) < p.female
    me.age = _triangle(uniform(me.base, _WHO, 0, 1), p.youngest, p.usual, p.oldest)
    me.frailty = exp(p.frailty_sd * normal(uniform(me.base, _WHO, 0, 2))) if p.frailty_sd > 0.0 else 1.0
    me.is_never = uniform(me.base, _WHO, 0, 3) < p.never


@compiled
def _triangle(u, low, mode, high):
    turn = (mode - low) / (high - low)
    if u < turn:
        return low + np.sqrt(u * (high - low) * (mode - low))
    return high - np.sqrt((1.0 - u) * (high - low) * (high - mode))


@compiled
def _leave(me, p, table):
    """The last row; what was going on until then is counted."""
    finish_treatment(me, p)
    settle(me)
    if me.cause != ALIVE:
        me.state = _DEAD
        note(me, table, _DIED, -1, float(me.cause))
    else:
        note(me, table, _ENDED, -1, 0.0)
