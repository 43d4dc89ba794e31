"""The parts of a session sheet, each with the entry that says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from stepwell.clinic.access.models import User

from . import forms, protocol
from .clock import Stamp
from .models import Entry


@dataclass(frozen=True)
class Part:
    """What one entry says; `at` is the server's time."""

    entry: Entry = field(repr=False)

    @property
    def at(self) -> datetime:
        """When its first version was entered, by the wall clock."""
        return self.stamp.at

    @property
    def user(self) -> User | None:
        """Who entered the latest version."""
        return self.entry.user

    @property
    def address(self) -> str:
        """How records name it."""
        return self.entry.address

    @property
    def stamp(self) -> Stamp:
        """When its first version was entered, by both clocks: a correction does not move it."""
        first = getattr(self.entry, "first", self.entry)
        return Stamp(first.at, first.boot, first.ticks)


@dataclass(frozen=True)
class Dose(Part):
    """What was given at one moment."""

    mg: float
    route: str
    devices: tuple[forms.Device, ...]
    despite: str = ""


@dataclass(frozen=True)
class Reading(Part):
    """Vital signs and how the person was, at one moment."""

    moment: str
    systolic: int | None
    diastolic: int | None
    pulse: int | None
    spo2: int | None
    sedation: int | None
    dissociation: str | None
    respiratory_depression: str


@dataclass(frozen=True)
class AdverseEvent(Part):
    """One adverse event. `serious` None: nobody said yet."""

    what: str
    serious: bool | None
    onset_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True)
class Check:
    """One check of the protocol with its answer; `answer` None: not answered."""

    rule: protocol.Check
    answer: str | None = None
    carried: bool = False
    confirmed: bool = False
    entry: Entry | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        """Of the check in the protocol."""
        return self.rule.id

    @property
    def is_as_asked(self) -> bool:
        """Whether it is answered, and as the protocol asks."""
        return self.answer is not None and self.rule.expected in (None, self.answer) and self.answer != "not known"


@dataclass(frozen=True)
class Departure(Part):
    """The person left."""

    reason: str
    second_name: str


@dataclass(frozen=True)
class Signature(Part):
    """Somebody signed it."""

    seen: str


@dataclass(frozen=True)
class Addendum(Part):
    """Something added after the signature."""

    text: str


@dataclass(frozen=True)
class Cancelled(Part):
    """It did not take place, or no dose was given."""

    by: str
    note: str


@dataclass(frozen=True)
class PlannedChange(Part):
    """Another day, time or chair."""

    day: str
    planned_at: datetime
    chair: str


_PARTS = {
    "dose": Dose,
    "reading": Reading,
    "adverse event": AdverseEvent,
    "departure": Departure,
    "signature": Signature,
    "addendum": Addendum,
    "cancelled": Cancelled,
    "planned change": PlannedChange,
}


def latest(entries: list[Entry]) -> list[Entry]:
    """The latest version of each entry that is not struck out, in the order in which they were first entered. Each knows its
    `first` version."""
    first: dict = {}
    last: dict = {}
    for entry in sorted(entries, key=lambda entry: entry.number):
        first.setdefault(entry.entry, entry)
        last[entry.entry] = entry
    for key, entry in last.items():
        entry.first = first[key]
    return [last[key] for key in first if not last[key].is_struck]


def parts(entries: list[Entry], kind: str) -> Iterator:
    """The entries of one kind as parts; `entries` as `latest` gave them."""
    form = _PARTS[kind]
    wanted = set(form.__dataclass_fields__) - {"entry"}
    for entry in entries:
        if entry.kind == kind:
            content = forms.read(kind, entry.content)
            yield form(entry, **{name: getattr(content, name) for name in wanted})


def checks(entries: list[Entry], rules: tuple[protocol.Check, ...]) -> tuple[Check, ...]:
    """Each check of the protocol with its latest answer."""
    answered = {e.content["check"]: e for e in entries if e.kind == "check"}
    return tuple(_check(rule, answered.get(rule.id)) for rule in rules)


def _check(rule: protocol.Check, entry: Entry | None) -> Check:
    if entry is None:
        return Check(rule)
    said = entry.content
    return Check(rule, said["answer"], said.get("carried", False), said.get("confirmed", True), entry)
