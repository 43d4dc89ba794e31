"""Being well: recovery, what is continued and for how long, and relapse.

A relapse comes when a clock runs out. It runs by a Weibull law since response or remission began, faster or slower by the
factors that hold at the time: recovery, maintenance, psychotherapy.
"""

from __future__ import annotations

import numpy as np

from .chance import between, exponential, log, power, uniform
from .clock import COURSE, DECIDE, advance, become, note
from .compiled import compiled
from .quantities import STEPS
from .states import Event, State, Treatment
from .step import end_course, end_step, stop_drugs
from .streams import Kind

_WELL, _COURSE = int(Kind.WELL), int(Kind.COURSE)
_BETWEEN, _RESPONSE = int(State.BETWEEN), int(State.RESPONSE)
_REMISSION, _RECOVERY = int(State.REMISSION), int(State.RECOVERY)
_RELAPSED, _RECOVERED, _RECURRED = int(Event.RELAPSED), int(Event.RECOVERED), int(Event.RECURRED)
_ON, _OFF = int(Event.MAINTENANCE_BEGAN), int(Event.MAINTENANCE_ENDED)
_THERAPY, _THERAPY_ENDED = int(Event.THERAPY_BEGAN), int(Event.THERAPY_ENDED)
_KETAMINE = int(Treatment.KETAMINE)


@compiled
def be_well(me, p, q, table):
    """From response or remission to the next step, the relapse or the end."""
    me.well += 1
    me.is_relapsed = 0
    since = me.day
    recovers = since + p.recovery_days if me.state == _REMISSION else np.inf
    if me.state == _REMISSION:
        me.n_remissions += 1
    _begin(me, p, q, table)
    shape, scale = _law(me, p)
    left, elapsed = -log(uniform(me.base, _WELL, me.well, 0)), 0.0
    factor = _factor(me, p)
    while True:
        due = since + scale * power(elapsed + left / factor, 1.0 / shape) if factor > 0.0 else np.inf
        while True:
            change = min(recovers, me.next_day, me.drug_end, me.course_end, me.on_until, me.therapy_end)
            if due <= change:
                if advance(me, p, due):
                    _relapse(me, p, q, table)
                return
            if not advance(me, p, change):
                return
            if change == recovers:
                recovers = np.inf
                become(me, p, _RECOVERY)
                note(me, table, _RECOVERED, -1, 0.0)
            if change == me.drug_end:
                stop_drugs(me, table)
            if change == me.course_end:
                _end_sessions(me, p, table)
            if change == me.on_until:
                _stop_maintenance(me, p, table)
            if change == me.therapy_end:
                _end_therapy(me, table)
            if change == me.next_day:
                _leave_response(me, p, table)
                return
            now = _factor(me, p)
            if now != factor:
                break
        used = power((me.day - since) / scale, shape)
        left = max(left - factor * (used - elapsed), 0.0)
        elapsed, factor = used, now


@compiled
def _begin(me, p, q, table):
    """What is continued, and until when."""
    me.course_end = me.on_until = me.therapy_end = me.drug_end = np.inf
    if me.drug >= 0 and uniform(me.base, _WELL, me.well, 1) >= p.kept:
        me.drug_end = me.day + between(uniform(me.base, _WELL, me.well, 2), p.continued_least, p.continued_width)
    j = me.treatment
    if j >= 0:
        me.course_end = me.begun + p.course_days[j]
        if uniform(me.base, _COURSE, me.course, 3) < p.maintained[j]:
            lasts = exponential(uniform(me.base, _COURSE, me.course, 4), p.maintained_mean[j])
            me.on_until = me.course_end + min(lasts, q.maintenance_days)
        if q.therapy and j <= _KETAMINE and uniform(me.base, _COURSE, me.course, 5) < p.therapy_uptake:
            me.therapy_end = me.day + p.therapy_days
            note(me, table, _THERAPY, -1, 0.0)


@compiled
def _law(me, p):
    """Shape and scale of the time to relapse under a factor of 1."""
    if me.treatment >= 0 and p.course_scale[me.treatment] > 0.0:
        return p.course_shape[me.treatment], p.course_scale[me.treatment]
    k = min(max(me.step, 1), STEPS) - 1
    return p.relapse_shape, p.remission_scale[k] if me.state == _REMISSION else p.response_scale[k]


@compiled
def _factor(me, p):
    factor = 1.0
    if me.state == _RECOVERY:
        factor *= p.after_recovery
    if me.on_until < np.inf:
        factor *= p.maintained_response[me.treatment] if me.state == _RESPONSE else p.maintained_remission[me.treatment]
    if me.therapy_end < np.inf:
        factor *= p.therapy_ratio
    return factor


@compiled
def _end_sessions(me, p, table):
    """The acute sessions are over, and maintenance begins where there is one."""
    me.course_end = np.inf
    end_course(me, p, table)
    if me.on_until < np.inf:
        me.maintained_from = me.day
        note(me, table, _ON, me.treatment, 0.0)


@compiled
def _stop_maintenance(me, p, table):
    me.on_until = np.inf
    sessions = _count_maintenance(me, p)
    note(me, table, _OFF, me.treatment, sessions)


@compiled
def _count_maintenance(me, p):
    """Adds up the maintenance that ends today; returns its sessions."""
    days = me.day - me.maintained_from
    sessions = np.floor(days / p.maintained_every[me.treatment])
    me.days_maintained += days
    me.n_sessions[me.treatment] += sessions
    return sessions


@compiled
def _end_therapy(me, table):
    me.therapy_end = np.inf
    note(me, table, _THERAPY_ENDED, -1, 0.0)


@compiled
def _stop_treatment(me, p, table):
    """Ends what goes on of a course."""
    if me.course_end < np.inf:
        me.course_end = np.inf
        end_course(me, p, table)
    elif me.on_until < np.inf:
        _stop_maintenance(me, p, table)
    me.on_until = np.inf
    if me.therapy_end < np.inf:
        _end_therapy(me, table)


@compiled
def finish_treatment(me, p):
    """Counts the sessions of what goes on when the walk is over, without an event."""
    j = me.treatment
    if j < 0:
        return
    if me.course_end < np.inf:
        given = np.floor((me.day - me.begun) * p.course_sessions[j] / p.course_days[j]) + 1.0
        me.n_sessions[j] += min(given, p.course_sessions[j])
    elif me.on_until < np.inf:
        _count_maintenance(me, p)


@compiled
def _leave_response(me, p, table):
    """Response was not enough: on to the next step."""
    me.next_day = np.inf
    _stop_treatment(me, p, table)
    me.treatment = -1
    become(me, p, _BETWEEN)
    me.goes_on = 1
    me.phase = DECIDE
    end_step(me, p, table)


@compiled
def _relapse(me, p, q, table):
    """Ill again: a new episode after recovery, else the same; then the course that had helped, or a decision."""
    j = me.treatment
    was_recovered = me.state == _RECOVERY
    if was_recovered:
        me.is_resistant[:] = 0
    become(me, p, _BETWEEN)
    _stop_treatment(me, p, table)
    if was_recovered:
        me.n_recurrences += 1
        _begin_episode(me)
        note(me, table, _RECURRED, -1, 0.0)
    else:
        me.n_relapses += 1
        note(me, table, _RELAPSED, -1, 0.0)
    me.is_relapsed = 1
    me.drug_end = np.inf
    me.phase = DECIDE
    me.treatment = -1
    if j >= 0 and _is_offered(j, q) and uniform(me.base, _COURSE, me.course, 6) < p.again[j]:
        me.treatment, me.is_again, me.phase = j, 1, COURSE


@compiled
def _is_offered(j, q):
    found = False
    for n in range(q.n_offers):
        found = found or q.treatment[n] == j
    return found


@compiled
def _begin_episode(me):
    """Nothing has failed yet. What was taken in the episode before is not tried at once again."""
    me.episode += 1
    me.step = me.n_failed = me.n_started = me.n_steps = me.given = 0
    me.tried, me.tried_now = me.tried_now, np.uint64(0)
    for drug in (me.drug, me.added):
        if drug >= 0:
            me.tried_now |= np.uint64(1) << np.uint64(drug)
