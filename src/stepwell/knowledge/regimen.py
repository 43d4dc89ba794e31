"""The form of a regimen: in which phases, how often, at which dose and under which observation a treatment is given, by a
label or by practice, each rule with its source."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from pydantic import Field, model_validator

from .cited import Cited, Day, Days, Form, Mg, Minutes, MmHg, Points, Sessions, Years
from .criteria import Id
from .definition import Status


class Indication(Cited):
    """What the regimen is for, and from which day on."""

    label: str
    valid_from: Day | None = None
    valid_until: Day | None = None


class AnswerFrom(Form):
    """An answer of at least `at_least` to any of these items of one instrument."""

    instrument: Id
    items: tuple[str, ...] = Field(min_length=1)
    at_least: int


class Indicated(Cited):
    """The records that show for whom the regimen is: a diagnosis of the code sets, or one of the answers, from `within`
    days before the first session to its day."""

    any_of: tuple[Id, ...] = Field(min_length=1)
    answers: tuple[AnswerFrom, ...] = ()
    within: Days


class Phase(Cited):
    """So many sessions in each week of some weeks, counted from the first session: not more than `at_most` in a week, not
    fewer than `at_least` in every `every` days."""

    id: Literal["induction", "optimisation", "maintenance"]
    from_week: int = Field(ge=1)
    until_week: int | None = Field(default=None, ge=1)
    at_most: Sessions
    at_least: Sessions | None = None
    every: Days = 7

    @model_validator(mode="after")
    def _is_in_weeks(self):
        if self.every == 0 or self.every % 7:
            raise ValueError(f"{self.every} days are not whole weeks; write every as weeks, such as 'N weeks'")
        if self.until_week is not None and self.until_week < self.from_week:
            raise ValueError("the phase ends before it begins; write until_week as from_week or later")
        return self


class OfAge(Cited):
    """A rule for people of some ages; of all where none is named."""

    age_at_least: Years | None = None
    age_below: Years | None = None


class DoseRule(OfAge):
    """The doses of some sessions."""

    when: Literal["first session", "later sessions", "every session"]
    any_of: tuple[Mg, ...] = Field(min_length=1)


class Observed(Cited):
    """Observed for so long after the dose."""

    at_least: Minutes


class PressureBefore(OfAge):
    """Blood pressure is taken before the dose, and where a limit is given, is not above it."""

    systolic_at_most: MmHg | None = None
    diastolic_at_most: MmHg | None = None


class PressureAfter(Cited):
    """Blood pressure is taken in this time after the dose."""

    first: Minutes
    last: Minutes

    @model_validator(mode="after")
    def _is_a_window(self):
        if self.last < self.first:
            raise ValueError("the window ends before it begins; write last not below first")
        return self


class Oxygen(Cited):
    """Oxygen saturation is taken after the dose, from a day on."""

    valid_from: Day | None = None


class Sedation(Cited):
    """The last sedation score is back at so many points."""

    at_least: Points


class Dissociation(Cited):
    """The last dissociation score is at most so many points, or at most what it was before the dose."""

    at_most: Points


class FormSent(Cited):
    """The form of the session is sent within so many days after it."""

    within: Days


class Missed(Cited):
    """What is to be done about sessions missed."""

    text: str


class Regimen(Form):
    """One regimen of one treatment. A field that is left empty is not asked."""

    id: Id
    version: int = Field(ge=1)
    status: Status
    title: str
    summary: str
    treatment: Id
    authority: Literal["label", "practice"]
    region: str | None = None
    indications: tuple[Indication, ...] = ()
    indicated: Indicated | None = None
    """Only series that the indication applies to are judged; without it all of the treatment's."""
    phases: tuple[Phase, ...] = Field(min_length=1)
    doses: tuple[DoseRule, ...] = ()
    observed: Observed | None = None
    pressure_before: tuple[PressureBefore, ...] = ()
    pressure_after: PressureAfter | None = None
    pressure_end: Cited | None = None
    oxygen: Oxygen | None = None
    sedation: Sedation | None = None
    dissociation: Dissociation | None = None
    form: FormSent | None = None
    missed: Missed | None = None
    not_held: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_phases_in_order(self):
        for before, after in pairwise(self.phases):
            if before.until_week is None or after.from_week <= before.until_week:
                raise ValueError(
                    f"phase {after.id} begins before {before.id} has ended; write the phases in order, without a week in two"
                )
        return self

    @property
    def name(self) -> str:
        """The id with its version."""
        return f"{self.id}@{self.version}"

    @property
    def in_force_from(self) -> Day | None:
        """The first day of its first indication."""
        return min((i.valid_from for i in self.indications if i.valid_from), default=None)

    @property
    def standing(self) -> str:
        """The status in words."""
        return f"{self.status}, recalled, not verified" if self.rests_on_recall else self.status

    @property
    def rests_on_recall(self) -> bool:
        """Whether anything that it decides by is only recalled."""
        return any(form.seen == "recalled" for _, form in self.rules())

    def rules(self) -> tuple[tuple[str, Cited], ...]:
        """Every rule with the criterion that it is of, in the order of the form."""
        rows: list[tuple[str, Cited]] = [("regimen.indicated", self.indicated)] if self.indicated else []
        rows += [("regimen.in_force", i) for i in self.indications]
        rows += [("regimen.frequency", phase) for phase in self.phases]
        rows += [(f"regimen.{'first_dose' if d.when == 'first session' else 'dose'}", d) for d in self.doses]
        rows += [("regimen.pressure_before", p) for p in self.pressure_before]
        names = ("observed", "pressure_after", "pressure_end", "oxygen", "sedation", "dissociation", "form")
        rows += [(f"regimen.{n}", form) for n in names if (form := getattr(self, n)) is not None]
        return (*rows, *([("regimen.missed", self.missed)] if self.missed else []))
