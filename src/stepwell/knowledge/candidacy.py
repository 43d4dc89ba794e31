"""The form of what is asked of somebody before esketamine or ketamine: a label, a published practice, a payer's policy.

A form asks and never concludes. Every statement stands with its source and, where it has changed, with its days; what no
record can hold is a document that would settle it. How the answers are found is written in docs/candidacy.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from .cited import Cited, Day, Days, Form, MmHg, Percent, Points, Sessions, Years, exactly_one
from .criteria import Id
from .definition import Status, fields
from .who import AgeLimits


class OfDefinition(Form):
    """What a definition of resistance says."""

    definition: Id


class Recorded(Form):
    """A diagnosis of these code sets is recorded."""

    any_of: tuple[Id, ...] = Field(min_length=1)
    within: Days | None = None
    """At most so many days before the day asked about; at any time before it where this is left out."""
    otherwise: Literal["not met", "unknown"]
    """What it means that none is recorded for somebody who was observed: that there is none, or that nobody can say."""


class FreeOf(Form):
    """No diagnosis of these code sets. That none is recorded never says that there is none."""

    any_of: tuple[Id, ...] = Field(min_length=1)
    within: Days | None = None
    unless: str | None = None
    """What makes up for one that is recorded: then it is unknown, and this would settle it."""


class Pressure(Form):
    """The latest blood pressure is not above these limits."""

    systolic_at_most: MmHg
    diastolic_at_most: MmHg
    within: Days
    from_age: Years | None = None
    below_age: Years | None = None


class Taking(Form):
    """An antidepressant is being taken on that day, at an antidepressant's dose."""

    of_class: tuple[str, ...] = ()
    """Of one of these classes; any, where this is left out."""
    for_: Days | None = Field(default=None, alias="for")
    """And has been for so long."""
    otherwise: Literal["not met", "unknown"]
    """What it means that none is: that it is not met, or that one could be begun."""


Group = Literal["mao-inhibitor", "psychostimulant", "cns-depressant"]
"""Drugs to be watched beside esketamine and ketamine, as labels group them; which they are stands in `interacting.csv`."""


class NotTaking(Form):
    """None of the drugs of these groups is being taken on that day."""

    interacting: tuple[Group, ...] = Field(min_length=1)
    not_held: str | None = None
    """Drugs that are meant too and that stepwell does not read."""


class ScoreLimit(Form):
    """A score of this instrument; with a limit, at or above it, or above it."""

    instrument: Id
    at_least: Points | None = None
    above: Points | None = None

    @model_validator(mode="after")
    def _one_limit(self):
        if self.at_least is not None and self.above is not None:
            raise ValueError("at_least and above exclude each other; write one of them")
        return self


class Scored(Form):
    """The latest score of any of these instruments, at most so many days before that day."""

    any_of: tuple[ScoreLimit, ...] = Field(min_length=1)
    within: Days


class Had(Form):
    """Sessions of a procedure in the present episode."""

    any_of: tuple[Id, ...] = Field(min_length=1)
    at_least: Sessions


class NotHad(Form):
    """No session of these procedures in so many days before that day; ever, where this is left out."""

    any_of: tuple[Id, ...] = Field(min_length=1)
    within: Days | None = None


ASKS = (
    "age",
    "resistance",
    "failed_trials",
    "added",
    "recorded",
    "free_of",
    "pressure",
    "taking",
    "not_taking",
    "scored",
    "had",
    "not_had",
)
"""What a requirement can ask. For each there is one function that judges it, of the same name."""


class Ask(Form):
    """What is asked: one of these."""

    age: AgeLimits | None = None
    resistance: OfDefinition | None = None
    """The definition is met, in the present episode where it counts within an episode. Another may be chosen when asking."""
    failed_trials: OfDefinition | None = None
    """Enough trials count by this definition; its other parts are asked for themselves."""
    added: OfDefinition | None = None
    """Enough drugs were added to an antidepressant, as this definition counts them."""
    recorded: Recorded | None = None
    free_of: FreeOf | None = None
    pressure: Pressure | None = None
    taking: Taking | None = None
    not_taking: NotTaking | None = None
    scored: Scored | None = None
    had: Had | None = None
    not_had: NotHad | None = None

    @property
    def asked(self) -> tuple[str, Form]:
        """The name of what is asked, and its fields."""
        return next((name, value) for name, value in fields(self) if name in ASKS)


class Alternative(Ask):
    """One of several things of which one is enough."""

    label: str
    _one = exactly_one(*ASKS)


class Dated(Form):
    """From when to when it is asked; without a day, always."""

    valid_from: Day | None = None
    valid_until: Day | None = None

    def holds_on(self, day: date) -> bool:
        """Whether it is asked on that day, both ends included."""
        return (self.valid_from or date.min) <= day <= (self.valid_until or date.max)


class Requirement(Cited, Dated, Ask):
    """One thing that is asked, with who says so and what would settle it where the records do not."""

    id: Id
    label: str
    settled_by: str | None = None
    """The document, or the question, that would settle it."""
    either: tuple[Alternative, ...] = ()
    """Any one of these is enough."""
    _one = exactly_one(*ASKS, "either")


class Document(Cited, Dated):
    """What no record holds and somebody has to write, show or attest."""

    id: Id
    label: str


class Indication(Cited, Dated):
    """One way of coming into question: everything that it asks."""

    id: Id
    label: str
    asks: tuple[Requirement, ...] = Field(min_length=1)


class Superseded(Cited):
    """A later text has taken the place of the copy."""

    since: Day
    text: str
    """By what, in a sentence."""


class InForce(Cited, Dated):
    """From when to when the whole form holds, as far as the copy says."""

    superseded: Superseded | None = None


class Saying(Cited, Dated):
    """Something to be said beside it that is not judged."""

    text: str


class Candidacy(Form):
    """A label, a practice or a policy: when it holds, for whom, against what, with which papers."""

    id: Id
    version: int = Field(ge=1)
    status: Status
    kind: Literal["label", "practice", "policy"]
    title: str
    summary: str
    treatment: Id
    """The ingredient that it is about."""
    off_label: bool = False
    payer: str | None = None
    in_force: InForce
    indications: tuple[Indication, ...] = Field(min_length=1)
    contraindications: tuple[Requirement, ...] = ()
    """Whoever has one of these is not to be given it, whatever the indication."""
    cautions: tuple[Requirement, ...] = ()
    """What is weighed, watched or treated first; none of these decides."""
    documents: tuple[Document, ...] = ()
    says: tuple[Saying, ...] = ()
    evidence: tuple[Id, ...] = ()
    """Published trials to lay beside it."""
    not_held: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The id with its version."""
        return f"{self.id}@{self.version}"

    @model_validator(mode="after")
    def _payer_of_a_policy(self):
        if (self.payer is not None) != (self.kind == "policy"):
            raise ValueError("a policy has a payer, and nothing else has; write payer with kind: policy, and only then")
        return self

    @model_validator(mode="after")
    def _ids_once(self):
        paths = [path for path, _ in (*self.requirements(), *((f"documents.{d.id}", d) for d in self.documents))]
        twice = sorted({path for path in paths if paths.count(path) > 1})
        if twice:
            raise ValueError(f"{' and '.join(twice)} stand twice; write an id of its own for each")
        return self

    def requirements(self) -> Iterator[tuple[str, Requirement]]:
        """Every requirement by its path, in the order of the form: `trd.adult`, `contraindications.aneurysm`."""
        for indication in self.indications:
            yield from ((f"{indication.id}.{one.id}", one) for one in indication.asks)
        for part in ("contraindications", "cautions"):
            yield from ((f"{part}.{one.id}", one) for one in getattr(self, part))

    @property
    def definitions(self) -> tuple[str, ...]:
        """The definitions that it asks for."""
        asks: list[Ask] = [one for _, requirement in self.requirements() for one in (requirement, *requirement.either)]
        named = (value.definition for ask in asks for _, value in fields(ask) if isinstance(value, OfDefinition))
        return tuple(dict.fromkeys(named))


class PolicyAge(Cited):
    """`policy_age.yaml`: how old a copy of a payer's policy may be and still be offered as today's."""

    at_most: Days


class Nearly(Cited):
    """One entry of `nearly.yaml`: which share of a limit is nearly all of it."""

    share: Percent
