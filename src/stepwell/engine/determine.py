"""Trials -> judged trials -> determinations (docs/engine.md, 6 and 7)."""

from __future__ import annotations

from functools import reduce

import ibis
import ibis.expr.types as ir

from stepwell.evidence import MET, UNKNOWN, all_of, any_of, judge
from stepwell.knowledge.definition import Branch, Definition, Diagnosis, NeverDiagnosis, Who, fields

from .criteria import OF_A_TRIAL
from .intervals import to_date


def judge_trial(trial: ir.Table, definition: Definition) -> ir.Table:
    """One row is one trial under one branch of the definition, with one column per criterion.

    A criterion that the definition does not ask is NULL, as an unknown one is; the form says which is meant.
    """
    return reduce(
        lambda a, b: a.union(b), (_judge_branch(trial, branch, n) for n, branch in enumerate(definition.branch, 1))
    )


def _judge_branch(trial: ir.Table, branch: Branch, number: int) -> ir.Table:
    asked = {f"trial.{name}": field for name, field in fields(branch.trial)}
    failure = {f"failure.{name}": field for name, field in fields(branch.failure)}
    verdict = {path: OF_A_TRIAL[path](trial, field) for path, field in (asked | failure).items()}
    failed = any_of(*(verdict[path] for path in failure))
    next_day = ibis.least(trial.switch_day.fill_null(trial.added_day), trial.added_day.fill_null(trial.switch_day))
    counted_day = {
        "trial start": trial.start_day,
        "trial end": trial.end_day,
        "next treatment start": next_day.fill_null(trial.end_day),
    }[branch.dated.at]
    return trial.select(
        "person_id",
        "trial_number",
        "episode_number",
        "ingredient",
        "drug_class",
        "start_day",
        branch=ibis.literal(number, "int64"),
        **{path: verdict.get(path, UNKNOWN) for path in OF_A_TRIAL},
        failed=failed,
        counts=all_of(*(verdict[path] for path in asked), failed),
        counted_day=counted_day,
    )


def find_candidate(
    person: ir.Table, observation_period: ir.Table, trial: ir.Table, judged_trial: ir.Table, counted: ir.Table
) -> ir.Table:
    """One row is one person, also without any drug, with what was counted (`count_trials`), whether they were ever observed, and
    the days on which `who` is judged: the day of meeting, else the last (`index_day`) and the first (`earliest_day`) that may
    count, else the first treatment."""
    first_treated = (
        trial.filter(trial.role == "antidepressant")
        .group_by("person_id")
        .agg(first_treated_day=lambda t: t.start_day.min())
    )
    may_count = (
        judged_trial.filter(judged_trial.counts.fill_null(True))
        .group_by("person_id")
        .agg(last_day=lambda t: t.counted_day.max(), first_day=lambda t: t.counted_day.min())
    )
    observed = observation_period.select("person_id").distinct().mutate(was_observed=MET)
    people = person.select("person_id", "birth_earliest_day", "birth_latest_day")
    for rows in (counted, first_treated, may_count, observed):
        people = people.left_join(rows, "person_id").drop("person_id_right")
    return people.mutate(
        is_observed=people.was_observed.fill_null(False),
        index_day=ibis.coalesce(people.met_day, people.last_day, people.first_treated_day),
        earliest_day=ibis.coalesce(people.met_day, people.first_day, people.first_treated_day),
    ).drop("was_observed", "first_day", "last_day", "first_treated_day")


def determine(candidate: ir.Table, condition: ir.Table, definition: Definition, has: frozenset[str]) -> ir.Table:
    """One row is one person; everybody has one, also people without any drug.

    Needs: `candidate` (`find_candidate`), and `has`, the record tables that the source holds at all: an absence means nothing
    where there is no table, or where the person was never observed.
    """
    people, verdicts = _judge_who(candidate, condition, definition.who, has)
    absence_counts = people.is_observed & ibis.literal("medication" in has)
    verdicts["count"] = judge(people.met_day.notnull(), people.any_possible | ~absence_counts)
    verdict = all_of(*verdicts.values())
    met_only = {
        name: verdict.fill_null(False).ifelse(people[name], ibis.null(people[name].type()))
        for name in ("met_day", "branch", "episode_number")
    }
    return people.select(
        "person_id",
        "index_day",
        "age_years",
        "n_diagnoses",
        "n_excluding",
        n_counted=people.n_counted.fill_null(0),
        n_possible=people.n_possible.fill_null(0),
        n_needed=people.n_needed.fill_null(definition.branch[0].count.at_least),
        **{path: verdicts.get(path, UNKNOWN) for path in OF_A_PERSON},
        verdict=verdict.cases((True, "met"), (False, "not met"), else_="unknown"),
        **met_only,
    )


OF_A_PERSON = ("who.age", "who.diagnosis", "who.never", "count")


def _judge_who(
    people: ir.Table, condition: ir.Table, who: Who, has: frozenset[str]
) -> tuple[ir.Table, dict[str, ir.BooleanValue]]:
    """The people with age and counts of diagnoses, and the verdicts of `who` over them."""
    people = people.mutate(
        age_years=_age(people.birth_latest_day, people.index_day),
        age_at_most=_age(people.birth_earliest_day, people.index_day),
        n_diagnoses=ibis.literal(0),
        n_excluding=ibis.literal(0),
    )
    # While it is open which trials count, a later diagnosis may still prove too late to exclude: who.never looks back from the
    # earliest day, the other criteria from the latest.
    for asked, name, day in ((who.diagnosis, "n_diagnoses", "index_day"), (who.never, "n_excluding", "earliest_day")):
        if asked is not None:
            people = _count_diagnoses(people, condition, asked, name, day)
    absence_counts = people.is_observed & ibis.literal("condition" in has)
    verdicts: dict[str, ir.BooleanValue] = {}
    if who.age is not None:
        limit = who.age.at_least
        verdicts["who.age"] = judge(people.age_years >= limit, (people.age_at_most >= limit).fill_null(True))
    if who.diagnosis is not None:
        enough = judge(people.n_diagnoses >= who.diagnosis.at_least, ~absence_counts)
        verdicts["who.diagnosis"] = _has_no_day(people, who.diagnosis).ifelse(UNKNOWN, enough)
    if who.never is not None:
        none = ibis.cases((people.n_excluding > 0, False), (absence_counts, True), else_=UNKNOWN)
        verdicts["who.never"] = _has_no_day(people, who.never).ifelse(UNKNOWN, none)
    return people, verdicts


def _has_no_day(people: ir.Table, asked: Diagnosis | NeverDiagnosis) -> ir.BooleanValue:
    """Whether there is no day to look back from, though the field asks to look back from one."""
    return people.index_day.isnull() if asked.when == "before" else ibis.literal(False)


def _age(birth_day: ir.IntegerValue, on_day: ir.IntegerValue) -> ir.IntegerValue:
    """Completed years from one day to another."""
    born, on = to_date(birth_day), to_date(on_day)
    before_birthday = (on.month() * 100 + on.day()) < (born.month() * 100 + born.day())
    return (on.year() - born.year() - before_birthday.ifelse(1, 0)).cast("int64")


def _count_diagnoses(
    people: ir.Table, condition: ir.Table, asked: Diagnosis | NeverDiagnosis, name: str, day: str
) -> ir.Table:
    """Adds `name`: on how many days the person has a diagnosis of the code sets (up to that day, if so asked)."""
    recorded = condition.filter(condition.codeset.isin(asked.any_of)).select("person_id", "condition_day").distinct()
    if asked.when == "before":
        index = people.select("person_id", until_day=people[day])
        recorded = recorded.join(index, "person_id", how="inner").filter(lambda r: r.condition_day <= r.until_day)
    number = recorded.group_by("person_id").agg(n=recorded.count())
    people = people.left_join(number, "person_id").drop("person_id_right")
    return people.mutate(**{name: people.n.fill_null(0)}).drop("n")
