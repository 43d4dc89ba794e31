"""Exposures -> trials (docs/engine.md, 2). A trial is one unbroken course of one ingredient."""

from __future__ import annotations

import numpy as np

from stepwell.tables.row_type import NA

from .compiled import compiled
from .criterion_numbers import ERAS, PRESCRIPTIONS, SUPPLY
from .days import observed_until
from .sorting import key_of, place_of, put_in_order
from .verdicts import MET, NOT_MET, UNKNOWN

ANTIDEPRESSANT = 0
"""The first of the roles that `TRIAL` declares."""


@compiled
def find_trials(exposures, drugs, minima, periods, how, keys, trials):
    """One row is one unbroken course of one ingredient, with its days, doses and end of observation. Fills `trials`, numbered
    by first day and then drug, and returns how many there are. `minima` has the least adequate dose of each drug (mg a day)."""
    n, first = 0, 0
    while first < len(exposures):
        keys[n] = key_of(0, exposures[first].start_day, first)  # exposures are in the order of their drugs
        n += 1
        first = end_of_course(exposures, first, how)
    put_in_order(keys, n)
    for k in range(n):
        t, first = trials[k], place_of(keys[k])
        t.trial_number = k + 1
        fill_trial(exposures, first, end_of_course(exposures, first, how), drugs, minima, how, t)
        t.observed_until_day = observed_until(t.end_day, periods)
        t.is_ongoing = UNKNOWN
        if t.observed_until_day != NA:
            t.is_ongoing = MET if t.observed_until_day - t.end_day <= how.max_gap else NOT_MET
        t.next_prescription_day = NA
        if how.basis == PRESCRIPTIONS and t.role == ANTIDEPRESSANT:
            t.next_prescription_day = next_prescription(t, exposures, drugs)
    return n


@compiled
def end_of_course(exposures, first, how):
    """The place after the last supply of the course that begins with the supply at `first`."""
    last = first
    while last + 1 < len(exposures) and belongs(exposures[last], exposures[last + 1], how):
        last += 1
    return last + 1


@compiled
def belongs(one, following, how):
    """Whether the following supply continues the course."""
    if one.drug != following.drug:
        return False
    if how.basis == PRESCRIPTIONS:
        return following.start_day - one.start_day <= how.max_gap
    if how.basis == ERAS:
        return following.start_day - one.era_end_day <= how.max_gap
    if following.start_day - one.end_day - 1 <= how.max_gap:
        return True
    return one.is_end_known == NOT_MET and following.start_day - one.start_day <= how.unknown_supply


@compiled
def fill_trial(exposures, first, end, drugs, minima, how, t):
    """The trial of the supplies from `first` up to `end`. Bridged days count as treated, at the dose before them."""
    begun, last = exposures[first], exposures[end - 1]
    t.drug, t.role, t.drug_class = begun.drug, drugs[begun.drug].role, drugs[begun.drug].drug_class
    t.min_adequate_mg_per_day = minima[begun.drug]
    t.start_day, t.address, t.n_exposures = begun.start_day, begun.address, end - first
    t.end_day = end_of_supply(last, how)
    t.is_end_known = last.is_end_known if how.basis == SUPPLY else MET
    t.stop_reason = last.stop_reason
    t.first_mg_per_day, t.max_mg_per_day, t.is_antidepressant_use = np.nan, np.nan, NOT_MET
    n_days, n_gap_days, n_adequate, n_unknown = 0, 0, 0, 0
    adequate = UNKNOWN
    for i in range(first, end):
        e = exposures[i]
        # Each supply stands for the days up to the next one. Prescriptions: the last one adds no day.
        until = exposures[i + 1].start_day if i + 1 < end else t.end_day + (0 if how.basis == PRESCRIPTIONS else 1)
        days = until - e.start_day
        n_days += days
        if how.basis != PRESCRIPTIONS:
            n_gap_days += max(0, until - 1 - end_of_supply(e, how))
        t.is_antidepressant_use = max(t.is_antidepressant_use, e.is_antidepressant_use)
        if not np.isnan(e.mg_per_day):
            if np.isnan(t.first_mg_per_day):
                t.first_mg_per_day = t.max_mg_per_day = e.mg_per_day
            t.max_mg_per_day = max(t.max_mg_per_day, e.mg_per_day)
        adequate = is_adequate(e.mg_per_day, t.min_adequate_mg_per_day)
        n_adequate += days if adequate == MET else 0
        n_unknown += days if adequate == UNKNOWN else 0
    t.n_days, t.n_gap_days, t.n_days_adequate, t.n_days_dose_unknown = n_days, n_gap_days, n_adequate, n_unknown
    t.last_dose_adequate = adequate
    # Without ends, every day on which nothing was prescribed lies between two prescriptions.
    t.n_days_between = n_days - t.n_exposures + 1 if how.basis == PRESCRIPTIONS else n_gap_days
    t.episode_number = NA


@compiled
def end_of_supply(e, how):
    """The last day of a supply, as the way of building trials has it."""
    return e.end_day if how.basis == SUPPLY else e.era_end_day if how.basis == ERAS else e.start_day


@compiled
def is_adequate(mg_per_day, least):
    """Whether a dose is adequate; unknown where the dose, or the drug's least adequate dose, is."""
    return UNKNOWN if np.isnan(mg_per_day) or np.isnan(least) else MET if mg_per_day >= least else NOT_MET


@compiled
def next_prescription(t, exposures, drugs):
    """The day of the antidepressant prescription that follows the trial's last one, if it is of another drug; NA if it is of
    the same, or none follows. Prescriptions of one day follow each other in the order of the drugs' names."""
    day, drug = NA, -1
    for e in exposures:
        if drugs[e.drug].role != ANTIDEPRESSANT:
            continue
        follows = e.start_day > t.end_day or (e.start_day == t.end_day and e.drug > t.drug)
        if follows and (day == NA or e.start_day < day or (e.start_day == day and e.drug < drug)):
            day, drug = e.start_day, e.drug
    return NA if drug == t.drug else day


@compiled
def may_be_antidepressant(t):
    """An antidepressant that was, or may have been, taken as one."""
    return t.role == ANTIDEPRESSANT and t.is_antidepressant_use != NOT_MET


@compiled
def is_antidepressant(t):
    """An antidepressant that was certainly taken as one."""
    return t.role == ANTIDEPRESSANT and t.is_antidepressant_use == MET


@compiled
def may_have_gone_on(t):
    """Whether the trial may have lasted longer than the record shows."""
    return t.is_end_known == NOT_MET or t.is_ongoing != NOT_MET
