"""Days of a treatment -> sessions, strung together into series (docs/engine.md, 11)."""

from __future__ import annotations

from stepwell.tables.row_type import NA

from ..code_gap import CONDITIONS, PROCEDURES, is_hidden
from ..compiled import compiled
from ..criterion_numbers import NONE
from ..days import observed_from_until
from ..diagnoses import has_diagnosis
from ..verdicts import MET, NOT_ASKED, NOT_MET, UNKNOWN, judge

FIRST, PAUSE, RE_INDUCTION = range(3)
"""Why a series begins, as `SERIES` declares it."""


@compiled
def judge_days(number, person, days, declared, conditions, procedures, periods, gaps, treatments, sets):
    """Gives each day the verdict of every criterion but repetition, and all of them together (`candidate`). Of a day that the
    source declares to be a session only the life span is asked.

    Unknown when: a record that would settle a criterion is missing, or the time in which it would be was not observed.
    """
    treatment = treatments.treatment[number]
    for d in days:
        day = d.session_day
        observed_from, _ = observed_from_until(day, periods)
        is_dead = person.death_day != NA and day > person.death_day
        is_unborn = person.birth_earliest_day != NA and day < person.birth_earliest_day
        d.session_alive = MET
        if is_dead or is_unborn:
            d.session_alive = NOT_MET
        elif person.birth_latest_day != NA and day < person.birth_latest_day:
            d.session_alive = UNKNOWN
        d.is_declared = MET if is_declared(number, day, declared) else NOT_MET
        d.session_given = max(d.is_given, d.is_declared, UNKNOWN)
        d.candidate = min(d.session_alive, d.session_given)
        d.session_route = d.session_dose = d.session_apart = d.session_diagnosed = d.session_repeated = NOT_ASKED
        if d.is_declared == MET:
            continue
        if treatment.routes != NONE:
            d.session_route = UNKNOWN if d.route == NONE else judge(treatments.route[treatment.routes, d.route], False)
            d.candidate = min(d.candidate, d.session_route)
        if treatment.dose_at_most == treatment.dose_at_most:  # not NaN
            may_be = not d.mg_at_least > treatment.dose_at_most
            d.session_dose = judge(d.mg_at_most <= treatment.dose_at_most, may_be)
            d.candidate = min(d.candidate, d.session_dose)
        if treatment.apart != NONE:
            is_sure = observed_from != NA and treatments.has_procedure
            is_sure = is_sure and not is_hidden(gaps, PROCEDURES, sets.codeset[treatment.apart], day, day)
            was_done = has_procedure_on(day, procedures, sets.codeset[treatment.apart])
            d.session_apart = NOT_MET if was_done else MET if is_sure else UNKNOWN
            d.candidate = min(d.candidate, d.session_apart)
        if treatment.diagnosed != NONE:
            from_day = day - treatment.diagnosed_within
            is_sure = observed_from != NA and from_day >= observed_from and treatments.has_condition
            is_sure = is_sure and not is_hidden(gaps, CONDITIONS, sets.codeset[treatment.diagnosed], from_day, day)
            was_diagnosed = has_diagnosis(conditions, sets.codeset[treatment.diagnosed], from_day, day)
            d.session_diagnosed = judge(was_diagnosed, not is_sure)
            d.candidate = min(d.candidate, d.session_diagnosed)


@compiled
def is_declared(number, day, declared):
    """Whether the source declares a session of the treatment itself on the day."""
    is_found = False
    for row in declared:
        is_found |= row.treatment == number and row.session_day == day and row.is_comparator == NOT_MET
    return is_found


@compiled
def has_procedure_on(day, procedures, is_asked):
    """Whether a procedure of the sets is recorded on the day."""
    is_found = False
    for p in procedures:
        is_found |= p.procedure >= 0 and p.procedure_day == day and is_asked[p.procedure]
    return is_found


@compiled
def string_together(number, days, treatments):
    """Gives the days that are, or may be, sessions their series and their place in it; returns how many series there are.

    Rule: more than `pause_at_most` days from one to the next begin a new series, and so does a re-induction. Where the treatment
    is repeated often enough anywhere in an unbroken run, every day of the run is a session.
    """
    treatment = treatments.treatment[number]
    n_series, before, run_start = 0, NONE, NONE
    for i in range(len(days)):
        d = days[i]
        d.series_number = d.session_number = d.week = d.n_days_since = NA
        d.phase, d.begun_by, d.is_session = NONE, NONE, NOT_MET
        if d.candidate == NOT_MET:
            continue
        is_pause = before == NONE or d.session_day - days[before].session_day > treatment.pause_at_most
        if is_pause:
            run_start = i
        is_anew = not is_pause and begins_anew(i, before, run_start, days, treatment)
        if is_pause or is_anew:
            n_series += 1
            d.session_number, d.week = 1, 1
            d.begun_by = FIRST if before == NONE else PAUSE if is_pause else RE_INDUCTION
            series_start = d.session_day
        else:
            d.session_number = days[before].session_number + 1
            d.n_days_since = d.session_day - days[before].session_day
            d.begun_by = days[before].begun_by
            d.week = (d.session_day - series_start) // 7 + 1
        d.series_number = n_series
        d.phase = phase_of_week(d.week, treatment, treatments.phase)
        before = i
    settle_repetition(days, treatment)
    return n_series


@compiled
def begins_anew(i, before, run_start, days, treatment):
    """Whether a re-induction begins with day i: so many days within so many, long enough after the first of the unbroken run and
    after the one before."""
    if treatment.again_at_least == NA:
        return False
    day = days[i].session_day
    if (
        day - days[run_start].session_day <= treatment.again_after
        or day - days[before].session_day < treatment.again_pause
    ):
        return False
    nth = nth_from(i, treatment.again_at_least, days, treatment, UNKNOWN)
    return nth != NONE and days[nth].session_day - day <= treatment.again_within


@compiled
def nth_from(i, n, days, treatment, least):
    """The place of the n-th day from day i on, itself the first, among those of the unbroken run with at least this verdict."""
    last = i
    for k in range(i, len(days)):
        if days[k].candidate == NOT_MET:
            continue
        if k > i and days[k].session_day - days[last].session_day > treatment.pause_at_most:
            return NONE
        last = k
        if days[k].candidate >= least:
            n -= 1
            if n == 0:
                return k
    return NONE


@compiled
def settle_repetition(days, treatment):
    """Whether the treatment is repeated often enough in each day's unbroken run, and so whether each day is a session. A day that
    may be no session proves no repetition."""
    first = 0
    while first < len(days):
        if days[first].candidate == NOT_MET:
            first += 1
            continue
        end, last, is_repeated = first, first, MET if treatment.repeated_at_least == NA else UNKNOWN
        while end < len(days):
            if days[end].candidate != NOT_MET:
                if days[end].session_day - days[last].session_day > treatment.pause_at_most:
                    break
                last = end
                if treatment.repeated_at_least != NA and days[end].candidate == MET:
                    nth = nth_from(end, treatment.repeated_at_least, days, treatment, MET)
                    if nth != NONE and days[nth].session_day - days[end].session_day <= treatment.repeated_within:
                        is_repeated = MET
            end += 1
        for k in range(first, end):
            if days[k].candidate != NOT_MET:
                is_declared_day = days[k].is_declared == MET
                days[k].is_session = min(days[k].candidate, MET if is_declared_day else is_repeated)
                if treatment.repeated_at_least != NA and not is_declared_day:
                    days[k].session_repeated = is_repeated
        first = end


@compiled
def phase_of_week(week, treatment, phases):
    """The phase of a week, by the regimen that the treatment's phases follow; NONE outside all of them."""
    for p in range(treatment.first_phase, treatment.first_phase + treatment.n_phases):
        if phases[p].from_week <= week and (phases[p].until_week == NA or week <= phases[p].until_week):
            return phases[p].phase
    return NONE
