"""Who is staged: the last episode, and what is recorded around its last day (docs/engine.md, 9)."""

from __future__ import annotations

import numpy as np

from stepwell.tables.row_type import NA

from ..code_gap import has_undated_score
from ..compiled import compiled
from ..criterion_numbers import NONE
from ..days import observed_from_until
from ..sorting import code_of, keep_different, place_of


@compiled
def is_onset_known(episode, periods, how):
    """Whether the person was observed without a break for longer than `how.episode_gap` before the episode began."""
    observed_from, _ = observed_from_until(episode.start_day, periods)
    return observed_from != NA and observed_from < episode.start_day - how.episode_gap


@compiled
def find_severity(index_day, staging, points, scores, score_keys, n_scores, gaps):
    """Instrument, day and total of the latest score around the index day, by the asked instrument of the best rank that has one.
    NONE, NA, NaN without one, or where a score of such an instrument, without a usable day, may be it."""
    first_day, last_day = index_day - staging.score_before, index_day + staging.score_after
    i = 0
    while i < n_scores:
        instrument, day, total = code_of(score_keys[i]), NA, np.nan
        while i < n_scores and code_of(score_keys[i]) == instrument:
            score = scores[place_of(score_keys[i])]
            if first_day <= score.measured_day <= last_day:
                day, total = score.measured_day, score.total
            i += 1
        if day != NA and not np.isnan(points[staging.instruments, instrument]):
            for k in range(instrument + 1):
                is_asked = not np.isnan(points[staging.instruments, k])
                if is_asked and has_undated_score(gaps, k, k, day if k == instrument else first_day, last_day):
                    return np.int64(NONE), NA, np.nan
            return instrument, day, total
    return np.int64(NONE), NA, np.nan


@compiled
def count_procedure_days(procedures, is_asked, from_day, until_day, keys):
    """Different days with a procedure of the sets."""
    n = 0
    for p in procedures:
        if p.procedure >= 0 and is_asked[p.procedure] and from_day <= p.procedure_day <= until_day:
            keys[n] = p.procedure_day
            n += 1
    return keep_different(keys, n)
