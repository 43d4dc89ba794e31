"""Series and scores -> what a series did (docs/engine.md, 13). One series is followed on one scale; two are never mixed."""

from __future__ import annotations

import numpy as np

from stepwell.tables import EFFECT
from stepwell.tables.row_type import NA

from ..code_gap import count_undated, has_undated_score
from ..compiled import compiled
from ..criterion_numbers import NONE
from ..days import earlier, observed_from_until
from ..sorting import code_of, place_of
from ..trial import may_be_antidepressant, may_have_gone_on
from ..verdicts import MET, NOT_MET, UNKNOWN

RELAPSE, RECURRENCE, NEXT_SERIES, DEATH, NOT_SEEN_TO_END = (
    EFFECT.by_name["ended"].values.index(end)
    for end in ("relapse", "recurrence", "next series", "death", "not seen to end")
)


@compiled
def find_scale(series, scores, keys, n_scores, gaps, n_instruments, how):
    """The scale by which the series is followed: the instrument with a baseline and the most later scores, of two alike the one
    of the best rank. Returns the instrument, the first and the last place (plus 1) of its later scores among `keys`, and the
    place of the baseline; NONE without one, or where a score without a usable day may be among them. Scores count until the next
    series, or so long after the last session."""
    until = series.end_day + how.after_end
    if series.scored_before_day != NA:
        until = min(until, series.scored_before_day - 1)
    found, found_first, found_end, found_baseline = NONE, 0, 0, NONE
    if has_undated_score(gaps, 0, n_instruments, series.start_day - how.baseline_before, until):
        return found, found_first, found_end, found_baseline
    i = 0
    while i < n_scores:
        instrument, baseline, first, end = code_of(keys[i]), NONE, i, i
        while i < n_scores and code_of(keys[i]) == instrument:
            day = scores[place_of(keys[i])].measured_day
            if series.start_day - how.baseline_before <= day <= series.start_day:
                baseline = place_of(keys[i])
            if day <= series.start_day:
                first = end = i + 1
            elif day <= until:
                end = i + 1
            i += 1
        if baseline != NONE and end - first > found_end - found_first:
            found, found_first, found_end, found_baseline = instrument, first, end, baseline
    return found, found_first, found_end, found_baseline


@compiled
def improvement(total, baseline, instrument):
    """Per cent of the baseline; NaN where that is at or below the remission cut."""
    return 100 * (baseline - total) / baseline if baseline > instrument.remission_at_most else np.nan


@compiled
def find_series_response(number, series, scores, keys, n_scores, gaps, instruments, treatments, rows):
    """One row is one series at one checkpoint of its treatment: the latest score in its window. Fills `rows`; without a score
    nothing is known of it."""
    treatment = treatments.treatment[number]
    how = treatments.following[0]
    scale, first, end, baseline = find_scale(series, scores, keys, n_scores, gaps, len(instruments), how)
    for k in range(treatment.n_checkpoints):
        r, checkpoint = rows[k], treatments.checkpoint[treatment.first_checkpoint + k]
        r.treatment, r.series_number, r.checkpoint_number, r.checkpoint = (
            number,
            series.series_number,
            k + 1,
            checkpoint.label,
        )
        r.instrument, r.measured_day, r.total, r.improvement_pct = scale, NA, np.nan, np.nan
        r.is_response, r.is_remission, r.baseline_total = UNKNOWN, UNKNOWN, np.nan
        if scale == NONE:
            continue
        r.baseline_total = scores[baseline].total
        for i in range(first, end):
            score = scores[place_of(keys[i])]
            if checkpoint.first <= score.measured_day - series.start_day <= checkpoint.last:
                r.measured_day, r.total = score.measured_day, score.total
        if r.measured_day != NA:
            instrument = instruments[scale]
            r.improvement_pct = improvement(r.total, r.baseline_total, instrument)
            if not np.isnan(r.improvement_pct):
                r.is_response = MET if r.improvement_pct >= instrument.response_at_least_pct else NOT_MET
            r.is_remission = MET if r.total <= instrument.remission_at_most else NOT_MET


@compiled
def find_effect(
    number, series, person, days, trials, episodes, periods, scores, keys, n_scores, gaps, instruments, treatments,
    is_depression, e
):  # fmt: skip
    """Fills `e`: how fast one series helped, how far, how long that held and how it ended; whether an antidepressant took over;
    episodes before and after. No comparison with anybody else is in it.

    Rule: onset is the first score in response; response is lost with the first later score that is none. Benefit lasts from onset
    to the last score in response before that, and no day longer than the scores show.
    Unknown when: unscored, or a score without a usable day may be of that time; well at baseline; not observed long enough
    (`bridge`, episodes).
    """
    how = treatments.following[0]
    e.treatment, e.series_number = number, series.series_number
    scale, first, end, baseline = find_scale(series, scores, keys, n_scores, gaps, len(instruments), how)
    e.instrument, e.n_scores = scale, end - first
    e.baseline_day = e.onset_day = e.remission_day = e.lost_day = e.last_response_day = NA
    e.baseline_total = e.best_total = e.best_improvement_pct = np.nan
    last_score_day = NA
    if scale != NONE:
        e.baseline_day, e.baseline_total = scores[baseline].measured_day, scores[baseline].total
        for i in range(first, end):
            score = scores[place_of(keys[i])]
            last_score_day = score.measured_day
            follow_score(score, instruments[scale], e)
    conclude_effect(series, person, days, last_score_day, how, e)
    e.bridge = judge_bridge(series, person, trials, how)
    count_episodes(series, person, episodes, periods, gaps, is_depression, how, e)


@compiled
def follow_score(score, instrument, e):
    """What one more score says, in the order of the days."""
    if np.isnan(e.best_total) or score.total < e.best_total:
        e.best_total = score.total
    better = improvement(score.total, e.baseline_total, instrument)
    if np.isnan(better):
        return
    if np.isnan(e.best_improvement_pct) or better > e.best_improvement_pct:
        e.best_improvement_pct = better
    if score.total <= instrument.remission_at_most:
        e.remission_day = earlier(e.remission_day, score.measured_day)
    is_response = better >= instrument.response_at_least_pct
    if is_response:
        e.onset_day = earlier(e.onset_day, score.measured_day)
    if e.onset_day != NA and e.lost_day == NA:
        if is_response:
            e.last_response_day = score.measured_day
        else:
            e.lost_day = score.measured_day


@compiled
def conclude_effect(series, person, days, last_score_day, how, e):
    """Days and sessions to onset, and how the benefit ended."""
    e.n_days_to_onset = e.n_sessions_to_onset = e.n_days_benefit = e.end_day = NA
    e.n_days_benefit_per_session, e.ended = np.nan, NONE
    if e.onset_day == NA:
        return
    n_until_last = 0
    e.n_sessions_to_onset = 0
    for d in days:
        if d.series_number == series.series_number:
            e.n_sessions_to_onset += d.session_day < e.onset_day
            n_until_last += d.session_day <= e.last_response_day
    e.n_days_to_onset = e.onset_day - series.start_day
    e.n_days_benefit = e.last_response_day - e.onset_day
    e.n_days_benefit_per_session = e.n_days_benefit / n_until_last
    if e.lost_day != NA:
        e.ended = RELAPSE if e.lost_day - e.onset_day <= how.relapse_within else RECURRENCE
        e.end_day = e.lost_day
    elif series.next_start_day != NA:
        e.ended, e.end_day = NEXT_SERIES, series.next_start_day
    elif person.death_day != NA:
        e.ended, e.end_day = DEATH, person.death_day
    else:
        e.ended, e.end_day = NOT_SEEN_TO_END, last_score_day


@compiled
def judge_bridge(series, person, trials, how):
    """Whether an antidepressant begun around the first session was still taken some time after the last. Unknown when its end is,
    or that day was not observed from the first session on."""
    if person.has_undated_drugs:
        return UNKNOWN
    until = series.end_day + how.bridge_still
    has_taken_over, may_have_taken_over = False, False
    for t in trials:
        if may_be_antidepressant(t) and -how.bridge_before <= t.start_day - series.start_day <= how.bridge_after:
            still = t.end_day >= until
            has_taken_over |= still and t.is_antidepressant_use == MET
            may_have_taken_over |= still or may_have_gone_on(t)
    if has_taken_over:
        return MET
    was_seen = series.is_observed == MET and series.observed_until_day != NA and series.observed_until_day >= until
    return NOT_MET if was_seen and not may_have_taken_over and not person.lacks_drugs else UNKNOWN


@compiled
def count_episodes(series, person, episodes, periods, gaps, is_depression, how, e):
    """How many episodes began in the time before the first session and in the time after the last; NA where that time was not
    observed without a break, drugs may be missing, or a diagnosis of depression has no usable day."""
    e.n_episodes_before = e.n_episodes_after = NA
    if person.lacks_drugs or count_undated(gaps, is_depression, NA, NA) > 0:
        return
    e.n_episodes_before = episodes_begun(series.start_day - how.episode_days, series.start_day - 1, episodes, periods)
    e.n_episodes_after = episodes_begun(series.end_day + 1, series.end_day + how.episode_days, episodes, periods)


@compiled
def episodes_begun(from_day, until_day, episodes, periods):
    """How many episodes began on these days; NA where they were not all observed."""
    observed_from, observed_until = observed_from_until(from_day, periods)
    if observed_from == NA or observed_until < until_day:
        return NA
    n = 0
    for episode in episodes:
        n += from_day <= episode.start_day <= until_day
    return n
