"""Whom a form is about: age, diagnoses and new use, judged on a day of each person (docs/engine.md, 7). The quality measures ask
for it of a result."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from stepwell.knowledge.definition import Who
from stepwell.knowledge.who import Age, Diagnosis, NeverDiagnosis
from stepwell.three_values import MET, NOT_MET, UNKNOWN, all_of, judge

from .code_gap import CODE_GAP, add_hidden
from .intervals import completed_years, without_breaks


def gaps_of(records: Mapping[str, ir.Table], has: frozenset[str]) -> dict[str, ir.Table]:
    """The table of gaps, where the source has any."""
    return {name: rows for name, rows in records.items() if name == CODE_GAP and name in has}


def judge_who(
    people: ir.Table, records: Mapping[str, ir.Table], who: Who, has: frozenset[str]
) -> tuple[ir.Table, dict[str, ir.BooleanValue]]:
    """The people with age and counts of diagnoses, and the verdicts of `who` over them."""
    condition, observation_period, gaps = records["condition"], records["observation_period"], gaps_of(records, has)
    people = people.mutate(
        age_years=completed_years(people.birth_latest_day, people.index_day),
        age_at_most=completed_years(people.birth_earliest_day, people.index_day),
        n_diagnoses=ibis.literal(0),
        n_excluding=ibis.literal(0),
        n_days_washout=ibis.null("int64"),
    )
    # While it is open which trials count, a later diagnosis may still prove too late to exclude: who.never looks back from the
    # earliest day, the other criteria from the latest.
    for asked, name, day in ((who.diagnosis, "n_diagnoses", "index_day"), (who.never, "n_excluding", "earliest_day")):
        if asked is not None:
            people = _count_diagnoses(people, condition, observation_period, asked, name, day)
    looks_back = who.diagnosis is not None and who.diagnosis.within is not None
    if looks_back:
        people = _count_diagnoses(
            people,
            condition,
            observation_period,
            who.diagnosis.model_copy(update={"within": None}),
            "n_until",
            "index_day",
        )
    if who.washout is not None:
        people = _add_washout(people, observation_period)
    for asked, name in ((who.diagnosis, "diagnosis_is_hidden"), (who.never, "exclusion_is_hidden")):
        if asked is not None:
            people = _add_hidden_diagnoses(people, gaps, asked, name)
    absence_counts = people.is_observed & ibis.literal("condition" in has)
    verdicts: dict[str, ir.BooleanValue] = {}
    if who.age is not None:
        verdicts["who.age"] = _judge_age(people, who.age)
    if who.diagnosis is not None:
        # How far back `within` looks depends on a day that is certain only once the definition is met.
        may_look_elsewhere = (
            people.met_day.isnull() & (people.n_until >= who.diagnosis.at_least) if looks_back else NOT_MET
        )
        is_open = ~absence_counts | may_look_elsewhere | people.diagnosis_is_hidden
        enough = judge(people.n_diagnoses >= who.diagnosis.at_least, is_open)
        verdicts["who.diagnosis"] = _has_no_day(people, who.diagnosis).ifelse(UNKNOWN, enough)
    if who.never is not None:
        if who.never.in_one_period:
            index = people.select("person_id", until_day="earliest_day")
            held = _since_observed(index, observation_period).select("person_id", was_held=MET)
            people = people.left_join(held, "person_id").drop("person_id_right")
            absence_counts &= people.was_held.fill_null(False)
        is_settled = absence_counts & ~people.exclusion_is_hidden
        none = ibis.cases((people.n_excluding > 0, False), (is_settled, True), else_=UNKNOWN)
        verdicts["who.never"] = _has_no_day(people, who.never).ifelse(UNKNOWN, none)
    if who.washout is not None:
        verdicts["who.washout"] = people.n_days_washout >= who.washout.at_least
    return people, verdicts


def _judge_age(people: ir.Table, asked: Age) -> ir.BooleanValue:
    """Met where the youngest and the oldest that the person may be are of that age, unknown where one of them is."""
    verdicts = []
    if asked.at_least is not None:
        old_enough = (people.age_at_most >= asked.at_least).fill_null(True)
        verdicts.append(judge(people.age_years >= asked.at_least, old_enough))
    if asked.at_most is not None:
        young_enough = (people.age_years <= asked.at_most).fill_null(True)
        verdicts.append(judge(people.age_at_most <= asked.at_most, young_enough))
    return all_of(*verdicts)


def _add_washout(people: ir.Table, observation_period: ir.Table) -> ir.Table:
    """Adds `n_days_washout`: for how many days before the first antidepressant the person was observed without a break; NULL
    where that day was not observed, or there was none."""
    whole = without_breaks(observation_period)
    first = people.select("person_id", first_day="first_treated_day")
    held = first.join(whole, "person_id", how="inner")
    held = held.filter(held.first_day >= held.from_day, held.first_day <= held.until_day)
    days = held.select("person_id", n_days_washout=held.first_day - held.from_day)
    return people.drop("n_days_washout").left_join(days, "person_id").drop("person_id_right")


def _has_no_day(people: ir.Table, asked: Diagnosis | NeverDiagnosis) -> ir.BooleanValue:
    """Whether there is no day to look back from, though the field asks to look back from one."""
    return people.index_day.isnull() if asked.when == "before" else ibis.literal(False)


def _add_hidden_diagnoses(
    people: ir.Table, gaps: Mapping[str, ir.Table], asked: Diagnosis | NeverDiagnosis, name: str
) -> ir.Table:
    """Adds `name`: whether diagnoses of the person may hide one of the code sets, in the days that are looked at."""
    if asked.when != "before":
        return add_hidden(people, gaps, "condition", asked.any_of, name)
    within = getattr(asked, "within", None)
    return add_hidden(people, gaps, "condition", asked.any_of, name, until="index_day", within=within)


def _count_diagnoses(
    people: ir.Table,
    condition: ir.Table,
    observation_period: ir.Table,
    asked: Diagnosis | NeverDiagnosis,
    name: str,
    day: str,
) -> ir.Table:
    """Adds `name`: on how many days, or in how many records, the person has a diagnosis of the code sets."""
    by_record = getattr(asked, "counted", "days") == "records"
    # A code of two sets is one record.
    one = ("vocabulary", "code", "address") if by_record else ()
    recorded = condition.filter(condition.codeset.isin(asked.any_of))
    recorded = recorded.select("person_id", "condition_day", *one).distinct()
    if asked.when == "before":
        index = people.select("person_id", until_day=people[day])
        if getattr(asked, "in_one_period", False):
            index = _since_observed(index, observation_period)
        recorded = recorded.join(index, "person_id", how="inner").filter(lambda r: r.condition_day <= r.until_day)
        within = getattr(asked, "within", None)
        if within is not None:
            recorded = recorded.filter(recorded.condition_day >= recorded.until_day - within)
        if "since_day" in recorded.columns:
            recorded = recorded.filter(recorded.condition_day >= recorded.since_day)
    number = recorded.group_by("person_id").agg(n=recorded.count())
    people = people.left_join(number, "person_id").drop("person_id_right")
    return people.mutate(**{name: people.n.fill_null(0)}).drop("n")


def _since_observed(index: ir.Table, observation_period: ir.Table) -> ir.Table:
    """Adds `since_day`: since when the person had been observed without a break; whoever was not observed on the day is left
    out."""
    whole = without_breaks(observation_period)
    held = index.join(whole, "person_id", how="inner")
    held = held.filter(held.until_day >= held.from_day, held.until_day <= held.until_day_right)
    return held.select("person_id", "until_day", since_day="from_day")
