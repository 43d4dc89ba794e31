"""What is counted of the trials of the last episode: each number for certain and possibly (docs/engine.md, 9)."""

from __future__ import annotations

import numpy as np

from stepwell.tables.row_type import NA

from ..compiled import compiled
from ..counting import what_it_is
from ..criteria import judge_any_added, judge_intolerant
from ..criterion_numbers import BY_CLASS, BY_INGREDIENT
from ..days import earlier, later
from ..sorting import keep_different
from ..trial import ANTIDEPRESSANT
from ..verdicts import MET, NOT_MET, judge

COUNTED = ("n_failed", "n_classes", "n_days_failed", "n_raised", "n_added_to", "n_augmented", "n_intolerant")
"""The numbers in the order of the columns of `stage`."""
N_FAILED, N_CLASSES, N_DAYS_FAILED, N_RAISED, N_ADDED_TO, N_AUGMENTED, N_INTOLERANT = range(len(COUNTED))


@compiled
def count_failed(trials, judged, incomplete, distinct, keys, counted):
    """Fills `counted[number, 0]` (certain) and `counted[number, 1]` (possible). `judged` are the same trials as judged by the
    model's rule; `distinct` says how failed trials are told apart."""
    for possible in range(2):
        least = MET - possible  # the least verdict that is counted
        counted[N_FAILED, possible] = count_different(trials, judged, incomplete, N_FAILED, distinct, least, keys)
        counted[N_CLASSES, possible] = count_different(trials, judged, incomplete, N_FAILED, BY_CLASS, least, keys)
        counted[N_RAISED, possible] = count_different(trials, judged, incomplete, N_RAISED, distinct, least, keys)
        counted[N_ADDED_TO, possible] = count_different(trials, judged, incomplete, N_ADDED_TO, distinct, least, keys)
        counted[N_AUGMENTED, possible] = count_different(
            trials, judged, incomplete, N_AUGMENTED, BY_INGREDIENT, least, keys
        )
        counted[N_INTOLERANT, possible] = count_different(
            trials, judged, incomplete, N_INTOLERANT, BY_INGREDIENT, least, keys
        )
        first, last = NA, NA
        for k in range(len(judged)):
            if judged[k].counts >= least:
                first, last = earlier(first, trials[k].start_day), later(last, trials[k].end_day)
        counted[N_DAYS_FAILED, possible] = last - first + 1 if first != NA else 0


@compiled
def count_different(trials, judged, incomplete, what, distinct, least, keys):
    """How many different ones reach the least verdict."""
    n = 0
    for k in range(len(judged)):
        if verdict_of(trials[k], judged[k], incomplete, what) >= least:
            keys[n] = what_it_is(judged[k], distinct)
            n += 1
    return keep_different(keys, n)


@compiled
def verdict_of(t, j, incomplete, what):
    """Whether the trial failed, was raised, added to, was added, or was stopped for intolerance."""
    if what == N_FAILED:
        return j.counts
    if what == N_RAISED:
        return min(j.counts, judge(t.max_mg_per_day > t.first_mg_per_day, t.n_days_dose_unknown > 0))
    if what == N_ADDED_TO:
        return min(j.counts, judge_any_added(t, incomplete))
    if what == N_AUGMENTED:
        return j.added
    is_antidepressant = t.is_antidepressant_use if t.role == ANTIDEPRESSANT else NOT_MET
    return min(is_antidepressant, judge_intolerant(t, incomplete))


@compiled
def class_verdict(judged, drug_class):
    """The greatest verdict of a failed trial of the class."""
    verdict = NOT_MET
    for j in judged:
        if j.drug_class == drug_class:
            verdict = max(verdict, j.counts)
    return np.int64(verdict)
