"""Sessions -> series (docs/engine.md, 11)."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from stepwell.evidence import MET, UNKNOWN

from .intervals import completed_years, without_breaks


def find_series(session: ir.Table, records: Mapping[str, ir.Table], known: Mapping[str, ir.Table]) -> ir.Table:
    """One row is one series of one treatment: an induction and what followed it without a longer pause.

    Unknown when: each of its days may be none (`is_series`); no observation holds its end (`is_ongoing`).
    """
    of_series = session.filter(session.series_number.notnull())
    sure = of_series.is_session.fill_null(False)
    series = of_series.group_by("person_id", "treatment", "series_number").agg(
        is_series=ibis.cases((sure.any(), MET), else_=UNKNOWN),
        begun_by=of_series.begun_by.max(where=of_series.session_number == 1),
        start_day=of_series.session_day.min(),
        end_day=of_series.session_day.max(),
        n_sessions=sure.sum(),
        n_sessions_possible=of_series.count(),
        **{f"n_{p}": (of_series.phase == p).sum() for p in ("induction", "optimisation", "maintenance")},
        mg_total_at_least=of_series.mg_at_least.sum().fill_null(0),
        address=of_series.address.max(where=of_series.session_number == 1),
    )
    rules = known["known_treatment"].select("treatment", "pause_at_most", "has_phases")
    person = records["person"].select("person_id", "birth_earliest_day", "birth_latest_day", "death_day")
    series = series.join(rules, "treatment", how="inner").join(person, "person_id", how="inner")
    whole = without_breaks(records["observation_period"])
    held = series.select("person_id", "treatment", "series_number", "end_day").join(whole, "person_id", how="inner")
    held = held.filter(held.end_day >= held.from_day, held.end_day <= held.until_day)
    held = held.select(
        "person_id", "treatment", "series_number", observed_from_day="from_day", observed_until_day="until_day"
    )
    key = ["person_id", "treatment", "series_number"]
    series = series.left_join(held, key).drop(*(f"{k}_right" for k in key))
    in_order = ibis.window(group_by=["person_id", "treatment"], order_by="series_number")
    years = completed_years(series.birth_latest_day, series.start_day)
    phases = {
        f"n_{p}": series.has_phases.ifelse(series[f"n_{p}"].fill_null(0), ibis.null("int64"))
        for p in ("induction", "optimisation", "maintenance")
    }
    return series.mutate(
        **phases,
        n_days=series.end_day - series.start_day + 1,
        n_days_since=series.start_day - series.end_day.lag().over(in_order),
        next_start_day=series.start_day.lead().over(in_order),
        is_ongoing=series.observed_until_day - series.end_day <= series.pause_at_most,
        is_observed=(series.observed_from_day <= series.start_day).fill_null(False),
        age_years=years,
        age_at_most=completed_years(series.birth_earliest_day, series.start_day),
    ).drop("birth_earliest_day", "birth_latest_day", "has_phases", "pause_at_most", "observed_from_day")
