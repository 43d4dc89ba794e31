"""Trials and diagnoses -> episodes (docs/engine.md, 3)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from stepwell.knowledge.definition import TrialBuilding

DEPRESSION = ("major-depression", "depression-other")
"""The code sets whose diagnoses keep an episode going."""


def find_activity(trial: ir.Table, condition: ir.Table, how: TrialBuilding) -> ir.Table:
    """One row is one trial or one day with a depression diagnosis, with the number of the episode that it belongs to.

    Rule: antidepressant trials and depression diagnoses are strung together; a pause of more than `how.episode_gap` days
    without either begins a new episode. Added drugs belong to the episode that runs or ended at most so long before; those
    that fall outside every episode have no row.
    """
    is_treatment = (trial.role == "antidepressant") & trial.is_antidepressant_use.fill_null(True)
    treatments = trial.select(
        "person_id", "start_day", "end_day", "trial_number", is_activity=is_treatment, is_diagnosis=ibis.literal(False)
    )
    diagnoses = (
        condition.filter(condition.codeset.isin(DEPRESSION))
        .select(
            "person_id",
            start_day=condition.condition_day,
            end_day=condition.condition_day,
            trial_number=ibis.null("int64"),
            is_activity=ibis.literal(True),
            is_diagnosis=ibis.literal(True),
        )
        .distinct()
    )
    rows = treatments.cast({"trial_number": "int64"}).union(diagnoses)
    # Activity first on a day, so that what was added on the day an episode began belongs to it.
    order = [rows.start_day, rows.is_activity.desc(), rows.is_diagnosis.desc(), rows.trial_number]
    reached = rows.is_activity.ifelse(rows.end_day, ibis.null("int64"))
    rows = rows.mutate(active_until_day=reached.max().over(group_by="person_id", order_by=order, rows=(None, -1)))
    pause = rows.start_day - rows.active_until_day - 1
    rows = rows.mutate(begins=rows.is_activity & (pause > how.episode_gap.at_most).fill_null(True))
    rows = rows.mutate(
        episode_number=rows.begins.ifelse(1, 0).sum().over(group_by="person_id", order_by=order, rows=(None, 0)),
    )
    follows_soon = (rows.start_day - rows.active_until_day <= how.episode_gap.at_most).fill_null(False)
    return rows.filter(rows.is_activity | follows_soon).drop("active_until_day", "begins")


def find_episode(activity: ir.Table) -> ir.Table:
    """One row is one depressive episode as the records show it: the antidepressant trials and diagnoses strung together."""
    active = activity.filter(activity.is_activity)
    return active.group_by("person_id", "episode_number").agg(
        start_day=active.start_day.min(),
        end_day=active.end_day.max(),
        n_trials=(~active.is_diagnosis).sum(),
        n_diagnoses=active.is_diagnosis.sum(),
    )


def add_episode(trial: ir.Table, activity: ir.Table) -> ir.Table:
    """The trials with their `episode_number`; NULL for an added drug that falls outside every episode."""
    numbers = activity.filter(activity.trial_number.notnull()).select("person_id", "trial_number", "episode_number")
    return trial.left_join(numbers, ["person_id", "trial_number"]).drop("person_id_right", "trial_number_right")
