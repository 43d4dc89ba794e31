"""The outbox: which messages there are to send, and sending them with attempts that are never forgotten.

A message names the clinic and has a link; it says nothing about anybody's health. The link is made when it is sent, and only its
digest is kept. Two workers never send one attempt: the row that begins it is unique.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from stepwell.clinic import events
from stepwell.clinic.access.policy import Action, Actor
from stepwell.clinic.history import links
from stepwell.clinic.people.models import Person

from . import transports
from .models import Contact, Message, MessageRequest, Request, Sending
from .requests import Stand, stands_of
from .schedule import begins_at

OPENS = "questionnaire"
"""The page to which a link leads."""
EARLIEST, LATEST = time(8), time(20)
"""Between these times, in the patient's zone, messages go out."""
BACKOFF = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 360, 720))
"""After the first attempt, the second, ...; then every 12 hours, as long as there is something to ask."""
LOST_AFTER = timedelta(minutes=10)
"""An attempt that only began is tried again after this: the program was ended while it sent."""


def contact_of(person: Person) -> Contact | None:
    """How the person agreed to be reached; None: nobody asked them."""
    return Contact.objects.filter(person_id__in=person.ids()).order_by("-number").first()


def set_contact(person: Person, channel: str, actor: Actor) -> Contact:
    """Keeps how the person agreed to be reached."""
    made = Contact.objects.create(
        person=person, channel=channel, user_id=actor.user_id, actor=actor.name, at=timezone.now()
    )
    events.record(actor, Action.SEND_QUESTIONNAIRE, person=person, detail={"contact": channel})
    return made


def address_of(person: Person, contact: Contact | None) -> tuple[str, str, str]:
    """The channel, the address, and why there is none."""
    if contact is None:
        return "", "", "nobody has asked how to reach this person"
    if contact.channel == "none":
        return "", "", "wants no messages: ask at the clinic"
    to = person.email if contact.channel == "email" else person.phone
    missing = "no e-mail address is known" if contact.channel == "email" else "no phone number is known"
    return contact.channel, to, "" if to else missing


def queue(
    person: Person,
    requests: Sequence[Request],
    why: str,
    *,
    once: str,
    not_before: datetime,
    actor: Actor | None = None,
) -> Message | None:
    """A new message about these requests; None where `once` was used."""
    if Message.objects.filter(once=once).exists():
        return None
    try:
        with transaction.atomic():
            made = Message.objects.create(
                person=person,
                clinic_id=person.clinic_id,
                why=why,
                not_before=at_daytime(not_before, person),
                user_id=actor.user_id if actor else None,
                actor=actor.name if actor else "clock",
                at=timezone.now(),
                once=once,
            )
            for request in requests:
                MessageRequest.objects.create(message=made, request=request)
    except IntegrityError:
        return None
    events.record(actor, Action.SEND_QUESTIONNAIRE, person=person, detail={"message": str(made.pk), "why": why})
    return made


def at_daytime(moment: datetime, person: Person) -> datetime:
    """That moment, or the next morning in the person's zone where it falls in the night."""
    here = moment.astimezone(person.zone)
    if here.time() < EARLIEST:
        return begins_at(here.date(), EARLIEST, person.zone)
    if here.time() >= LATEST:
        return begins_at(here.date() + timedelta(days=1), EARLIEST, person.zone)
    return moment.astimezone(UTC)


@dataclass(frozen=True)
class State:
    """Where a message stands: `waiting`, `sent`, `failed` (tried again at `next_at`), `not needed`."""

    message: Message
    state: str
    n_attempts: int
    next_at: datetime
    why: str
    last: Sending | None


def state_of(message: Message, sendings: Sequence[Sending]) -> State:
    """Where it stands, by its attempts."""
    ends = {s.attempt: s for s in sendings if s.outcome != "begun"}
    begun = {s.attempt: s for s in sendings if s.outcome == "begun"}
    n = max((*ends, *begun), default=0)
    last = ends.get(n) or begun.get(n)
    if last is None:
        return State(message, "waiting", 0, message.not_before, "", None)
    if last.outcome in ("sent", "not needed"):
        return State(message, last.outcome, n, last.at, "", last)
    if last.outcome == "begun":
        return State(
            message, "failed", n, last.at + LOST_AFTER, "the program ended while it was sent; it may have arrived", last
        )
    return State(message, "failed", n, last.at + BACKOFF[min(n, len(BACKOFF)) - 1], last.why, last)


def states_of(messages: Sequence[Message]) -> list[State]:
    """Where each stands; one query."""
    found: dict = {message.pk: [] for message in messages}
    for one in Sending.objects.filter(message__in=messages).order_by("number"):
        found[one.message_id].append(one)
    return [state_of(message, found[message.pk]) for message in messages]


def unsent() -> list[Message]:
    """Messages that were not sent and may still be needed."""
    done = Sending.objects.filter(outcome__in=("sent", "not needed")).values("message")
    return list(Message.objects.exclude(pk__in=done).select_related("person__clinic").order_by("not_before", "id"))


def send_due(now: datetime | None = None) -> dict[str, int]:
    """Sends what is due. Returns how many were sent, failed, and not needed any more."""
    counts = {"sent": 0, "failed": 0, "not needed": 0}
    now = now or timezone.now()
    for state in states_of(unsent()):
        if state.next_at <= now and (outcome := _attempt(state, now)):
            counts[outcome] += 1
    return counts


def _attempt(state: State, now: datetime) -> str:
    """One attempt; its outcome, or empty where another worker has it or it is night."""
    message, person = state.message, state.message.person.survivor()
    if at_daytime(now, person) > now:
        return ""
    stands = [s for s in stands_of(message.requests.all(), now) if s.is_open]
    attempt = state.n_attempts + 1
    if not stands:
        return _end(message, attempt, "not needed", now)
    channel, to, problem = address_of(person, contact_of(person))
    try:
        with transaction.atomic():
            Sending.objects.create(message=message, attempt=attempt, outcome="begun", channel=channel, to=to, at=now)
    except IntegrityError:
        return ""
    if problem:
        return _end(message, attempt, "failed", now, channel=channel, why=problem)
    link, address = _link(person, stands)
    try:
        transports.send(channel, to, text_of(person, address), message)
    except Exception as error:
        told = error if isinstance(error, transports.NotSent) else transports.NotSent(type(error).__name__)
        return _end(message, attempt, "failed", now, channel=channel, to=to, why=told.why[:300], link=link)
    return _end(message, attempt, "sent", now, channel=channel, to=to, link=link)


def _end(message: Message, attempt: int, outcome: str, now: datetime, **given) -> str:
    with transaction.atomic():
        Sending.objects.create(message=message, attempt=attempt, outcome=outcome, at=now, **given)
        events.record(None, f"message {outcome}", person=message.person, detail={"message": str(message.pk)})
    return outcome


def _link(person: Person, stands: Sequence[Stand]) -> tuple[links.Link, str]:
    """A link that opens as long as any of the questionnaires can be answered."""
    ends = max(stand.ends_at for stand in stands)
    link, token = links.new_link(person, stands[0].request.pk, opens=OPENS, ends=ends)
    return link, settings.DIRECTORY.address.rstrip("/") + reverse("intake_link", args=(token,))


def text_of(person: Person, address: str) -> str:
    """The whole text of a message: the clinic's name and the link, and nothing about health."""
    return (
        f"{person.clinic.name}: please answer a few questions: {address} "
        "The link is yours alone and asks for your birth date. Nobody reads replies to this message."
    )
