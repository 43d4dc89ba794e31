"""What is asked, and what is known of drugs and instruments, as the small arrays that the rules read.

Nothing is compiled per definition: a form is rows of numbers. `translate.py` writes them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .sets import Sets
from .staging.numbers import Stagings

DRUG = np.dtype([("role", "i2"), ("drug_class", "i2"), ("low_dose_mg_per_day", "f8")], align=True)
"""`low_dose_mg_per_day`: at or below it the drug is not taken as an antidepressant; NaN without such a rule."""

INSTRUMENT = np.dtype([("remission_at_most", "f8"), ("response_at_least_pct", "f8")], align=True)
"""In the order of their ranks."""

SETTING = np.dtype(
    [
        ("basis", "i2"),
        ("dose_standard", "i2"),
        ("is_supplied_only", "i1"),
        ("max_gap", "i4"),
        ("unknown_supply", "i4"),
        ("cross_taper", "i4"),
        ("episode_gap", "i4"),
        ("baseline_before", "i4"),
        ("baseline_after", "i4"),
        ("endpoint_after_start", "i4"),
        ("endpoint_after_end", "i4"),
    ],
    align=True,
)
"""A way of building trials. All but the first three are days. `is_supplied_only`: orders make no trials."""

ASKED = np.dtype(
    [
        ("criterion", "i2"),
        ("set", "i2"),
        ("option", "i2"),
        ("is_unscored_only", "i1"),
        ("is_limit_included", "i1"),
        ("at_least", "i4"),
        ("at_most", "i4"),
        ("within", "i4"),
        ("limit", "f8"),
    ],
    align=True,
)
"""One filled-in field of a form: what one criterion asks. `set` is a row of `Sets.drug` or `Sets.codeset`, or of
`Sets.points`; which of the other fields mean something is said in `criteria.py`."""

RULE = np.dtype(
    [
        ("setting", "i2"),
        ("first_asked", "i4"),
        ("n_asked", "i4"),
        ("dated_at", "i2"),
        ("added_for", "i4"),
        ("recent", "i4"),
        ("diagnosed", "i4"),
        ("of_role", "i2"),
        ("knows_unknown", "i1"),
    ],
    align=True,
)
"""What one branch asks of a single trial. `recent`, `diagnosed`: places among what is asked, or NONE. `added_for`: days an added
drug must last, or NA."""

BRANCH = np.dtype(
    [
        ("rule", "i4"),
        ("at_least", "i4"),
        ("distinct", "i2"),
        ("stretch", "i2"),
        ("days", "i4"),
        ("tied_to", "i2"),
        ("procedures", "i2"),
        ("taken_at_least", "i4"),
        ("taken_distinct", "i2"),
        ("is_taken_by_then", "i1"),
        ("added_at_least", "i4"),
    ],
    align=True,
)
"""How many different trials that count are needed, in which stretch. `taken_at_least`, `added_at_least`: 0 where not asked."""

DEFINITION = np.dtype(
    [
        ("setting", "i2"),
        ("first_branch", "i4"),
        ("n_branches", "i4"),
        ("is_program", "i1"),
        ("can_count", "i1"),
        ("has_diagnoses", "i1"),
        ("asks_age", "i1"),
        ("age_at_least", "i4"),
        ("age_at_most", "i4"),
        ("diagnosis", "i2"),
        ("diagnosis_at_least", "i4"),
        ("is_diagnosis_by_record", "i1"),
        ("is_diagnosis_before", "i1"),
        ("diagnosis_within", "i4"),
        ("counts_from_diagnosis", "i1"),
        ("counted_before", "i2"),
        ("never", "i2"),
        ("is_never_before", "i1"),
        ("is_never_in_one_period", "i1"),
        ("washout_at_least", "i4"),
    ],
    align=True,
)
"""A definition. Sets are NONE, limits NA where nothing is asked. `can_count`: the source holds all tables that must be there
before anybody can say that there were too few trials; `has_diagnoses`: it holds diagnoses."""


class Known(NamedTuple):
    """Drugs and instruments; `minimum[dose standard, drug]` is the least adequate dose (mg a day; NaN: the standard has none)."""

    drug: np.ndarray
    instrument: np.ndarray
    minimum: np.ndarray


class Request(NamedTuple):
    """What is asked of everybody. Rules, and definitions, are in the order of their settings."""

    setting: np.ndarray
    asked: np.ndarray
    rule: np.ndarray
    branch: np.ndarray
    definition: np.ndarray
    stagings: Stagings
    sets: Sets
    step_setting: int
    """The setting on which the ladder of steps is climbed."""
