"""Series and scores -> what a series did (docs/engine.md, 13). One series is followed on one scale; two are never mixed."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from stepwell.evidence import MET, NOT_MET, UNKNOWN
from stepwell.knowledge.treatment import Following

from .exposure import to_a_millionth
from .incomplete import may_lack_drugs
from .intervals import without_breaks

_KEY = ("person_id", "treatment", "series_number")
_NO_DAY = ibis.null("int64")


def find_followed(series: ir.Table, score: ir.Table, instrument: ir.Table, how: Following) -> ir.Table:
    """One row is one score after the first day of a series, on the series' own scale, beside the baseline.

    Needs: `score` (person_id, instrument, measured_day, total); `instrument` (instrument, rank, remission_at_most,
    response_at_least_pct).
    Rule: the scale with a baseline and the most later scores, of two alike the one of the lowest rank. Scores count until the
    next series, or so long after the last session.
    Unknown when: the baseline is at or below the remission cut (`improvement_pct`, `is_response`).
    """
    last = series.end_day + how.after_end.at_most
    span = series.select(*_KEY, "start_day", until_day=ibis.least(last, (series.next_start_day - 1).fill_null(last)))
    near = span.join(score, "person_id", how="inner")
    early = near.measured_day.between(near.start_day - how.baseline.before, near.start_day)
    late = (near.measured_day > near.start_day) & (near.measured_day <= near.until_day)
    scale = near.group_by(*_KEY, "instrument").agg(
        baseline_day=near.measured_day.max(where=early),
        baseline_total=near.total.argmax(near.measured_day, where=early),
        n_scores=late.sum(),
    )
    scale = scale.filter(scale.baseline_day.notnull() & (scale.n_scores > 0)).join(
        instrument, "instrument", how="inner"
    )
    order = ibis.row_number().over(group_by=_KEY, order_by=[ibis.desc("n_scores"), "rank"])
    scale = scale.mutate(place=order).filter(lambda t: t.place == 0).drop("place", "rank")
    later = near.filter(late).select(*_KEY, "instrument", "start_day", "measured_day", "total")
    scored = later.join(scale, [*_KEY, "instrument"], how="inner")
    better = 100 * (scored.baseline_total - scored.total) / scored.baseline_total
    improvement = (scored.baseline_total > scored.remission_at_most).ifelse(better, ibis.null("float64"))
    return scored.mutate(
        improvement_pct=improvement,
        is_response=improvement >= scored.response_at_least_pct,
        is_remission=scored.total <= scored.remission_at_most,
    ).drop("remission_at_most", "response_at_least_pct")


def find_series_response(series: ir.Table, followed: ir.Table, checkpoint: ir.Table) -> ir.Table:
    """One row is one series at one checkpoint of its treatment; without a score in its window nothing is known of it."""
    scale = followed.select(*_KEY, "instrument", "baseline_total").distinct()
    rows = series.select(*_KEY).join(checkpoint, "treatment", how="inner")
    rows = rows.left_join(scale, list(_KEY)).drop(*(f"{k}_right" for k in _KEY))
    near = followed.join(checkpoint, "treatment", how="inner")
    near = near.filter((near.measured_day - near.start_day).between(near["first"], near["last"]))
    latest = near.group_by(*_KEY, "checkpoint_number").agg(measured_day=near.measured_day.max())
    at = latest.join(
        followed.select(*_KEY, "measured_day", "total", "improvement_pct", "is_response", "is_remission"),
        [*_KEY, "measured_day"],
        how="inner",
    )
    on = [*_KEY, "checkpoint_number"]
    return rows.left_join(at, on).drop(*(f"{k}_right" for k in on))


def find_effect(
    series: ir.Table,
    session: ir.Table,
    followed: ir.Table,
    trial: ir.Table,
    episode: ir.Table,
    period: ir.Table,
    how: Following,
) -> ir.Table:
    """One row is one series: how fast it helped, how far, how long that held and how it ended; whether an antidepressant took
    over; episodes before and after. No comparison with anybody else is in it.

    Rule: onset is the first score in response; response is lost with the first later score that is none. Benefit lasts from
    onset to the last score in response before that, and no day longer than the scores show.
    Unknown when: unscored; well at baseline; not observed long enough, or drugs may be missing (`bridge`, episodes).
    """
    best = followed.group_by(*_KEY, "instrument", "baseline_day", "baseline_total", "n_scores").agg(
        best_total=followed.total.min(),
        best_improvement_pct=followed.improvement_pct.max(),
        onset_day=followed.measured_day.min(where=followed.is_response),
        remission_day=followed.measured_day.min(where=followed.is_remission & followed.improvement_pct.notnull()),
        last_score_day=followed.measured_day.max(),
    )
    course = followed.join(best.select(*_KEY, "onset_day"), list(_KEY), how="inner")
    after = course.filter(course.measured_day >= course.onset_day)
    lost = after.group_by(*_KEY).agg(lost_day=after.measured_day.min(where=~after.is_response))
    held = after.join(lost, list(_KEY), how="inner")
    held = held.filter(held.is_response & (held.measured_day < held.lost_day.fill_null(held.measured_day + 1)))
    held = held.group_by(*_KEY).agg(last_response_day=held.measured_day.max())
    s = series
    for rows in (best, lost, held):
        s = s.left_join(rows, list(_KEY)).drop(*(f"{k}_right" for k in _KEY))
    given = s.select(*_KEY, "onset_day", "last_response_day").join(
        session.select(*_KEY, "session_day"), list(_KEY), how="inner"
    )
    given = given.group_by(*_KEY).agg(
        n_until_onset=(given.session_day < given.onset_day).sum(),
        n_until_last=(given.session_day <= given.last_response_day).sum(),
    )
    s = s.left_join(given, list(_KEY)).drop(*(f"{k}_right" for k in _KEY))
    for rows in (_bridged(series, trial, how), _episodes(series, episode, period, how)):
        s = s.left_join(rows, list(_KEY)).drop(*(f"{k}_right" for k in _KEY))
    known = s.onset_day.notnull()
    ended = ibis.cases(
        (~known, ibis.null("string")),
        (s.lost_day - s.onset_day <= how.lost.relapse_within, "relapse"),
        (s.lost_day.notnull(), "recurrence"),
        (s.next_start_day.notnull(), "next series"),
        (s.death_day.notnull(), "death"),
        else_="not seen to end",
    )
    end_day = ibis.cases(
        (~known, _NO_DAY),
        (s.lost_day.notnull(), s.lost_day),
        (s.next_start_day.notnull(), s.next_start_day),
        (s.death_day.notnull(), s.death_day),
        else_=s.last_score_day,
    )
    benefit = s.last_response_day - s.onset_day
    # The last day of the benefit takes the place of the last day of the series.
    return s.mutate(
        n_scores=s.n_scores.fill_null(0),
        n_days_to_onset=s.onset_day - s.start_day,
        n_sessions_to_onset=known.ifelse(s.n_until_onset, ibis.null("int64")),
        ended=ended,
        end_day=end_day,
        n_days_benefit=benefit,
        n_days_benefit_per_session=benefit / s.n_until_last,
        bridge=ibis.cases(
            (s.has_taken_over.fill_null(False), MET),
            (
                s.may_have_taken_over.fill_null(False) | ~s.is_bridge_seen.fill_null(False) | may_lack_drugs(s),
                UNKNOWN,
            ),
            else_=NOT_MET,
        ),
    )


def _bridged(series: ir.Table, trial: ir.Table, how: Following) -> ir.Table:
    """Whether an antidepressant begun around the first session was still taken some time after the last, or may have been."""
    asked = how.bridge
    begun = trial.filter((trial.role == "antidepressant") & trial.is_antidepressant_use.fill_null(True))
    begun = begun.select(
        "person_id", begun_day="start_day", taken_until_day="end_day", is_sure="is_antidepressant_use",
        may_go_on=~begun.is_end_known | begun.is_ongoing.fill_null(True),
    )  # fmt: skip
    beside = series.select(*_KEY, "start_day", "end_day").join(begun, "person_id", how="inner")
    beside = beside.filter(
        beside.begun_day >= beside.start_day - asked.before, beside.begun_day <= beside.start_day + asked.after
    )
    still = beside.taken_until_day >= beside.end_day + asked.still
    taken = beside.group_by(*_KEY).agg(
        has_taken_over=(still & beside.is_sure.fill_null(False)).any(),
        may_have_taken_over=(still | beside.may_go_on).any(),
    )
    seen = series.select(
        *_KEY,
        is_bridge_seen=(series.is_observed & (series.observed_until_day >= series.end_day + asked.still)).fill_null(
            False
        ),
    )
    return seen.left_join(taken, list(_KEY)).drop(*(f"{k}_right" for k in _KEY))


def _episodes(series: ir.Table, episode: ir.Table, period: ir.Table, how: Following) -> ir.Table:
    """How many episodes began in the time before the first session and in the time after the last; NULL where that time was not
    observed without a break."""
    days, whole = how.episodes.days, without_breaks(period)
    rows = series.select(
        *_KEY,
        lacks_drugs=may_lack_drugs(series),
        from_before=series.start_day - days,
        until_before=series.start_day - 1,
        from_after=series.end_day + 1,
        until_after=series.end_day + days,
    )
    begun = rows.join(episode.select("person_id", begun_day="start_day"), "person_id", how="left")
    seen = rows.join(whole, "person_id", how="left")
    counts = begun.group_by(*_KEY).agg(
        **{
            f"n_{side}": begun.begun_day.between(begun[f"from_{side}"], begun[f"until_{side}"]).sum().fill_null(0)
            for side in ("before", "after")
        }
    )
    watched = seen.group_by(*_KEY).agg(
        **{
            f"was_seen_{side}": (
                (seen.from_day <= seen[f"from_{side}"]) & (seen.until_day >= seen[f"until_{side}"])
            ).any()
            for side in ("before", "after")
        },
        lacks_drugs=seen.lacks_drugs.any(),
    )
    both = counts.join(watched, list(_KEY), how="inner")
    return both.select(
        *_KEY,
        **{
            f"n_episodes_{side}": (both[f"was_seen_{side}"].fill_null(False) & ~both.lacks_drugs).ifelse(
                both[f"n_{side}"], ibis.null("int64")
            )
            for side in ("before", "after")
        },
    )


_STRETCHES = ("before", "during", "after")
_PSYCHOTROPIC = ("antidepressant", "antipsychotic", "augmentation")


def find_load(
    series: ir.Table, exposure: ir.Table, drug: ir.Table, period: ir.Table, maximum: ir.Table, how: Following
) -> ir.Table:
    """One row is one series in one stretch: the medicines taken in it, and their greatest doses as shares of the label's.

    Rule: an ingredient counts in a stretch when its supply covers any day of it; the drugs of sessions themselves never do.
    Unknown when: the stretch was not observed without a break, or drugs may be missing (`is_observed`); no dose and label are
    known (`label_share_pct`).
    """
    ends = {
        "before": (series.start_day - how.stretches.before, series.start_day - 1),
        "during": (series.start_day, series.end_day),
        "after": (series.end_day + 1, series.end_day + how.stretches.after),
    }
    parts = [
        series.select(
            *_KEY,
            stretch_number=ibis.literal(n),
            stretch=ibis.literal(name),
            start_day=first,
            end_day=last,
            lacks_drugs=may_lack_drugs(series),
        )
        for n, (name, (first, last)) in enumerate(ends.items(), 1)
    ]
    stretch = ibis.union(*parts)
    whole = without_breaks(period)
    key = [*_KEY, "stretch_number"]
    held = stretch.join(whole, "person_id", how="inner")
    held = held.group_by(key).agg(
        is_observed=((held.from_day <= held.start_day) & (held.until_day >= held.end_day)).any()
    )
    known = drug.filter(drug.role.isin(_PSYCHOTROPIC)).select("drug", "ingredient", "role")
    known = known.left_join(maximum, "ingredient").drop("ingredient_right")
    supply = exposure.rename(supply_start_day="start_day", supply_end_day="end_day").join(known, "drug", how="inner")
    supply = supply.filter(supply.is_antidepressant_use.fill_null(True) | (supply.role != "antidepressant"))
    taken = stretch.join(
        supply.select(
            "person_id", "ingredient", "role", "mg_per_day", "max_mg_per_day", "supply_start_day", "supply_end_day"
        ),
        "person_id",
        how="inner",
    )
    taken = taken.filter(taken.supply_start_day <= taken.end_day, taken.supply_end_day >= taken.start_day)
    each = taken.group_by(*key, "ingredient", "role").agg(
        share_pct=100 * taken.mg_per_day.max() / taken.max_mg_per_day.max()
    )
    counted = each.group_by(key).agg(
        n_antidepressants=(each.role == "antidepressant").sum(),
        n_psychotropics=each.count(),
        n_dose_known=each.share_pct.count(),
        label_share_pct=to_a_millionth(each.share_pct.sum()),
    )
    for rows in (held, counted):
        stretch = stretch.left_join(rows, key).drop(*(f"{k}_right" for k in key))
    return stretch.mutate(
        is_observed=stretch.is_observed & ~stretch.lacks_drugs,
        **{c: stretch[c].fill_null(0) for c in ("n_antidepressants", "n_psychotropics", "n_dose_known")},
    )
