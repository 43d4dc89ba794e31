"""The inbox: every alert of a clinic that nobody has closed, with its owner, its clock and why it is there."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from stepwell.clinic.access.models import Clinic, User
from stepwell.clinic.access.policy import Actor
from stepwell.clinic.people.models import Person

from . import words
from .hours import minutes_of
from .models import Alert, AlertStep
from .steps import is_open, is_read, owner_of, steps_of
from .tiers import INTERRUPT, TIERS


@dataclass(frozen=True)
class Card:
    """One alert as the pages show it."""

    alert: Alert
    steps: list[AlertStep]
    owner: User | None
    is_open: bool
    is_read: bool
    is_taken: bool
    waits: str
    """How long it has waited, from the answer until it was closed or until now."""
    due: datetime | None
    """When it goes to who is on call, unless somebody takes it; None where it does not, or already has."""
    is_escalated: bool
    told: str
    """Whether who is on call was told."""

    @property
    def n_steps(self) -> int:
        """The number of the last step: a page that was shown before a later one changes nothing."""
        return self.steps[-1].number if self.steps else 0

    @property
    def symbol(self) -> str:
        """The sign of its tier."""
        return words.TIERS[self.alert.tier][0]

    @property
    def tier(self) -> str:
        """Its tier in words."""
        return words.TIERS[self.alert.tier][1]

    @property
    def why(self) -> str:
        """Why it is here."""
        return words.REASONS[self.alert.reason]

    @property
    def answers(self) -> list[str]:
        """The answers in words."""
        return words.answers_of(self.alert)

    @property
    def signs(self) -> list[str]:
        """Those that are a sign, or were not given."""
        return words.signs_of(self.alert)


def card(alert: Alert, now: datetime, minutes: int) -> Card:
    """The alert as it stands at that moment."""
    steps = steps_of(alert)
    is_taken = any(step.what == "taken" for step in steps)
    escalated = [step for step in steps if step.what == "escalated"]
    closed = next((step.at for step in steps if step.what == "closed"), None)
    waits_for_nobody = alert.tier != INTERRUPT or is_taken or escalated or closed is not None
    return Card(
        alert=alert,
        steps=steps,
        owner=owner_of(alert),
        is_open=is_open(alert),
        is_read=is_read(alert),
        is_taken=is_taken,
        waits=words.waiting(alert.at, closed or now),
        due=None if waits_for_nobody else alert.at + timedelta(minutes=minutes),
        is_escalated=bool(escalated),
        told=words.told_of(escalated[-1]) if escalated else "",
    )


def _open(clinic: Clinic):
    found = Alert.objects.filter(clinic=clinic).exclude(steps__what="closed")
    return found.select_related("person").prefetch_related("steps__owner", "steps__user", "steps__notices")


def cards(clinic: Clinic, now: datetime | None = None, sources: Collection[uuid.UUID] | None = None) -> list[Card]:
    """The open ones: those that interrupt first, in each tier the one that has waited longest. `sources` narrows them to the
    alerts of these answers."""
    now, (minutes, _own) = now or timezone.now(), minutes_of(clinic)
    found = _open(clinic) if sources is None else _open(clinic).filter(source__in=sources)
    return sorted(
        (card(alert, now, minutes) for alert in found),
        key=lambda c: (TIERS.index(c.alert.tier), c.alert.at, str(c.alert.pk)),
    )


def of_person(person: Person, now: datetime | None = None) -> list[Card]:
    """Every alert of the person, the open ones first, then the latest."""
    now, (minutes, _own) = now or timezone.now(), minutes_of(person.clinic)
    found = Alert.objects.filter(person_id__in=person.ids()).prefetch_related(
        "steps__owner", "steps__user", "steps__notices"
    )
    return sorted((card(a, now, minutes) for a in found), key=lambda c: (not c.is_open, -c.alert.at.timestamp()))


def closed(clinic: Clinic, most: int = 50) -> list[Card]:
    """The alerts that were closed last."""
    now, (minutes, _own) = timezone.now(), minutes_of(clinic)
    last = AlertStep.objects.filter(alert__clinic=clinic, what="closed").order_by("-at")[:most]
    found = Alert.objects.filter(pk__in=[step.alert_id for step in last])
    by_id = {
        a.pk: a
        for a in found.select_related("person").prefetch_related("steps__owner", "steps__user", "steps__notices")
    }
    return [card(by_id[step.alert_id], now, minutes) for step in last]


def n_calling(actor: Actor) -> int:
    """How many alerts call this member of staff now: those that interrupt, are open, and belong to nobody yet or to them."""
    found = [card(a, timezone.now(), 0) for a in _open(Clinic(pk=actor.clinic_id)).filter(tier=INTERRUPT)]
    return sum(not c.is_taken or (c.owner is not None and c.owner.pk == actor.user_id) for c in found)
