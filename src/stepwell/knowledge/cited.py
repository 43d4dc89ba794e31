"""The three laws of the knowledge files, as types: no number without a unit, none without a source or a stated choice,
none without how it was seen."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

Seen = Literal["full-text", "abstract", "secondary", "recalled"]
"""How a value was seen: in the full text, in the abstract, in someone else's copy of it, or only recalled (unverified)."""

_QUANTITY = re.compile(r"^\s*(-?\d+(?:\.\d+)?)\s+(\S.*?)\s*$")


def _quantity(kind: str, factors: dict[str, float]):
    units = ", ".join(factors)

    def parse(value: object) -> float:
        match = _QUANTITY.match(value) if isinstance(value, str) else None
        if match is None:
            example = next(iter(factors))
            raise ValueError(
                f"{value!r} has no unit; write {kind} as a number, a space and a unit, such as '28 {example}'"
            )
        number, unit = float(match[1]), match[2]
        if unit not in factors:
            raise ValueError(f"{unit!r} is no unit of {kind}; known units: {units}")
        if number < 0:
            raise ValueError(f"{value!r} is negative")
        return number * factors[unit]

    return BeforeValidator(parse)


def _whole(value: float) -> int:
    if value != int(value):
        raise ValueError(f"{value} is not a whole number")
    return int(value)


def _whole_quantity(kind: str, factors: dict[str, float]):
    parser = _quantity(kind, factors)
    return BeforeValidator(lambda value: _whole(parser.func(value)))


Days = Annotated[int, _whole_quantity("a time", {"days": 1, "day": 1, "weeks": 7, "week": 7})]
Years = Annotated[int, _whole_quantity("an age", {"years": 1, "year": 1})]
Percent = Annotated[float, _quantity("a share", {"%": 1})]
Trials = Annotated[int, _whole_quantity("a number of trials", {"trials": 1, "trial": 1})]
Records = Annotated[int, _whole_quantity("a number of records", {"records": 1, "record": 1})]
Points = Annotated[float, _quantity("a score", {"points": 1, "point": 1})]
MgPerDay = Annotated[float, _quantity("a dose", {"mg/day": 1})]
People = Annotated[int, _whole_quantity("a number of people", {"people": 1, "episodes": 1})]


class Form(BaseModel):
    """A filled-in form. A key that the form does not have is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Cited(Form):
    """A statement with its provenance: a source with a locator and how it was seen, or a stated choice with its reason."""

    source: str | None = None
    locator: str | None = None
    seen: Seen | None = None
    choice: str | None = None

    @model_validator(mode="after")
    def _has_provenance(self):
        cited = (self.source, self.locator, self.seen)
        if self.choice is not None:
            if any(v is not None for v in cited):
                raise ValueError("give either a source (with locator and seen) or a choice, not both")
            if not self.choice.strip():
                raise ValueError("a choice needs its reason: choice: why this value")
        elif not all(cited):
            missing = [k for k, v in zip(("source", "locator", "seen"), cited, strict=True) if not v]
            raise ValueError(
                f"no provenance: {', '.join(missing)} missing; write source, locator and seen, or choice: why this value"
            )
        return self
