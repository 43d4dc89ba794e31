"""The hash chain: each event's digest covers its own fields and the digest of the event before it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid

from django.db import connection, transaction
from django.utils import timezone

from stepwell.clinic.access.policy import Actor

from .models import Event

START = "0" * 64
"""What the first event has as the digest before it."""
_LOCK = 0x57E9
_FIELDS = ("number", "at", "clinic_id", "actor", "role", "action", "person_id", "detail", "previous")


def digest(event: Event) -> str:
    """SHA-256 over the event's fields as canonical JSON."""
    fields = {name: _as_text(getattr(event, name)) for name in _FIELDS}
    return hashlib.sha256(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _as_text(value):
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    return str(value) if isinstance(value, uuid.UUID) else value


@transaction.atomic
def append(actor: Actor | None, action: str, person_id: uuid.UUID | None, detail: dict) -> Event:
    """The new event. One writer at a time: SQLite's transactions are immediate, PostgreSQL takes a lock until the commit."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    last = Event.objects.order_by("-number").only("number", "digest").first()
    event = Event(
        number=last.number + 1 if last else 1,
        at=timezone.now(),
        clinic_id=actor.clinic_id if actor else None,
        actor=actor.name if actor else "nobody",
        role=actor.role.value if actor else "",
        action=action,
        person_id=person_id,
        detail=json.loads(json.dumps(detail, default=str)),
        previous=last.digest if last else START,
    )
    event.digest = digest(event)
    event.save(force_insert=True)
    return event


def verify() -> list[str]:
    """What is wrong: a changed field, a missing number, a broken link; at most the first of each kind."""
    problems: dict[str, str] = {}
    number, previous = 0, START
    for event in Event.objects.order_by("number").iterator(chunk_size=2000):
        number += 1
        if event.number != number:
            problems.setdefault("gap", f"Event {number} is missing.")
            number = event.number
        elif event.previous != previous:
            problems.setdefault("link", f"Event {event.number} does not follow the event before it.")
        if digest(event) != event.digest:
            problems.setdefault("changed", f"Event {event.number} is not as it was written.")
        previous = event.digest
    return list(problems.values())
