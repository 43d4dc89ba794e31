"""What lies behind a trial's first day: other drugs and diagnoses, inside one time of observation (docs/engine.md, 6)."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from stepwell.knowledge.criteria import TrialCriteria

from .code_gap import add_hidden
from .intervals import without_breaks

BEHIND = ("n_recent_drugs", "n_recent_drugs_before", "n_recent_diagnoses")
"""The columns that looking back adds, as far as they are asked."""


def looks_back(asked: TrialCriteria) -> bool:
    """Whether anything behind a trial is asked."""
    return asked.recent is not None or asked.diagnosed is not None


def look_back(trial: ir.Table, records: Mapping[str, ir.Table], asked: TrialCriteria) -> ir.Table:
    """The trials with what is asked of `BEHIND`. `records`: condition, observation_period, and code_gap where there is any.

    Rule: only what lies inside the observation period that holds the trial's first day; a course must begin and end in it.
    Unknown when: no observation period holds that day, or the trial is of a role that the branch is not about (NULL); no such
    diagnosis was found, but records of those days may hide one (NULL).
    """
    held = _find_held(trial.filter(trial.role.isin(asked.role.roles)), records["observation_period"])
    found = trial
    if asked.recent is not None:
        found = _add(found, held, _count_drugs(held, trial, asked), BEHIND[:2])
    if asked.diagnosed is not None:
        found = _add(found, held, _count_diagnoses(held, records["condition"], asked), BEHIND[2:])
        found = _hide(found, records, asked)
    return found


def _hide(trial: ir.Table, records: Mapping[str, ir.Table], asked: TrialCriteria) -> ir.Table:
    """The trials, without a number of diagnoses where none was found and records may hide one."""
    sets, within = asked.diagnosed.any_of, asked.diagnosed.within
    trial = add_hidden(trial, records, "condition", sets, "is_hidden", until="start_day", within=within)
    (name,) = BEHIND[2:]
    may_be_more = trial.is_hidden & (trial[name] == 0)
    return trial.mutate(**{name: may_be_more.fill_null(False).ifelse(ibis.null("int64"), trial[name])}).drop(
        "is_hidden"
    )


def _find_held(trial: ir.Table, observation_period: ir.Table) -> ir.Table:
    """One row is one trial begun while the person was observed, with the first and last day of that observation."""
    whole = without_breaks(observation_period)
    held = trial.select("person_id", "trial_number", on_day="start_day").join(whole, "person_id", how="inner")
    return held.filter(held.on_day >= held.from_day, held.on_day <= held.until_day)


def _count_drugs(held: ir.Table, trial: ir.Table, asked: TrialCriteria) -> ir.Table:
    recent = asked.recent
    course = trial.filter(trial.ingredient.isin(recent.any_of))
    course = course.select("person_id", "ingredient", "start_day", "end_day")
    pair = held.join(course, "person_id", how="inner")
    pair = pair.filter(
        pair.start_day <= pair.on_day,
        pair.end_day >= pair.on_day - recent.within,
        pair.start_day >= pair.from_day,
        pair.end_day <= pair.until_day,
    )
    return pair.group_by("person_id", "trial_number").agg(
        n_recent_drugs=pair.ingredient.nunique(),
        n_recent_drugs_before=pair.ingredient.nunique(where=pair.start_day < pair.on_day),
    )


def _count_diagnoses(held: ir.Table, condition: ir.Table, asked: TrialCriteria) -> ir.Table:
    diagnosed = asked.diagnosed
    days = condition.filter(condition.codeset.isin(diagnosed.any_of)).select("person_id", "condition_day").distinct()
    pair = held.join(days, "person_id", how="inner")
    pair = pair.filter(
        pair.condition_day <= pair.on_day,
        pair.condition_day >= pair.on_day - diagnosed.within,
        pair.condition_day >= pair.from_day,
    )
    return pair.group_by("person_id", "trial_number").agg(n_recent_diagnoses=pair.count())


def _add(trial: ir.Table, held: ir.Table, counted: ir.Table, names: tuple[str, ...]) -> ir.Table:
    """The trials with what was counted: 0 where nothing was found, NULL where nobody was observing."""
    key = ["person_id", "trial_number"]
    found = held.select(*key).left_join(counted, key).drop("person_id_right", "trial_number_right")
    found = found.mutate(**{name: found[name].fill_null(0) for name in names})
    return trial.left_join(found, key).drop("person_id_right", "trial_number_right")
