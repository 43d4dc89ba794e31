"""What one row of each table of sessions is inside the rules."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stepwell import tables
from stepwell.tables.row_type import row_type
from stepwell.tables.sessions import OF_A_SERIES, OF_A_SESSION

_SHORT = [name.partition(".")[2] for name in OF_A_SESSION]

SESSION_ROW = row_type(tables.SESSION, begun_by="i2", is_given="i1", candidate="i1")
"""`is_given`: a record says so. `candidate`: all criteria but repetition."""
SERIES_ROW = row_type(tables.SERIES, next_start_day="i4", scored_before_day="i4", is_observed="i1")
"""`scored_before_day`: scores from this day on tell of something else."""
JUDGED_SESSION_ROW = row_type(
    tables.JUDGED_SESSION, leave_out=OF_A_SESSION, verdict=("i1", (len(OF_A_SESSION),)), is_session="i1"
)
"""`verdict` has one entry per criterion, in the order of `OF_A_SESSION`."""
JUDGED_SERIES_ROW = row_type(
    tables.JUDGED_SERIES,
    leave_out=(*OF_A_SERIES, *(f"n_not_met.{c}" for c in _SHORT), *(f"n_unknown.{c}" for c in _SHORT)),
    verdict=("i1", (len(OF_A_SERIES),)),
    n_not_met=("i4", (len(OF_A_SESSION),)),
    n_unknown=("i4", (len(OF_A_SESSION),)),
)
RESPONSE_ROW, EFFECT_ROW, BURDEN_ROW = (row_type(t) for t in (tables.SERIES_RESPONSE, tables.EFFECT, tables.LOAD))
ARM_ROW = row_type(tables.ARM_RESPONSE, series_number="i4")
RUN_ROW = row_type(
    tables.SERIES,
    next_start_day="i4",
    scored_before_day="i4",
    arm="i2",
    is_comparator="i1",
    mg_per_kg="f8",
)
"""A run of declared sessions of one arm, followed as a series is."""


class Found(NamedTuple):
    """Room for the rows of sessions; `n` says how many of each are filled, in this order."""

    session: np.ndarray
    series: np.ndarray
    judged_session: np.ndarray
    judged_series: np.ndarray
    response: np.ndarray
    effect: np.ndarray
    burden: np.ndarray
    arm: np.ndarray
    n: np.ndarray


SESSIONS, SERIES, JUDGED_SESSIONS, JUDGED_SERIES, RESPONSES, EFFECTS, BURDENS, ARMS = range(8)
"""Places in `Found.n`."""
