"""What a definition can ask of a single trial, as fields of its form. Which of them a definition fills in, and how many trials
must meet them, is said in `stepwell.knowledge.definition`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from .cited import Cited, Days, Drugs, Form, Percent, Points, Supplies, exactly_one

DrugRole = Literal["antidepressant", "antipsychotic", "augmentation"]
Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class AtMostDays(Cited):
    """An upper limit of time."""

    at_most: Days


class AtLeastDays(Cited):
    """A lower limit of time."""

    at_least: Days


class Role(Cited):
    """Which drugs the trial may be of: one role, or any of several."""

    is_: DrugRole | None = Field(default=None, alias="is")
    any_of: tuple[DrugRole, ...] = ()
    _one = exactly_one("is", "any_of")

    @property
    def roles(self) -> tuple[DrugRole, ...]:
        """The roles meant."""
        return self.any_of or (self.is_,)


class Drug(Cited):
    """Which drugs of the role are meant: named ingredients, or those of named classes."""

    any_of: tuple[Id, ...] = ()
    of_class: tuple[str, ...] = ()
    _one = exactly_one("any_of", "of_class")


class Use(Cited):
    """Whether a drug taken only at a dose for sleep or pain, or as a product for another use, counts as a trial."""

    is_: Literal["antidepressant dose", "any"] = Field(alias="is")


class Duration(Cited):
    """How long it must have lasted."""

    at_least: Days
    single_until_next: Days | None = None
    """A trial of a single prescription is taken to last until the next prescription of another antidepressant, where that came
    at most so long after it."""


class AtLeastSupplies(Cited):
    """How often it was prescribed or supplied; several supplies with one first day are one."""

    at_least: Supplies


class PrecededBy(Cited):
    """Another antidepressant that must have been taken in the time before this trial began, or still be running."""

    role: Literal["antidepressant"]
    within: Days


class Recent(Cited):
    """Different drugs taken lately: in courses begun by the trial's first day (its own among them) and not over more than so many
    days before it, which begin and end inside the observation period that holds that day."""

    any_of: tuple[Id, ...] = Field(min_length=1)
    at_least: Drugs
    begun_before: Drugs | None = None
    """How many different ones must have been begun before the trial's first day."""
    within: Days


class Diagnosed(Cited):
    """A diagnosis of the code sets at most so many days before the trial's first day or on it, inside the observation period that
    holds that day."""

    any_of: tuple[Id, ...] = Field(min_length=1)
    within: Days


class ScoreAtLeast(Form):
    """A lower limit of one instrument's total."""

    instrument: Id
    at_least: Points


class StillIll(Cited):
    """The endpoint score is still so high, by one of the instruments by which that can be said."""

    any_of: tuple[ScoreAtLeast, ...] = Field(min_length=1)

    @property
    def limits(self) -> dict[str, float]:
        """The least points, by instrument."""
        return {limit.instrument: limit.at_least for limit in self.any_of}


class TrialCriteria(Form):
    """Which trials count, before it is asked whether they failed."""

    role: Role
    use: Use
    drug: Drug | None = None
    min_duration: Duration | None = None
    """The course lasted at least so long."""
    min_dose: AtLeastDays | None = None
    """It was taken at or above the drug's minimum dose for at least so long."""
    min_supplies: AtLeastSupplies | None = None
    preceded_by: PrecededBy | None = None
    recent: Recent | None = None
    diagnosed: Diagnosed | None = None
    still_ill: StillIll | None = None


class Improvement(Cited):
    """Failed when the score improved by less than this share of the baseline, or by at most this share."""

    below: Percent | None = None
    at_most: Percent | None = None
    _one = exactly_one("below", "at_most")

    @property
    def limit(self) -> float:
        """The share, in percent."""
        return self.at_most if self.below is None else self.below


class NotRemitted(Cited):
    """Failed when the endpoint score is above the instrument's remission cut."""


class Intolerant(Cited):
    """Failed when the record says that the drug was stopped for intolerance."""


class Switched(Cited):
    """Failed when another antidepressant, or one of another class, was begun at the end of the trial or within so many days
    of it."""

    within: Days
    when: Literal["always", "unscored"]
    to: Literal["another drug", "another class"] = "another drug"
    by: Literal["next start", "next prescription"] = "next start"
    """`next prescription`: the prescription after its last one, if that is of another antidepressant and of a later day, whether
    or not that drug had been taken before."""

    @model_validator(mode="after")
    def _to_any_drug(self):
        if self.by == "next prescription" and self.to != "another drug":
            raise ValueError(
                "the next prescription may be of any other drug; write to: another drug, or by: next start"
            )
        return self


class AddedTo(Cited):
    """Failed when another antidepressant or an augmentation agent was added while the trial went on."""

    when: Literal["always", "unscored"]


class Taken(Cited):
    """The definition does not ask whether the trial failed: having taken the drug is enough."""


class Failure(Form):
    """Any one of these makes a trial a failed one. `when: unscored` rules speak only where no score can."""

    improvement: Improvement | None = None
    not_remitted: NotRemitted | None = None
    intolerant: Intolerant | None = None
    switched: Switched | None = None
    added_to: AddedTo | None = None
    taken: Taken | None = None

    @model_validator(mode="after")
    def _not_empty(self):
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise ValueError("failure is empty: write at least one way in which a trial fails, or taken")
        return self
