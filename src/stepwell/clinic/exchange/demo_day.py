"""A day of sessions in the demo: some signed, some running, one planned. Each is written by the functions that the pages call;
only the clock is that of the visit, since a demo begins with a day that is half over."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.utils import timezone

from stepwell.clinic.access.policy import Actor
from stepwell.clinic.people.models import Person
from stepwell.clinic.safety import review
from stepwell.clinic.sessions import clock, dosing, leaving, orders, planning, protocol_files, running, sheets, signing
from stepwell.clinic.sessions.forms import NO_ADVERSE_EVENT
from stepwell.clinic.sessions.models import Session
from stepwell.clinic.stock import entries as stock
from stepwell.clinic.stock.products import products

PROTOCOL, FIRST_DOSE = "esketamine-us", 56
MINUTES_AGO = (230, 205, 55, 22, 4, -35)
"""When each visit begins: minutes before now; the last one is still to come."""
_LONGEST_DAY = timedelta(minutes=max(MINUTES_AGO) + 10)
_BEFORE, _REST, _AT_40, _LEAVES, _SIGNED = -8, 6, 41, 125, 128
_N_DEVICES = 60


def fill(people: Sequence[Person], prescriber: Actor, nurse: Actor) -> list[Session]:
    """Plans the visits of today and runs them up to now; for people without an open answer about suicide."""
    now = timezone.now()
    clinic = people[0].clinic
    is_early = (now - _LONGEST_DAY).astimezone(clinic.zone).date() != now.astimezone(clinic.zone).date()
    ready = [person for person in people if not review.unread(person) and not orders.active(person)]
    protocol_files.confirm(protocol_files.available()[PROTOCOL], clinic, prescriber)
    product = next(p for p in products().products if p.treatment == "esketamine")
    expires = (now + timedelta(days=400)).date()
    lot = stock.receive(
        product, "DEMO-A1", expires, _N_DEVICES, actor=nurse, once=uuid.uuid4(), note="a delivery"
    ).lot_id
    made = []
    for chair, (person, minutes) in enumerate(zip(ready, MINUTES_AGO, strict=False), 1):
        # In the first hours of a day only what is still to come can be planned for it.
        begins = now - timedelta(minutes=minutes if not is_early else -30 * chair)
        order = orders.write(
            person, protocol=PROTOCOL, phase="induction", dose_mg=FIRST_DOSE, actor=prescriber, supply="medical"
        )
        session = planning.plan(order, planned_at=begins, chair=str(chair), actor=nurse, once=uuid.uuid4())
        _run(session, begins, now, lot, nurse)
        made.append(session)
    return made


def _run(session: Session, begins: datetime, now: datetime, lot: int, nurse: Actor) -> None:
    """Enters everything that the visit had until now. The doses begin at `begins`."""

    def is_over(minute: float) -> bool:
        return begins + timedelta(minutes=minute) <= now

    if is_over(_BEFORE):
        with _at(begins, _BEFORE):
            for check in sheets.of(session).checks:
                running.answer(session, check.id, _as_asked(check), actor=nurse, once=uuid.uuid4())
            _read(session, "before", 124, 78, nurse)
    n_devices = sheets.of(session).n_devices_ordered
    for n in range(n_devices):
        if is_over(_REST * n):
            with _at(begins, _REST * n):
                dosing.give(session, mg=28, unit="mg", actor=nurse, once=uuid.uuid4(), lot=lot)
    if is_over(_AT_40):
        with _at(begins, _AT_40):
            _read(session, "40", 141, 86, nurse, sedation=4, dissociation="mild")
    if is_over(_LEAVES):
        with _at(begins, _LEAVES):
            _read(session, "end", 128, 80, nurse)
            running.answer(session, NO_ADVERSE_EVENT, "yes", actor=nurse, once=uuid.uuid4())
            for check in sheets.of(session).discharge:
                running.answer(session, check.id, _as_asked(check), actor=nurse, once=uuid.uuid4())
            leaving.leave(session, actor=nurse, once=uuid.uuid4())
    if is_over(_SIGNED):
        with _at(begins, _SIGNED):
            signing.sign(session, seen=sheets.of(session).digest, actor=nurse, once=uuid.uuid4())


def _as_asked(check) -> str:
    return check.rule.expected or "no"


def _read(session: Session, moment: str, systolic: int, diastolic: int, nurse: Actor, **more) -> None:
    normal = {"pulse": 72, "spo2": 98, "sedation": 5, "dissociation": "none", "respiratory_depression": "no"}
    content = {"moment": moment, "systolic": systolic, "diastolic": diastolic} | normal | more
    running.take_reading(session, content, actor=nurse, once=uuid.uuid4())


@contextmanager
def _at(begins: datetime, minutes: float) -> Iterator[None]:
    """The clock of sessions as it stood so many minutes after the visit began."""
    kept, stamp = clock.now, clock.moment(begins + timedelta(minutes=minutes))
    clock.now = lambda: stamp
    try:
        yield
    finally:
        clock.now = kept
