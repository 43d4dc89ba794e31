"""What a form of candidacy names and what must therefore exist, and what it cannot mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from pydantic import BaseModel

from ..errors import Problem
from .candidacy import Candidacy, FreeOf, Had, NotHad, OfDefinition, Pressure, Recorded, ScoreLimit, Taking
from .published import PublishedTrial
from .written import Path_

Named = Literal["diagnoses", "procedures", "definition", "instrument", "ingredient", "class", "trial"]
Report = Callable[[Path_, str, str], Problem]


def names_in(form: BaseModel) -> Iterator[tuple[Named, Path_, str]]:
    """What a part of a form of candidacy, or of a published trial, names: of which kind, where in it, and the name."""
    match form:
        case Recorded() | FreeOf():
            yield from (("diagnoses", ("any_of", n), name) for n, name in enumerate(form.any_of))
        case Had() | NotHad():
            yield from (("procedures", ("any_of", n), name) for n, name in enumerate(form.any_of))
        case OfDefinition():
            yield "definition", ("definition",), form.definition
        case ScoreLimit():
            yield "instrument", ("instrument",), form.instrument
        case Taking():
            yield from (("class", ("of_class", n), name) for n, name in enumerate(form.of_class))
        case Candidacy():
            yield "ingredient", ("treatment",), form.treatment
            yield from (("trial", ("evidence", n), name) for n, name in enumerate(form.evidence))
        case PublishedTrial():
            yield from (("ingredient", ("treatment", n), name) for n, name in enumerate(form.treatment))


def contradictions_in(form: BaseModel) -> Iterator[tuple[Path_, str, str, str]]:
    """What a part cannot mean: where, what was found, what was expected, what to do."""
    first, last = getattr(form, "valid_from", None), getattr(form, "valid_until", None)
    if first is not None and last is not None and last < first:
        yield ("valid_until",), "lies before valid_from", "a day on or after it", "check both days"
    if isinstance(form, Pressure):
        if form.diastolic_at_most >= form.systolic_at_most:
            yield ("diastolic_at_most",), "is not below systolic_at_most", "the lower of the two", "exchange the two"
        if form.from_age is not None and form.below_age is not None and form.below_age <= form.from_age:
            yield ("below_age",), "is not above from_age", "a greater age", "check both ages"
