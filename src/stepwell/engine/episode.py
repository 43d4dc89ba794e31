"""Trials and diagnoses -> episodes (docs/engine.md, 3)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from stepwell.knowledge.definition import TrialBuilding

DEPRESSION = ("major-depression", "depression-other")
"""The code sets whose diagnoses keep an episode going."""


def find_episode(trial: ir.Table, condition: ir.Table, how: TrialBuilding) -> tuple[ir.Table, ir.Table]:
    """(`episode`: one row is one depressive episode as the records show it; `trial` with its `episode_number`).

    Rule: antidepressant trials and depression diagnoses are strung together; a pause of more than `how.episode_gap` days
    without either begins a new episode. Added drugs belong to the episode that runs or ended at most so long before.
    Unknown when: an added drug falls outside every episode (`episode_number` is NULL).
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
        number=rows.begins.ifelse(1, 0).sum().over(group_by="person_id", order_by=order, rows=(None, 0)),
        belongs=rows.is_activity | (rows.start_day - rows.active_until_day <= how.episode_gap.at_most).fill_null(False),
    )
    in_episode = rows.filter(rows.belongs)
    active = in_episode.filter(in_episode.is_activity)
    episode = active.group_by("person_id", episode_number=active.number).agg(
        start_day=active.start_day.min(),
        end_day=active.end_day.max(),
        n_trials=(~active.is_diagnosis).sum(),
        n_diagnoses=active.is_diagnosis.sum(),
    )
    numbers = in_episode.filter(in_episode.trial_number.notnull()).select(
        "person_id", "trial_number", episode_number="number"
    )
    trial = trial.left_join(numbers, ["person_id", "trial_number"]).drop("person_id_right", "trial_number_right")
    return episode, trial
