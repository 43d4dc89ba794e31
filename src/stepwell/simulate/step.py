"""The next step: whether there is one, what it is, and what a trial or a course does."""

from __future__ import annotations

import numpy as np

from .chance import between, exponential, uniform
from .clock import COURSE, DECIDE, TRY, WELL, advance, become, note, resist
from .compiled import compiled
from .layout import DRUGS
from .quantities import STEPS
from .states import Event, Outcome, Resistance, State
from .streams import Kind

_TRIAL, _STEP, _OFFER, _COURSE = int(Kind.TRIAL), int(Kind.STEP), int(Kind.OFFER), int(Kind.COURSE)
_IN_TRIAL, _BETWEEN, _STAYS, _LOST = int(State.TRIAL), int(State.BETWEEN), int(State.STAYS), int(State.LOST)
_IN_COURSE, _RESPONSE, _REMISSION = int(State.COURSE), int(State.RESPONSE), int(State.REMISSION)
_STARTED, _SWITCHED, _ADDED, _DRUG_STOPPED = (
    int(e) for e in (Event.STARTED, Event.SWITCHED, Event.ADDED, Event.DRUG_STOPPED)
)
_RESPONDED, _REMITTED, _FAILED = int(Event.RESPONDED), int(Event.REMITTED), int(Event.FAILED)
_STAYED, _LEFT, _RETURNED, _DECIDED = (int(e) for e in (Event.STAYED, Event.LEFT, Event.RETURNED, Event.DECIDED))
_BEGAN, _ENDED, _EARLY = int(Event.COURSE_BEGAN), int(Event.COURSE_ENDED), int(Event.EARLY_RESPONSE)
_REMITS, _RESPONDS, _INTOLERANT, _GIVES_UP, _UNHELPED = (int(o) for o in Outcome)
_TWO_FAILED, _THIRD_START, _TWO_STEPS = (int(r) for r in Resistance)
ENOUGH = (2, 3, 2)
"""Failures, starts and steps that make each Resistance."""
_FIRST_SLOT, _SLOTS = 8, 16
"""The slots of a trial with which its drug is chosen: so many tries."""


# --- what comes next -------------------------------------------------------------------------------------------------


@compiled
def decide(me, p, q, table):
    """After a failure, a relapse or a return: a next step, the same treatment, or none."""
    me.decision += 1
    chance = p.goes_on_relapsed if me.is_relapsed else p.goes_on[_of_step(me)]
    goes_on = me.goes_on or uniform(me.base, _STEP, me.decision, 0) < chance
    me.goes_on = me.is_again = 0
    me.treatment = _offered(me, q) if goes_on else -1
    beside_trial = me.treatment < 0 or p.beside[me.treatment]
    if goes_on and (not beside_trial or me.tried & p.antidepressants != p.antidepressants):
        alone = me.drug < 0 or me.added >= 0 or not beside_trial
        me.adds = not alone and uniform(me.base, _STEP, me.decision, 1) < p.adds
        pause = 0.0
        if not me.adds and uniform(me.base, _STEP, me.decision, 2) >= p.at_once:
            pause = between(uniform(me.base, _STEP, me.decision, 3), p.pause_least, p.pause_width)
        if me.treatment >= 0:
            pause += _wait(me, q)
        if pause > 0.0:
            become(me, p, _BETWEEN)
            note(me, table, _DECIDED, me.treatment, 0.0)
            if me.treatment < 0:
                stop_drugs(me, table)
            if not advance(me, p, me.day + pause):
                return
        me.phase = COURSE if me.treatment >= 0 else TRY
    elif me.drug >= 0 and uniform(me.base, _STEP, me.decision, 4) < p.stays:
        become(me, p, _STAYS)
        note(me, table, _STAYED, -1, 0.0)
        _wait_and_see(me, p, table, p.stays_remission_rate, p.stays_step_rate)
    else:
        stop_drugs(me, table)
        become(me, p, _LOST)
        note(me, table, _LEFT, -1, 0.0)
        _wait_and_see(me, p, table, p.lost_remission_rate, p.lost_return_rate)


@compiled
def _of_step(me):
    return min(max(me.step, 1), STEPS) - 1


@compiled
def _offered(me, q):
    """The first treatment that is offered, not yet given in the episode, and accepted; -1 where there is none."""
    for n in range(q.n_offers):
        treatment = q.treatment[n]
        if (
            me.n_failed >= q.after[n]
            and not me.given >> treatment & 1
            and uniform(me.base, _OFFER, me.episode, 2 * treatment) < q.uptake[n]
        ):
            return treatment
    return -1


@compiled
def _wait(me, q):
    for n in range(q.n_offers):
        if q.treatment[n] == me.treatment and q.wait[n] > 0.0:
            return exponential(uniform(me.base, _OFFER, me.episode, 2 * me.treatment + 1), q.wait[n])
    return 0.0


@compiled
def _wait_and_see(me, p, table, remission_rate, step_rate):
    """Whatever comes first: remission by itself, or seeking a next step."""
    both = remission_rate + step_rate
    when = np.inf
    if both > 0.0:
        when = me.day + exponential(uniform(me.base, _STEP, me.decision, 5), 1.0 / both)
    if not advance(me, p, when):
        return
    if uniform(me.base, _STEP, me.decision, 6) * both < remission_rate:
        me.treatment = -1
        me.next_day = np.inf
        become(me, p, _REMISSION)
        me.phase = WELL
        note(me, table, _REMITTED, -1, 0.0)
    else:
        me.goes_on = 1
        me.phase = DECIDE
        note(me, table, _RETURNED, -1, 0.0)


# --- drugs -----------------------------------------------------------------------------------------------------------


@compiled
def stop_drugs(me, table):
    """Stops whatever is taken."""
    stop_added(me, table)
    if me.drug >= 0:
        note(me, table, _DRUG_STOPPED, me.drug, 0.0)
        me.drug = -1
    me.drug_end = np.inf


@compiled
def stop_added(me, table):
    """Stops what was added."""
    if me.added >= 0:
        note(me, table, _DRUG_STOPPED, me.added, 0.0)
        me.added = -1


@compiled
def _choose(me, odds):
    """A drug that was not tried lately: drawn again while it was, for as many tries as there are slots, then the first; -1
    where there is none."""
    for slot in range(_FIRST_SLOT, _FIRST_SLOT + _SLOTS):
        u = uniform(me.base, _TRIAL, me.trial, slot)
        drug = 0
        while u >= odds[drug]:
            drug += 1
        if not me.tried >> np.uint64(drug) & np.uint64(1):
            return drug
    before = 0.0
    for drug in range(DRUGS):
        if odds[drug] > before and not me.tried >> np.uint64(drug) & np.uint64(1):
            return drug
        before = odds[drug]
    return -1


@compiled
def _begin_drug(me, p, table):
    """The drug of the next trial; returns it."""
    if me.adds:
        drug = -1
        if uniform(me.base, _TRIAL, me.trial, 6) >= p.adds_antidepressant:
            drug = _choose(me, p.added_drugs)
        if drug < 0:
            drug = _choose(me, p.later_drugs)
        event, me.added = _ADDED, drug
    else:
        drug = _choose(me, p.first_drugs if me.step == 1 else p.later_drugs)
        event = _STARTED if me.drug < 0 else _SWITCHED
        stop_drugs(me, table)
        me.drug = drug
    me.drug_end = np.inf
    bit = np.uint64(1) << np.uint64(drug)
    me.tried |= bit
    me.tried_now |= bit
    me.is_dosed = uniform(me.base, _TRIAL, me.trial, 3) >= p.underdosed
    note(me, table, event, drug, float(me.is_dosed))
    if p.is_antidepressant[drug]:
        me.n_started += 1
        if me.n_started >= ENOUGH[_THIRD_START]:
            resist(me, p, table, _THIRD_START)
    return drug


# --- trials and courses ----------------------------------------------------------------------------------------------


@compiled
def try_drug(me, p, q, table):
    """The acute phase of a trial, with esketamine beside it where that is the treatment."""
    me.step += 1
    me.trial += 1
    become(me, p, _IN_TRIAL)
    j = me.treatment
    if j >= 0:
        _begin_course(me, table)
    drug = _begin_drug(me, p, table)
    k = _of_step(me)
    remission_odds, response_odds = p.remission_odds[k] * me.frailty, p.response_odds[k] * me.frailty
    stopped = 0.0
    if j >= 0:
        remission_odds *= p.course_remission_odds[j]
        response_odds *= p.course_response_odds[j]
        stopped = p.course_stopped[j]
    remits, helped = _shares(me, remission_odds, response_odds)
    u, when = uniform(me.base, _TRIAL, me.trial, 0), uniform(me.base, _TRIAL, me.trial, 1)
    judged = between(uniform(me.base, _TRIAL, me.trial, 2), p.judged_least, p.judged_width)
    if j >= 0:
        judged = p.course_days[j]
    elif q.judge_after < judged:
        judged = q.judge_after
    if u < helped:
        outcome = _REMITS if u < remits else _RESPONDS
        after = _onset(p, j, when)
        if after > judged and (j >= 0 or judged == q.judge_after):
            outcome, after = _UNHELPED, judged
    elif u < helped + p.intolerance[k]:
        outcome, after = _INTOLERANT, between(when, p.intolerance_least, p.intolerance_width)
    elif u < helped + p.intolerance[k] + stopped:
        outcome, after = _INTOLERANT, when * judged
    elif uniform(me.base, _TRIAL, me.trial, 4) < p.given_up:
        outcome, after = _GIVES_UP, between(when, p.given_up_least, p.given_up_width)
    else:
        outcome, after = _UNHELPED, judged
    is_judged = outcome == _UNHELPED and me.is_dosed and after >= p.adequate_days and p.is_antidepressant[drug]
    _take_effect(me, p, table, outcome, after, judged, drug, is_judged)


@compiled
def give_course(me, p, q, table):
    """A course beside no new trial: of ketamine, ECT or TMS, or esketamine given again."""
    j = me.treatment
    if p.beside[j] and not me.is_again:
        try_drug(me, p, q, table)
        return
    become(me, p, _IN_COURSE)
    _begin_course(me, table)
    if me.is_again:
        remits, helped = p.again_remission[j], p.again_response[j]
    else:
        remits, helped = _shares(me, p.course_remission_odds[j] * me.frailty, p.course_response_odds[j] * me.frailty)
    u, when = uniform(me.base, _COURSE, me.course, 0), uniform(me.base, _COURSE, me.course, 1)
    outcome, after = _UNHELPED, p.course_days[j]
    if u < helped:
        outcome, after = _REMITS if u < remits else _RESPONDS, min(_onset(p, j, when), p.course_days[j])
    elif u < helped + p.course_stopped[j]:
        outcome, after = _INTOLERANT, when * p.course_days[j]
    _take_effect(me, p, table, outcome, after, p.course_days[j], -1, False)


@compiled
def _shares(me, remission_odds, response_odds):
    """The shares who remit, and who remit or respond. Who never remits on a treatment may still respond as others do."""
    remits = remission_odds / (1.0 + remission_odds)
    helped = max(response_odds / (1.0 + response_odds), remits)
    if me.is_never:
        return 0.0, helped - remits
    return remits, helped


@compiled
def _onset(p, j, u):
    """Days until an effect: none before the least, then exponential, cut off at the most."""
    if j >= 0:
        return p.course_onset_least[j] + exponential(1.0 - u * p.course_onset_reached[j], p.course_onset_mean[j])
    return p.onset_least + exponential(1.0 - u * p.onset_reached, p.onset_mean)


@compiled
def _begin_course(me, table):
    me.course += 1
    me.given |= 1 << me.treatment
    me.n_courses[me.treatment] += 1
    note(me, table, _BEGAN, me.treatment, float(me.is_again))


@compiled
def end_course(me, p, table):
    """The acute sessions given until now, at equal distances from the first day on."""
    j = me.treatment
    sessions = min(np.floor((me.day - me.begun) * p.course_sessions[j] / p.course_days[j]) + 1.0, p.course_sessions[j])
    me.n_sessions[j] += sessions
    note(me, table, _ENDED, j, sessions)


@compiled
def _take_effect(me, p, table, outcome, after, judged, drug, is_judged):
    """Lets the acute phase pass: the early response, then the outcome."""
    j = me.treatment
    me.begun = me.day
    is_helped = outcome <= _RESPONDS
    if j >= 0:
        me.course_end = me.begun + p.course_days[j]
        early = p.early_helped[j] if is_helped else p.early_unhelped[j]
        if after > 1.0 and uniform(me.base, _COURSE, me.course, 2) < early:
            if not advance(me, p, me.begun + 1.0):
                return
            if is_helped:
                become(me, p, _RESPONSE)
            note(me, table, _EARLY, j, 0.0)
            if outcome == _RESPONDS:
                after = 1.0
            elif outcome == _REMITS:
                note(me, table, _RESPONDED, -1, 0.0)
    if me.day < me.begun + after and not advance(me, p, me.begun + after):
        return
    if is_helped:
        become(me, p, _REMISSION if outcome == _REMITS else _RESPONSE)
        note(me, table, _REMITTED if outcome == _REMITS else _RESPONDED, -1, 0.0)
        me.next_day = np.inf
        me.phase = WELL
        if outcome == _RESPONDS:
            me.decision += 1
            if uniform(me.base, _STEP, me.decision, 0) < p.goes_on[_of_step(me)]:
                me.next_day = max(me.begun + judged, me.day)
    else:
        if j >= 0:
            me.course_end = np.inf
            end_course(me, p, table)
        me.treatment = -1
        me.is_relapsed = 0
        me.phase = DECIDE
        note(me, table, _FAILED, drug, float(outcome))
        if is_judged:
            me.n_failed += 1
            if me.n_failed >= ENOUGH[_TWO_FAILED]:
                resist(me, p, table, _TWO_FAILED)
        end_step(me, p, table)
        if drug >= 0 and outcome != _UNHELPED:
            if drug == me.added:
                stop_added(me, table)
            else:
                stop_drugs(me, table)


@compiled
def end_step(me, p, table):
    """A step is over without remission."""
    me.n_steps += 1
    if me.n_steps >= ENOUGH[_TWO_STEPS]:
        resist(me, p, table, _TWO_STEPS)
