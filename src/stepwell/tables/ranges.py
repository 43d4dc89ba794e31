"""The ranges of recorded values. A value outside its range is read as unknown and counted in `attrition`.

They keep misprints and markers (9999-12-31, 0 mg, 1e300) from becoming facts; they are wide, and no criterion of anything.
The range of a score is that of its instrument, and the range of a vital sign is that of `knowledge/data/vital.csv`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Range:
    """The least and the greatest value that is read, both included."""

    at_least: float | date
    at_most: float | date
    unit: str = ""

    def __str__(self) -> str:
        """The range in words: `1 to 366 days`."""
        return f"{_shown(self.at_least)} to {_shown(self.at_most)} {self.unit}".strip()


def _shown(value: float | date) -> str:
    return value.isoformat() if isinstance(value, date) else f"{value:,}"


DAY = Range(date(1900, 1, 1), date(2299, 12, 31))
"""Records whose dates were shifted to hide them lie after 2100 and are kept."""

BIRTH = Range(date(1850, 1, 1), date(2299, 12, 31))
AGE = Range(0, 125, "years")
SUPPLY = Range(1, 366, "days")
"""More than a year from one fill is read as a misprint or the length of a course, not as a supply."""

QUANTITY = Range(0.001, 100_000)
STRENGTH = Range(0.0001, 100_000, "mg")
MG_PER_DAY = Range(0.0001, 20_000, "mg")
SESSION_DOSE = Range(0.001, 10_000, "mg")
MG_PER_KG = Range(0.0001, 100, "mg/kg")
SESSION_MINUTES = Range(-1_440, 10_080, "minutes")
OBSERVED_MINUTES = Range(0, 10_080, "minutes")
FORM_SENT = Range(0, 3_660, "days")
OWN_SCALE = Range(-1_000_000, 1_000_000)
LEAST_FRACTION = 0.01
"""A score or an answer above 0 and below this is a misprint."""
