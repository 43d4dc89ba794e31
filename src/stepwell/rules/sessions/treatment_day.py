"""Dose and procedure records -> days of a treatment, whatever number of rows speaks of each (docs/engine.md, 11)."""

from __future__ import annotations

import numpy as np

from stepwell.tables.row_type import NA

from ..compiled import compiled
from ..criterion_numbers import NONE
from ..days import earlier
from ..exposure import sum_in_order
from ..sorting import key_of, place_of, put_in_order
from ..verdicts import MET, NOT_MET
from .numbers import ADMINISTRATION, PROCEDURE_ROW, SUPPLY

DRUG, UNITS, VISIT, PROCEDURE = range(4)
"""What a row says: the drug itself, units of it that were billed, a visit that includes it, a procedure."""

ENTRY = np.dtype(
    [
        ("day", "i4"),
        ("kind", "i1"),
        ("says", "i1"),
        ("in_date", "i1"),
        ("is_impossible", "i1"),
        ("code", "i4"),
        ("route", "i2"),
        ("minute", "i4"),
        ("quantity", "f8"),
        ("mg", "f8"),
        ("mg_at_most", "f8"),
        ("mg_above", "f8"),
        ("address", "i8"),
        ("n_rows", "i4"),
    ],
    align=True,
)
"""One row that speaks of a treatment, with what its billing code says. `in_date`: met where the code was valid on that day."""


@compiled
def find_treatment_days(number, doses, procedures, treatments, sets, room, days):
    """One row is one treatment on one day: whether a record says that it was given, its dose as a span, its route. Fills `days`
    and returns how many there are.

    Rule: a visit that includes the drug, the drug's own rows and units billed on one day are one session, never counted twice;
    their doses are the same dose, told by each as exactly as it can.
    Unknown when: no record says that it was given that day; the dose, where rows that are alike may be one row sent twice or two
    doses, where a code gives only a range, or where records contradict each other.
    """
    treatment = treatments.treatment[number]
    n = 0
    for row in doses:
        if row.drug >= 0 and treatment.drugs != NONE and sets.drug[treatment.drugs, row.drug]:
            n = add_entries(
                row.given_day, row.kind, row, row.mg, row.route, row.minute, treatment, treatments.code, room, n
            )
    for row in procedures:
        if row.procedure >= 0 and treatment.procedures != NONE and sets.codeset[treatment.procedures, row.procedure]:
            n = add_entries(
                row.procedure_day, PROCEDURE_ROW, row, np.nan, NONE, NA, treatment, treatments.code, room, n
            )
    keys = room.keys
    for i in range(n):
        keys[i] = key_of(0, room.entries[i].day, i)
    put_in_order(keys, n)
    n_days, first = 0, 0
    while first < n:
        end = first + 1
        while end < n and room.entries[place_of(keys[end])].day == room.entries[place_of(keys[first])].day:
            end += 1
        take_day_together(room, first, end, treatment, days[n_days])
        n_days += 1
        first = end
    return n_days


@compiled
def add_entries(day, kind, row, mg, route, minute, treatment, codes, room, n):
    """Adds the row once for each meaning of its billing code, or once where it has none; returns how many entries there are."""
    is_billed = False
    for c in range(treatment.first_code, treatment.first_code + treatment.n_codes):
        if row.code == codes[c].code:
            is_billed = True
            e = room.entries[n]
            begin_entry(e, day, kind, row, mg, route, minute)
            code = codes[c]
            is_after = code.valid_from == NA or day >= code.valid_from
            is_before = code.valid_until == NA or day <= code.valid_until
            e.in_date = MET if is_after and is_before else NOT_MET
            e.mg_at_most, e.mg_above = code.mg_at_most, code.mg_above
            e.says = VISIT
            if not np.isnan(code.mg_per_unit):
                e.says, e.mg = UNITS, row.quantity * code.mg_per_unit
            judge_possible(e, treatment)
            n += 1
    if not is_billed:
        e = room.entries[n]
        begin_entry(e, day, kind, row, mg, route, minute)
        judge_possible(e, treatment)
        n += 1
    return n


@compiled
def begin_entry(e, day, kind, row, mg, route, minute):
    """An entry as the row has it, without a billing code."""
    e.day, e.kind, e.route, e.minute = day, kind, route, minute
    e.code, e.quantity, e.mg, e.address, e.n_rows = row.code, row.quantity, mg, row.address, 1
    e.says = PROCEDURE if kind == PROCEDURE_ROW else DRUG
    e.in_date, e.mg_at_most, e.mg_above = NONE, np.nan, np.nan


@compiled
def judge_possible(e, treatment):
    """A dose that no session has is another unit or a slip, and unknown. A supply may hold several sessions' doses."""
    e.is_impossible = NOT_MET
    if np.isnan(e.mg) or np.isnan(treatment.possible_at_least):
        return
    is_whole = np.isnan(treatment.multiple_of) or (
        e.mg - np.floor(e.mg / treatment.multiple_of) * treatment.multiple_of == 0
    )
    if not (treatment.possible_at_least <= e.mg <= treatment.possible_at_most and is_whole):
        e.mg = np.nan
        e.is_impossible = MET if e.kind != SUPPLY else NOT_MET


@compiled
def is_alike(a, b):
    """Whether two entries of one day agree in everything but their address."""
    return (
        a.kind == b.kind
        and a.says == b.says
        and a.in_date == b.in_date
        and a.is_impossible == b.is_impossible
        and a.code == b.code
        and a.route == b.route
        and a.minute == b.minute
        and is_same_number(a.quantity, b.quantity)
        and is_same_number(a.mg, b.mg)
        and is_same_number(a.mg_at_most, b.mg_at_most)
        and is_same_number(a.mg_above, b.mg_above)
    )


@compiled
def is_same_number(a, b):
    """Whether two numbers are equal, or both missing."""
    return a == b or (np.isnan(a) and np.isnan(b))


@compiled
def drug_rank(e):
    """Of drug rows those that say most count: a dose charted as given, else a row that does not say, else a supply."""
    return 0 if e.kind == ADMINISTRATION else 2 if e.kind == SUPPLY else 1


@compiled
def take_day_together(room, first, end, treatment, d):
    """One day of the treatment, from the entries at the keys from `first` up to `end`."""
    entries, keys = room.entries, room.keys
    d.session_day, d.address, d.minute, d.route = entries[place_of(keys[first])].day, -1, NA, NONE
    d.n_records, d.n_repeated_records, d.is_given = end - first, 0, NOT_MET
    d.is_dose_impossible = d.is_code_out_of_date = NOT_MET
    n, has_two_routes = 0, False
    for i in range(first, end):  # the entries that differ move to the front of the day
        e = entries[place_of(keys[i])]
        d.address = e.address if d.address < 0 else min(d.address, e.address)
        is_new = True
        for k in range(first, first + n):
            other = entries[place_of(keys[k])]
            if is_new and is_alike(e, other):
                other.n_rows += 1
                d.n_repeated_records += 1
                is_new = False
        if is_new:
            keys[i], keys[first + n] = keys[first + n], keys[i]
            n += 1
    best_rank = 3
    for i in range(first, first + n):
        e = entries[place_of(keys[i])]
        if e.says == DRUG:
            best_rank = min(best_rank, drug_rank(e))
        if e.kind == ADMINISTRATION or ((e.kind == PROCEDURE_ROW or e.says != DRUG) and e.in_date != NOT_MET):
            d.is_given = MET
        if e.route != NONE:
            has_two_routes = has_two_routes or (d.route != NONE and d.route != e.route)
            d.route = e.route
        d.minute = earlier(d.minute, e.minute)
        d.is_dose_impossible = max(d.is_dose_impossible, e.is_impossible)
        if e.in_date == NOT_MET:
            d.is_code_out_of_date = MET
    if has_two_routes:
        d.route = NONE
    find_dose(entries, keys, first, first + n, best_rank, treatment, room.doses, d)


@compiled
def find_dose(entries, keys, first, end, best_rank, treatment, doses, d):
    """What the day's records say of the dose: `mg_at_least`, `mg_at_most`, and `mg` where they are the same. The drug's rows, the
    units and the visit are told of the same dose: the span is what they have in common; where that is nothing, all of it."""
    most, step = treatment.possible_at_most, treatment.multiple_of
    greatest_low, least_low, least_high, greatest_high = np.nan, np.nan, np.nan, np.nan
    visit_at_most, visit_above, has_visit = np.nan, np.nan, False
    for i in range(first, end):
        e = entries[place_of(keys[i])]
        if e.says == VISIT and e.in_date != NOT_MET:
            has_visit = has_visit or not np.isnan(e.mg_at_most) or not np.isnan(e.mg_above)
            visit_at_most, visit_above = lesser(visit_at_most, e.mg_at_most), greater(visit_above, e.mg_above)
    for part in range(3):
        low, high = np.nan, np.nan
        if part < 2:
            low, high = sum_of_doses(entries, keys, first, end, part == 0, best_rank, doses)
            if high > most:  # rows that are alike are one row when they would be too much as two doses
                high = low
            if low > most:
                low, high = np.nan, np.nan
        elif has_visit:
            next_dose = (np.floor(visit_above / step) + 1) * step
            low = treatment.possible_at_least if np.isnan(visit_above) else visit_above
            if not np.isnan(next_dose):
                low = next_dose
            high = most if np.isnan(visit_at_most) else visit_at_most
        greatest_low, least_low = greater(greatest_low, low), lesser(least_low, low)
        least_high, greatest_high = lesser(least_high, high), greater(greatest_high, high)
    contradicts = greatest_low > least_high
    d.is_dose_contradictory = MET if contradicts else NOT_MET
    d.mg_at_least = least_low if contradicts else greatest_low
    d.mg_at_most = greatest_high if contradicts else least_high
    d.mg = d.mg_at_least if d.mg_at_least == d.mg_at_most else np.nan


@compiled
def sum_of_doses(entries, keys, first, end, is_drug, best_rank, doses):
    """The doses of the drug's rows that say most, or of the units billed, added up: with rows that are alike once, and as
    often as they stand there. NaN where there are none, or one is unknown."""
    low, n = 0.0, 0
    for repeats in range(2):
        n = 0
        for i in range(first, end):
            e = entries[place_of(keys[i])]
            is_best_drug = e.says == DRUG and drug_rank(e) == best_rank
            if is_best_drug if is_drug else e.says == UNITS and e.in_date != NOT_MET:
                doses[n] = e.mg * e.n_rows if repeats else e.mg
                n += 1
        if repeats == 0:
            low = sum_in_order(doses, n)
    return (low, sum_in_order(doses, n)) if n > 0 else (np.nan, np.nan)


@compiled
def lesser(a, b):
    """The lesser of two numbers; a missing one is passed over."""
    return b if np.isnan(a) else a if np.isnan(b) else min(a, b)


@compiled
def greater(a, b):
    """The greater of two numbers; a missing one is passed over."""
    return b if np.isnan(a) else a if np.isnan(b) else max(a, b)
