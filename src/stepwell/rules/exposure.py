"""Medication records -> exposures (docs/engine.md, 1): what was supplied."""

from __future__ import annotations

import numpy as np

from stepwell.tables.row_type import NA

from .compiled import compiled
from .criterion_numbers import NONE
from .days import later
from .sorting import code_and_day_of, key_of, place_of, put_in_order
from .verdicts import MET, NOT_MET, UNKNOWN

FORM_NOT_KNOWN = 0
"""In place of a labelled use: the form would say it, and is not recorded. One product of depression among several of a day is use
as an antidepressant, whatever the others are."""


@compiled
def find_exposures(rows, is_supplied_only, drugs, keys, doses, exposures):
    """One row is one ingredient, one stretch of supply with its dose. Fills `exposures`, by drug and first day, and returns how
    many there are. With `is_supplied_only`, rows that do not say that the drug was supplied are left out.

    Rule: a row sent twice counts once; what begins on one day is taken together, doses added; the next supply of the same
    ingredient ends the one before.
    Unknown when: the dose of any of the rows taken together is unknown; the use, where the dose, or a form that is not recorded,
    would decide it.
    """
    n_rows = 0
    for i in range(len(rows)):
        if rows[i].is_supplied == MET or not is_supplied_only:
            keys[n_rows] = key_of(rows[i].drug, rows[i].start_day, i)
            n_rows += 1
    put_in_order(keys, n_rows)
    n, first = 0, 0
    while first < n_rows:
        end = first + 1
        while end < n_rows and code_and_day_of(keys[end]) == code_and_day_of(keys[first]):
            end += 1
        e = exposures[n]
        take_together(rows, keys, first, end, doses, e)
        conclude(e, drugs[e.drug])
        if n > 0 and exposures[n - 1].drug == e.drug:
            before = exposures[n - 1]
            before.end_day = min(before.end_day, e.start_day - 1)
            e.era_end_day = max(e.era_end_day, before.era_end_day)
        n += 1
        first = end
    return n


@compiled
def take_together(rows, keys, first, end, doses, e):
    """What begins on one day: equal rows once, the doses of different rows added."""
    r = rows[place_of(keys[first])]
    e.drug, e.start_day, e.address = r.drug, r.start_day, r.address
    e.end_day, e.era_end_day, e.stop_reason, e.is_antidepressant_use = NA, NA, NONE, NOT_MET
    e.n_records, e.is_supplied = end - first, NOT_MET
    n_doses = 0
    for i in range(first, end):
        r = rows[place_of(keys[i])]
        e.address = min(e.address, r.address)
        e.is_supplied = max(e.is_supplied, r.is_supplied)
        if is_repeated(rows, keys, first, i):
            continue
        doses[n_doses] = r.mg_per_day
        n_doses += 1
        e.end_day = later(e.end_day, r.end_day)
        e.era_end_day = later(e.era_end_day, r.start_day + 1 if r.end_day == NA else r.end_day)
        if r.stop_reason != NONE and (e.stop_reason == NONE or r.stop_reason < e.stop_reason):
            e.stop_reason = r.stop_reason
        if r.labelled_use == NONE:
            e.is_antidepressant_use = MET
        elif r.labelled_use == FORM_NOT_KNOWN:
            e.is_antidepressant_use = max(e.is_antidepressant_use, UNKNOWN)
    e.mg_per_day = sum_of(doses, n_doses)


@compiled
def is_repeated(rows, keys, first, i):
    """Whether the row says the same as one before it of that day."""
    r = rows[place_of(keys[i])]
    for j in range(first, i):
        o = rows[place_of(keys[j])]
        same_dose = r.mg_per_day == o.mg_per_day or (np.isnan(r.mg_per_day) and np.isnan(o.mg_per_day))
        if same_dose and r.end_day == o.end_day and r.labelled_use == o.labelled_use and r.stop_reason == o.stop_reason:
            return True
    return False


@compiled
def sum_of(doses, n):
    """The sum of the doses, rounded to a millionth of a mg."""
    total = sum_in_order(doses, n)
    # Beyond 2^53 a double has no fractions left to round.
    return np.floor(total * 1e6 + 0.5) / 1e6 if abs(total * 1e6) < 2.0**53 else total


@compiled
def sum_in_order(doses, n):
    """The sum of the first `n` doses, added up from the least to the greatest, so that the order of the rows does not matter."""
    for i in range(1, n):
        dose, j = doses[i], i
        while j > 0 and doses[j - 1] > dose:
            doses[j] = doses[j - 1]
            j -= 1
        doses[j] = dose
    total = 0.0
    for i in range(n):
        total += doses[i]
    return total


@compiled
def conclude(e, drug):
    """Whether its end is known, and its use, now that all of the day is known."""
    e.is_end_known = MET if e.end_day != NA else NOT_MET
    if e.end_day == NA:
        e.end_day = e.start_day
    if e.is_antidepressant_use == MET and not np.isnan(drug.low_dose_mg_per_day):
        if np.isnan(e.mg_per_day):
            e.is_antidepressant_use = UNKNOWN
        elif e.mg_per_day <= drug.low_dose_mg_per_day:
            e.is_antidepressant_use = NOT_MET
