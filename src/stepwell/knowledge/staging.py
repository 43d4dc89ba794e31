"""The form of a staging model: how far resistance has gone in a person's present episode, in points or in stages.

A model counts failed trials by a branch like that of a definition (`failed`), and makes of them and of what else the record
holds either a sum of points (`points`), the highest of several stages (`rungs`), or only a list of what is present, absent and
unknown (`signs`: a profile, which is no score and no flag).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from .cited import Cited, Days, Form, Points, Trials, exactly_one
from .criteria import Id, ScoreAtLeast
from .definition import Branch, Status, TrialBuilding, fields


class DaysGrade(Form):
    """From so many days on, so many points."""

    at_least: Days
    points: Points


class TrialsGrade(Form):
    """From so many on, so many points."""

    at_least: Trials
    points: Points


class Duration(Cited):
    """How long the episode has lasted on the index day."""

    grades: tuple[DaysGrade, ...] = Field(min_length=1)


class Scale(Form):
    """The points for each band of an instrument, in the order of its bands."""

    instrument: Id
    points: tuple[Points, ...] = Field(min_length=1)


class Psychotic(Cited):
    """Where the score gives so many points, a diagnosis of these code sets in the episode makes them more."""

    any_of: tuple[Id, ...] = Field(min_length=1)
    of: Points
    points: Points


class ScoreWindow(Cited):
    """Where the score of the present state is looked for: the latest one in this window around the index day."""

    before: Days
    after: Days


class Severity(Cited):
    """How severe the episode is by the band of the latest score, of the instrument of the lowest rank that has one."""

    window: ScoreWindow
    scales: tuple[Scale, ...] = Field(min_length=1)
    psychotic: Psychotic | None = None


class FailedTrials(Cited):
    """The failed trials: points by how many there are, or for each."""

    grades: tuple[TrialsGrade, ...] = ()
    each: Points | None = None
    _one = exactly_one("grades", "each")


class Raised(Cited):
    """For each failed trial whose dose was raised: the greatest known dose is above the first."""

    each: Points


class AddedToEach(Cited):
    """For each failed trial to which another drug was added, scored or not."""

    each: Points
    when: Literal["always"] = "always"


class Augmented(Cited):
    """Other drugs added to an antidepressant, as `failed.added` counts them: points by how many."""

    grades: tuple[TrialsGrade, ...] = Field(min_length=1)


class Procedure(Cited):
    """A procedure of these code sets in the episode, given or failed. A record of a session says that it was given; whether the
    course failed it does not say."""

    any_of: tuple[Id, ...] = Field(min_length=1)
    counts: Literal["given", "failed"]


class ProcedurePoints(Procedure):
    """The same, for so many points."""

    points: Points


class Unrecorded(Cited):
    """An item that no record table holds: its points are unknown for everybody."""

    id: Id
    label: str
    at_least: Points
    at_most: Points


class Items(Form):
    """The items of a sum of points."""

    duration: Duration | None = None
    severity: Severity | None = None
    failed: FailedTrials | None = None
    raised: Raised | None = None
    added_to: AddedToEach | None = None
    augmented: Augmented | None = None
    ect: ProcedurePoints | None = None
    unrecorded: tuple[Unrecorded, ...] = ()


class Named(Form):
    """The name of a range of points, from so many on up to the next."""

    label: str
    at_least: Points


class Names(Cited):
    """What ranges of points are called, from the least to the most."""

    ranges: tuple[Named, ...] = Field(min_length=1)


class State(Cited):
    """The latest score around the index day is at least so high, by one of the instruments by which that can be said."""

    before: Days
    after: Days
    any_of: tuple[ScoreAtLeast, ...] = Field(min_length=1)

    @property
    def limits(self) -> dict[str, float]:
        """The least points, by instrument."""
        return {limit.instrument: limit.at_least for limit in self.any_of}


class Sign(Cited):
    """A stage of a ladder, or a sign of a profile: present when everything that it asks is met."""

    id: Id
    label: str
    failed: Trials | None = None
    """At least so many failed trials, counted as `failed.count` says."""
    classes: Trials | None = None
    """At least so many different classes among them."""
    of_class: tuple[str, ...] = ()
    """A failed trial of each of these classes."""
    span: Days | None = None
    """At least so many days from the first day of the first failed trial to the last day of the last."""
    augmented: Trials | None = None
    """At least so many drugs added to an antidepressant."""
    intolerant: Trials | None = None
    """At least so many antidepressants stopped for intolerance."""
    duration: Days | None = None
    """The episode has lasted at least so many days."""
    ect: Procedure | None = None
    diagnosis: tuple[Id, ...] = ()
    """A diagnosis of any of these code sets up to the index day."""
    score: State | None = None
    unrecorded: bool = False
    """No record table holds it: unknown for everybody."""

    @model_validator(mode="after")
    def _asks_something(self):
        if not any(name in ASKED and value for name, value in fields(self)):
            raise ValueError("it asks nothing; write at least one of " + ", ".join(ASKED))
        return self


ASKED = (
    "failed",
    "classes",
    "of_class",
    "span",
    "augmented",
    "intolerant",
    "duration",
    "ect",
    "diagnosis",
    "score",
    "unrecorded",
)
"""What a stage or a sign can ask."""


class Staging(Form):
    """A staging model: which trials count as failed, and what is made of them and of the rest."""

    id: Id
    version: int = Field(ge=1)
    status: Status
    title: str
    summary: str
    by_default: bool = False
    """Whether people are staged by it when nobody says which models to use."""
    not_held: tuple[str, ...] = ()
    """What the published model asks and this form does not hold, a sentence each; shown on its card."""
    trials: TrialBuilding
    failed: Branch
    """Which trials are failed ones; whoever has fewer than `count` asks is not staged."""
    points: Items | None = None
    names: Names | None = None
    rungs: tuple[Sign, ...] = ()
    """The stages from the lowest to the highest. Each says all that it asks, also what a lower one asks already."""
    signs: tuple[Sign, ...] = ()
    _one = exactly_one("points", "rungs", "signs")

    @property
    def name(self) -> str:
        """The id with its version, as results say it."""
        return f"{self.id}@{self.version}"

    @property
    def branch(self) -> tuple[Branch, ...]:
        """The one branch by which trials are judged, where a definition has several."""
        return (self.failed,)

    @property
    def asked_signs(self) -> tuple[Sign, ...]:
        """Stages and signs alike."""
        return self.rungs + self.signs

    @property
    def window(self) -> ScoreWindow | State | None:
        """Where the score of the present state is looked for, if it is asked."""
        if self.points is not None:
            return self.points.severity.window if self.points.severity else None
        return next((sign.score for sign in self.asked_signs if sign.score), None)

    @property
    def instruments(self) -> tuple[str, ...]:
        """The instruments by which it is asked."""
        if self.points is not None and self.points.severity:
            return tuple(scale.instrument for scale in self.points.severity.scales)
        return tuple(dict.fromkeys(i for sign in self.asked_signs if sign.score for i in sign.score.limits))

    @property
    def procedures(self) -> tuple[str, ...]:
        """The code sets of procedures that are asked for."""
        asked = [sign.ect for sign in self.asked_signs] + ([self.points.ect] if self.points else [])
        return tuple(dict.fromkeys(name for one in asked if one for name in one.any_of))

    @property
    def psychotic_sets(self) -> tuple[str, ...]:
        """The code sets by which an episode is psychotic, if that is asked."""
        severity = self.points.severity if self.points else None
        return severity.psychotic.any_of if severity and severity.psychotic else ()

    @property
    def diagnoses(self) -> tuple[tuple[str, ...], ...]:
        """The groups of code sets of diagnoses that signs ask for."""
        return tuple(dict.fromkeys(sign.diagnosis for sign in self.asked_signs if sign.diagnosis))

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of which a failed trial is asked for."""
        return tuple(dict.fromkeys(name for sign in self.asked_signs for name in sign.of_class))

    @property
    def rests_on_recall(self) -> bool:
        """Whether anything that it decides by is only recalled, and not verified at the source."""
        return any(part.seen == "recalled" for part in self._cited())

    @property
    def standing(self) -> str:
        """The status in words, as every output says it: `draft`, or `draft, recalled, not verified`."""
        return f"{self.status}, recalled, not verified" if self.rests_on_recall else self.status

    def items(self) -> Iterator[tuple[str, Cited]]:
        """What it is made of, by path: `points.duration`, `points.unrecorded.anxiety`, `rungs.two`, `signs.chronic`."""
        if self.points is not None:
            for name, item in fields(self.points):
                if name == "unrecorded":
                    yield from ((f"points.unrecorded.{one.id}", one) for one in item)
                else:
                    yield f"points.{name}", item
        for kind in ("rungs", "signs"):
            yield from ((f"{kind}.{sign.id}", sign) for sign in getattr(self, kind))

    def _cited(self) -> Iterator[Cited]:
        forms: list[Form] = [self.trials, self.failed.trial, self.failed.failure, self.failed]
        for form in forms:
            yield from (part for _, part in fields(form) if isinstance(part, Cited))
        for _, item in self.items():
            yield item
            yield from (part for _, part in fields(item) if isinstance(part, Cited))
        if self.names is not None:
            yield self.names

    @model_validator(mode="after")
    def _counts_in_the_episode(self):
        if self.failed.within.is_ != "episode":
            raise ValueError("a model stages the present episode; write failed.within: {is: episode}")
        if self.failed.trial.recent is not None or self.failed.trial.diagnosed is not None:
            raise ValueError("a model judges the trials of one episode; take recent and diagnosed out of failed.trial")
        return self

    @model_validator(mode="after")
    def _looks_once(self):
        signs = self.asked_signs
        windows = {(sign.score.before, sign.score.after) for sign in signs if sign.score}
        procedures = {sign.ect.any_of for sign in signs if sign.ect}
        if len(windows) > 1 or len(procedures) > 1:
            raise ValueError("its stages or signs look for scores or procedures in different ways; write all alike")
        return self

    @model_validator(mode="after")
    def _counts_what_is_added(self):
        asks = (self.points.augmented if self.points else None, *(sign.augmented for sign in self.asked_signs))
        if any(asks) and self.failed.added is None:
            raise ValueError("added drugs are asked for, but nothing says which count; write failed.added")
        return self
