"""What structured dosage instructions say of one day: units of the product, or milligrams of the drug.

Only what can mean one thing is read: one instruction, taken regularly, with one dose and one frequency. Several instructions
(a taper), "as needed", ranges, and doses without a unit say nothing about the day.
"""

from __future__ import annotations

from dataclasses import dataclass

from .shapes import codes, part, parts, word

MILLIGRAMS = {"mg": 1.0, "milligram": 1.0, "milligrams": 1.0, "g": 1e3, "gram": 1e3, "mcg": 1e-3, "ug": 1e-3}
_PIECES = (
    "1 {tbl} {tablet} {capsule} {cap} {patch} {spray} {device} {unit} tbl tab tabs tablet tablets tablet(s) cap caps capsule "
    "capsules capsule(s) pill pills patch patches film device devices each ea"
)
PIECES = frozenset(_PIECES.split())
"""Units that count pieces of a product."""
_TIMES_A_DAY = {"QD": 1.0, "BID": 2.0, "TID": 3.0, "QID": 4.0, "AM": 1.0, "PM": 1.0, "BED": 1.0, "QOD": 0.5}
"""Codes of HL7's GTSAbbreviation."""
_DAYS = {"h": 1 / 24, "d": 1.0, "wk": 7.0}
DAYS_OF = {"d": 1, "day": 1, "days": 1, "wk": 7, "week": 7, "weeks": 7}
"""Days in the units of a length of supply."""


@dataclass(frozen=True)
class Daily:
    """Units of the product a day and milligrams of the drug a day; None where unknown."""

    units: float | None = None
    mg: float | None = None


def number_of(of: dict, name: str = "value") -> float | None:
    """A number, None where there is none or it is beyond every scale."""
    text = word(of, name)
    try:
        value = None if text is None else float(text)
    except ValueError:
        return None
    return value if value is not None and abs(value) < float("inf") else None


def unit_of(quantity: dict) -> str | None:
    """The unit of a quantity in small letters: its code, else its word."""
    unit = word(quantity, "code") or word(quantity, "unit")
    return unit and unit.lower()


def days_of(duration: dict) -> float | None:
    """The days of a duration or quantity; None where the unit is no unit of days. Without a unit it counts days."""
    factor = DAYS_OF.get(unit_of(duration) or "d")
    value = number_of(duration)
    return None if factor is None or value is None or word(duration, "comparator") else value * factor


def daily(instructions: list[dict]) -> Daily:
    """What these instructions say of one day."""
    if len(instructions) != 1:
        return Daily()
    (only,) = instructions
    if only.get("asNeededBoolean") is True or part(only, "asNeededCodeableConcept"):
        return Daily()
    doses = {_dose(rate) for rate in parts(only, "doseAndRate")}
    times = _times_a_day(part(only, "timing"))
    if len(doses) != 1 or times is None:
        return Daily()
    ((value, unit),) = doses
    if value is None or unit is None:
        return Daily()
    if unit in MILLIGRAMS:
        return Daily(mg=value * times * MILLIGRAMS[unit])
    return Daily(units=value * times) if unit in PIECES else Daily()


def _dose(rate: dict) -> tuple[float | None, str | None]:
    quantity = part(rate, "doseQuantity")
    return (None, None) if word(quantity, "comparator") else (number_of(quantity), unit_of(quantity))


def _times_a_day(timing: dict) -> float | None:
    repeat = part(timing, "repeat")
    if any(name in repeat for name in ("frequencyMax", "periodMax", "dayOfWeek", "countMax", "durationMax")):
        return None
    period, unit = number_of(repeat, "period"), word(repeat, "periodUnit")
    if period and unit in _DAYS:
        frequency = number_of(repeat, "frequency")
        return (1.0 if frequency is None else frequency) / (period * _DAYS[unit])
    moments = repeat.get("when") or repeat.get("timeOfDay")
    if isinstance(moments, list) and moments and not period:
        return float(len(moments))
    said = {_TIMES_A_DAY[c] for c in codes(part(timing, "code")) if c in _TIMES_A_DAY}
    return said.pop() if len(said) == 1 and not repeat else None
