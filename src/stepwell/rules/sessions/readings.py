"""What was read around a session, by a regimen's windows (docs/engine.md, 12)."""

from __future__ import annotations

import numpy as np

from stepwell.tables import MONITORING
from stepwell.tables.row_type import NA

from ..compiled import compiled

_KINDS = MONITORING.by_name["kind"].values
SYSTOLIC, DIASTOLIC, OXYGEN, MOAA_S, CADSS, OBSERVED, FORM_SENT = (
    _KINDS.index(kind)
    for kind in ("systolic", "diastolic", "oxygen saturation", "moaa-s", "cadss", "observed", "form sent")
)
FIRST, LAST, LEAST, GREATEST = range(4)
"""Which of several readings is taken."""
_LONG = 2**30
"""More minutes than any reading has."""


@compiled
def read_monitoring(day, monitoring, regimen, j):
    """Fills in the readings of the session's day; NaN where none is recorded."""
    j.observed_minutes = reading(OBSERVED, GREATEST, NA, _LONG, day, monitoring)
    j.form_days = reading(FORM_SENT, LEAST, NA, _LONG, day, monitoring)
    j.moaa_s_least = reading(MOAA_S, LEAST, 1, _LONG, day, monitoring)
    j.moaa_s_end = reading(MOAA_S, LAST, 1, _LONG, day, monitoring)
    j.oxygen_before = reading(OXYGEN, LAST, -_LONG, 0, day, monitoring)
    j.oxygen_least = reading(OXYGEN, LEAST, 1, _LONG, day, monitoring)
    j.oxygen_end = reading(OXYGEN, LAST, 1, _LONG, day, monitoring)
    j.cadss_before = reading(CADSS, LAST, -_LONG, 0, day, monitoring)
    j.cadss_greatest = reading(CADSS, GREATEST, 1, _LONG, day, monitoring)
    j.cadss_end = reading(CADSS, LAST, 1, _LONG, day, monitoring)
    j.systolic_before = reading(SYSTOLIC, LAST, -_LONG, 0, day, monitoring)
    j.diastolic_before = reading(DIASTOLIC, LAST, -_LONG, 0, day, monitoring)
    j.systolic_after = j.diastolic_after = j.systolic_end = j.diastolic_end = np.nan
    if regimen.pressure_first != NA:
        first, last = regimen.pressure_first, regimen.pressure_last
        j.systolic_after = reading(SYSTOLIC, FIRST, first, last, day, monitoring)
        j.diastolic_after = reading(DIASTOLIC, FIRST, first, last, day, monitoring)
        j.systolic_end = reading(SYSTOLIC, LAST, last + 1, _LONG, day, monitoring)
        j.diastolic_end = reading(DIASTOLIC, LAST, last + 1, _LONG, day, monitoring)


@compiled
def reading(kind, which, from_minute, until_minute, day, monitoring):
    """The first, last, least or greatest reading of a kind in these minutes from the dose on; of two readings of a minute the
    worse one. A reading without a time counts only where the window begins at NA, which is before every minute."""
    found, found_at = np.nan, NA
    for m in monitoring:
        if m.session_day != day or m.kind != kind or np.isnan(m.value) or not from_minute <= m.minutes <= until_minute:
            continue
        is_worse = m.value < found if kind in (MOAA_S, OXYGEN) else m.value > found
        if np.isnan(found):
            is_taken = True
        elif which == LEAST:
            is_taken = m.value < found
        elif which == GREATEST:
            is_taken = m.value > found
        elif m.minutes == found_at:
            is_taken = is_worse
        else:
            is_taken = m.minutes < found_at if which == FIRST else m.minutes > found_at
        if is_taken:
            found, found_at = m.value, m.minutes
    return found
