"""Treatments given in sessions, and their regimens, as the small arrays that the rules read. Absent limits are NA or NaN, absent
sets and places NONE."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stepwell.tables.sessions import OF_A_SESSION

ADMINISTRATION, SUPPLY, PROCEDURE_ROW = range(3)
"""What sort of record says that a treatment was given. The first two are the values that `DOSE` declares."""

TREATMENT = np.dtype(
    [
        ("possible_at_least", "f8"),
        ("possible_at_most", "f8"),
        ("multiple_of", "f8"),
        ("dose_at_most", "f8"),
        ("drugs", "i2"),
        ("procedures", "i2"),
        ("routes", "i2"),
        ("apart", "i2"),
        ("diagnosed", "i2"),
        ("diagnosed_within", "i4"),
        ("repeated_at_least", "i4"),
        ("repeated_within", "i4"),
        ("pause_at_most", "i4"),
        ("again_at_least", "i4"),
        ("again_within", "i4"),
        ("again_after", "i4"),
        ("again_pause", "i4"),
        ("has_phases", "i1"),
        ("first_code", "i4"),
        ("n_codes", "i4"),
        ("first_phase", "i4"),
        ("n_phases", "i4"),
        ("first_checkpoint", "i4"),
        ("n_checkpoints", "i4"),
    ],
    align=True,
)
"""What a session and a series of one treatment are. `routes` is a row of `Treatments.route`; other sets are rows of `Sets`."""

BILLING_CODE = np.dtype(
    [
        ("code", "i4"),
        ("valid_from", "i4"),
        ("valid_until", "i4"),
        ("mg_per_unit", "f8"),
        ("mg_at_most", "f8"),
        ("mg_above", "f8"),
    ],
    align=True,
)
PHASE = np.dtype(
    [
        ("phase", "i2"),
        ("from_week", "i4"),
        ("until_week", "i4"),
        ("at_most", "i4"),
        ("at_least", "i4"),
        ("every", "i4"),
    ],
    align=True,
)
CHECKPOINT = np.dtype([("label", "i2"), ("first", "i4"), ("last", "i4")], align=True)

REGIMEN = np.dtype(
    [
        ("treatment", "i2"),
        ("in_force_from", "i4"),
        ("asks", "i1", (len(OF_A_SESSION),)),
        ("asks_indication", "i1"),
        ("indicated", "i2"),
        ("indicated_within", "i4"),
        ("first_answer", "i4"),
        ("n_answers", "i4"),
        ("first_phase", "i4"),
        ("n_phases", "i4"),
        ("first_dose", "i4"),
        ("n_doses", "i4"),
        ("first_pressure", "i4"),
        ("n_pressures", "i4"),
        ("observed_at_least", "f8"),
        ("pressure_first", "i4"),
        ("pressure_last", "i4"),
        ("asks_pressure_end", "i1"),
        ("asks_oxygen", "i1"),
        ("oxygen_from", "i4"),
        ("sedation_at_least", "f8"),
        ("dissociation_at_most", "f8"),
        ("form_within", "f8"),
    ],
    align=True,
)
"""A regimen of one treatment. `asks` has one entry for each criterion of a session. `indicated` is a set of code sets."""

FIRST_SESSION, LATER_SESSIONS, EVERY_SESSION = range(3)
DOSE_RULE = np.dtype(
    [("when", "i2"), ("age_at_least", "i4"), ("age_below", "i4"), ("first_mg", "i4"), ("n_mg", "i4")], align=True
)
"""The doses of some sessions: `n_mg` entries of `Treatments.mg` from `first_mg` on."""
PRESSURE_RULE = np.dtype(
    [("age_at_least", "i4"), ("age_below", "i4"), ("systolic_at_most", "f8"), ("diastolic_at_most", "f8")], align=True
)
ANSWER_RULE = np.dtype([("instrument", "i2"), ("items", "i2"), ("at_least", "f8")], align=True)
"""An answer of at least so much to one of the items (a row of `Treatments.item`)."""

FOLLOWING = np.dtype(
    [
        ("baseline_before", "i4"),
        ("after_end", "i4"),
        ("relapse_within", "i4"),
        ("bridge_before", "i4"),
        ("bridge_after", "i4"),
        ("bridge_still", "i4"),
        ("stretch_before", "i4"),
        ("stretch_after", "i4"),
        ("episode_days", "i4"),
    ],
    align=True,
)
"""How a series is followed, whatever the treatment. All are days."""


class Treatments(NamedTuple):
    """All treatments given in sessions and their regimens. Those of one treatment follow one another."""

    treatment: np.ndarray
    code: np.ndarray
    phase: np.ndarray
    checkpoint: np.ndarray
    route: np.ndarray
    """`route[row, route]`: true for the routes of a session."""
    regimen: np.ndarray
    dose_rule: np.ndarray
    mg: np.ndarray
    pressure_rule: np.ndarray
    answer_rule: np.ndarray
    safety_rule: np.ndarray
    """The items about suicide of all instruments, as `ANSWER_RULE`."""
    item: np.ndarray
    following: np.ndarray
    label_maximum: np.ndarray
    """The greatest daily dose of each drug by its label (mg; NaN: not seen)."""
    has_procedure: bool
    has_condition: bool
