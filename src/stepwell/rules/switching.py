"""What else was taken: switches, additions, combinations (docs/engine.md, 4)."""

from __future__ import annotations

from stepwell.tables.row_type import NA

from .compiled import compiled
from .days import days_in_common, earlier, later
from .trial import ANTIDEPRESSANT, is_antidepressant, may_be_antidepressant


@compiled
def find_other_drugs(t, trials, how):
    """Fills in which treatments followed the trial, were added to it, or were already running.

    Rule: a switch begins near or after the trial's end and outlasts it; an addition begins while the trial goes on and runs
    beside it for more than `how.cross_taper` days; shorter overlaps are cross-tapering.
    Unknown when: only a drug of unknown use could be the switch or the addition (`possible_...` is then the earlier day).
    """
    t.switch_day = t.possible_switch_day = t.class_switch_day = t.possible_class_switch_day = NA
    t.added_day = t.possible_added_day = t.joined_trial_number = NA
    t.antidepressant_before_day = t.possible_antidepressant_before_day = NA
    for u in trials:
        if u.drug == t.drug:
            continue
        certain, possible = is_antidepressant(u), may_be_antidepressant(u)
        if u.start_day > t.start_day and u.start_day >= t.end_day - how.cross_taper and u.end_day > t.end_day:
            is_other_class = u.drug_class != t.drug_class
            if certain:
                t.switch_day = earlier(t.switch_day, u.start_day)
                if is_other_class:
                    t.class_switch_day = earlier(t.class_switch_day, u.start_day)
            if possible:
                t.possible_switch_day = earlier(t.possible_switch_day, u.start_day)
                if is_other_class:
                    t.possible_class_switch_day = earlier(t.possible_class_switch_day, u.start_day)
        runs_beside = days_in_common(t, u) > how.cross_taper
        if runs_beside and t.start_day < u.start_day < t.end_day - how.cross_taper:
            if certain or u.role != ANTIDEPRESSANT:
                t.added_day = earlier(t.added_day, u.start_day)
            if possible or u.role != ANTIDEPRESSANT:
                t.possible_added_day = earlier(t.possible_added_day, u.start_day)
        if u.start_day <= t.start_day:
            if certain:
                t.antidepressant_before_day = later(t.antidepressant_before_day, min(u.end_day, t.start_day))
            if possible:
                until = min(u.end_day, t.start_day)
                t.possible_antidepressant_before_day = later(t.possible_antidepressant_before_day, until)
        if certain and runs_beside and u.trial_number < t.trial_number:
            t.joined_trial_number = earlier(t.joined_trial_number, u.trial_number)
