"""Published results that the model is laid beside: some it is calibrated to, the others only judge it.

data/studies.yaml    how each study is simulated, and every source
data/calibrate.yaml  results that free numbers of the model are set by
data/validate.yaml   results that no number was set by; the calibration never opens this file
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, model_validator

from stepwell.errors import KnowledgeError, Problem
from stepwell.knowledge.cited import Cited, Duration, Form, People, Percent, Ratio, Trials, exactly_one
from stepwell.knowledge.definition import Id
from stepwell.knowledge.fill import fill
from stepwell.knowledge.forms import Reference
from stepwell.knowledge.written import Written, read_yaml
from stepwell.report.proportion import wilson
from stepwell.simulate import ModelParameters, Offer, Policy, Treatment
from stepwell.simulate.changes import not_free, parse

DATA = Path(__file__).parent / "data"
F = TypeVar("F", bound=Form)

Use = Literal["calibrate", "validate"]
Among = Literal["everybody", "step", "remitted", "responded", "course", "helped", "stable"]
"""Whom a result is about, and from when time is counted: from the first treatment on, from a step's beginning, its response or
its remission, from a course's beginning, from the end of a course that helped, from a time on maintenance in good state."""
Count = Literal[
    "entered",
    "remitted",
    "remitted by then",
    "remitted so far",
    "remitted if all went on",
    "in state",
    "state lost",
    "state kept",
    "relapsed",
    "time to relapse",
    "hazard of relapse",
    "early response",
    "third start",
]
StateName = Literal["remission", "response", "response or remission", "no response"]


class OfferForm(Form):
    """A treatment offered in a study."""

    treatment: Literal["esketamine", "ketamine", "ect", "tms"]
    after: Trials


class Study(Cited):
    """How a study is simulated: what of the model is other than usual, and what is offered."""

    title: str
    changes: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    like: Id | None = None
    """A study whose changes, and whose numbers set by calibration, hold here too."""
    offers: tuple[OfferForm, ...] = ()
    maintenance_stops: Duration | None = None

    def policy(self) -> Policy:
        """What is offered to whom."""
        offers = tuple(Offer(Treatment[offer.treatment.upper()], offer.after) for offer in self.offers)
        return Policy(offers, maintenance_days=self.maintenance_stops)


class Target(Cited):
    """One published result, and how the same is counted in simulated people."""

    use: Use
    what: str
    study: Id
    among: Among
    count: Count
    step: int | None = Field(default=None, ge=1)
    state: StateName | None = None
    after: Duration | None = None
    until: Duration | None = None
    against: Id | None = None
    share: Percent | None = None
    of: People | None = None
    ratio: Ratio | None = None
    low: Ratio | None = None
    high: Ratio | None = None
    days: Duration | None = None
    went_in: str | None = None
    """The number of the model that was taken from the same result: then the model gives back what went in."""
    note: str | None = None
    """Why it may differ."""

    _one = exactly_one("share", "ratio", "days")

    @model_validator(mode="after")
    def _is_usable(self) -> Target:
        if self.use == "calibrate" and self.seen == "recalled":
            raise ValueError("a recalled number is never calibrated to; write use: validate")
        if self.use == "calibrate" and (self.share is None or self.of is None):
            raise ValueError("its uncertainty is not known; write share and of, in how many people it was seen")
        if self.use == "calibrate" and self.went_in is not None:
            raise ValueError("it is a number of the model already; write use: validate")
        return self

    @property
    def value(self) -> float:
        """The published number: a share between 0 and 1, a ratio, or days."""
        return self.share / 100 if self.share is not None else self.ratio if self.ratio is not None else self.days

    def interval(self) -> tuple[float, float] | None:
        """Its 95 % interval, as far as it was published or follows from the number of people."""
        if self.share is not None and self.of is not None:
            found = wilson(self.value * self.of, self.of)
            return found.low, found.high
        return None if self.low is None else (self.low, self.high)


class FreeNumber(Form):
    """A number of the model, or of how one study is simulated, that calibration sets."""

    study: Id | None = None
    why: str


class _Studies(Form):
    references: dict[str, Reference]
    studies: dict[Id, Study]


class _Targets(Form):
    use: Use
    free: dict[str, FreeNumber] = Field(default_factory=dict)
    targets: dict[Id, Target] = Field(min_length=1)


@dataclass(frozen=True)
class Aim:
    """What one file of targets asks, with the studies that it names and the sources."""

    targets: Mapping[str, Target]
    free: Mapping[str, FreeNumber]
    studies: Mapping[str, Study]
    references: Mapping[str, Reference]


def read_aim(use: Use, parameters: ModelParameters, folder: Path = DATA) -> Aim:
    """The targets of one use. Raises KnowledgeError with every problem of the two files that it opens."""
    problems: list[Problem] = []
    shared, _ = _read(_Studies, folder / "studies.yaml", problems)
    file, written = _read(_Targets, folder / f"{use}.yaml", problems)
    if shared is not None and file is not None:
        problems += _wrong(use, file, written, shared, parameters)
        for name, study in shared.studies.items():
            if study.like is not None and study.like not in shared.studies:
                problems.append(Problem(f"studies.yaml, {name}", f"`{study.like}` is no study"))
            parse(parameters, study.changes, f"studies.yaml, {name}", problems)
    if problems:
        raise KnowledgeError("The targets are wrong", problems)
    return Aim(file.targets, file.free, shared.studies, shared.references)


def _read(form: type[F], path: Path, problems: list[Problem]) -> tuple[F | None, Written | None]:
    written = read_yaml(path, path.name, problems)
    return (fill(form, written, problems) if written else None), written


def _wrong(use: Use, file: _Targets, written: Written, shared: _Studies, parameters: ModelParameters):
    if file.use != use:
        yield Problem(written.at(("use",)), f"is {file.use}", use, "keep the two kinds in their own files")
    for name, target in file.targets.items():
        at = ("targets", name)
        if target.use != use:
            remedy = "keep the two kinds in their own files"
            yield Problem(written.at((*at, "use")), f"`{name}` is to {target.use} in a file to {use}", use, remedy)
        for study in (target.study, target.against):
            if study is not None and study not in shared.studies:
                yield Problem(written.at(at), f"`{study}` is no study", f"one of {', '.join(shared.studies)}")
        if target.source is not None and target.source not in shared.references:
            yield Problem(written.at((*at, "source")), f"`{target.source}` is no reference of studies.yaml")
        yield from (Problem(written.at(at), found) for found in _missing(target))
        if target.went_in is not None:
            parts = dict(parameters.quantities())
            if target.went_in not in parts:
                yield Problem(written.at((*at, "went_in")), f"`{target.went_in}` is nothing in model.yaml")
    for path, free in file.free.items():
        if free.study is not None and free.study not in shared.studies:
            yield Problem(written.at(("free", path, "study")), f"`{free.study}` is no study")
    yield from not_free(parameters, file.free, written.at(("free",)))


_NEEDS = {
    "entered": ("step",),
    "remitted": ("step",),
    "remitted by then": ("step", "after"),
    "remitted so far": ("step",),
    "remitted if all went on": ("step",),
    "in state": ("state", "after"),
    "state lost": ("state", "after", "until"),
    "state kept": ("state", "after", "until"),
    "relapsed": ("after",),
    "hazard of relapse": ("against",),
    "third start": ("after",),
}


def _missing(target: Target):
    needs = _NEEDS.get(target.count, ())
    if target.among in ("step", "remitted", "responded"):
        needs = (*needs, "step")
    if target.among == "stable":
        needs = (*needs, "state", "until")
    for name in needs:
        if getattr(target, name) is None:
            yield f"`{target.count}` among `{target.among}` needs `{name}`"
