"""Trials -> the steps of the ladder (docs/engine.md, 8)."""

from __future__ import annotations

import numpy as np

from stepwell.tables import STEP
from stepwell.tables.row_type import NA

from .compiled import compiled
from .criterion_numbers import INTOLERANCE, NONE
from .days import days_in_common, later, observed_until
from .response import find_response, is_response
from .trial import ANTIDEPRESSANT, may_be_antidepressant
from .verdicts import MET, NOT_MET, UNKNOWN

START, SWITCH, ADD = (STEP.by_name["kind"].values.index(kind) for kind in ("start", "switch", "add"))
NEXT_STEP, REMITTED, LOST, STILL_TREATED = (
    STEP.by_name["ended"].values.index(end) for end in ("next step", "remission", "lost", "still treated")
)


@compiled
def find_steps(
    trials, episodes, periods, scores, score_keys, n_scores, gaps, instruments, how, incomplete, begun, n_begun, steps
):
    """One row is one rung of a person's ladder in one episode: a first treatment, a switch or an addition. Fills `steps` and
    `begun`, the drugs begun on them, and returns how many there are of each.

    Rule: the first trial of each ingredient in an episode begins a step; those that begin on one day share it.
    Unknown when: unscored, or well at the start (improvement, response, remission); observation unknown (`ended`).
    """
    n = 0
    for episode in episodes:
        if episode.n_trials == 0:
            continue
        first_step, first_begun, treated_until = n, n_begun, NA
        for t in trials:
            if t.episode_number != episode.episode_number:
                continue
            has_company, is_added = antidepressants_running(t, trials, how)
            if not (has_company if t.role != ANTIDEPRESSANT else may_be_antidepressant(t)):
                continue
            treated_until = later(treated_until, t.end_day)
            if is_begun(t.drug, begun, first_begun, n_begun):
                continue
            if n == first_step or steps[n - 1].start_day != t.start_day:
                s = steps[n]
                n += 1
                s.episode_number, s.step_number, s.start_day = episode.episode_number, n - first_step, t.start_day
                s.kind = START if n == first_step + 1 else SWITCH
                s.is_intolerance, s.first_begun, s.n_begun = NOT_MET, n_begun, 0
            s = steps[n - 1]
            begun[n_begun] = t.drug
            n_begun += 1
            s.n_begun += 1
            if is_added and s.kind == SWITCH:
                s.kind = ADD
            if t.stop_reason == INTOLERANCE:
                s.is_intolerance = MET
        for k in range(first_step, n):
            s = steps[k]
            next_day = steps[k + 1].start_day if k + 1 < n else NA
            s.end_day = treated_until if next_day == NA else next_day - 1
            s.n_days = s.end_day - s.start_day + 1
            find_response(s, s.end_day, next_day, scores, score_keys, n_scores, gaps, instruments, how)
            s.is_response = is_response(s, instruments)
            if np.isnan(s.improvement_pct):
                s.is_remission = UNKNOWN  # unscored, or well at the start
            s.ended = how_it_ended(s, next_day, periods, how, incomplete)
    return n, n_begun


@compiled
def antidepressants_running(t, trials, how):
    """Whether another antidepressant ran when `t` began, or had ended at most `how.cross_taper` days before; and whether one
    begun before runs beside it for longer than that."""
    has_company, is_added = False, False
    for a in trials:
        if a.episode_number != t.episode_number or a.drug == t.drug or not may_be_antidepressant(a):
            continue
        if a.start_day <= t.start_day and a.end_day >= t.start_day - how.cross_taper:
            has_company = True
            is_added |= a.start_day < t.start_day and days_in_common(t, a) > how.cross_taper
    return has_company, is_added


@compiled
def is_begun(drug, begun, first, end):
    """Whether the drug stands in the list from `first` up to `end`."""
    is_found = False
    for one in begun[first:end]:
        is_found |= one == drug
    return is_found


@compiled
def how_it_ended(step, next_day, periods, how, incomplete):
    """What came after the step; NONE where observation is unknown, or drugs may be missing and it may have gone on unseen."""
    if next_day != NA:
        return NEXT_STEP
    if step.is_remission == MET:
        return REMITTED
    seen = observed_until(step.end_day, periods)
    if seen == NA:
        return NONE
    if seen - step.end_day <= how.max_gap:
        return STILL_TREATED
    return NONE if incomplete.lacks_drugs else LOST
