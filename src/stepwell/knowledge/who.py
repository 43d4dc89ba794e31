"""Whom a definition is about: age, diagnoses, new use, as fields of its form."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from .cited import Cited, Days, Form, Records, Years
from .criteria import AtLeastDays, Id


class AgeLimits(Form):
    """Completed years."""

    at_least: Years | None = None
    at_most: Years | None = None

    @model_validator(mode="after")
    def _not_empty(self):
        if self.at_least is None and self.at_most is None:
            raise ValueError("no limit of age; write at_least, at_most, or both")
        return self


class Age(AgeLimits, Cited):
    """Age on the day the definition is met (or, where it is not, on the day it came closest)."""


class Diagnosis(Cited):
    """Diagnoses a person must have: on at least so many different days, any code of the code sets."""

    any_of: tuple[Id, ...] = Field(min_length=1)
    at_least: Records
    counted: Literal["days", "records"] = "days"
    """`records`: two codes of one day are two."""
    when: Literal["ever", "before"] = "ever"
    within: Days | None = None
    """With `before`: at most so many days before."""

    @model_validator(mode="after")
    def _within_looks_back(self):
        if self.within is not None and self.when != "before":
            raise ValueError("within looks back from the day the definition is met; write when: before")
        return self


class NeverDiagnosis(Cited):
    """Diagnoses a person must not have, ever or up to the day the definition is met."""

    any_of: tuple[Id, ...] = Field(min_length=1)
    when: Literal["ever", "before"] = "ever"
    in_one_period: bool = False
    """With `before`: only in the observation period that holds that day."""

    @model_validator(mode="after")
    def _period_of_a_day(self):
        if self.in_one_period and self.when != "before":
            raise ValueError("in_one_period looks back from the day the definition is met; write when: before")
        return self


class Who(Form):
    """Whom the definition is about."""

    age: Age | None = None
    diagnosis: Diagnosis | None = None
    never: NeverDiagnosis | None = None
    washout: AtLeastDays | None = None
    """Observed for so long without an antidepressant before the first one: a new user."""
