"""Quality measures: who is in one, and who reached what it asks (docs/engine.md, 10)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import ibis
import ibis.expr.types as ir

from stepwell.evidence import MET, NOT_MET, UNKNOWN, all_of, judge
from stepwell.knowledge.quality import FirstScore, FirstTreatment, QualityMeasure

from .determine import judge_who
from .intervals import without_breaks
from .response import find_score

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
    that are missing; an absence in time that nobody observed (`is_included`).
    """
    score, condition, period = find_score(records["measurement"]), records["condition"], records["observation_period"]
    supply = exposure.filter(exposure.ingredient.isin(list(antidepressants)))
    if measure.start.score is not None:
        start = _first_score(score, measure.start.score)
        followed, source = _followed(start, score, measure), "measurement"
    else:
        start = _first_treatment(supply, condition, period, measure.start.treatment)
        followed, source = _covered(start, supply, period, measure), "medication"
    observed = period.select("person_id").distinct().mutate(was_observed=MET)
    people = records["person"].select("person_id", "birth_earliest_day", "birth_latest_day")
    for rows in (start, followed, observed):
        people = people.left_join(rows, "person_id").drop("person_id_right")
    people = people.mutate(
        is_observed=people.was_observed.fill_null(False),
        met_day=people.start_day,
        index_day=people.start_day,
        earliest_day=people.start_day,
        first_treated_day=_NO_DAY,
    )
    people, verdicts = judge_who(people, condition, period, measure.who, has)
    looked_for = people.is_observed & ibis.literal(source in has)
    began = ibis.cases((people.start_day.notnull(), MET), (looked_for, NOT_MET), else_=UNKNOWN)
    included = all_of(began, *verdicts.values())
    shown = {
        name: included.fill_null(True).ifelse(people[name], ibis.null(people[name].type()))
        for name in ("start_day", "start_total", "end_day", "end_total", "n_days_covered", "is_reached")
    }
    return people.select("person_id", "age_years", is_included=included, **shown)


def _first_score(score: ir.Table, asked: FirstScore) -> ir.Table:
    """The day and total of everybody's first score above the points asked."""
    high = score.filter((score.instrument == asked.instrument) & (score.total > asked.above))
    return high.group_by("person_id").agg(
        start_day=high.measured_day.min(), start_total=high.total.argmin(high.measured_day)
    )


def _followed(start: ir.Table, score: ir.Table, measure: QualityMeasure) -> ir.Table:
    """The latest score in the window after the start, and whether it is what is asked."""
    same = score.filter(score.instrument == measure.start.score.instrument)
    late = start.join(same, "person_id", how="inner").filter(
        lambda t: t.measured_day >= t.start_day + measure.follow_up.first,
        lambda t: t.measured_day <= t.start_day + measure.follow_up.last,
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
