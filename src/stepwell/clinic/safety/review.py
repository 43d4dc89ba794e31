"""What must be read before a dose: every alert of the person that no clinician has said to have read."""

from __future__ import annotations

from stepwell.clinic.access.policy import Actor
from stepwell.clinic.people.models import Person

from .models import Alert, AlertStep
from .steps import add, is_open, is_read
from .tiers import INBOX


def unread(person: Person) -> list[Alert]:
    """The alerts that block a dose until somebody reads them, the latest first. Answers that were old when they came do not: they
    wait in the inbox."""
    found = Alert.objects.filter(person_id__in=person.ids()).exclude(tier=INBOX).prefetch_related("steps")
    return sorted((a for a in found if not is_read(a)), key=lambda a: (a.at, str(a.pk)), reverse=True)


def mark_read(alert: Alert, actor: Actor, note: str = "") -> AlertStep | None:
    """Says that the actor read it. It stays open. Read twice is read once; a closed alert was read."""
    has_read = any(step.what == "read" and step.user_id == actor.user_id for step in alert.steps.all())
    return None if has_read or not is_open(alert) else add(alert, "read", actor, note=note)
