"""Who is stuck: what was asked and is not answered, by what is to be done about it. Shown on the clinic's page, with why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stepwell.clinic.access.models import Clinic
from stepwell.clinic.people.models import Person

from . import outbox, transports
from .models import Beat, Contact, Message, Plan, Request, Response
from .outbox import State
from .requests import Stand, stands_of

LATE_WORKER = timedelta(minutes=10)
SHOWN_FOR = timedelta(days=30)
"""What expired is shown so long."""
GROUPS = (
    (
        "failed",
        _("Cannot be sent"),
        _("The message did not leave. It is tried again. Correct what is said, or ask at the desk."),
    ),
    ("no contact", _("No way to reach them"), _("No message can go out. Write down how they agreed to be reached.")),
    (
        "late",
        _("Answered after it was closed"),
        _("The answers are kept and are no score yet. Read them, then take them over."),
    ),
    (
        "started",
        _("Begun and not finished"),
        _("The answers so far are kept. Send it again, or take over what there is."),
    ),
    ("untouched", _("Not opened"), _("Asked, and nothing is answered yet.")),
    ("desk", _("To be asked at the clinic"), _("These people want no messages.")),
    ("expired", _("Closed without all answers"), _("In the last 30 days. Ask again, or leave it.")),
)
"""What waits, what it is called, and what is to be done about it."""


@dataclass(frozen=True)
class Stuck:
    """One request that waits, and why it is on the list."""

    stand: Stand
    person: Person
    why: str
    message: State | None
    """The last message about it."""


def of_clinic(clinic: Clinic, now: datetime | None = None) -> dict[str, list[Stuck]]:
    """Every request of the clinic that waits, by group."""
    now = now or timezone.now()
    recent = Request.objects.filter(clinic=clinic, due_from__lte=now, due_to__gte=now - SHOWN_FOR)
    asked = {r.pk: r for r in recent.select_related("person__clinic")}
    for response in (
        Response.objects.filter(request__clinic=clinic, lines=None).exclude(closed="").select_related("request")
    ):
        asked.setdefault(response.request_id, response.request)
    return grouped(stands_of(sorted(asked.values(), key=lambda r: (r.due_from, str(r.pk))), now))


def grouped(stands: Iterable[Stand]) -> dict[str, list[Stuck]]:
    """The requests that wait, by group; empty groups are left out."""
    stands = [stand for stand in stands if stand.state not in ("finished", "withdrawn", "waiting")]
    messages = last_messages([stand.request for stand in stands])
    contacts = _contacts({stand.request.person_id for stand in stands})
    late = [stand.request.pk for stand in stands if stand.state == "late"]
    taken = set(Response.objects.filter(pk__in=late, lines__isnull=False).values_list("request_id", flat=True))
    found: dict[str, list[Stuck]] = defaultdict(list)
    for stand in stands:
        if stand.state == "late" and stand.request.pk in taken:
            continue
        message, person = messages.get(stand.request.pk), stand.request.person
        group, why = _group(stand, message, contacts.get(person.pk), person)
        found[group].append(Stuck(stand, person, why, message))
    return {name: found[name] for name, _title, _about in GROUPS if name in found}


def _contacts(people: set) -> dict:
    return {c.person_id: c for c in Contact.objects.filter(person_id__in=people).order_by("number")}


def _group(stand: Stand, message: State | None, contact: Contact | None, person: Person) -> tuple[str, str]:
    if stand.state == "late":
        return "late", ""
    if not stand.is_open:
        return "expired", ""
    if stand.n_answers:
        return "started", ""
    _channel, _to, problem = outbox.address_of(person, contact)
    if contact is not None and contact.channel == "none":
        return "desk", ""
    if problem:
        return "no contact", problem
    if message is not None and message.state == "failed":
        return "failed", message.why
    if not stand.request.is_sent:
        return "desk", ""
    return "untouched", ""


def last_messages(requests: list[Request]) -> dict:
    """The last message about each request, by its id."""
    rows = Message.requests.through.objects.filter(request__in=requests).values_list("message_id", "request_id")
    of_message = defaultdict(list)
    for message, request in rows:
        of_message[message].append(request)
    messages = list(Message.objects.filter(pk__in=of_message).order_by("at", "id"))
    return {request: state for state in outbox.states_of(messages) for request in of_message[state.message.pk]}


@dataclass(frozen=True)
class Health:
    """Whether messages leave at all."""

    ran_at: datetime | None
    is_late: bool
    missing: tuple[str, ...]
    """The channels that somebody uses and clinic.toml does not set up."""
    n_waiting: int
    """Messages that are due and were never tried."""


def health(clinic: Clinic, now: datetime | None = None) -> Health:
    """Whether the worker runs and the channels that are used are set up."""
    now = now or timezone.now()
    beat = Beat.objects.filter(pk=1).first()
    used = set(Contact.objects.filter(person__clinic=clinic).values_list("channel", flat=True)) - {"none"}
    waiting = Message.objects.filter(clinic=clinic, not_before__lt=now - LATE_WORKER, sendings=None).count()
    is_used = Plan.objects.filter(person__clinic=clinic).exists() or waiting
    late = bool(is_used) and (beat is None or beat.at < now - LATE_WORKER)
    missing = tuple(sorted(channel for channel in used if not transports.is_set_up(channel)))
    return Health(beat.at if beat else None, late, missing, waiting)
