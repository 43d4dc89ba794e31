"""What dosage instructions say of one day: units of the product, or milligrams of the drug.

Only what can mean one thing is read: one instruction, taken regularly, with one dose and one frequency. Several instructions
(a taper), "as needed", ranges, and doses without a unit say nothing about the day.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..sig import Span, read_sig
from .shapes import codes, part, parts, word

MILLIGRAMS = {"mg": 1.0, "milligram": 1.0, "milligrams": 1.0, "g": 1e3, "gram": 1e3, "mcg": 1e-3, "ug": 1e-3}
_PIECES = (
    "1 {tbl} {tablet} {capsule} {cap} {patch} {spray} {device} {unit} tbl tab tabs tablet tablets tablet(s) cap caps capsule "
    "capsules capsule(s) pill pills patch patches film device devices each ea"
)
PIECES = frozenset(_PIECES.split())
"""Units that count pieces of a product."""
_ROUNDING = 1e-6
_TIMES_A_DAY = {"QD": 1.0, "BID": 2.0, "TID": 3.0, "QID": 4.0, "AM": 1.0, "PM": 1.0, "BED": 1.0, "QOD": 0.5}
"""Codes of HL7's GTSAbbreviation."""
_DAYS = {"h": 1 / 24, "d": 1.0, "wk": 7.0}
DAYS_OF = {"h": 1 / 24, "hour": 1 / 24, "hours": 1 / 24, "d": 1, "day": 1, "days": 1, "wk": 7, "week": 7, "weeks": 7}
"""Days in the units of a length of supply."""


@dataclass(frozen=True)
class Daily:
    """Units of the product a day, milligrams of the drug a day, and for how many days; None where unknown. `is_contradicted`:
    what the instruction says in words and what it says in its parts differ."""

    units: float | None = None
    mg: float | None = None
    days: float | None = None
    is_contradicted: bool = False


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
    """What these instructions say of one day, in their parts and in words. Where the two differ neither is believed."""
    if len(instructions) != 1:
        return Daily()
    (only,) = instructions
    if only.get("asNeededBoolean") is True or part(only, "asNeededCodeableConcept"):
        return Daily()
    sig = read_sig(word(only, "text") or word(only, "patientInstruction"))
    if sig.is_as_needed or sig.is_taper:
        return Daily(days=_certain(sig.days))
    in_parts = _in_parts(only)
    in_words = Daily(
        _certain(sig.units) if sig.unit is None or sig.unit in PIECES else None, _certain(sig.mg), _certain(sig.days)
    )
    both = [(getattr(in_parts, name), getattr(in_words, name)) for name in ("units", "mg", "days")]
    if any(a is not None and b is not None and abs(a - b) > _ROUNDING for a, b in both):
        return Daily(is_contradicted=True)
    return Daily(*(b if a is None else a for a, b in both))


def _certain(span: Span | None) -> float | None:
    return span.low if span is not None and span.low == span.high else None


def _in_parts(instruction: dict) -> Daily:
    timing = part(instruction, "timing")
    days = days_of(part(part(timing, "repeat"), "boundsDuration"))
    doses = {_dose(rate) for rate in parts(instruction, "doseAndRate")}
    times = _times_a_day(timing)
    value, unit = doses.pop() if len(doses) == 1 else (None, None)
    if times is None or value is None or unit is None:
        return Daily(days=days)
    if unit in MILLIGRAMS:
        return Daily(mg=value * times * MILLIGRAMS[unit], days=days)
    return Daily(units=value * times, days=days) if unit in PIECES else Daily(days=days)


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
