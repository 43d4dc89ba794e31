"""The form of a published trial of esketamine or ketamine: in whom, against what, and what was found, null results included."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .cited import Cited, Form, People, Percent
from .criteria import Id


class Primary(Cited):
    """What the trial's main comparison found."""

    is_: Literal["better", "not worse", "no difference", "worse", "not compared"] = Field(alias="is")


class Outcome(Cited):
    """One number of each arm, or the difference between them."""

    what: str
    treated: Percent | None = None
    control: Percent | None = None
    difference: str | None = None
    harm: bool = False
    """Whether it is a harm, and not a benefit."""


class PublishedTrial(Form):
    """One trial, with the people it was done in: what it found says little about others."""

    id: Id
    label: str
    year: int
    treatment: tuple[Id, ...] = Field(min_length=1)
    people: People
    population: str
    design: str
    compared_with: str
    primary: Primary
    outcomes: tuple[Outcome, ...] = Field(min_length=1)
