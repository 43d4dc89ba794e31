"""Quality measures: who is in one, and who reached what it asks (docs/engine.md, 10)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from stepwell.knowledge.incomplete_words import OF_INTERACTING
from stepwell.knowledge.quality import Covered, Excluded, FirstTreatment, FollowUp, QualityMeasure, Start
from stepwell.three_values import MET, NOT_MET, UNKNOWN, all_of, judge

from .rows import find_score, latest_before, mark, mark_hidden, months_later, without_breaks
from .who import judge_who

_WHERE_ANY = ("code_gap", "incomplete_medication")
"""The record tables that a source has only if there is something to say in them."""


def find_quality(
    records: Mapping[str, pl.DataFrame],
    antidepressants: Collection[str],
    measure: QualityMeasure,
    has: frozenset[str],
    *,
    holds_deaths: bool,
) -> pl.DataFrame:
    """One row is one person under one measure, with the days and values that it was judged by.

    Needs: the record tables of these people and their `exposure`, with days as integers; `has`, the record tables that the source
    holds at all; `holds_deaths`, whether it holds anybody's death.
    Unknown when: no score in the window (`is_reached`); a supply of unknown length, or time not observed, may hold the days
    that are missing; an absence in time that nobody observed, or of records that the source does not hold (`is_included` and,
    of what leaves people out, `no_diagnosis`, `no_care`, `no_death`).
    """
    records = {name: rows for name, rows in records.items() if name in has or name not in _WHERE_ANY}
    score, condition, period = find_score(records["measurement"]), records["condition"], records["observation_period"]
    supply = records["exposure"].filter(pl.col("ingredient").is_in(list(antidepressants)))
    if measure.start.score is not None:
        start = _with_window(_first_score(score, condition, measure.start), measure.follow_up)
        followed = _followed(start, score, measure)
        source, instruments = "measurement", (measure.start.score.instrument,)
    else:
        whole = without_breaks(period)
        start = _first_treatment(supply, condition, whole, measure.start.treatment, measure.covered)
        followed = _covered(start, supply, whole, measure.covered)
        source, instruments = "medication", ()
    observed = period.group_by("person_id").agg(last_observed_day=pl.col("end_day").max())
    people = records["person"].select("person_id", "birth_earliest_day", "birth_latest_day", "death_day")
    for rows in (start, followed, observed):
        people = people.join(rows, on="person_id", how="left", maintain_order="left")
    people = people.with_columns(is_observed=pl.col("last_observed_day").is_not_null())
    people, verdicts = judge_who(people, records, measure.who, has)
    people, kept = _not_excluded(people, records, measure.excluded, has, holds_deaths)
    people = _mark_open_starts(people, records, score, supply, measure.start, has)
    gaps = records.get("code_gap") if instruments else None
    # A measurement or observation that nobody could identify may be the score.
    people = mark_hidden(people, gaps, "answer", (), "score_is_hidden")
    # A score without a usable day may be the first one, or the one that decides.
    people = mark_hidden(people, gaps, "measurement", instruments, "score_is_undated")
    people = mark_hidden(people, gaps, "measurement", instruments, "score_is_open", until="window_last_day")
    may_be_scored = pl.col("score_is_hidden") | pl.col("score_is_undated")
    looked_for = pl.col("is_observed") & (source in has) & ~pl.col("start_is_open") & ~may_be_scored
    has_start = pl.col("start_day").is_not_null()
    is_entered = pl.when(has_start).then(MET).when(looked_for).then(NOT_MET).otherwise(UNKNOWN)
    is_reached = pl.when(pl.col("score_is_open")).then(UNKNOWN).otherwise(pl.col("is_reached"))
    if source == "medication":
        # The first antidepressant, and the time without one before it, may be among the drugs that are missing.
        people = _mark_missing_drugs(people, records)
        is_entered = pl.when(pl.col("may_lack_drugs")).then(UNKNOWN).otherwise(is_entered)
        is_reached = is_reached | pl.when(pl.col("may_lack_drugs")).then(UNKNOWN).otherwise(NOT_MET)
    is_included = all_of(is_entered, *verdicts, *kept.values())
    people = people.with_columns(is_included=is_included, is_entered=is_entered, is_reached=is_reached)
    shown = ("start_day", "start_total", "end_day", "end_total", "n_days_covered", "is_reached")
    may_be_included = pl.col("is_included").fill_null(True)
    return people.select(
        "person_id",
        "age_years",
        "is_included",
        "is_entered",
        *(pl.when(may_be_included).then(pl.col(name)).alias(name) for name in shown),
        **{name: pl.when(has_start).then(found).otherwise(UNKNOWN) for name, found in kept.items()},
    )


def _mark_open_starts(
    people: pl.DataFrame,
    records: Mapping[str, pl.DataFrame],
    score: pl.DataFrame,
    supply: pl.DataFrame,
    start: Start,
    has: frozenset[str],
) -> pl.DataFrame:
    """Adds `start_is_open`: whether a score or a supply of the person begins the measure if the diagnosis asked stands beside
    it, and that diagnosis may be hidden, or be one that the source does not hold."""
    people = mark(people, supply if start.score is None else _high(score, start), "might_enter")
    people = mark_hidden(people, records.get("code_gap"), "condition", start.diagnoses, "start_is_hidden")
    may_be_diagnosed = pl.col("start_is_hidden") | ("condition" not in has)
    return people.with_columns(start_is_open=pl.col("might_enter") & may_be_diagnosed)


def _mark_missing_drugs(people: pl.DataFrame, records: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Adds `may_lack_drugs`: whether the person may have taken drugs that the records do not show, so that the absence of a drug
    says nothing (docs/engine.md, 0)."""
    incomplete = records.get("incomplete_medication")
    if incomplete is None:
        return people.with_columns(may_lack_drugs=NOT_MET)
    return mark(people, incomplete.filter(pl.col("reason") != OF_INTERACTING), "may_lack_drugs")


def _high(score: pl.DataFrame, asked: Start) -> pl.DataFrame:
    """The scores above the points asked."""
    return score.filter(pl.col("instrument") == asked.score.instrument, pl.col("total") > asked.score.above)


def _first_score(score: pl.DataFrame, condition: pl.DataFrame, asked: Start) -> pl.DataFrame:
    """The day and total of everybody's first score above the points asked that has the diagnosis beside it."""
    of_sets = condition.filter(pl.col("codeset").is_in(list(asked.diagnosis.any_of)))
    diagnosed = of_sets.group_by("person_id").agg(diagnosed_day=pl.col("condition_day").min())
    high = _high(score, asked).join(diagnosed, on="person_id")
    high = high.filter(pl.col("diagnosed_day") <= pl.col("measured_day") + asked.diagnosis.at_most_after)
    return high.group_by("person_id").agg(
        start_day=pl.col("measured_day").min(), start_total=pl.col("total").sort_by("measured_day").first()
    )


def _with_window(start: pl.DataFrame, asked: FollowUp) -> pl.DataFrame:
    """Adds the first and the last day of the window in which a score decides."""
    day = pl.col("start_day")
    if asked.months is None:
        first, last = day + asked.first, day + asked.last
    else:
        middle = months_later(day, asked.months)
        first, last = middle - asked.either_way, middle + asked.either_way
    return start.with_columns(window_first_day=first, window_last_day=last)


def _followed(start: pl.DataFrame, score: pl.DataFrame, measure: QualityMeasure) -> pl.DataFrame:
    """The latest score in the window after the start, and whether it is what is asked."""
    same = score.filter(pl.col("instrument") == measure.start.score.instrument)
    late = start.join(same, on="person_id").filter(
        pl.col("measured_day").is_between("window_first_day", "window_last_day")
    )
    last = late.group_by("person_id").agg(
        end_day=pl.col("measured_day").max(),
        end_total=pl.col("total").sort_by("measured_day").last(),
        first_total=pl.col("start_total").first(),
    )
    first, end = pl.col("first_total"), pl.col("end_total")
    if measure.remission is not None:
        is_reached = end < measure.remission.below
    else:
        is_reached = 100 * (first - end) / first >= measure.response.at_least
    return last.select(
        "person_id", "end_day", "end_total", is_reached=is_reached, n_days_covered=pl.lit(None, pl.Int64)
    )


def _not_excluded(
    people: pl.DataFrame,
    records: Mapping[str, pl.DataFrame],
    asked: Excluded,
    has: frozenset[str],
    holds_deaths: bool,
) -> tuple[pl.DataFrame, dict[str, pl.Expr]]:
    """The people with what would leave them out, and for each kind of it that is asked whether there is none."""
    gaps, kept = records.get("code_gap"), {"no_diagnosis": MET, "no_care": MET, "no_death": MET}
    last_day, is_observed = pl.col("window_last_day"), pl.col("is_observed")

    def none_of(found: pl.Expr, absence_counts: pl.Expr) -> pl.Expr:
        return pl.when(found).then(NOT_MET).when(absence_counts).then(MET).otherwise(UNKNOWN)

    if asked.diagnosis is not None:
        sets = asked.diagnosis.any_of
        found = _days_of(people, records, ("condition",), sets).filter(pl.col("day") <= last_day)
        people = mark(people, found, "has_diagnosis")
        people = mark_hidden(people, gaps, "condition", sets, "diagnosis_may_be_hidden", until="window_last_day")
        is_settled = is_observed & ("condition" in has) & ~pl.col("diagnosis_may_be_hidden")
        kept["no_diagnosis"] = none_of(pl.col("has_diagnosis"), is_settled)
    if asked.care is not None:
        sets, tables = asked.care.any_of, ("condition", "procedure")
        first_day = months_later(pl.col("start_day"), -asked.care.since_before)
        found = _days_of(people, records, tables, sets).filter(pl.col("day").is_between(first_day, last_day))
        people = mark(people, found, "has_care")
        is_settled = is_observed & (set(tables) <= has)
        for record in tables:
            people = mark_hidden(people, gaps, record, sets, f"care_is_hidden_{record}", until="window_last_day")
            is_settled &= ~pl.col(f"care_is_hidden_{record}")
        kept["no_care"] = none_of(pl.col("has_care"), is_settled)
    if asked.death is not None:
        # A source that holds nobody's death holds no deaths; who was still observed at the end was alive.
        was_alive = pl.lit(holds_deaths) | (pl.col("last_observed_day") >= last_day)
        kept["no_death"] = none_of(pl.col("death_day") <= last_day, was_alive)
    return people, kept


def _days_of(
    people: pl.DataFrame, records: Mapping[str, pl.DataFrame], tables: Collection[str], codesets: Collection[str]
) -> pl.DataFrame:
    """Everybody's days with a record of the code sets, in these record tables, beside the days of the measure."""
    columns = {"condition": "codeset", "procedure": "procedure"}
    parts = [
        records[name].filter(pl.col(columns[name]).is_in(list(codesets))).select("person_id", day=f"{name}_day")
        for name in tables
    ]
    return pl.concat(parts).join(people.select("person_id", "start_day", "window_last_day"), on="person_id")


def _first_treatment(
    supply: pl.DataFrame, condition: pl.DataFrame, whole: pl.DataFrame, asked: FirstTreatment, covered: Covered
) -> pl.DataFrame:
    """The first day of everybody's first antidepressant after an observed time without one and near a diagnosis, and the last of
    the days on which one is to be at hand."""
    day = pl.col("start_day")
    begun = supply.sort("person_id", "start_day", "end_day", "ingredient")
    days_without = day - latest_before("end_day", "person_id") - 1
    begun = begun.filter((days_without >= asked.after_none_for).fill_null(True))
    seen = begun.select("person_id", "start_day").unique().join(whole, on="person_id")
    seen = seen.filter(day - pl.col("from_day") >= asked.after_none_for, day <= pl.col("until_day"))
    of_sets = condition.filter(pl.col("codeset").is_in(list(asked.diagnosis))).select("person_id", "condition_day")
    near = seen.join(of_sets, on="person_id").filter(
        pl.col("condition_day").is_between(day - asked.diagnosed_within, day + asked.diagnosed_within)
    )
    first = near.group_by("person_id").agg(day.min())
    return first.with_columns(start_total=pl.lit(None, pl.Float64), window_last_day=day + covered.of - 1)


def _covered(start: pl.DataFrame, supply: pl.DataFrame, whole: pl.DataFrame, asked: Covered) -> pl.DataFrame:
    """On how many of the first days an antidepressant was at hand; a day on which two were counts once."""
    first_day, last_day = pl.col("start_day"), pl.col("window_last_day")
    supply = supply.select("person_id", "ingredient", "is_end_known", from_day="start_day", until_day="end_day")
    near = start.join(supply, on="person_id").filter(pl.col("from_day") <= last_day, pl.col("until_day") >= first_day)
    near = near.with_columns(
        from_day=pl.max_horizontal("from_day", "start_day"), until_day=pl.min_horizontal("until_day", "window_last_day")
    )
    near = near.sort("person_id", "from_day", "until_day", "ingredient")
    counted_until = pl.max_horizontal(latest_before("until_day", "person_id"), pl.col("from_day") - 1)
    near = near.with_columns(n_new=(pl.col("until_day") - counted_until).clip(0))
    days = near.group_by("person_id").agg(
        end_day=last_day.max(), n_days_covered=pl.col("n_new").sum(), all_known=pl.col("is_end_known").all()
    )
    seen = start.join(whole, on="person_id").filter(first_day.is_between("from_day", "until_day"))
    days = days.join(seen.select("person_id", "until_day"), on="person_id", how="left")
    may_be_more = ~pl.col("all_known") | (pl.col("until_day") < pl.col("end_day"))
    return days.select(
        "person_id",
        "end_day",
        "n_days_covered",
        end_total=pl.lit(None, pl.Float64),
        is_reached=judge(pl.col("n_days_covered") >= asked.at_least, may_be_more),
    )
