"""The form of a protocol file: how one product is given in a clinic, each value with its source. It names no product in code:
another drug is another file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from stepwell.data_files import Cited, Day, Form, Id, Mg, Minutes, MmHg, Status, Years, quantity

MgPerKg = Annotated[float, quantity("a dose by weight", {"mg/kg": 1})]
Answer = Literal["yes", "no"]


class DoseRule(Cited):
    """Doses that the protocol has: some of a list, or from `at_least` to `at_most`; for people of some ages."""

    when: Literal["first session", "later sessions", "every session"] = "every session"
    any_of: tuple[Mg, ...] = ()
    at_least: Mg | None = None
    at_most: Mg | None = None
    usual_by_weight: MgPerKg | None = None
    """Shown beside the field; nothing is calculated from it."""
    age_at_least: Years | None = None
    age_below: Years | None = None

    @model_validator(mode="after")
    def _has_doses(self):
        if bool(self.any_of) == (self.at_most is not None):
            raise ValueError("any_of and at_most exclude each other, and one is needed; write one of them")
        return self

    def has(self, mg: float) -> bool:
        """Whether it has this dose."""
        if self.any_of:
            return mg in self.any_of
        return (self.at_least or 0) <= mg <= self.at_most


class Phase(Cited):
    """Some weeks of a treatment, and how often sessions are in it."""

    id: Id
    label: str
    from_week: int = Field(ge=1)
    until_week: int | None = Field(default=None, ge=1)
    sessions_a_week: str
    """In words: `2`, `1`, `1, or 1 every 2 weeks`."""


class Check(Cited):
    """A question before the dose or before leaving. Where the answer is not `expected`, going on needs a reason; without one
    expected, any answer will do and `otherwise` says what to think of."""

    id: Id
    ask: str
    expected: Answer | None = None
    otherwise: str = ""
    """What the source says where the answer is another one."""
    carries: bool = False
    """Whether the answer of the last session is shown, to be confirmed."""
    interacting: Literal["mao-inhibitor", "psychostimulant", "cns-depressant"] | None = None
    """The drugs of the history that are shown beside it."""
    not_for: Literal["", "male", "female"] = ""


class Pressure(Cited):
    """Blood pressure before the dose, above which somebody decides whether it is given."""

    systolic_at_most: MmHg
    diastolic_at_most: MmHg
    age_at_least: Years | None = None
    age_below: Years | None = None


class Device(Cited):
    """What one dose is made of: so many mg in each device, and the rest between two."""

    mg: Mg
    minutes_apart: Minutes


class ReadingRule(Cited):
    """A reading of vital signs and of how the person is: before the dose, so many minutes after its beginning, at the end."""

    moment: Literal["before", "end"] | Annotated[str, Field(pattern=r"^\d{1,3}$")]
    """Minutes after the first dose are written as a number in quotation marks: "40"."""
    first: Minutes | None = None
    """Minutes after the first dose before which a reading is not this one."""
    last: Minutes | None = None
    """Minutes after the first dose from which it is overdue."""

    @property
    def minutes(self) -> int | None:
        """Minutes after the first dose; None before it and at the end."""
        return int(self.moment) if self.moment.isdigit() else None


class Observed(Cited):
    """The person stays at least so long after the first dose."""

    at_least: Minutes


class FormNeeded(Cited):
    """A form that is sent after each session, by the id of its file in the room `rems`."""

    form: Id
    within_days: int = Field(ge=1)


class Protocol(Form):
    """One protocol: a product by one route, as one source has it."""

    id: Id
    version: int = Field(ge=1)
    date: Day
    """The day on which the file was written."""
    status: Status
    title: str
    summary: str
    treatment: Literal["esketamine", "ketamine"] | Id
    product: str
    route: Literal["nasal", "intravenous", "intramuscular", "subcutaneous", "oral", "sublingual"]
    regimen: str = ""
    """The regimen of stepwell's knowledge by which series are judged."""
    is_label: bool = False
    phases: tuple[Phase, ...] = Field(min_length=1)
    doses: tuple[DoseRule, ...] = Field(min_length=1)
    device: Device | None = None
    """None: a dose is given at once, such as an infusion."""
    checks: tuple[Check, ...] = ()
    pressure_before: tuple[Pressure, ...] = ()
    readings: tuple[ReadingRule, ...] = ()
    earliest_end: Observed
    discharge: tuple[Check, ...] = ()
    adverse_events: tuple[str, ...] = ()
    """Those that can be chosen with one tap; any other is written."""
    monitoring_form: FormNeeded | None = None
    not_held: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self):
        for before, after in pairwise(self.phases):
            if before.until_week is not None and after.from_week <= before.until_week:
                raise ValueError(f"phase {after.id} begins before {before.id} has ended; write the phases in order")
        for names in ([p.id for p in self.phases], [c.id for c in (*self.checks, *self.discharge)]):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{', '.join(twice)} stands twice; give each phase and each check an id of its own")
        moments = [reading.moment for reading in self.readings]
        if len(set(moments)) < len(moments) or "before" not in moments or "end" not in moments:
            raise ValueError("the readings need one `before`, one `end`, and each moment once")
        return self

    def phase(self, name: str) -> Phase | None:
        """The phase of this id."""
        return next((phase for phase in self.phases if phase.id == name), None)

    def check(self, name: str) -> Check | None:
        """The check of this id, before the dose or before leaving."""
        return next((check for check in (*self.checks, *self.discharge) if check.id == name), None)

    def doses_for(self, born: date, day: date, is_first: bool | None) -> tuple[DoseRule, ...]:
        """The doses for somebody of this age; `is_first` None: of any session."""
        return tuple(d for d in self.doses if _is_of_age(d, born, day) and _is_when(d, is_first))

    def pressure_for(self, born: date, day: date) -> Pressure | None:
        """The limit of blood pressure before the dose for somebody of this age."""
        return next((p for p in self.pressure_before if _is_of_age(p, born, day)), None)

    def cited(self) -> Iterator[tuple[str, Cited]]:
        """Every value with its provenance, and what it is of."""
        for name in ("phases", "doses", "checks", "pressure_before", "readings", "discharge"):
            for one in getattr(self, name):
                yield f"{name}: {getattr(one, 'id', None) or getattr(one, 'moment', None) or 'rule'}", one
        for name in ("device", "earliest_end", "monitoring_form"):
            if (one := getattr(self, name)) is not None:
                yield name, one

    @property
    def recalled(self) -> list[tuple[str, Cited]]:
        """The values that are only recalled: the clinic confirms them before the protocol is used."""
        return [(name, one) for name, one in self.cited() if one.seen == "recalled"]


def age_on(born: date, day: date) -> int:
    """Full years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _is_of_age(rule: DoseRule | Pressure, born: date, day: date) -> bool:
    age = age_on(born, day)
    return (rule.age_at_least or 0) <= age and (rule.age_below is None or age < rule.age_below)


def _is_when(rule: DoseRule, is_first: bool | None) -> bool:
    return is_first is None or rule.when != ("later sessions" if is_first else "first session")
