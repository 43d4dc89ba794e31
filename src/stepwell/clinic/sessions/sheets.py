"""Session sheets: what the entries of a visit say together. Every other room reads sessions here and nowhere else."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from stepwell.clinic.access.models import Clinic
from stepwell.clinic.people.models import Person

from . import clock, due, protocol_files
from .due import Due
from .forms import NO_ADVERSE_EVENT, NOT_TAKEN
from .models import Entry, Order, Session
from .protocol import Protocol
from .sheet_parts import (
    Addendum,
    AdverseEvent,
    Cancelled,
    Check,
    Departure,
    Dose,
    Reading,
    Signature,
    checks,
    latest,
    parts,
)

__all__ = ["Due", "Sheet", "given", "of", "of_day", "of_person", "of_sessions"]


@dataclass(frozen=True)
class Sheet:
    """One visit with everything that was entered. `order` is the version by which it is given: the latest one until the first
    dose, then the one of that dose."""

    session: Session
    order: Order
    protocol: Protocol
    person: Person
    """Who came; of somebody who was merged, the person whom they turned out to be."""
    day: date
    """In the clinic's zone."""
    planned_at: datetime
    chair: str
    checks: tuple[Check, ...]
    """Before the dose; one without an answer has `answer` None."""
    discharge: tuple[Check, ...]
    """Before leaving."""
    doses: tuple[Dose, ...]
    """One for each device, or for an infusion."""
    readings: tuple[Reading, ...]
    adverse_events: tuple[AdverseEvent, ...]
    denies_adverse_event: bool
    """Whether somebody said that there was none."""
    not_taken: frozenset[str]
    """The moments of readings of which somebody said that they were not taken."""
    departure: Departure | None
    signature: Signature | None
    addenda: tuple[Addendum, ...]
    cancelled: Cancelled | None
    entries: tuple[Entry, ...] = field(repr=False)
    """The latest version of each."""
    digest: str = field(repr=False)
    """Of what a signature is for: it changes with every entry but a signature and an addendum."""

    @property
    def zone(self) -> ZoneInfo:
        """The clinic's time zone."""
        return self.session.clinic.zone

    @property
    def is_given(self) -> bool:
        """Whether a dose was given."""
        return bool(self.doses)

    @property
    def is_cancelled(self) -> bool:
        """Whether it did not take place."""
        return self.cancelled is not None

    @property
    def is_signed(self) -> bool:
        """Whether it is signed; then only addenda are added."""
        return self.signature is not None

    @property
    def mg(self) -> float:
        """What was given in all."""
        return sum(dose.mg for dose in self.doses)

    @property
    def n_devices_ordered(self) -> int:
        """How many devices the ordered dose needs; 1 where the protocol has none."""
        device = self.protocol.device
        return 1 if device is None else ceil(self.order.dose_mg / device.mg)

    @property
    def first_dose_at(self) -> datetime | None:
        """When the first dose was given, by the wall clock."""
        return self.doses[0].at if self.doses else None

    @property
    def departed_at(self) -> datetime | None:
        """When the person left, by the wall clock."""
        return self.departure.at if self.departure else None

    @property
    def observed(self) -> clock.Elapsed | None:
        """From the first dose to leaving, with the clock that measured it; None before leaving or without a dose."""
        if not self.doses or self.departure is None:
            return None
        return clock.between(self.doses[0].stamp, self.departure.stamp)

    @property
    def minutes(self) -> float | None:
        """Minutes from the first dose to leaving; None where there is no dose, nobody left, or no clock can tell."""
        return self.observed.minutes if self.observed else None

    @property
    def clock_changes(self) -> list[timedelta]:
        """By how much the wall clock was set while the session ran."""
        return clock.wall_clock_changes(clock.Stamp(e.at, e.boot, e.ticks) for e in self._in_time())

    def _in_time(self) -> list[Entry]:
        running = [getattr(e, "first", e) for e in self.entries if e.kind not in ("planned change", "addendum")]
        return sorted(running, key=lambda entry: entry.number)

    def reading(self, moment: str) -> Reading | None:
        """The reading of one moment: `before`, `40`, `end`."""
        return next((reading for reading in self.readings if reading.moment == moment), None)

    def check(self, name: str) -> Check | None:
        """One check by its id in the protocol."""
        return next((check for check in (*self.checks, *self.discharge) if check.id == name), None)

    def elapsed(self, now: clock.Stamp | None = None) -> clock.Elapsed | None:
        """From the first dose until now, or until leaving; None without a dose."""
        if not self.doses:
            return None
        return self.observed or clock.between(self.doses[0].stamp, now or clock.now())

    def due(self, now: datetime | clock.Stamp | None = None) -> list[Due]:
        """What is to be done, in the order of the session, with its state at `now`."""
        if isinstance(now, datetime):
            now = clock.moment(now)
        return due.of(self, now or clock.now())


def of(session: Session) -> Sheet:
    """The sheet of one session."""
    return _sheets([session])[0]


def of_person(person: Person) -> list[Sheet]:
    """The sheets of the person and of everybody merged into them, in order of time."""
    return _sheets(_sessions().filter(person_id__in=person.ids()))


def of_day(clinic: Clinic, day: date) -> list[Sheet]:
    """The sheets of a day in the clinic's zone, in order of time; a session that was moved is on its new day."""
    moved = Entry.objects.filter(
        session__clinic=clinic, kind="planned change", content__day=day.isoformat()
    ).values_list("session_id", flat=True)
    found = _sheets(_sessions().filter(Q(clinic=clinic) & (Q(day=day) | Q(pk__in=list(moved)))))
    return [sheet for sheet in found if sheet.day == day]


def of_sessions(sessions: QuerySet[Session]) -> list[Sheet]:
    """The sheets of these sessions, in order of time."""
    return _sheets(sessions.select_related("person__clinic", "clinic", "order"))


def given(person: Person) -> list[Sheet]:
    """The sheets of the person with a dose, in order of time."""
    return [sheet for sheet in of_person(person) if sheet.is_given]


def _sessions():
    return Session.objects.select_related("person__clinic", "clinic", "order")


def _sheets(sessions: Iterable[Session]) -> list[Sheet]:
    sessions = list(sessions)
    entries: dict = defaultdict(list)
    for entry in Entry.objects.filter(session__in=sessions).select_related("user").order_by("number"):
        entries[entry.session_id].append(entry)
    orders: dict = defaultdict(list)
    families = {session.order.order for session in sessions}
    for order in Order.objects.filter(order__in=families).select_related("authorisation").order_by("version"):
        orders[order.order].append(order)
    protocols = protocol_files.kept({o.protocol_digest for versions in orders.values() for o in versions})
    sheets = [_sheet(one, entries[one.pk], orders[one.order.order], protocols) for one in sessions]
    return sorted(sheets, key=lambda sheet: (sheet.first_dose_at or sheet.planned_at, str(sheet.session.pk)))


def _sheet(session: Session, every: list[Entry], versions: list[Order], protocols: dict[str, Protocol]) -> Sheet:
    entries = latest(every)
    doses = tuple(parts(entries, "dose"))
    by_id = {str(order.pk): order for order in versions}
    order = by_id.get(doses[0].entry.content.get("order", ""), versions[-1]) if doses else versions[-1]
    protocol = protocols[order.protocol_digest]
    moved = list(parts(entries, "planned change"))
    rules = tuple(rule for rule in protocol.checks if not rule.not_for or rule.not_for != session.person.survivor().sex)
    denied = {e.content["check"] for e in entries if e.kind == "check" and e.content["answer"] == "yes"}
    adverse_events = tuple(parts(entries, "adverse event"))
    return Sheet(
        session=session,
        order=order,
        protocol=protocol,
        person=session.person.survivor(),
        day=date.fromisoformat(moved[-1].day) if moved else session.day,
        planned_at=moved[-1].planned_at if moved else session.planned_at,
        chair=moved[-1].chair if moved else session.chair,
        checks=checks(entries, rules),
        discharge=checks(entries, protocol.discharge),
        doses=doses,
        readings=tuple(parts(entries, "reading")),
        adverse_events=adverse_events,
        denies_adverse_event=not adverse_events and NO_ADVERSE_EVENT in denied,
        not_taken=frozenset(rule.moment for rule in protocol.readings if NOT_TAKEN + rule.moment in denied),
        departure=_last(parts(entries, "departure")),
        signature=_last(parts(entries, "signature")),
        addenda=tuple(parts(entries, "addendum")),
        cancelled=_last(parts(entries, "cancelled")),
        entries=tuple(entries),
        digest=_digest(every, order),
    )


def _last(found):
    return next(reversed(list(found)), None)


def _digest(every: list[Entry], order: Order) -> str:
    """Of every version of every entry that a signature is for: a correction changes it too."""
    names = [f"{e.entry}@{e.version}" for e in every if e.kind not in ("signature", "addendum")]
    return hashlib.sha256("\n".join([str(order.pk), *sorted(names)]).encode()).hexdigest()
