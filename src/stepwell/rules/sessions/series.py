"""Sessions -> series (docs/engine.md, 11)."""

from __future__ import annotations

import numpy as np

from stepwell.tables import SESSION
from stepwell.tables.row_type import NA

from ..compiled import compiled
from ..days import completed_years, earlier, observed_from_until
from ..verdicts import MET, NOT_MET, UNKNOWN

_PHASES = SESSION.by_name["phase"].values
INDUCTION, OPTIMISATION, MAINTENANCE = (_PHASES.index(p) for p in ("induction", "optimisation", "maintenance"))


@compiled
def find_series(number, person, days, declared, periods, treatments, series):
    """One row is one series of one treatment: an induction and what followed it without a longer pause. Fills `series`.

    Unknown when: each of its days may be none (`is_series`); no observation holds its end (`is_ongoing`).
    """
    treatment = treatments.treatment[number]
    for d in days:
        if d.series_number == NA:
            continue
        s = series[d.series_number - 1]
        if d.session_number == 1:
            begin_series(d, treatment, s)
        s.end_day = d.session_day
        s.n_sessions_possible += 1
        if d.is_session == MET:
            s.is_series = MET
            s.n_sessions += 1
        if treatment.has_phases:
            s.n_induction += d.phase == INDUCTION
            s.n_optimisation += d.phase == OPTIMISATION
            s.n_maintenance += d.phase == MAINTENANCE
        if not np.isnan(d.mg_at_least):
            s.mg_total_at_least += d.mg_at_least
    for k in range(len(series)):
        s = series[k]
        s.n_days = s.end_day - s.start_day + 1
        s.n_days_since = NA if k == 0 else s.start_day - series[k - 1].end_day
        s.next_start_day = series[k + 1].start_day if k + 1 < len(series) else NA
        s.scored_before_day = earlier(s.next_start_day, first_comparator_after(s.start_day, number, declared))
        observed_from, s.observed_until_day = observed_from_until(s.end_day, periods)
        s.is_ongoing = UNKNOWN
        if observed_from != NA:
            s.is_ongoing = MET if s.observed_until_day - s.end_day <= treatment.pause_at_most else NOT_MET
        s.is_observed = MET if observed_from != NA and observed_from <= s.start_day else NOT_MET
        s.age_years = completed_years(person.birth_latest_day, s.start_day)
        s.age_at_most = completed_years(person.birth_earliest_day, s.start_day)


@compiled
def first_comparator_after(day, number, declared):
    """The first later day with what the treatment was compared with; NA without one."""
    first = NA
    for row in declared:
        if row.treatment == number and row.is_comparator == MET and row.session_day > day:
            first = earlier(first, row.session_day)
    return first


@compiled
def begin_series(d, treatment, s):
    """The series that begins with this day."""
    s.treatment, s.series_number, s.begun_by, s.start_day, s.address = (
        d.treatment,
        d.series_number,
        d.begun_by,
        d.session_day,
        d.address,
    )
    s.is_series, s.n_sessions, s.n_sessions_possible, s.mg_total_at_least = UNKNOWN, 0, 0, 0.0
    s.n_induction = s.n_optimisation = s.n_maintenance = 0 if treatment.has_phases else NA
