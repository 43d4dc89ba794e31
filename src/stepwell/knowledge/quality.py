"""The form of a quality measure: who enters it on which day, and what is to be reached after it.

A measure is no definition of resistance and counts no trials. It is asked of the same scores and supplies, person by person,
with the same three verdicts.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from .cited import Cited, Days, Form, Months, Percent, Points, exactly_one
from .criteria import AtLeastDays, Id
from .definition import Status, Who


class FirstScore(Cited):
    """Entered on the day of the first score above so many points that has the diagnosis asked beside it."""

    instrument: Id
    above: Points


class FirstTreatment(Cited):
    """Entered on the first day of an antidepressant after so many observed days without one, when there is a diagnosis of the
    code sets at most so many days before or after it."""

    after_none_for: Days
    diagnosis: tuple[Id, ...] = Field(min_length=1)
    diagnosed_within: Days


class BesideScore(Cited):
    """A diagnosis of the code sets on any day before the score, on its day, or at most so many days after it: a form is filled in
    before the visit at which the diagnosis is written down."""

    any_of: tuple[Id, ...] = Field(min_length=1)
    at_most_after: Days


class Start(Form):
    """How a person enters the measure."""

    score: FirstScore | None = None
    diagnosis: BesideScore | None = None
    treatment: FirstTreatment | None = None
    _one = exactly_one("score", "treatment")

    @property
    def diagnoses(self) -> tuple[str, ...]:
        """The code sets of which a diagnosis is asked beside the score or the treatment."""
        return tuple(self.treatment.diagnosis if self.treatment is not None else self.diagnosis.any_of)

    @model_validator(mode="after")
    def _diagnosis_of_a_score(self):
        if (self.score is None) != (self.diagnosis is None):
            raise ValueError(
                "a score is entered by with a diagnosis beside it; write start.diagnosis with start.score, and only then"
            )
        return self


class FollowUp(Cited):
    """The window after the start in which the latest score is the one that decides: its first and last day, or calendar months
    and so many days either way of that day."""

    first: Days | None = None
    last: Days | None = None
    months: Months | None = None
    either_way: Days | None = None

    @model_validator(mode="after")
    def _one_window(self):
        in_days = (self.first, self.last), (self.months, self.either_way)
        if sum(None not in pair for pair in in_days) != 1 or any(
            len({v is None for v in pair}) == 2 for pair in in_days
        ):
            raise ValueError("write either first and last, or months and either_way")
        return self


class ExcludedDiagnosis(Cited):
    """Left out: people with a diagnosis of the code sets on any day up to the last day of the window."""

    any_of: tuple[Id, ...] = Field(min_length=1)


class ExcludedCare(Cited):
    """Left out: people with care of the code sets from so many months before the start (from its day, if none are written) to
    the last day of the window."""

    any_of: tuple[Id, ...] = Field(min_length=1)
    since_before: Months = 0


class ExcludedDeath(Cited):
    """Left out: people who died up to the last day of the window."""


class Excluded(Form):
    """Who is left out of the measure, though they enter it."""

    diagnosis: ExcludedDiagnosis | None = None
    care: ExcludedCare | None = None
    death: ExcludedDeath | None = None


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
    excluded: Excluded = Excluded()

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
