"""Links by which a patient answers: one use, a time to open, bound to the browser that opens it, then the birth date."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import date, datetime, timedelta

from django.http import HttpRequest
from django.utils import timezone

from stepwell.clinic import events
from stepwell.clinic.access.actors import admit_patient
from stepwell.clinic.access.policy import Action, Actor
from stepwell.clinic.people.models import Person

from .models import INTAKE, Link, Sent

MINUTES_TO_OPEN = 10
MOST_TRIES = 3
_SESSION = "opened_link"


def make_link(person: Person, actor: Actor, *, is_kiosk: bool = False) -> tuple[Link, str]:
    """A new link to the person's unsent intake, or to a new one, and its token, which is shown once and not kept."""
    ends = timezone.now() + timedelta(minutes=MINUTES_TO_OPEN)
    made = new_link(
        person, open_intake(person) or uuid.uuid4(), opens=INTAKE, ends=ends, is_kiosk=is_kiosk, user=actor.user_id
    )
    events.record(actor, Action.SEND_INTAKE, person=person, detail={"link": str(made[0].pk)})
    return made


def new_link(
    person: Person, asked: uuid.UUID, *, opens: str, ends: datetime, is_kiosk: bool = False, user: int | None = None
) -> tuple[Link, str]:
    """A new link that opens the page of that name until it ends, and its token. The caller records the event."""
    token, now = secrets.token_urlsafe(32), timezone.now()
    made = Link.objects.create(
        person=person,
        intake=asked,
        opens=opens,
        digest=_digest(token),
        is_kiosk=is_kiosk,
        made_by_id=user,
        made_at=now,
        expires_at=ends,
    )
    return made, token


def open_intake(person: Person) -> uuid.UUID | None:
    """The person's intake that was begun and not sent yet."""
    last = Link.objects.filter(person=person, opens=INTAKE).order_by("-made_at").first()
    return None if last is None or Sent.objects.filter(pk=last.intake).exists() else last.intake


def find_link(token: str) -> Link | None:
    """The link of that token."""
    return Link.objects.filter(digest=_digest(token)).select_related("person__clinic").first()


def why_closed(link: Link | None, request: HttpRequest) -> str:
    """`used`, `expired` or `locked` where the link opens nothing in this browser; empty where it may be opened."""
    if link is None or link.failed_tries >= MOST_TRIES:
        return "locked"
    is_here = request.session.get(_SESSION) == str(link.pk)
    if link.opened_at is not None and not is_here:
        return "used"
    return "" if timezone.now() <= link.expires_at else "expired"


def bind(link: Link, request: HttpRequest) -> None:
    """Keeps the link for this browser: from now on it opens in no other."""
    if link.opened_at is None:
        link.opened_at = timezone.now()
        link.save(update_fields=["opened_at"])
        request.session[_SESSION] = str(link.pk)


def try_birth_date(link: Link, request: HttpRequest, written: date | None) -> bool:
    """Whether the birth date is right; the patient's session then begins. A wrong one is counted."""
    if written == link.person.birth_date:
        admit_patient(request, link.person, str(link.pk))
        return True
    link.failed_tries += 1
    link.save(update_fields=["failed_tries"])
    events.record(None, "link refused", person=link.person, detail={"link": str(link.pk)})
    return False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
