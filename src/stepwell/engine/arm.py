"""Declared sessions -> the arms of a trial, each with what it did (docs/engine.md, 13): laid beside each other, not compared."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from stepwell.knowledge.treatment import Following

from .effect import find_followed, find_series_response

_KEY = ("person_id", "treatment")


def find_arm(declared: ir.Table) -> ir.Table:
    """One row is one unbroken run of declared sessions of one arm: of a crossover, one period of one person.

    Needs: the record `declared_session`, with days as integers.
    Rule: a session of another arm begins another run. A day with two arms belongs to none.
    """
    day = declared.group_by(*_KEY, "session_day").agg(
        arm=declared.arm.min(),
        n_arms=declared.arm.nunique(),
        is_comparator=declared.is_comparator.all(),
        mg_per_kg=declared.mg_per_kg.min(),
        greatest_mg_per_kg=declared.mg_per_kg.max(),
        address=declared.address.min(),
    )
    day = day.filter(day.n_arms == 1)
    in_order = ibis.window(group_by=_KEY, order_by="session_day")
    upto = ibis.window(group_by=_KEY, order_by="session_day", rows=(None, 0))
    day = day.mutate(is_new=(day.arm != day.arm.lag().over(in_order)).fill_null(True))
    day = day.mutate(series_number=day.is_new.ifelse(1, 0).sum().over(upto))
    arm = day.group_by(*_KEY, "series_number").agg(
        arm=day.arm.min(),
        is_comparator=day.is_comparator.all(),
        start_day=day.session_day.min(),
        end_day=day.session_day.max(),
        n_sessions=day.count(),
        mg_per_kg=(day.mg_per_kg.min() == day.greatest_mg_per_kg.max()).ifelse(
            day.mg_per_kg.min(), ibis.null("float64")
        ),
        address=day.address.argmin(day.session_day),
    )
    order = ibis.window(group_by=_KEY, order_by="series_number")
    return arm.mutate(next_start_day=arm.start_day.lead().over(order))


def find_arm_response(
    arm: ir.Table, score: ir.Table, instrument: ir.Table, checkpoint: ir.Table, how: Following
) -> ir.Table:
    """One row is one run of one arm at one checkpoint, followed as a series is, up to the next arm."""
    followed = find_followed(arm, score, instrument, how)
    told = ("arm", "is_comparator", "start_day", "end_day", "n_sessions", "mg_per_kg", "address")
    key = [*_KEY, "series_number"]
    rows = find_series_response(arm, followed, checkpoint).join(arm.select(*key, *told), key, how="inner")
    return rows.rename(arm_number="series_number")


def until_another_arm(series: ir.Table, declared: ir.Table) -> ir.Table:
    """The series, each ended for its scores (`next_start_day`) by a session of what the treatment was compared with."""
    compared = declared.filter(declared.is_comparator).select(*_KEY, compared_day="session_day").distinct()
    later = series.select(*_KEY, "series_number", "start_day").join(compared, list(_KEY), how="inner")
    later = later.filter(later.compared_day > later.start_day)
    first = later.group_by(*_KEY, "series_number").agg(compared_day=later.compared_day.min())
    key = [*_KEY, "series_number"]
    joined = series.left_join(first, key).drop(*(f"{k}_right" for k in key))
    ends = ibis.least(joined.next_start_day.fill_null(joined.compared_day), joined.compared_day)
    return joined.mutate(next_start_day=ibis.coalesce(ends, joined.next_start_day)).drop("compared_day")
