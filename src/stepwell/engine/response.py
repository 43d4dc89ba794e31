"""Scores -> what a treatment did (docs/engine.md, 5)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from stepwell.knowledge.definition import TrialBuilding


def find_score(measurement: ir.Table) -> ir.Table:
    """One row is the total of one instrument on one day; the higher one where a day has two. Rows without a total say nothing."""
    scored = measurement.filter(measurement.total.notnull())
    return scored.group_by("person_id", "instrument", measured_day=scored.measured_day).agg(total=scored.total.max())


def find_response(treatment: ir.Table, key: str, score: ir.Table, instrument: ir.Table, how: TrialBuilding) -> ir.Table:
    """One row is one treatment that has a baseline and an endpoint on one instrument: `person_id`, `key`, the two scores,
    `improvement_pct`, `is_remission`, `is_response`.

    Needs: `treatment` (person_id, `key`, start_day, end_day, next_day: first day of the next treatment, or NULL); `instrument`
    (instrument, rank, remission_at_most, response_at_least_pct).
    Rule: latest score around the start, latest later score in the endpoint window and not after the next treatment began;
    the instrument of the lowest rank that has both. Scores of two instruments are never mixed.
    Unknown when: the baseline is already at or below the remission cut (`improvement_pct`, `is_response` are NULL).
    """
    before, after = how.baseline.before, how.baseline.after
    t = treatment.select(
        "person_id",
        key,
        baseline_from=treatment.start_day - before,
        baseline_until=treatment.start_day + after,
        endpoint_from=treatment.start_day + how.endpoint.after_start,
        endpoint_until=ibis.least(
            treatment.end_day + how.endpoint.after_end,
            treatment.next_day.fill_null(treatment.end_day + how.endpoint.after_end),
        ),
    )
    near = t.join(score, "person_id", how="inner")
    near = near.filter(
        near.measured_day.between(near.baseline_from, near.baseline_until)
        | near.measured_day.between(near.endpoint_from, near.endpoint_until)
    )
    is_baseline = near.measured_day.between(near.baseline_from, near.baseline_until)
    is_endpoint = near.measured_day.between(near.endpoint_from, near.endpoint_until)
    both = near.group_by("person_id", key, "instrument").agg(
        baseline_day=near.measured_day.max(where=is_baseline),
        baseline_total=near.total.argmax(near.measured_day, where=is_baseline),
        endpoint_day=near.measured_day.max(where=is_endpoint),
        endpoint_total=near.total.argmax(near.measured_day, where=is_endpoint),
    )
    both = both.filter(both.endpoint_day > both.baseline_day).join(instrument, "instrument", how="inner")
    first = ibis.row_number().over(group_by=["person_id", key], order_by="rank")
    chosen = both.mutate(choice=first).filter(lambda b: b.choice == 0)
    improvement = (chosen.baseline_total > chosen.remission_at_most).ifelse(
        100 * (chosen.baseline_total - chosen.endpoint_total) / chosen.baseline_total, ibis.null("float64")
    )
    return chosen.select(
        "person_id",
        key,
        "instrument",
        "baseline_day",
        "baseline_total",
        "endpoint_day",
        "endpoint_total",
        improvement_pct=improvement,
        is_remission=chosen.endpoint_total <= chosen.remission_at_most,
        is_response=improvement >= chosen.response_at_least_pct,
        is_partial_response=improvement >= chosen.response_at_least_pct / 2,
    )


def add_response(trial: ir.Table, score: ir.Table, instrument: ir.Table, how: TrialBuilding) -> ir.Table:
    """The trials with their response and `outcome`: scores before the record's word, and that before inference."""
    response = find_response(trial, "trial_number", score, instrument, how)
    judged = trial.left_join(response, ["person_id", "trial_number"]).drop("person_id_right", "trial_number_right")
    return judged.mutate(
        outcome=ibis.cases(
            (judged.is_remission, "remission"),
            (judged.is_response, "response"),
            (judged.stop_reason == "intolerance", "intolerance"),
            (judged.is_partial_response, "partial response"),
            (judged.improvement_pct.notnull(), "no response"),
            (judged.switch_day.notnull(), "switched, unscored"),
            (judged.added_day.notnull(), "added to, unscored"),
            else_="unknown",
        )
    )
