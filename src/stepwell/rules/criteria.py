"""The criteria of a trial, one short function each, named after the field of the form (docs/engine.md, 6).

`t` is the trial, `asked` the filled-in field as a row of `ASKED`; `incomplete` says whether the person's drug records are. What
lies behind a trial (`recent`, `diagnosed`) was counted before, in `look_back.py`.
"""

from __future__ import annotations

import numpy as np

from stepwell.tables.row_type import NA

from .compiled import compiled
from .criterion_numbers import (
    ADDED_TO,
    DIAGNOSED,
    DRUG,
    IMPROVEMENT,
    INTOLERANCE,
    INTOLERANT,
    MIN_DOSE,
    MIN_DURATION,
    MIN_SUPPLIES,
    NONE,
    NOT_REMITTED,
    PRECEDED_BY,
    RECENT,
    ROLE,
    STILL_ILL,
    SWITCHED,
    USE,
)
from .trial import ANTIDEPRESSANT, may_have_gone_on
from .verdicts import MET, NOT_MET, UNKNOWN, judge

ANY_DRUG, ANOTHER_CLASS, NEXT_PRESCRIPTION = range(3)
"""`asked.option` of `switched`: a switch to any other drug, to another class, or by the next prescription."""


@compiled
def judge_drug(t, asked, sets):
    """`role` and `drug`: the trial is of one of the drugs, roles or classes named."""
    return judge(sets.drug[asked.set, t.drug], False)


@compiled
def judge_use(t, asked):
    """It was taken as an antidepressant (`option` 1), or that does not matter (0)."""
    return t.is_antidepressant_use if asked.option == 1 else MET


@compiled
def judge_min_duration(t, asked, incomplete):
    """It lasted at least `at_least` days. Unknown when it may have gone on longer than the record shows.

    With `at_most`, also when it is of a single prescription and the next one, of another antidepressant, came after at least
    `at_least` and at most `at_most` days."""
    is_long_enough = t.n_days - days_between(t, incomplete) >= asked.at_least
    single = t.n_exposures == 1 and t.next_prescription_day != NA and not incomplete.is_given_in_care_only
    if asked.at_most != NA and single:
        is_long_enough |= asked.at_least <= t.next_prescription_day - t.end_day <= asked.at_most
    return judge(is_long_enough, may_have_gone_on(t) or incomplete.lacks_drugs)


@compiled
def judge_min_dose(t, asked, incomplete):
    """It was taken at an adequate dose for at least `at_least` days."""
    may_be_enough = t.n_days_adequate + t.n_days_dose_unknown >= asked.at_least
    may_become_enough = (may_have_gone_on(t) and t.last_dose_adequate != NOT_MET) or incomplete.lacks_drugs
    is_enough = t.n_days_adequate - days_between(t, incomplete) >= asked.at_least
    return judge(is_enough, may_be_enough or may_become_enough)


@compiled
def judge_min_supplies(t, asked, incomplete):
    """It was supplied at least `at_least` times. Unknown when more may have come than the record shows."""
    return judge(t.n_exposures >= asked.at_least, may_have_gone_on(t) or incomplete.lacks_drugs)


@compiled
def judge_preceded_by(t, asked, incomplete):
    """An antidepressant was taken in the `within` days before, or was still running."""
    earliest = t.start_day - asked.within
    certain = t.antidepressant_before_day != NA and t.antidepressant_before_day >= earliest
    possible = t.possible_antidepressant_before_day != NA and t.possible_antidepressant_before_day >= earliest
    return judge(certain, possible or incomplete.lacks_drugs)


@compiled
def judge_recent(j, asked, incomplete):
    """At least `at_least` different drugs were taken lately, and `at_most` of them were begun before. Unknown when nobody was
    observing on its first day."""
    if j.n_recent_drugs == NA:
        return UNKNOWN
    is_enough = j.n_recent_drugs >= asked.at_least and j.n_recent_drugs_before >= asked.at_most
    return judge(is_enough, incomplete.lacks_drugs)


@compiled
def judge_diagnosed(j):
    """There is such a diagnosis not long before it. Unknown when nobody was observing on its first day."""
    return UNKNOWN if j.n_recent_diagnoses == NA else judge(j.n_recent_diagnoses >= 1, False)


@compiled
def judge_still_ill(t, asked, sets):
    """The endpoint score is at or above the points asked of its instrument. Unknown for any other instrument."""
    if t.instrument == NONE or np.isnan(sets.points[asked.set, t.instrument]):
        return UNKNOWN
    return judge(t.endpoint_total >= sets.points[asked.set, t.instrument], False)


@compiled
def judge_improvement(t, asked):
    """The score improved by less than `limit` per cent, or by at most so much (`is_limit_included`)."""
    if np.isnan(t.improvement_pct):
        return UNKNOWN
    return judge(
        t.improvement_pct < asked.limit or (asked.is_limit_included and t.improvement_pct == asked.limit), False
    )


@compiled
def judge_not_remitted(t):
    """The endpoint score is above the remission cut."""
    return MET - t.is_remission


@compiled
def judge_intolerant(t, incomplete):
    """The record says that it was stopped for intolerance. Unknown when it gives no reason for an ended trial, or a later supply
    may have no day."""
    if incomplete.has_undated_drugs:
        return UNKNOWN
    return judge(t.stop_reason == INTOLERANCE, t.stop_reason == NONE and t.is_ongoing != MET)


@compiled
def judge_switched(t, asked, incomplete):
    """Another antidepressant was begun at its end or within `within` days. Unknown when the end is, or that time is not fully
    observed."""
    if asked.is_unscored_only and not np.isnan(t.improvement_pct):
        return NOT_MET
    if incomplete.is_given_in_care_only or (asked.is_unscored_only and t.may_be_scored):
        return UNKNOWN  # nobody can say whether the first drug went on at home
    latest = t.end_day + asked.within
    is_unseen = incomplete.lacks_drugs or t.observed_until_day == NA or t.observed_until_day < latest
    if asked.option == NEXT_PRESCRIPTION:
        return judge(t.end_day < t.next_prescription_day <= latest, is_unseen)
    switch, possible = t.switch_day, t.possible_switch_day
    if asked.option == ANOTHER_CLASS:
        switch, possible = t.class_switch_day, t.possible_class_switch_day
    may_have = (possible != NA and possible <= latest) or is_unseen or t.is_end_known == NOT_MET
    return judge(switch != NA and switch <= latest, may_have)


@compiled
def judge_added_to(t, asked, incomplete):
    """Another drug was added while the trial went on. Unknown where its end, or the observation of that time, is not known."""
    if asked.is_unscored_only and not np.isnan(t.improvement_pct):
        return NOT_MET
    return UNKNOWN if asked.is_unscored_only and t.may_be_scored else judge_any_added(t, incomplete)


@compiled
def judge_any_added(t, incomplete):
    """Another drug was added while it went on, whether it was scored or not."""
    is_unseen = t.observed_until_day == NA or t.is_end_known == NOT_MET or incomplete.lacks_drugs
    return judge(t.added_day != NA, t.possible_added_day != NA or is_unseen)


@compiled
def judge_added(t, n_days, incomplete):
    """It is of another role, begun while an antidepressant ran, and lasted at least `n_days` days (the branch counts such
    drugs)."""
    if t.role == ANTIDEPRESSANT:
        return NOT_MET
    if incomplete.has_undated_drugs:
        return UNKNOWN
    may_have_run = t.possible_antidepressant_before_day == t.start_day or incomplete.lacks_drugs
    ran = judge(t.antidepressant_before_day == t.start_day, may_have_run)
    is_long_enough = t.n_days - days_between(t, incomplete) >= n_days
    return min(ran, judge(is_long_enough, may_have_gone_on(t) or incomplete.lacks_drugs))


@compiled
def days_between(t, incomplete):
    """The days between two doses, where only doses given in care are recorded: the records do not say whether the drug was taken
    on them."""
    return t.n_days_between if incomplete.is_given_in_care_only else 0


@compiled
def judge_criterion(t, j, asked, sets, incomplete):
    """The verdict of whichever criterion is asked of trial `t`, of which `j` holds what lies behind it."""
    c = asked.criterion
    if c in (ROLE, DRUG):
        return judge_drug(t, asked, sets)
    if c == USE:
        return judge_use(t, asked)
    if incomplete.has_undated_drugs:
        return UNKNOWN  # the supply without a day may move the trial's first and last day, or make one trial of two
    if c == MIN_DURATION:
        return judge_min_duration(t, asked, incomplete)
    if c == MIN_DOSE:
        return judge_min_dose(t, asked, incomplete)
    if c == MIN_SUPPLIES:
        return judge_min_supplies(t, asked, incomplete)
    if c == PRECEDED_BY:
        return judge_preceded_by(t, asked, incomplete)
    if c == RECENT:
        return judge_recent(j, asked, incomplete)
    if c == DIAGNOSED:
        return judge_diagnosed(j)
    if c == STILL_ILL:
        return judge_still_ill(t, asked, sets)
    if c == IMPROVEMENT:
        return judge_improvement(t, asked)
    if c == NOT_REMITTED:
        return judge_not_remitted(t)
    if c == INTOLERANT:
        return judge_intolerant(t, incomplete)
    if c == SWITCHED:
        return judge_switched(t, asked, incomplete)
    if c == ADDED_TO:
        return judge_added_to(t, asked, incomplete)
    return MET  # taken: having taken it is enough
