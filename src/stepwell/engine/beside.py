"""What else was taken: switches, additions, combinations (docs/engine.md, 4)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from stepwell.knowledge.definition import TrialBuilding

from .intervals import days_in_common


def find_beside(trial: ir.Table, how: TrialBuilding) -> ir.Table:
    """One row is one trial of a person who also took another drug: the treatments that followed, were added, or were already
    running.

    Rule: a switch begins near or after the trial's end and outlasts it; an addition begins while the trial goes on and runs
    beside it for more than `how.cross_taper` days; shorter overlaps are cross-tapering.
    Unknown when: only a drug of unknown use could be the switch or the addition (`possible_...` is then the earlier day).
    """
    taper = how.cross_taper.at_most
    other = trial.view()
    pair = trial.join(other, [trial.person_id == other.person_id, trial.drug != other.drug])
    is_antidepressant = other.role == "antidepressant"
    certain = other.is_antidepressant_use.fill_null(False)
    possible = other.is_antidepressant_use.fill_null(True)
    is_beside = days_in_common(trial, other) > taper
    follows = (
        is_antidepressant
        & (other.start_day > trial.start_day)
        & (other.start_day >= trial.end_day - taper)
        & (other.end_day > trial.end_day)
    )
    is_class_switch = follows & (other.drug_class != trial.drug_class)
    added = is_beside & (other.start_day > trial.start_day) & (other.start_day < trial.end_day - taper)
    ran_before = (other.start_day < trial.start_day) | (
        (other.start_day == trial.start_day) & (other.trial_number < trial.trial_number)
    )
    before_day = (is_antidepressant & (other.start_day <= trial.start_day)).ifelse(
        ibis.least(other.end_day, trial.start_day), ibis.null("int64")
    )
    pair = pair.select(
        trial.person_id,
        trial.trial_number,
        switch_day=(follows & certain).ifelse(other.start_day, ibis.null("int64")),
        possible_switch_day=(follows & possible).ifelse(other.start_day, ibis.null("int64")),
        class_switch_day=(is_class_switch & certain).ifelse(other.start_day, ibis.null("int64")),
        possible_class_switch_day=(is_class_switch & possible).ifelse(other.start_day, ibis.null("int64")),
        added_day=(added & (~is_antidepressant | certain)).ifelse(other.start_day, ibis.null("int64")),
        possible_added_day=(added & (~is_antidepressant | possible)).ifelse(other.start_day, ibis.null("int64")),
        antidepressant_before_day=certain.ifelse(before_day, ibis.null("int64")),
        possible_antidepressant_before_day=possible.ifelse(before_day, ibis.null("int64")),
        joined_trial_number=(is_antidepressant & certain & ran_before & is_beside).ifelse(
            other.trial_number, ibis.null("int64")
        ),
    )
    return pair.group_by("person_id", "trial_number").agg(
        switch_day=pair.switch_day.min(),
        possible_switch_day=pair.possible_switch_day.min(),
        class_switch_day=pair.class_switch_day.min(),
        possible_class_switch_day=pair.possible_class_switch_day.min(),
        added_day=pair.added_day.min(),
        possible_added_day=pair.possible_added_day.min(),
        joined_trial_number=pair.joined_trial_number.min(),
        antidepressant_before_day=pair.antidepressant_before_day.max(),
        possible_antidepressant_before_day=pair.possible_antidepressant_before_day.max(),
    )


def add_beside(trial: ir.Table, beside: ir.Table) -> ir.Table:
    """The trials with what was taken beside them (`find_beside`), and `next_day`, the first day of the switch or the addition,
    whichever came first."""
    trial = trial.left_join(beside, ["person_id", "trial_number"]).drop("person_id_right", "trial_number_right")
    # LEAST passes over NULL on some engines and gives it back on others.
    switch, added = trial.switch_day, trial.added_day
    return trial.mutate(next_day=ibis.least(switch.fill_null(added), added.fill_null(switch)))
