"""The event log: append-only, hash-chained; who did what when, without health data."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepwell.clinic.access.policy import Actor
    from stepwell.clinic.people.models import Person

    from .models import Event


def record(actor: Actor | None, action: str, *, person: Person | None = None, detail: dict | None = None) -> Event:
    """Adds an event to the chain, in the caller's transaction. `detail` holds ids and names of pages, never health data."""
    from .chain import append

    return append(actor, str(action), person.pk if person is not None else None, detail or {})


def verify_chain() -> list[str]:
    """What is wrong with the chain, in words; empty where every event is as it was written."""
    from .chain import verify

    return verify()
