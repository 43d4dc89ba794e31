"""Declared sessions -> the arms of a trial, each with what it did (docs/engine.md, 13): laid beside each other, not compared."""

from __future__ import annotations

import numpy as np

from stepwell.tables.row_type import NA

from ..compiled import compiled
from ..sorting import key_of, place_of, put_in_order


@compiled
def find_runs(number, declared, keys, runs):
    """One row is one unbroken run of declared sessions of one arm: of a crossover, one period of one person. Fills `runs` and
    returns how many there are.

    Rule: a session of another arm begins another run, and so does a comparator after the treatment under one arm's name. A day
    with two arms belongs to none.
    """
    n_rows = 0
    for i in range(len(declared)):
        if declared[i].treatment == number:
            keys[n_rows] = key_of(0, declared[i].session_day, i)
            n_rows += 1
    put_in_order(keys, n_rows)
    n, first = 0, 0
    while first < n_rows:
        row, end = declared[place_of(keys[first])], first
        is_one_arm, address = True, row.address
        least, greatest = np.nan, np.nan
        while end < n_rows and declared[place_of(keys[end])].session_day == row.session_day:
            other = declared[place_of(keys[end])]
            is_one_arm &= is_same_arm(other, row)
            address = min(address, other.address)
            least, greatest = np.fmin(least, other.mg_per_kg), np.fmax(greatest, other.mg_per_kg)
            end += 1
        first = end
        if not is_one_arm:
            continue
        if n == 0 or not is_same_arm(runs[n - 1], row):
            if n > 0:
                runs[n - 1].next_start_day = row.session_day
            run = runs[n]
            n += 1
            run.arm, run.series_number, run.start_day, run.address = row.arm, n, row.session_day, address
            run.is_comparator, run.n_sessions, run.next_start_day = row.is_comparator, 0, NA
            run.mg_per_kg, run.mg_total_at_least = np.nan, np.nan
        run = runs[n - 1]
        run.end_day = row.session_day
        run.n_sessions += 1
        # The least and the greatest dose; they are one dose where both are the same.
        run.mg_per_kg = np.fmin(run.mg_per_kg, least)
        run.mg_total_at_least = np.fmax(run.mg_total_at_least, greatest)
    for k in range(n):
        runs[k].scored_before_day = runs[k].next_start_day
        if runs[k].mg_per_kg != runs[k].mg_total_at_least:
            runs[k].mg_per_kg = np.nan
    return n


@compiled
def is_same_arm(a, b):
    """Whether both are of one arm: of one name, and both the treatment or both what it is compared with."""
    return a.arm == b.arm and a.is_comparator == b.is_comparator


@compiled
def describe_arm(run, number, row):
    """What an arm's run is, beside its response."""
    row.treatment, row.arm_number, row.arm, row.is_comparator = number, run.series_number, run.arm, run.is_comparator
    row.start_day, row.end_day, row.n_sessions = run.start_day, run.end_day, run.n_sessions
    row.mg_per_kg, row.address = run.mg_per_kg, run.address
