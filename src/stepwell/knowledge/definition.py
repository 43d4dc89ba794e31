"""The form of a TRD definition. A definition is a filled-in form, not a program: most fields are left empty, and a
psychiatrist can read and correct it.

Every field that decides something is a criterion. Its name is the path of the field (`who.age`, `trial.min_duration`,
`failure.improvement`, `count`): the same string is the column in the judged tables, the row in the evidence and the key of
its sentence. `CRITERIA` lists them; a test holds that the engine judges exactly these.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from .cited import Cited, Days, Form, People, Percent, Records, Trials, Years

Status = Literal["draft", "reviewed", "retired"]
DrugRole = Literal["antidepressant", "antipsychotic", "augmentation"]
Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class Age(Cited):
    """Age on the day the definition is met (or, where it is not, on the day it came closest)."""

    at_least: Years


class Diagnosis(Cited):
    """Diagnoses a person must have: on at least so many different days, any code of the code sets."""

    any_of: tuple[Id, ...] = Field(min_length=1)
    at_least: Records
    when: Literal["ever", "before"] = "ever"


class NeverDiagnosis(Cited):
    """Diagnoses a person must not have, ever or up to the day the definition is met."""

    any_of: tuple[Id, ...] = Field(min_length=1)
    when: Literal["ever", "before"] = "ever"


class Who(Form):
    """Whom the definition is about."""

    age: Age | None = None
    diagnosis: Diagnosis | None = None
    never: NeverDiagnosis | None = None


class AtMostDays(Cited):
    """An upper limit of time."""

    at_most: Days


class AtLeastDays(Cited):
    """A lower limit of time."""

    at_least: Days


class Basis(Cited):
    """Whether a course lasts as long as its supply, or from its first prescription to its last (supply unknown or unused)."""

    is_: Literal["supply", "prescriptions"] = Field(alias="is")


class DoseStandard(Cited):
    """Which table of minimum adequate doses is used."""

    is_: Id = Field(alias="is")


class BaselineWindow(Cited):
    """Where the score before a trial is looked for: the latest one in this window around the first day."""

    before: Days
    after: Days


class EndpointWindow(Cited):
    """Where the score that a trial is judged by is looked for: the latest one not before `after_start` days of treatment,
    not later than `after_end` days after its end, and not after the next treatment began."""

    after_start: Days
    after_end: Days


class TrialBuilding(Form):
    """How trials and episodes are built from the drug records. Definitions that agree here share their trials."""

    basis: Basis
    max_gap: AtMostDays
    unknown_supply: AtMostDays
    cross_taper: AtMostDays
    episode_gap: AtMostDays
    dose_standard: DoseStandard
    baseline: BaselineWindow
    endpoint: EndpointWindow


class Role(Cited):
    """Which drugs the trial may be of."""

    is_: DrugRole = Field(alias="is")


class Use(Cited):
    """Whether a drug taken only at a dose for sleep or pain, or as a product for another use, counts as a trial."""

    is_: Literal["antidepressant dose", "any"] = Field(alias="is")


class PrecededBy(Cited):
    """Another antidepressant that must have been taken in the time before this trial began, or still be running."""

    role: Literal["antidepressant"]
    within: Days


class TrialCriteria(Form):
    """Which trials count, before it is asked whether they failed."""

    role: Role
    use: Use
    min_duration: AtLeastDays | None = None
    min_dose: AtLeastDays | None = None
    preceded_by: PrecededBy | None = None


class Improvement(Cited):
    """Failed when the score improved by less than this share of the baseline."""

    below: Percent


class NotRemitted(Cited):
    """Failed when the endpoint score is above the instrument's remission cut."""


class Intolerant(Cited):
    """Failed when the record says that the drug was stopped for intolerance."""


class Switched(Cited):
    """Failed when another antidepressant was begun at the end of the trial or within so many days of it."""

    within: Days
    when: Literal["always", "unscored"]


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


Distinct = Literal["ingredient", "class", "course"]


class Within(Cited):
    """The stretch in which trials are counted together: one episode, ever, or a number of days up to and including the last."""

    is_: Literal["episode", "ever"] | None = Field(default=None, alias="is")
    days: Days | None = None

    @model_validator(mode="after")
    def _one(self):
        if (self.is_ is None) == (self.days is None):
            raise ValueError("write either is: episode, is: ever, or days: a number of days")
        return self


class Count(Cited):
    """How many different trials that count are needed."""

    at_least: Trials
    distinct: Distinct


class Branch(Form):
    """One way of meeting the definition: this many trials that count, in this stretch of time."""

    trial: TrialCriteria
    failure: Failure
    count: Count
    within: Within
    taken: Count | None = None
    """In addition, so many different drugs of the same role must have been taken in the same stretch, failed or not."""
    dated: Dated

    @model_validator(mode="after")
    def _taken_in_a_fixed_stretch(self):
        if self.taken is not None and self.within.is_ is None:
            raise ValueError("taken needs within: {is: episode} or {is: ever}; a sliding number of days cannot hold it")
        return self


class Dated(Cited):
    """On which day a counted trial counts; the definition is met on the day of the one that completes the number."""

    at: Literal["trial start", "trial end", "next treatment start"]


class PublishedResult(Cited):
    """What the source itself reports with this definition."""

    share: Percent | None = None
    n: People | None = None
    of: People | None = None
    setting: str


class Definition(Form):
    """A TRD definition: who, how trials are built, which trials count, how many, when."""

    id: Id
    version: int = Field(ge=1)
    status: Status
    title: str
    summary: str
    beyond_the_form: str | None = None
    """What the published definition asks and no form can hold; shown on its card."""
    who: Who
    trials: TrialBuilding
    branch: tuple[Branch, ...] = Field(min_length=1)
    published: tuple[PublishedResult, ...] = ()

    @property
    def name(self) -> str:
        """The id with its version, as results say it: `sforzini-2022@1`."""
        return f"{self.id}@{self.version}"

    def needs_scores(self) -> bool:
        """Whether nobody could ever meet it without questionnaire scores."""
        scored = {"improvement", "not_remitted"}
        return all({n for n, _ in fields(b.failure)} <= scored for b in self.branch)


def fields(form: Form) -> Iterator[tuple[str, Form]]:
    """The filled-in fields of a form, in the order of the form."""
    for name in type(form).model_fields:
        value = getattr(form, name)
        if value is not None:
            yield name, value


CRITERIA: dict[str, type[Cited]] = {
    "who.age": Age,
    "who.diagnosis": Diagnosis,
    "who.never": NeverDiagnosis,
    "trial.role": Role,
    "trial.use": Use,
    "trial.min_duration": AtLeastDays,
    "trial.min_dose": AtLeastDays,
    "trial.preceded_by": PrecededBy,
    "failure.improvement": Improvement,
    "failure.not_remitted": NotRemitted,
    "failure.intolerant": Intolerant,
    "failure.switched": Switched,
    "failure.added_to": AddedTo,
    "failure.taken": Taken,
    "count": Count,
    "taken": Count,
}
"""Every criterion a definition can ask, by the path of its field."""

Branch.model_rebuild()
