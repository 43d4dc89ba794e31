"""Sessions and series under a regimen: given as it asks, or not (docs/engine.md, 12)."""

from __future__ import annotations

import numpy as np

from stepwell.tables.row_type import NA
from stepwell.tables.sessions import OF_A_SERIES, OF_A_SESSION

from ..compiled import compiled
from ..criterion_numbers import NONE
from ..days import completed_years
from ..verdicts import MET, NOT_ASKED, NOT_MET, UNKNOWN, judge
from .numbers import EVERY_SESSION, FIRST_SESSION, LATER_SESSIONS
from .readings import read_monitoring

(INDICATED, IN_FORCE, FIRST_DOSE, DOSE, FREQUENCY, OBSERVED, PRESSURE_BEFORE, PRESSURE_AFTER, PRESSURE_END, OXYGEN, SEDATION,
 DISSOCIATION, FORM) = (OF_A_SESSION.index(f"regimen.{name}") for name in (
    "indicated", "in_force", "first_dose", "dose", "frequency", "observed", "pressure_before", "pressure_after",
    "pressure_end", "oxygen", "sedation", "dissociation", "form"))  # fmt: skip
MISSED = OF_A_SERIES.index("regimen.missed")


@compiled
def judge_sessions(number, days, series, person, monitoring, is_indicated, treatments, judged):
    """One row is one session of a series of the regimen's treatment, with a verdict per criterion. Fills `judged`, in the order
    of the sessions, and returns how many there are.

    Rule: weeks are counted from the first session of the series. Readings are those of the session's day.
    Unknown when: nobody can tell whether the indication applies; the record that would settle it is missing: the dose, the age, a
    reading, the time of a reading, the form. What no record holds was not for that reason left undone. Whether a week has too
    many, where it is unknown of some whether they are sessions.
    """
    regimen, n, n_sure = treatments.regimen[number], 0, 0
    for d in days:
        if d.series_number != series.series_number:
            continue
        j = judged[n]
        j.regimen, j.series_number, j.session_number, j.week = number, d.series_number, d.session_number, d.week
        j.is_session = d.is_session
        is_new_week = n == 0 or judged[n - 1].week != d.week
        j.n_in_week = 1 if is_new_week else judged[n - 1].n_in_week + 1
        n_sure = (0 if is_new_week else n_sure) + (d.is_session == MET)
        place = place_of_phase(d.week, regimen, treatments.phase)
        j.phase = NONE if place == NONE else treatments.phase[place].phase
        read_monitoring(d.session_day, monitoring, regimen, j)
        for c in range(len(j.verdict)):
            j.verdict[c] = UNKNOWN if regimen.asks[c] else NOT_ASKED
        if regimen.in_force_from != NA:
            j.verdict[IN_FORCE] = judge(d.session_day >= regimen.in_force_from, False)
        if place != NONE:
            most = treatments.phase[place].at_most
            j.verdict[FREQUENCY] = MET if j.n_in_week <= most else NOT_MET if n_sure > most else UNKNOWN
        age_years = completed_years(person.birth_latest_day, d.session_day)
        age_at_most = completed_years(person.birth_earliest_day, d.session_day)
        judge_doses(d, age_years, age_at_most, regimen, treatments, j)
        judge_readings(d.session_day, age_years, age_at_most, regimen, treatments, j)
        if regimen.asks_indication:
            for c in range(len(j.verdict)):
                if is_indicated == UNKNOWN and j.verdict[c] != NOT_ASKED:
                    j.verdict[c] = UNKNOWN
            j.verdict[INDICATED] = is_indicated
        n += 1
    return n


@compiled
def place_of_phase(week, regimen, phases):
    """The place of the regimen's phase of a week; NONE outside all of them."""
    for p in range(regimen.first_phase, regimen.first_phase + regimen.n_phases):
        if is_in(week, phases[p]):
            return p
    return NONE


@compiled
def is_in(week, phase):
    """Whether the week is one of the phase's."""
    return phase.from_week <= week and (phase.until_week == NA or week <= phase.until_week)


# --- rules for some ages ---


@compiled
def is_of_age(age_years, age_at_most, rule):
    """Whether the rule is for a person of this age; unknown where the birth allows both."""
    verdict = MET
    if rule.age_at_least != NA:
        may_be = age_at_most == NA or age_at_most >= rule.age_at_least
        verdict = judge(age_years != NA and age_years >= rule.age_at_least, may_be)
    if rule.age_below != NA:
        may_be = age_years == NA or age_years < rule.age_below
        verdict = min(verdict, judge(age_at_most != NA and age_at_most < rule.age_below, may_be))
    return verdict


@compiled
def of_every_age(rules, first, end):
    """Whether the rules leave out no age: each limit at which one ends is one at which another begins."""
    for i in range(first, end):
        begins, ends = False, False
        for k in range(first, end):
            begins |= rules[k].age_at_least == rules[i].age_below
            ends |= rules[k].age_below == rules[i].age_at_least
        if not begins or not ends:
            return False
    return True


@compiled
def judge_dose_rules(d, age_years, age_at_most, regimen, when, treatments):
    """The verdict of the dose by the rule for the person's age; where that allows several rules, what all of them say, else
    unknown. NOT_ASKED without a rule for these sessions."""
    first, end = regimen.first_dose, regimen.first_dose + regimen.n_doses
    while first < end and treatments.dose_rule[first].when != when:
        first += 1
    while end > first and treatments.dose_rule[end - 1].when != when:
        end -= 1
    if first == end:
        return NOT_ASKED
    by_any, by_all = NOT_MET, MET
    for r in range(first, end):
        rule = treatments.dose_rule[r]
        verdict = judge_dose(d, treatments.mg[rule.first_mg : rule.first_mg + rule.n_mg])
        by_any, by_all = max(by_any, min(is_of_age(age_years, age_at_most, rule), verdict)), min(by_all, verdict)
    return max(by_any, by_all) if of_every_age(treatments.dose_rule, first, end) else by_any


@compiled
def judge_dose(d, doses):
    """Whether the dose is one of these. A dose known as a range is judged by its ends."""
    may_be = False
    for mg in doses:
        if d.mg == mg:
            return MET
        may_be |= not (d.mg_at_most < mg or d.mg_at_least > mg)
    return UNKNOWN if may_be else NOT_MET


@compiled
def judge_doses(d, age_years, age_at_most, regimen, treatments, j):
    """The first session's dose, and that of every other session."""
    first = judge_dose_rules(d, age_years, age_at_most, regimen, FIRST_SESSION, treatments)
    if first != NOT_ASKED:
        j.verdict[FIRST_DOSE] = first if d.session_number == 1 else MET
    every = judge_dose_rules(d, age_years, age_at_most, regimen, EVERY_SESSION, treatments)
    later = judge_dose_rules(d, age_years, age_at_most, regimen, LATER_SESSIONS, treatments)
    if later != NOT_ASKED and d.session_number == 1:
        later = MET
    j.verdict[DOSE] = later if every == NOT_ASKED else every if later == NOT_ASKED else min(every, later)


# --- readings ---


@compiled
def at_most(value, limit):
    """Whether a reading is at most so high; unknown where one of them is missing."""
    return UNKNOWN if np.isnan(value) or np.isnan(limit) else judge(value <= limit, False)


@compiled
def taken(value):
    """Met where a reading is recorded; that none is does not say that none was taken."""
    return UNKNOWN if np.isnan(value) else MET


@compiled
def has_come_down(before, after, end):
    """Below the reading after the dose; or equal to it where it did not rise above that before the dose."""
    if np.isnan(end) or np.isnan(after):
        return UNKNOWN
    return MET if end < after else at_most(end, before) if end == after else NOT_MET


@compiled
def judge_readings(day, age_years, age_at_most, regimen, treatments, j):
    """Observation, blood pressure, sedation, dissociation and the form, as recorded."""
    if not np.isnan(regimen.observed_at_least):
        j.verdict[OBSERVED] = at_most(regimen.observed_at_least, j.observed_minutes)
    if regimen.n_pressures > 0:
        j.verdict[PRESSURE_BEFORE] = judge_pressure_before(age_years, age_at_most, regimen, treatments, j)
    if regimen.pressure_first != NA:
        j.verdict[PRESSURE_AFTER] = min(taken(j.systolic_after), taken(j.diastolic_after))
    if regimen.asks_pressure_end:
        systolic = has_come_down(j.systolic_before, j.systolic_after, j.systolic_end)
        j.verdict[PRESSURE_END] = min(systolic, has_come_down(j.diastolic_before, j.diastolic_after, j.diastolic_end))
    if regimen.asks_oxygen:
        # No saturation is asked, so none is too low. Sessions before it was asked are right without one.
        is_before = regimen.oxygen_from != NA and day < regimen.oxygen_from
        j.verdict[OXYGEN] = MET if is_before else taken(j.oxygen_least)
    if not np.isnan(regimen.sedation_at_least):
        j.verdict[SEDATION] = at_most(regimen.sedation_at_least, j.moaa_s_end)
    if not np.isnan(regimen.dissociation_at_most):
        is_low = at_most(j.cadss_end, regimen.dissociation_at_most)
        j.verdict[DISSOCIATION] = max(is_low, at_most(j.cadss_end, j.cadss_before))
    if not np.isnan(regimen.form_within):
        j.verdict[FORM] = at_most(j.form_days, regimen.form_within)


@compiled
def judge_pressure_before(age_years, age_at_most, regimen, treatments, j):
    """The last reading before the dose, by the limits for the person's age; without a limit it is enough that it was taken."""
    first, end = regimen.first_pressure, regimen.first_pressure + regimen.n_pressures
    by_any, by_all = NOT_MET, MET
    for r in range(first, end):
        rule = treatments.pressure_rule[r]
        verdict = min(
            within_limit(j.systolic_before, rule.systolic_at_most),
            within_limit(j.diastolic_before, rule.diastolic_at_most),
        )
        by_any, by_all = max(by_any, min(is_of_age(age_years, age_at_most, rule), verdict)), min(by_all, verdict)
    return max(by_any, by_all) if of_every_age(treatments.pressure_rule, first, end) else by_any


@compiled
def within_limit(value, limit):
    """At most the limit; where there is none, taken at all."""
    return taken(value) if np.isnan(limit) else at_most(value, limit)


# --- the series ---


@compiled
def judge_series(number, judged, series, may_have_more, treatments, s):
    """One series under the regimen: not met where any session's is not, else unknown where any is; and what only the whole series
    can show: sessions missed in the weeks before the last session's, unless records may hide more (`may_have_more`)."""
    regimen = treatments.regimen[number]
    s.regimen, s.series_number, s.n_sessions = number, series.series_number, len(judged)
    for c in range(len(s.verdict)):
        s.verdict[c] = NOT_ASKED
    for c in range(len(s.n_unknown)):
        s.n_not_met[c] = s.n_unknown[c] = 0
        for j in judged:
            verdict = j.verdict[c]
            if verdict != NOT_ASKED:
                s.verdict[c] = verdict if s.verdict[c] == NOT_ASKED else min(s.verdict[c], verdict)
                s.n_not_met[c] += verdict == NOT_MET
                s.n_unknown[c] += verdict == UNKNOWN
    last_week = judged[len(judged) - 1].week
    n_planned, n_made, n_sure = 0, 0, 0
    has_plan = False
    for p in range(regimen.first_phase, regimen.first_phase + regimen.n_phases):
        phase = treatments.phase[p]
        if phase.at_least == NA:
            continue
        has_plan = True
        weeks_each = phase.every // 7
        until = last_week - 1 if phase.until_week == NA else min(last_week - 1, phase.until_week)
        n_stretches = max(until - phase.from_week + 1, 0) // weeks_each
        n_planned += n_stretches * phase.at_least
        for stretch in range(n_stretches):
            from_week = phase.from_week + stretch * weeks_each
            n_here, n_sure_here = 0, 0
            for j in judged:
                if from_week <= j.week < from_week + weeks_each:
                    n_here += 1
                    n_sure_here += j.is_session == MET
            n_made += min(n_here, phase.at_least)
            n_sure += min(n_sure_here, phase.at_least)
    s.n_missed = n_planned - n_made
    if has_plan:
        is_missed = s.n_missed > 0 and series.is_observed == MET and not may_have_more
        s.verdict[MISSED] = MET if n_planned == n_sure else NOT_MET if is_missed else UNKNOWN
        if regimen.asks_indication and s.verdict[INDICATED] == UNKNOWN:
            s.verdict[MISSED] = UNKNOWN
