"""The form of a TRD definition. A definition is a filled-in form, not a program: most fields are left empty, and a
psychiatrist can read and correct it.

Every field that decides something is a criterion. Its name is the path of the field (`who.age`, `trial.min_duration`,
`failure.improvement`, `count`): the same string is the column in the judged tables, the row in the evidence and the key of
its sentence. `CRITERIA` lists them; a test holds that the engine judges exactly these.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from .cited import Cited, Day, Days, Form, People, Percent, Trials, exactly_one
from .criteria import (
    AtMostDays,
    Failure,
    Id,
    TrialCriteria,
)
from .who import Who

Status = Literal["draft", "reviewed", "retired"]

DEPRESSION = ("major-depression", "depression-other")
"""The code sets whose diagnoses keep an episode going."""


class Basis(Cited):
    """Whether a course lasts as long as its supply, from its first prescription to its last (supply unknown or unused), or as
    long as an era of the OMOP CDM, which no later supply shortens."""

    is_: Literal["supply", "prescriptions", "eras"] = Field(alias="is")


class MedicationEvidence(Cited):
    """Which drug records make a trial: all, orders that were never dispensed among them (`prescribed`), or only those which say
    that the drug was handed over, paid for, given or taken (`supplied`)."""

    is_: Literal["prescribed", "supplied"] = Field(alias="is")


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
    """How trials and episodes are built from the drug records. Definitions that agree here share their trials. What a
    definition leaves out is taken from `trials.yaml`, the house's choices."""

    basis: Basis
    medication_evidence: MedicationEvidence
    max_gap: AtMostDays
    """A pause of at most so long between two supplies does not end a course."""
    unknown_supply: AtMostDays
    """Where nobody recorded how long a supply lasts: the next one may begin so long after it and still belong to the course."""
    cross_taper: AtMostDays
    """Two drugs taken together for at most so long are a switch; for longer, a combination."""
    episode_gap: AtMostDays
    """A longer pause than this, without treatment or diagnosis, begins a new episode."""
    dose_standard: DoseStandard
    baseline: BaselineWindow
    endpoint: EndpointWindow


class Within(Cited):
    """The stretch in which trials are counted together: one episode, ever, or a number of days.

    The days end with the last trial that counts, unless they are tied to something: `after` they begin on that day, `before`
    they end on a day with a procedure of these code sets, which then is the day on which the definition is met.
    """

    is_: Literal["episode", "ever"] | None = Field(default=None, alias="is")
    days: Days | None = None
    after: Literal["first diagnosis", "first trial"] | None = None
    before: tuple[Id, ...] = ()
    _one = exactly_one("is", "days")

    @model_validator(mode="after")
    def _tied(self):
        if (self.after or self.before) and (self.days is None or (self.after and self.before)):
            raise ValueError("after and before tie a number of days to one day; write days, and one of the two")
        return self


Distinct = Literal["ingredient", "class", "course"]


class Count(Cited):
    """How many different trials that count are needed."""

    at_least: Trials
    distinct: Distinct


class TakenCount(Cited):
    """How many different drugs must have been taken, whether they failed or not."""

    at_least: Trials
    distinct: Distinct
    when: Literal["by then", "ever"] = "by then"
    """`ever`: also after the day on which the definition is met, which they then do not put off."""


class Added(Cited):
    """How many different drugs of other roles (antipsychotics, augmentation agents) must have been added to an antidepressant
    in the same stretch, each for so long, whether they helped or not."""

    at_least: Trials
    for_: Days = Field(alias="for")


class Dated(Cited):
    """On which day a counted trial counts; the definition is met on the day of the one that completes the number."""

    at: Literal["trial start", "trial end", "next treatment start", "next prescription"]


class Branch(Form):
    """One way of meeting the definition: this many trials that count, in this stretch of time."""

    trial: TrialCriteria
    failure: Failure
    count: Count
    within: Within
    taken: TakenCount | None = None
    """In addition, so many different drugs of the same role must have been taken in the same stretch, failed or not."""
    added: Added | None = None
    dated: Dated

    @model_validator(mode="after")
    def _taken_in_a_fixed_stretch(self):
        if (self.taken or self.added) and self.within.is_ is None:
            name = "taken" if self.taken else "added"
            raise ValueError(
                f"{name} needs within: {{is: episode}} or {{is: ever}}; write one of them, since a number of days cannot hold it"
            )
        return self

    @property
    def asks_next_prescription(self) -> bool:
        """Whether it asks for the prescription that follows a trial's last one."""
        duration, switched = self.trial.min_duration, self.failure.switched
        return (
            self.dated.at == "next prescription"
            or (switched is not None and switched.by == "next prescription")
            or (duration is not None and duration.single_until_next is not None)
        )


class PublishedResult(Cited):
    """What the source itself reports with this definition."""

    share: Percent | None = None
    n: People | None = None
    of: People | None = None
    setting: str


class Policy(Cited):
    """Whose rule it is, and from when to when, as far as the copy says. Payers change their policies often."""

    payer: str
    valid_from: Day | None = None
    valid_until: Day | None = None


class AsCode(Cited):
    """The form follows a published program to the letter, beside the definition as its paper says it. Programs know no unknown:
    what a program does not find it reads as not so, and so does the form."""

    of: Id
    """The definition as it is said."""
    does: tuple[str, ...] = Field(min_length=1)
    """What the program does and the words do not say, a sentence each."""


class Definition(Form):
    """A TRD definition: who, how trials are built, which trials count, how many, when.

        definition = stepwell.load_knowledge().definitions["sforzini-2022"]
        definition.branch[0].trial.min_duration.at_least  # 28, in days
        definition.branch[0].trial.min_duration.source  # "sforzini-2022"

    Each statement carries its source, or the reason of a choice. `load_knowledge(["my-rule.yaml"])` reads one of your own;
    docs/own-definition.md says how it is written.
    """

    id: Id
    """Its short name, in small letters, digits and hyphens."""
    version: int = Field(ge=1)
    """Raised whenever it says something else; results name both, as in name@1."""
    status: Status
    """A draft may still change; a reviewed one no longer does, and rests on nothing that is only recalled."""
    title: str
    """What it is called in a report."""
    summary: str
    """What it asks, in one or two sentences."""
    by_default: bool = False
    """Whether it is run when nobody says which definitions to run."""
    policy: Policy | None = None
    as_code: AsCode | None = None
    not_held: tuple[str, ...] = ()
    """What the published definition asks and this form does not hold, a sentence each; shown on its card."""
    who: Who
    trials: TrialBuilding
    branch: tuple[Branch, ...] = Field(min_length=1)
    published: tuple[PublishedResult, ...] = ()

    @property
    def name(self) -> str:
        """The id with its version, as results say it: `sforzini-2022@1`."""
        return f"{self.id}@{self.version}"

    @property
    def rests_on_recall(self) -> bool:
        """Whether anything that it decides by is only recalled, and not verified at the source."""
        return any(field.seen == "recalled" for field in self._deciding())

    @property
    def standing(self) -> str:
        """The status in words, as every output says it: `draft`, or `draft, recalled, not verified`."""
        status = f"{self.status}, as the code does it" if self.as_code else self.status
        return f"{status}, recalled, not verified" if self.rests_on_recall else status

    def _deciding(self) -> Iterator[Cited]:
        forms: list[Form] = [self.who, self.trials]
        for branch in self.branch:
            forms += [branch.trial, branch.failure, branch]
        for form in forms:
            yield from (field for _, field in fields(form) if isinstance(field, Cited))

    @model_validator(mode="after")
    def _a_diagnosis_to_begin_with(self):
        if self.who.diagnosis is None and any(b.within.after == "first diagnosis" for b in self.branch):
            raise ValueError("within counts from the first diagnosis, but who names none; write who.diagnosis")
        return self

    @model_validator(mode="after")
    def _prescriptions_to_follow(self):
        if self.trials.basis.is_ != "prescriptions" and any(branch.asks_next_prescription for branch in self.branch):
            raise ValueError(
                "the next prescription is asked of trials that are not of prescriptions; write basis: {is: prescriptions}"
            )
        return self

    def needs_scores(self) -> bool:
        """Whether nobody could ever meet it without questionnaire scores."""
        return all(needs_score(branch) for branch in self.branch)


def needs_score(branch: Branch) -> bool:
    """Whether no trial can count under this branch without a questionnaire score."""
    return branch.trial.still_ill is not None or {n for n, _ in fields(branch.failure)} <= {
        "improvement",
        "not_remitted",
    }


def fields(form: Form) -> Iterator[tuple[str, Form]]:
    """The filled-in fields of a form, in the order of the form."""
    for name in type(form).model_fields:
        value = getattr(form, name)
        if value is not None:
            yield name, value


CRITERIA = (
    *(f"who.{name}" for name in Who.model_fields),
    *(f"trial.{name}" for name in TrialCriteria.model_fields),
    *(f"failure.{name}" for name in Failure.model_fields),
    "count",
    "taken",
    "added",
)
"""Every criterion a definition can ask, by the path of its field."""
