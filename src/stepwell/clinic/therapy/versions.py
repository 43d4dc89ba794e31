"""Writes versions of appointments and notes: a change is a new version with a reason, and the second of two people is told."""

from __future__ import annotations

import uuid
from typing import TypeVar

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from stepwell.clinic import events
from stepwell.clinic.access.policy import Action, Actor
from stepwell.clinic.people.models import Person

from .models import Appointment, Note

Kept = TypeVar("Kept", Appointment, Note)
_ACTIONS = {Appointment: Action.WRITE_APPOINTMENTS, Note: Action.WRITE_THERAPY_NOTES}


class Conflict(Exception):  # noqa: N818
    """Somebody else wrote a version since the page was shown; `latest` is the last one."""

    def __init__(self, latest: Appointment | Note):
        self.latest = latest
        super().__init__(str(latest))


def _name(kind: type[models.Model]) -> str:
    return kind.__name__.lower()


def latest(kind: type[Kept], **where) -> list[Kept]:
    """The latest version of each, in the order of its day."""
    newest: dict[uuid.UUID, Kept] = {}
    rows = kind.objects.filter(**where).select_related("session", "user", "person").order_by("version")
    for row in rows:
        newest[getattr(row, _name(kind))] = row
    return sorted(newest.values(), key=lambda row: (row.starts if kind is Appointment else row.day, str(row.pk)))


def find(kind: type[Kept], person: Person, pk: uuid.UUID) -> Kept | None:
    """The latest version of one of the person's."""
    rows = kind.objects.filter(**{_name(kind): pk, "person_id__in": person.ids()})
    return rows.select_related("session", "user", "person").order_by("-version").first()


def versions(row: Kept) -> list[Kept]:
    """Every version, the first one first."""
    kind = type(row)
    rows = kind.objects.filter(**{_name(kind): getattr(row, _name(kind))})
    return list(rows.select_related("user", "session").order_by("version"))


@transaction.atomic
def write(
    kind: type[Kept], person: Person, pk: uuid.UUID, actor: Actor, *, seen: int, reason: str = "", **fields
) -> tuple[Kept, bool]:
    """The version after `seen` (0: the first), and whether the very same one was there already. Raises Conflict where there is
    another later one. It stays with the person for whom it was first written."""
    before = kind.objects.filter(**{_name(kind): pk}).order_by("-version").first()
    n = before.version if before is not None else 0
    if n != seen:
        is_same = (
            n == seen + 1
            and before.user_id == actor.user_id
            and all(getattr(before, name) == value for name, value in fields.items())
        )
        if is_same:
            return before, True
        raise Conflict(before)
    person_id = before.person_id if before is not None else person.pk
    whole = {_name(kind): pk, "person_id": person_id, "version": n + 1, "reason": reason.strip()[:400], **fields}
    try:
        with transaction.atomic():
            made = kind.objects.create(user_id=actor.user_id, actor=actor.name, at=timezone.now(), **whole)
    except IntegrityError:
        raise Conflict(kind.objects.filter(**{_name(kind): pk}).order_by("-version").first()) from None
    events.record(actor, _ACTIONS[kind], person=person, detail={_name(kind): str(pk), "version": n + 1})
    return made, False
