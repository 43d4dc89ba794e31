"""Series -> whether the indication of a regimen applies to them (docs/engine.md, 12)."""

from __future__ import annotations

import numpy as np

from stepwell.tables.row_type import NA

from ..code_gap import ANSWERS, CONDITIONS, is_hidden
from ..compiled import compiled
from ..days import observed_from_until
from ..diagnoses import has_diagnosis
from ..verdicts import MET, NOT_MET, UNKNOWN


@compiled
def judge_indicated(series, regimen, conditions, answers, periods, gaps, treatments, sets):
    """Met with a diagnosis of the code sets, or an answer that the regimen names, in the days before the first session or on its
    day.

    Unknown when: another item about suicide was answered above its least, or nobody can read its answer; nobody was asked; the
    source holds no diagnoses; the days before the first session were not observed, or records of theirs may hide a diagnosis or
    an answer. Not met only where the answers and the diagnoses both say so.
    """
    start_day = series.start_day
    first_day = start_day - regimen.indicated_within
    is_asked = sets.codeset[regimen.indicated]
    if has_diagnosis(conditions, is_asked, first_day, start_day):
        return MET
    may_be_above, was_zero = False, False
    for a in answers:
        if not first_day <= a.answered_day <= start_day:
            continue
        for r in range(regimen.first_answer, regimen.first_answer + regimen.n_answers):
            if (
                is_answer_to(a, treatments.answer_rule[r], treatments.item)
                and a.value >= treatments.answer_rule[r].at_least
            ):
                return MET
        is_asking, is_above = False, False
        for rule in treatments.safety_rule:
            if is_answer_to(a, rule, treatments.item):
                is_asking = True
                is_above |= np.isnan(a.value) or a.value >= rule.at_least
        may_be_above |= is_above
        was_zero |= is_asking and not is_above
    observed_from, observed_until = observed_from_until(start_day, periods)
    was_observed = observed_from != NA and observed_from <= first_day and observed_until >= start_day
    may_be_hidden = is_hidden(gaps, CONDITIONS, is_asked, first_day, start_day)
    # A measurement or observation that nobody could identify may be another answer.
    may_be_hidden |= is_hidden(gaps, ANSWERS, is_asked, first_day, start_day)
    is_free = was_zero and not may_be_above and was_observed and treatments.has_condition and not may_be_hidden
    return NOT_MET if is_free else UNKNOWN


@compiled
def is_answer_to(answer, rule, items):
    """Whether the answer is to one of the items of the rule's instrument."""
    return answer.instrument == rule.instrument and answer.item_code >= 0 and items[rule.items, answer.item_code]
