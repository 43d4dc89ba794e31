"""Whom a quality measure is about: age and diagnoses, judged on the day on which each person enters it (docs/engine.md, 7)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from stepwell.knowledge.definition import Who
from stepwell.knowledge.who import Age, Diagnosis, NeverDiagnosis
from stepwell.three_values import MET, NOT_MET, UNKNOWN, all_of, judge

from .rows import completed_years, mark, mark_hidden, without_breaks


def judge_who(
    people: pl.DataFrame, records: Mapping[str, pl.DataFrame], who: Who, has: frozenset[str]
) -> tuple[pl.DataFrame, list[pl.Expr]]:
    """The people with their age and the counts of their diagnoses, and the verdicts of `who` over them.

    One row of `people` is one person: `start_day`, `is_observed`, and the days of birth.
    """
    condition, gaps = records["condition"], records.get("code_gap")
    people = people.with_columns(
        age_years=completed_years("birth_latest_day", "start_day"),
        age_at_most=completed_years("birth_earliest_day", "start_day"),
    )
    whole = without_breaks(records["observation_period"])
    absence_counts = pl.col("is_observed") & ("condition" in has)
    verdicts: list[pl.Expr] = []
    if who.age is not None:
        verdicts.append(_judge_age(who.age))
    if (asked := who.diagnosis) is not None:
        people = _count_diagnoses(people, condition, whole, asked, "n_diagnoses")
        people = _mark_hidden_diagnoses(people, gaps, asked, "diagnosis_is_hidden")
        is_open = ~absence_counts | pl.col("diagnosis_is_hidden")
        enough = judge(pl.col("n_diagnoses") >= asked.at_least, is_open)
        verdicts.append(pl.when(_has_no_day(asked)).then(UNKNOWN).otherwise(enough))
    if (asked := who.never) is not None:
        people = _count_diagnoses(people, condition, whole, asked, "n_excluding")
        people = _mark_hidden_diagnoses(people, gaps, asked, "exclusion_is_hidden")
        is_settled = absence_counts & ~pl.col("exclusion_is_hidden")
        if asked.in_one_period:
            people = mark(people, _since_observed(people, whole), "was_held")
            is_settled &= pl.col("was_held")
        none = pl.when(pl.col("n_excluding") > 0).then(NOT_MET).when(is_settled).then(MET).otherwise(UNKNOWN)
        verdicts.append(pl.when(_has_no_day(asked)).then(UNKNOWN).otherwise(none))
    if who.washout is not None:
        # Counted back from a person's first antidepressant trial. A measure builds no trials.
        verdicts.append(UNKNOWN)
    return people, verdicts


def _judge_age(asked: Age) -> pl.Expr:
    """Met where the youngest and the oldest that the person may be are of that age, unknown where one of them is."""
    least, most = pl.col("age_years"), pl.col("age_at_most")
    verdicts = []
    if asked.at_least is not None:
        verdicts.append(judge(least >= asked.at_least, (most >= asked.at_least).fill_null(True)))
    if asked.at_most is not None:
        verdicts.append(judge(most <= asked.at_most, (least <= asked.at_most).fill_null(True)))
    return all_of(*verdicts)


def _has_no_day(asked: Diagnosis | NeverDiagnosis) -> pl.Expr:
    """Whether there is no day to look back from, though the field asks to look back from one."""
    return pl.col("start_day").is_null() if asked.when == "before" else pl.lit(False)


def _mark_hidden_diagnoses(
    people: pl.DataFrame, gaps: pl.DataFrame | None, asked: Diagnosis | NeverDiagnosis, name: str
) -> pl.DataFrame:
    """Adds `name`: whether diagnoses of the person may hide one of the code sets, in the days that are looked at."""
    if asked.when != "before":
        return mark_hidden(people, gaps, "condition", asked.any_of, name)
    within = getattr(asked, "within", None)
    return mark_hidden(people, gaps, "condition", asked.any_of, name, until="start_day", within=within)


def _count_diagnoses(
    people: pl.DataFrame, condition: pl.DataFrame, whole: pl.DataFrame, asked: Diagnosis | NeverDiagnosis, name: str
) -> pl.DataFrame:
    """Adds `name`: on how many days, or in how many records, the person has a diagnosis of the code sets."""
    by_record = getattr(asked, "counted", "days") == "records"
    # A code of two sets is one record.
    one = ("vocabulary", "code", "address") if by_record else ()
    day = pl.col("condition_day")
    found = condition.filter(pl.col("codeset").is_in(list(asked.any_of)))
    found = found.select("person_id", "condition_day", *one).unique()
    if asked.when == "before":
        in_one_period = getattr(asked, "in_one_period", False)
        index = _since_observed(people, whole) if in_one_period else people.select("person_id", "start_day")
        found = found.join(index, on="person_id").filter(day <= pl.col("start_day"))
        within = getattr(asked, "within", None)
        if within is not None:
            found = found.filter(day >= pl.col("start_day") - within)
        if in_one_period:
            found = found.filter(day >= pl.col("from_day"))
    number = found.group_by("person_id").agg(pl.len().alias(name))
    people = people.join(number, on="person_id", how="left", maintain_order="left")
    return people.with_columns(pl.col(name).fill_null(0))


def _since_observed(people: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """One row is one person and the stretch without a break (`from_day` to `until_day`) in which they were observed on
    `start_day`. People who were not observed on that day have no row."""
    held = people.select("person_id", "start_day").join(whole, on="person_id")
    return held.filter(pl.col("start_day").is_between("from_day", "until_day"))
