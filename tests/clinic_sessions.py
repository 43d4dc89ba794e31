"""Orders, sessions and entries for tests, at times that the test names."""

from __future__ import annotations

import datetime as dt
import uuid

from stepwell.clinic.sessions import protocol_files
from stepwell.clinic.sessions.models import Entry, Order, Session

START = dt.datetime(2026, 11, 30, 14, 0, tzinfo=dt.UTC)
"""9:00 in New York."""
BOOT = "one start of the machine"


def an_order(person, user, *, protocol="esketamine-us", phase="induction", dose_mg=56, **given) -> Order:
    """An order by a shipped protocol."""
    file = protocol_files.available()[protocol]
    protocol_files.keep(file)
    fields = {
        "person": person,
        "clinic": person.clinic,
        "protocol": protocol,
        "protocol_digest": file.digest,
        "phase": phase,
        "treatment": file.protocol.treatment,
        "route": file.protocol.route,
        "dose_mg": dose_mg,
        "user": user,
        "actor": f"user {user.pk}",
        "at": START - dt.timedelta(days=1),
    }
    return Order.objects.create(**fields | given)


def a_session(order, *, planned_at=START, **given) -> Session:
    """A planned visit of the order's person."""
    fields = {
        "person": order.person,
        "clinic": order.clinic,
        "order": order,
        "day": planned_at.astimezone(order.clinic.zone).date(),
        "planned_at": planned_at,
        "chair": "1",
        "actor": order.actor,
        "at": START - dt.timedelta(days=1),
    }
    return Session.objects.create(**fields | given)


def an_entry(session, kind, content, *, minute=0.0, wall=None, boot=BOOT, **given) -> Entry:
    """An entry so many minutes after START; `wall` is what the wall clock showed, where it was another time."""
    at = wall or START + dt.timedelta(minutes=minute)
    fields = {"at": at, "boot": boot, "ticks": 60.0 * minute, "actor": session.actor, "once": uuid.uuid4()}
    return Entry.objects.create(session=session, kind=kind, content=content, **fields | given)


def a_device(order, **given) -> dict:
    """The content of a dose of one device."""
    device = {"lot": None, "lot_number": "A1", "serial": ""}
    return {"mg": 28.0, "devices": [device], "route": "nasal", "unit": "mg", "order": str(order.pk)} | given


def a_reading(moment, systolic=120, diastolic=80, **given) -> dict:
    """The content of a reading."""
    normal = {"pulse": 70, "spo2": 98, "sedation": 5, "dissociation": "none", "respiratory_depression": "no"}
    return {"moment": moment, "systolic": systolic, "diastolic": diastolic} | normal | given
