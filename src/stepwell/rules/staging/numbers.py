"""Staging models as the small arrays that the rules read. Absent limits are NA, absent sets and places NONE."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

ITEMS = ("duration", "severity", "failed", "raised", "added_to", "augmented", "ect")
"""The items of a sum of points that a record can hold, in the order of the columns of `stage`."""
DURATION, SEVERITY, FAILED, RAISED, ADDED_TO, AUGMENTED, ECT = range(len(ITEMS))

NOT_ASKED_PROCEDURE, GIVEN, FAILED_PROCEDURE = range(3)
"""Whether a procedure is not asked, must have been given, or must have failed."""

STAGING = np.dtype(
    [
        ("rule", "i4"),
        ("failed_at_least", "i4"),
        ("distinct", "i2"),
        ("is_profile", "i1"),
        ("has_points", "i1"),
        ("asks_score", "i1"),
        ("score_before", "i4"),
        ("score_after", "i4"),
        ("instruments", "i2"),
        ("procedures", "i2"),
        ("psychotic", "i2"),
        ("psychotic_of", "f8"),
        ("psychotic_points", "f8"),
        ("first_band", "i4"),
        ("n_bands", "i4"),
        ("least_severity", "f8"),
        ("most_severity", "f8"),
        ("unrecorded_at_least", "f8"),
        ("unrecorded_at_most", "f8"),
        ("first_sign", "i4"),
        ("n_signs", "i4"),
        ("first_range", "i4"),
        ("n_ranges", "i4"),
        ("has_rungs", "i1"),
    ],
    align=True,
)
"""A staging model. `rule`: the rule by which its trials failed. `instruments`: a set whose points are not missing for
the instruments asked. Bands, signs and ranges are rows of `Stagings` from `first_...` on."""

ITEM = np.dtype([("is_asked", "i1"), ("each", "f8"), ("first_grade", "i4"), ("n_grades", "i4"), ("option", "i2")])
"""One item: so many points for each (NaN: by grades). `option`: for `ect`, given or failed."""

GRADE = np.dtype([("at_least", "i4"), ("points", "f8")], align=True)
"""From so many on, so many points; in rising order."""

BAND = np.dtype([("instrument", "i2"), ("at_least", "f8"), ("points", "f8")], align=True)
"""A band of a scale: from so many points of the scale on, so many points; the first that fits counts."""

RANGE = np.dtype([("at_least", "f8"), ("label", "i2")], align=True)
"""What points are called from so many on; in rising order."""

SIGN = np.dtype(
    [
        ("failed", "i4"),
        ("classes", "i4"),
        ("days_failed", "i4"),
        ("augmented", "i4"),
        ("intolerant", "i4"),
        ("days_episode", "i4"),
        ("of_classes", "i2"),
        ("procedure", "i2"),
        ("diagnosis", "i2"),
        ("points", "i2"),
        ("is_unrecorded", "i1"),
        ("label", "i2"),
    ],
    align=True,
)
"""A stage of a ladder, or a sign of a profile: what it asks. `of_classes`: a row of `Stagings.classes`."""


class Stagings(NamedTuple):
    """All staging models asked. `item[staging, item]`; `classes[row, class]`: a failed trial of each of them is asked."""

    staging: np.ndarray
    item: np.ndarray
    grade: np.ndarray
    band: np.ndarray
    range: np.ndarray
    sign: np.ndarray
    classes: np.ndarray
    rule: np.ndarray
    """The rules by which trials failed (rows of `numbers.RULE`)."""
    asked: np.ndarray
    has_medication: bool
    has_condition: bool
    has_procedure: bool
