"""Trials -> judged trials (docs/engine.md, 6): one trial under one rule."""

from __future__ import annotations

from stepwell.tables.row_type import NA

from .compiled import compiled
from .criteria import judge_added, judge_criterion
from .criterion_numbers import AT_END, AT_NEXT_PRESCRIPTION, AT_START, FIRST_FAILURE
from .days import earlier
from .look_back import look_back
from .rows import Incomplete
from .verdicts import MET, NOT_ASKED, NOT_MET, UNKNOWN


@compiled
def judge_trial(t, trials, conditions, periods, gaps, incomplete, asked, rule, sets, keys, j):
    """Fills `j`: a verdict for each criterion that the rule asks, whether the trial failed, whether it counts, and on which day.

    It failed when any of the rule's ways is met, and counts when all criteria of the trial are met and it failed. A published
    program (`knows_unknown` is 0) reads unknown as not met.
    """
    j.trial_number, j.episode_number, j.start_day = t.trial_number, t.episode_number, t.start_day
    j.drug, j.drug_class = t.drug, t.drug_class
    look_back(t, trials, conditions, periods, gaps, asked, rule, sets, keys, j)
    for c in range(len(j.verdict)):
        j.verdict[c] = NOT_ASKED
    seen = incomplete if rule.knows_unknown else Incomplete(False, False, False)
    counts, failed = MET, NOT_MET
    for k in range(rule.first_asked, rule.first_asked + rule.n_asked):
        verdict = read_unknown(judge_criterion(t, j, asked[k], sets, seen), rule)
        j.verdict[asked[k].criterion] = verdict
        if asked[k].criterion < FIRST_FAILURE:
            counts = min(counts, verdict)
        else:
            failed = max(failed, verdict)
    j.failed, j.counts = failed, min(counts, failed)
    j.added = NOT_ASKED if rule.added_for == NA else judge_added(t, rule.added_for, seen)
    j.counted_day = counted_day(t, rule)


@compiled
def read_unknown(verdict, rule):
    """The verdict as the rule reads it."""
    return NOT_MET if verdict == UNKNOWN and not rule.knows_unknown else verdict


@compiled
def counted_day(t, rule):
    """The day on which the trial counts, where it counts. Where no treatment followed that would date it, its last day."""
    if rule.dated_at == AT_START:
        return t.start_day
    if rule.dated_at == AT_END:
        return t.end_day
    following = t.next_prescription_day if rule.dated_at == AT_NEXT_PRESCRIPTION else earlier(t.switch_day, t.added_day)
    return t.end_day if following == NA else following
