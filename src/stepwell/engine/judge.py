"""Trials -> judged trials (docs/engine.md, 6). Whatever several branches ask alike is judged once."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from stepwell.evidence import UNKNOWN, all_of, any_of
from stepwell.knowledge.definition import Branch
from stepwell.knowledge.rules import Rule

from .criteria import OF_A_TRIAL, added
from .incomplete import AsRecorded
from .look_back import BEHIND

_TRIAL = ("person_id", "trial_number", "episode_number", "drug", "drug_class", "start_day")


def judge_trial(trial: ir.Table, rules: Sequence[Rule]) -> ir.Table:
    """One row is one trial, with one column for each different thing that any of the rules asks of it (`Rule.columns`).

    Needs: `trial`, for rules that look behind a trial with what they found there (`look_back`).
    """
    columns: dict[str, ir.Value] = {}
    for rule in rules:
        for path, name in rule.columns.items():
            if name not in columns:
                columns[name] = _judge(trial, rule, path)
    behind = (name for name in BEHIND if name in trial.columns)
    return trial.select(*_TRIAL, *behind, **columns)


def _judge(trial: ir.Table, rule: Rule, path: str) -> ir.Value:
    if path == "counted_day":
        return _counted_day(trial, rule.branch)
    seen = trial if rule.knows_unknown else AsRecorded(trial)
    if path == "added":
        return added(seen, rule.branch.added)
    group, name = path.split(".")
    verdict = OF_A_TRIAL[path](seen, getattr(getattr(rule.branch, group), name))
    return verdict if rule.knows_unknown else verdict.fill_null(False)


def _counted_day(trial: ir.Table, branch: Branch) -> ir.IntegerValue:
    return {
        "trial start": trial.start_day,
        "trial end": trial.end_day,
        "next treatment start": trial.next_day.fill_null(trial.end_day),
        "next prescription": trial.next_prescription_day.fill_null(trial.end_day),
    }[branch.dated.at]


def conclude(judged: ir.Table, rule: Rule) -> dict[str, ir.BooleanValue]:
    """Whether a judged trial `failed` by the rule, and whether it `counts`."""
    failed = any_of(*(judged[name] for path, name in rule.columns.items() if path.startswith("failure.")))
    of_the_trial = (judged[name] for path, name in rule.columns.items() if path.startswith("trial."))
    return {"failed": failed, "counts": all_of(*of_the_trial, failed)}


def by_rule(judged: ir.Table, rule: Rule) -> ir.Table:
    """The judged trials as one rule has them: one row is one trial, with one column per criterion. A criterion that the rule does
    not ask is NULL, as an unknown one is; the form says which is meant."""
    found = {name: judged[column] for name, column in rule.columns.items()}
    behind = {name: judged[name] if name in judged.columns else ibis.null("int64") for name in BEHIND}
    unasked = dict.fromkeys((*OF_A_TRIAL, "added"), UNKNOWN)
    return judged.select(*_TRIAL, **(unasked | found), **behind, **conclude(judged, rule))
