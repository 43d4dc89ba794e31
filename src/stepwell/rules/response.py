"""Scores -> what a treatment did (docs/engine.md, 5)."""

from __future__ import annotations

import numpy as np

from stepwell.tables import TRIAL
from stepwell.tables.row_type import NA

from .code_gap import has_undated_score
from .compiled import compiled
from .criterion_numbers import INTOLERANCE, NONE
from .sorting import code_and_day_of, code_of, key_of, place_of, put_in_order
from .verdicts import MET, NOT_MET, UNKNOWN

_OUTCOMES = TRIAL.by_name["outcome"].values
REMISSION, RESPONSE, PARTIAL_RESPONSE, NO_RESPONSE, STOPPED_INTOLERANT, SWITCHED, ADDED_TO, NOT_KNOWN = (
    _OUTCOMES.index(outcome)
    for outcome in (
        "remission",
        "response",
        "partial response",
        "no response",
        "intolerance",
        "switched, unscored",
        "added to, unscored",
        "unknown",
    )
)


@compiled
def find_scores(scores, keys):
    """One score per instrument and day, the higher one where a day has two: fills `keys`, by instrument (best rank first) and
    day, with the places of the scores, and returns how many there are. Rows without a total say nothing."""
    n = 0
    for i in range(len(scores)):
        if scores[i].instrument != NONE and not np.isnan(scores[i].total):
            keys[n] = key_of(scores[i].instrument, scores[i].measured_day, i)
            n += 1
    put_in_order(keys, n)
    n_different = 0
    for i in range(n):
        is_same_day = n_different > 0 and code_and_day_of(keys[i]) == code_and_day_of(keys[n_different - 1])
        if not is_same_day:
            keys[n_different] = keys[i]
            n_different += 1
        elif scores[place_of(keys[i])].total > scores[place_of(keys[n_different - 1])].total:
            keys[n_different - 1] = keys[i]
    return n_different


@compiled
def find_response(treatment, possible_end_day, next_day, scores, keys, n, gaps, instruments, how):
    """Fills in baseline and endpoint of a treatment (a trial or a step), by the instrument of the best rank that has both, and
    what they say. `possible_end_day`: the latest day on which it may have ended; `next_day`: the first day of the next
    treatment, or NA. Returns whether another score may be the baseline or the endpoint.

    Unknown when: unscored; a score without a usable day may take the place of one of the two, by its day or its instrument; a
    later score would be the endpoint, had the treatment ended later; or the baseline is already at or below the remission cut
    (improvement and response).
    """
    t = treatment
    t.instrument, t.baseline_day, t.endpoint_day = NONE, NA, NA
    t.baseline_total, t.endpoint_total, t.improvement_pct = np.nan, np.nan, np.nan
    t.is_remission = UNKNOWN
    last_day, possible_last_day = t.end_day + how.endpoint_after_end, possible_end_day + how.endpoint_after_end
    if next_day != NA:
        last_day, possible_last_day = min(last_day, next_day), min(possible_last_day, next_day)
    first_baseline, last_baseline = t.start_day - how.baseline_before, t.start_day + how.baseline_after
    first_endpoint, i, is_open = t.start_day + how.endpoint_after_start, 0, False
    while i < n:
        instrument = code_of(keys[i])
        baseline, endpoint, may_be_later = NONE, NONE, False
        while i < n and code_of(keys[i]) == instrument:
            place = place_of(keys[i])
            day = scores[place].measured_day
            if first_baseline <= day <= last_baseline:
                baseline = place
            if first_endpoint <= day <= last_day:
                endpoint = place
            may_be_later |= max(first_endpoint, last_day + 1) <= day <= possible_last_day
            i += 1
        is_open |= baseline != NONE and may_be_later
        if baseline != NONE and endpoint != NONE and scores[endpoint].measured_day > scores[baseline].measured_day:
            baseline_day, endpoint_day = scores[baseline].measured_day, scores[endpoint].measured_day
            if (
                is_open
                or has_undated_score(gaps, instrument, instrument, baseline_day, last_baseline)
                or has_undated_score(gaps, instrument, instrument, endpoint_day, last_day)
                or may_be_scored(gaps, instrument - 1, first_baseline, last_baseline, first_endpoint, last_day)
            ):
                return True
            t.instrument = instrument
            t.baseline_day, t.baseline_total = scores[baseline].measured_day, scores[baseline].total
            t.endpoint_day, t.endpoint_total = scores[endpoint].measured_day, scores[endpoint].total
            cut = instruments[instrument].remission_at_most
            t.is_remission = MET if t.endpoint_total <= cut else NOT_MET
            if t.baseline_total > cut:
                t.improvement_pct = 100 * (t.baseline_total - t.endpoint_total) / t.baseline_total
            return False
    return is_open or may_be_scored(gaps, len(instruments), first_baseline, last_baseline, first_endpoint, last_day)


@compiled
def may_be_scored(gaps, last_instrument, first_baseline, last_baseline, first_endpoint, last_endpoint):
    """Whether a score without a usable day, by one of the instruments up to this one, may be a baseline or an endpoint."""
    if first_endpoint > last_endpoint:
        return False
    return has_undated_score(gaps, 0, last_instrument, first_baseline, last_baseline) or has_undated_score(
        gaps, 0, last_instrument, first_endpoint, last_endpoint
    )


@compiled
def is_response(treatment, instruments):
    """Whether the improvement is at least the instrument's response."""
    if np.isnan(treatment.improvement_pct):
        return UNKNOWN
    least = instruments[treatment.instrument].response_at_least_pct
    return MET if treatment.improvement_pct >= least else NOT_MET


@compiled
def find_outcome(t, instruments):
    """What became of the trial: scores before the record's word, and that before inference. Unknown where a score without a
    usable day may be its own."""
    if t.may_be_scored and np.isnan(t.endpoint_total):
        return NOT_KNOWN
    if t.is_remission == MET:
        return REMISSION
    if is_response(t, instruments) == MET:
        return RESPONSE
    if t.stop_reason == INTOLERANCE:
        return STOPPED_INTOLERANT
    if not np.isnan(t.improvement_pct):
        is_partial = t.improvement_pct >= instruments[t.instrument].response_at_least_pct / 2
        return PARTIAL_RESPONSE if is_partial else NO_RESPONSE
    return SWITCHED if t.switch_day != NA else ADDED_TO if t.added_day != NA else NOT_KNOWN
