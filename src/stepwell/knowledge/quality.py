"""The form of a quality measure: who enters it on which day, and what is to be reached after it.

A measure is no definition of resistance and counts no trials. It is asked of the same scores and supplies, person by person,
with the same three verdicts.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from .cited import Cited, Days, Form, Percent, Points, exactly_one
from .criteria import AtLeastDays, Id
from .definition import Status, Who


class FirstScore(Cited):
    """Entered on the day of the first score above so many points."""

    instrument: Id
    above: Points


class FirstTreatment(Cited):
    """Entered on the first day of an antidepressant after so many observed days without one, when there is a diagnosis of the
    code sets at most so many days before or after it."""

    after_none_for: Days
    diagnosis: tuple[Id, ...] = Field(min_length=1)
    diagnosed_within: Days


class Start(Form):
    """How a person enters the measure."""

    score: FirstScore | None = None
    treatment: FirstTreatment | None = None
    _one = exactly_one("score", "treatment")


class FollowUp(Cited):
    """The days after the start, first and last, in which the latest score is the one that decides."""

    first: Days
    last: Days


class Remission(Cited):
    """Reached when that score is below so many points."""

    below: Points


class Response(Cited):
    """Reached when that score is so much better than the first."""

    at_least: Percent


class Covered(AtLeastDays):
    """Reached when an antidepressant was at hand on so many of the first days."""

    of: Days


class QualityMeasure(Form):
    """One measure: who is in it, from when, and what is to be reached."""

    id: Id
    version: int = Field(ge=1)
    status: Status
    title: str
    summary: str
    not_held: tuple[str, ...] = ()
    who: Who
    start: Start
    follow_up: FollowUp | None = None
    remission: Remission | None = None
    response: Response | None = None
    covered: Covered | None = None

    @property
    def name(self) -> str:
        """The id with its version."""
        return f"{self.id}@{self.version}"

    @model_validator(mode="after")
    def _one_outcome(self):
        scored = [self.remission, self.response]
        if sum(outcome is not None for outcome in (*scored, self.covered)) != 1:
            raise ValueError("remission, response and covered exclude each other, and one is needed; write one of them")
        if any(scored) != (self.follow_up is not None) or any(scored) != (self.start.score is not None):
            raise ValueError(
                "remission and response compare scores; write start.score and follow_up with them, and only then"
            )
        return self
