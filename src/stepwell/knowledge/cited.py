"""The three laws of the knowledge files, as types: no number without a unit, none without a source or a stated choice,
none without how it was seen."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

Seen = Literal["full-text", "abstract", "secondary", "recalled"]
"""How a value was seen: in the full text, in the abstract, in someone else's copy of it, or only recalled (unverified)."""

_QUANTITY = re.compile(r"^\s*([-\u2212]?\d+(?:\.\d+)?)\s*([^\d\s.,].*?)\s*$")
_NUMBER = re.compile(r"^\s*([-+]?\d+(?:\.\d+)?)\s*$")


def _quantity(kind: str, factors: dict[str, float]):
    units = ", ".join(factors)
    example = f"'28 {next(iter(factors))}'"

    def parse(value: object) -> float:
        match = _QUANTITY.match(value) if isinstance(value, str) else None
        if match is None:
            raise ValueError(_not_a_quantity(value, kind, example, "%" in factors))
        number, unit = float(match[1].replace("\u2212", "-")), match[2]
        if re.match(r"([-\u2013\u2014]|to\b)", unit):
            raise ValueError(f"{value!r} is a range; write {kind} as one number and a unit, such as {example}")
        if unit not in factors:
            raise ValueError(f"{unit!r} is no unit of {kind}; known units: {units}")
        if number < 0:
            raise ValueError(f"{value!r} is negative; write {kind} as a number of 0 or more")
        return number * factors[unit]

    return BeforeValidator(parse)


def _not_a_quantity(value: object, kind: str, example: str, is_share: bool) -> str:
    """What is wrong with it, and what to write."""
    if value is None:
        return f"nothing is written here; write {kind} as a number, a space and a unit, such as {example}"
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return f"one value belongs here; write {kind} as a number, a space and a unit, such as {example}"
    bare = _NUMBER.match(str(value))
    if bare and is_share and 0 < float(bare[1]) < 1:
        return f"{value!r} is a fraction; write a share as a percentage, such as '{100 * float(bare[1]):g} %'"
    if bare:
        return f"{value!r} has no unit; write {kind} as a number, a space and a unit, such as {example}"
    if re.match(r"^\s*\d+,\d+", str(value)):
        return f"{value!r} has a comma; write a point in numbers, 0.5 and not 0,5"
    if re.match(r"^\s*[<>=\u2264\u2265~]", str(value)):
        return f"{value!r} has a sign before it; write the number and its unit alone: the field's name says how it is compared"
    return f"{value!r} is no number with a unit; write {kind} as a number, a space and a unit, such as {example}"


def _whole(value: float) -> int:
    if value != int(value):
        raise ValueError(f"{value:g} is not a whole number; write a whole number")
    return int(value)


def _day(value: object) -> object:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"{value!r} is no day; write it as 2025-01-31") from None


def _whole_quantity(kind: str, factors: dict[str, float]):
    parser = _quantity(kind, factors)
    return BeforeValidator(lambda value: _whole(parser.func(value)))


Days = Annotated[int, _whole_quantity("a time", {"days": 1, "day": 1, "weeks": 7, "week": 7})]
Months = Annotated[int, _whole_quantity("a time", {"months": 1, "month": 1})]
"""Calendar months."""
Duration = Annotated[
    float, _quantity("a time", {"days": 1, "day": 1, "weeks": 7, "week": 7, "years": 365.25, "year": 365.25})
]
"""A time that need not be whole days, in days."""
Day = Annotated[date, BeforeValidator(_day)]
"""A day of the calendar, written 2025-01-31."""
Years = Annotated[int, _whole_quantity("an age", {"years": 1, "year": 1})]
Percent = Annotated[float, _quantity("a share", {"%": 1})]
Ratio = Annotated[float, _quantity("a ratio", {"times": 1})]
Sessions = Annotated[int, _whole_quantity("a number of sessions", {"sessions": 1, "session": 1})]
Trials = Annotated[int, _whole_quantity("a number of trials", {"trials": 1, "trial": 1})]
Records = Annotated[int, _whole_quantity("a number of records", {"records": 1, "record": 1})]
Drugs = Annotated[int, _whole_quantity("a number of drugs", {"drugs": 1, "drug": 1})]
Supplies = Annotated[int, _whole_quantity("a number of supplies", {"supplies": 1, "supply": 1})]
Points = Annotated[float, _quantity("a score", {"points": 1, "point": 1})]
MgPerDay = Annotated[float, _quantity("a dose", {"mg/day": 1})]
Mg = Annotated[float, _quantity("a dose", {"mg": 1})]
Minutes = Annotated[int, _whole_quantity("a time", {"minutes": 1, "minute": 1, "hours": 60, "hour": 60})]
MmHg = Annotated[float, _quantity("a pressure", {"mmHg": 1})]
People = Annotated[int, _whole_quantity("a number of people", {"people": 1, "episodes": 1})]


def quantity(kind: str, factors: dict[str, float]):
    """A number with its unit, for a form with units of its own: `factors` gives each unit in terms of the one kept."""
    return _quantity(kind, factors)


def exactly_one(*names: str):
    """For a form of which exactly one of these fields must be filled in."""

    def check(form: Form) -> Form:
        written = [f.alias or n for n, f in type(form).model_fields.items() if getattr(form, n) not in (None, ())]
        if sum(name in names for name in written) != 1:
            raise ValueError(f"{' and '.join(names)} exclude each other, and one is needed; write one of them")
        return form

    return model_validator(mode="after")(check)


class Form(BaseModel):
    """A filled-in form. A key that the form does not have is an error, never ignored."""

    # The words under a field are what a new form says beside it.
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Cited(Form):
    """A statement with its provenance: a source with a locator and how it was seen, or a stated choice with its reason."""

    source: str | None = None
    locator: str | None = None
    seen: Seen | None = None
    choice: str | None = None

    @model_validator(mode="after")
    def _has_provenance(self):
        wrong = wrong_provenance(self.source, self.locator, self.seen, self.choice)
        if wrong:
            raise ValueError(wrong)
        return self


def wrong_provenance(source: object, locator: object, seen: object, choice: object) -> str | None:
    """What is wrong with where a statement says that it is from, if anything."""
    cited = (source, locator, seen)
    if choice is not None:
        if any(v is not None for v in cited):
            return "both a source and a choice are given; write either source, locator and seen, or choice alone"
        return None if str(choice).strip() else "a choice needs its reason; write choice: why this value"
    if all(cited):
        return None
    missing = [k for k, v in zip(("source", "locator", "seen"), cited, strict=True) if not v]
    found = f"nothing says where it is from: {', '.join(missing)} missing"
    return f"{found}; write source, locator and seen, or choice: why this value"


def without_provenance(values: object) -> object:
    """What is asked, without who says so."""
    if isinstance(values, dict):
        return {key: without_provenance(value) for key, value in values.items() if key not in Cited.model_fields}
    return [without_provenance(value) for value in values] if isinstance(values, list | tuple) else values
