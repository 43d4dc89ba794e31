"""Quality measures: who is in one, and who reached what it asks (docs/engine.md, 10)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import reduce

import ibis
import ibis.expr.types as ir

from stepwell.knowledge.quality import Excluded, FirstTreatment, FollowUp, QualityMeasure, Start
from stepwell.three_values import MET, NOT_MET, UNKNOWN, all_of, judge

from .code_gap import add_hidden
from .incomplete import add_incomplete
from .intervals import to_date, to_day, without_breaks
from .score import find_score
from .who import gaps_of, judge_who

_NO_DAY = ibis.null("int64")


def find_quality(
    records: Mapping[str, ir.Table],
    exposure: ir.Table,
    antidepressants: Collection[str],
    measure: QualityMeasure,
    has: frozenset[str],
) -> ir.Table:
    """One row is one person under one measure, with the days and values that it was judged by.

    Needs: the record tables and `exposure`, with days as integers; `has`, the record tables that the source holds at all.
    Unknown when: no score in the window (`is_reached`); a supply of unknown length, or time not observed, may hold the days
    that are missing; an absence in time that nobody observed, or of records that the source does not hold (`is_included` and,
    of what leaves people out, `no_diagnosis`, `no_care`, `no_death`).
    """
    score, condition, period = find_score(records["measurement"]), records["condition"], records["observation_period"]
    supply = exposure.filter(exposure.ingredient.isin(list(antidepressants)))
    if measure.start.score is not None:
        start = _first_score(score, condition, measure.start)
        windowed = _with_window(start, measure.follow_up)
        followed, source = _followed(windowed, score, measure), "measurement"
    else:
        start = _first_treatment(supply, condition, period, measure.start.treatment)
        last_day = start.start_day + measure.covered.of - 1
        windowed = start.mutate(window_first_day=start.start_day, window_last_day=last_day)
        followed, source = _covered(start, supply, period, measure), "medication"
    observed = period.group_by("person_id").agg(last_observed_day=period.end_day.max())
    people = records["person"].select("person_id", "birth_earliest_day", "birth_latest_day", "death_day")
    windowed = windowed.drop("window_first_day")
    for rows in (windowed, followed, observed, _might_enter(score, supply, measure.start)):
        people = people.left_join(rows, "person_id").drop("person_id_right")
    people = add_incomplete(people, records["incomplete_medication"] if "incomplete_medication" in has else None)
    people = people.mutate(
        is_observed=people.last_observed_day.notnull(),
        met_day=people.start_day,
        index_day=people.start_day,
        earliest_day=people.start_day,
        first_treated_day=_NO_DAY,
    )
    people, verdicts = judge_who(people, records, measure.who, has)
    people, kept = _not_excluded(people, records, measure.excluded, has)
    # Without diagnoses in the source, a score or a supply that may begin the measure leaves it open.
    of_start = (measure.start.treatment or measure.start).diagnosis
    sets = getattr(of_start, "any_of", of_start) or ()
    people = add_hidden(people, gaps_of(records, has), "condition", sets, "start_is_hidden")
    is_open = people.might_enter.fill_null(False) & (people.start_is_hidden | ibis.literal("condition" not in has))
    # A measurement or observation that nobody could identify may be the score.
    scores_may_be = gaps_of(records, has) if measure.start.score is not None else {}
    people = add_hidden(people, scores_may_be, "answer", (), "score_is_hidden")
    # A score without a usable day may be the first one, or the one that decides.
    instruments = [measure.start.score.instrument] if measure.start.score is not None else []
    people = add_hidden(people, scores_may_be, "measurement", instruments, "score_is_undated")
    people = add_hidden(people, scores_may_be, "measurement", instruments, "score_is_open", until="window_last_day")
    people = people.mutate(is_reached=people.score_is_open.ifelse(UNKNOWN, people.is_reached))
    may_be_scored = people.score_is_hidden | people.score_is_undated
    looked_for = people.is_observed & ibis.literal(source in has) & ~is_open & ~may_be_scored
    began = ibis.cases((people.start_day.notnull(), MET), (looked_for, NOT_MET), else_=UNKNOWN)
    if source == "medication":
        # The first antidepressant, and the time without one before it, may be among the drugs that are missing.
        began = people.may_lack_drugs.ifelse(UNKNOWN, began)
        people = people.mutate(is_reached=people.is_reached | people.may_lack_drugs.ifelse(UNKNOWN, NOT_MET))
    included = all_of(began, *verdicts.values(), *kept.values())
    shown = {
        name: included.fill_null(True).ifelse(people[name], ibis.null(people[name].type()))
        for name in ("start_day", "start_total", "end_day", "end_total", "n_days_covered", "is_reached")
    }
    entered = {name: people.start_day.notnull().ifelse(found, UNKNOWN) for name, found in kept.items()}
    return people.select("person_id", "age_years", is_included=included, is_entered=began, **shown, **entered)


def _might_enter(score: ir.Table, supply: ir.Table, start: Start) -> ir.Table:
    """Who has a score, or a supply, that begins the measure if the diagnosis asked stands beside it."""
    if start.score is None:
        return supply.select("person_id").distinct().mutate(might_enter=MET)
    high = score.filter((score.instrument == start.score.instrument) & (score.total > start.score.above))
    return high.select("person_id").distinct().mutate(might_enter=MET)


def _first_score(score: ir.Table, condition: ir.Table, asked: Start) -> ir.Table:
    """The day and total of everybody's first score above the points asked that has the diagnosis beside it."""
    high = score.filter((score.instrument == asked.score.instrument) & (score.total > asked.score.above))
    of_sets = condition.filter(condition.codeset.isin(asked.diagnosis.any_of))
    diagnosed = of_sets.group_by("person_id").agg(diagnosed_day=of_sets.condition_day.min())
    high = high.join(diagnosed, "person_id", how="inner")
    high = high.filter(high.diagnosed_day <= high.measured_day + asked.diagnosis.at_most_after)
    return high.group_by("person_id").agg(
        start_day=high.measured_day.min(), start_total=high.total.argmin(high.measured_day)
    )


def _with_window(start: ir.Table, asked: FollowUp) -> ir.Table:
    """Adds the first and the last day of the window in which a score decides."""
    if asked.months is None:
        first, last = start.start_day + asked.first, start.start_day + asked.last
    else:
        middle = _months_later(start.start_day, asked.months)
        first, last = middle - asked.either_way, middle + asked.either_way
    return start.mutate(window_first_day=first, window_last_day=last)


def _months_later(day: ir.IntegerValue, months: int) -> ir.IntegerValue:
    """The same day so many calendar months later (earlier if negative); the last of the month where it has no such day."""
    return to_day((to_date(day).cast("timestamp") + ibis.interval(months=months)).cast("date"))


def _followed(windowed: ir.Table, score: ir.Table, measure: QualityMeasure) -> ir.Table:
    """The latest score in the window after the start, and whether it is what is asked."""
    same = score.filter(score.instrument == measure.start.score.instrument)
    late = windowed.join(same, "person_id", how="inner").filter(
        lambda t: t.measured_day.between(t.window_first_day, t.window_last_day)
    )
    last = late.group_by("person_id").agg(
        end_day=late.measured_day.max(),
        end_total=late.total.argmax(late.measured_day),
        first_total=late.start_total.max(),
    )
    if measure.remission is not None:
        is_reached = last.end_total < measure.remission.below
    else:
        is_reached = 100 * (last.first_total - last.end_total) / last.first_total >= measure.response.at_least
    return last.mutate(is_reached=is_reached, n_days_covered=_NO_DAY).drop("first_total")


def _not_excluded(
    people: ir.Table, records: Mapping[str, ir.Table], asked: Excluded, has: frozenset[str]
) -> tuple[ir.Table, dict[str, ir.BooleanValue]]:
    """The people with what would leave them out, and for each kind of it that is asked whether there is none."""
    index = people.select("person_id", "start_day", until_day="window_last_day")
    diagnoses = asked.diagnosis.any_of if asked.diagnosis else ()
    care, since_before = (asked.care.any_of, asked.care.since_before) if asked.care else ((), 0)
    diagnosed = _days_of(records, ("condition",), diagnoses).join(index, "person_id", how="inner")
    diagnosed = diagnosed.filter(diagnosed.day <= diagnosed.until_day)
    cared = _days_of(records, ("condition", "procedure"), care).join(index, "person_id", how="inner")
    cared = cared.filter(cared.day.between(_months_later(cared.start_day, -since_before), cared.until_day))
    for name, rows in (("has_diagnosis", diagnosed), ("has_care", cared)):
        found = rows.select("person_id").distinct().mutate(**{name: MET})
        people = people.left_join(found, "person_id").drop("person_id_right")
    gaps = gaps_of(records, has)
    for name, record, sets in (
        ("diagnosis_is_hidden", "condition", diagnoses),
        ("care_is_hidden_as_diagnosis", "condition", care),
        ("care_is_hidden_as_procedure", "procedure", care),
    ):
        people = add_hidden(people, gaps, record, sets, name, until="window_last_day")
    is_observed = people.is_observed
    # A source that holds nobody's death holds no deaths; who was still observed at the end was alive.
    holds_deaths = people.death_day.notnull().any().over(ibis.window())
    people = people.mutate(
        has_died=people.death_day <= people.window_last_day,
        was_alive=holds_deaths | (people.last_observed_day >= people.window_last_day),
    )
    is_diagnosed_settled = is_observed & ibis.literal("condition" in has) & ~people.diagnosis_is_hidden
    is_care_hidden = people.care_is_hidden_as_diagnosis | people.care_is_hidden_as_procedure
    is_care_settled = is_observed & ibis.literal({"condition", "procedure"} <= has) & ~is_care_hidden
    looked_for = {
        "no_diagnosis": (asked.diagnosis, people.has_diagnosis, is_diagnosed_settled),
        "no_care": (
            asked.care,
            people.has_care,
            is_care_settled,
        ),
        "no_death": (asked.death, people.has_died, people.was_alive),
    }
    kept = {
        name: ibis.cases((found.fill_null(False), NOT_MET), (absence_counts.fill_null(False), MET), else_=UNKNOWN)
        if field is not None
        else MET
        for name, (field, found, absence_counts) in looked_for.items()
    }
    return people, kept


def _days_of(records: Mapping[str, ir.Table], tables: Collection[str], codesets: Collection[str]) -> ir.Table:
    """Everybody's days with a record of the code sets, in these record tables."""
    columns = {"condition": "codeset", "procedure": "procedure"}
    parts = []
    for name in tables:
        rows = records[name]
        rows = rows.filter(rows[columns[name]].isin(list(codesets)))
        parts.append(rows.select("person_id", day=rows[f"{name}_day"]))
    return reduce(lambda a, b: a.union(b), parts)


def _first_treatment(supply: ir.Table, condition: ir.Table, period: ir.Table, asked: FirstTreatment) -> ir.Table:
    """The first day of everybody's first antidepressant after an observed time without one and near a diagnosis."""
    earlier = ibis.window(group_by="person_id", order_by=["start_day", "end_day", "ingredient"], rows=(None, -1))
    begun = supply.mutate(before_day=supply.end_day.max().over(earlier))
    begun = begun.filter((begun.start_day - begun.before_day - 1 >= asked.after_none_for).fill_null(True))
    begun = begun.select("person_id", "start_day").distinct()
    seen = begun.join(without_breaks(period), "person_id", how="inner").filter(
        lambda t: t.start_day - t.from_day >= asked.after_none_for, lambda t: t.start_day <= t.until_day
    )
    of_sets = condition.filter(condition.codeset.isin(asked.diagnosis)).select("person_id", "condition_day")
    near = seen.join(of_sets, "person_id", how="inner").filter(
        lambda t: t.condition_day >= t.start_day - asked.diagnosed_within,
        lambda t: t.condition_day <= t.start_day + asked.diagnosed_within,
    )
    first = near.group_by("person_id").agg(start_day=near.start_day.min())
    return first.mutate(start_total=ibis.null("float64"))


def _covered(start: ir.Table, supply: ir.Table, period: ir.Table, measure: QualityMeasure) -> ir.Table:
    """On how many of the first days an antidepressant was at hand; a day on which two were counts once."""
    asked = measure.covered
    near = start.join(supply.rename(from_day="start_day"), "person_id", how="inner")
    near = near.mutate(last_day=near.start_day + asked.of - 1)
    near = near.filter(near.from_day <= near.last_day, near.end_day >= near.start_day)
    near = near.mutate(
        from_day=ibis.greatest(near.from_day, near.start_day), until_day=ibis.least(near.end_day, near.last_day)
    )
    earlier = ibis.window(group_by="person_id", order_by=["from_day", "until_day", "ingredient"], rows=(None, -1))
    near = near.mutate(before_day=near.until_day.max().over(earlier).fill_null(near.from_day - 1))
    new_days = ibis.greatest(near.until_day - ibis.greatest(near.before_day, near.from_day - 1), 0)
    near = near.mutate(n_new=new_days)
    days = near.group_by("person_id").agg(
        end_day=near.last_day.max(), n_days_covered=near.n_new.sum(), all_known=near.is_end_known.all()
    )
    whole = without_breaks(period)
    seen = start.join(whole, "person_id", how="inner").filter(
        lambda t: t.start_day >= t.from_day, lambda t: t.start_day <= t.until_day
    )
    days = days.left_join(seen.select("person_id", "until_day"), "person_id").drop("person_id_right")
    may_be_more = ~days.all_known | (days.until_day < days.end_day)
    return days.mutate(
        is_reached=judge(days.n_days_covered >= asked.at_least, may_be_more), end_total=ibis.null("float64")
    ).drop("all_known", "until_day")
