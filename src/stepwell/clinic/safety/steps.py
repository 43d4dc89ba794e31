"""What happens to an alert: it is taken, read, escalated, noted, closed. Each step is a row; the second of two people is told."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from stepwell.clinic import events
from stepwell.clinic.access.models import User
from stepwell.clinic.access.policy import Action, Actor

from .models import Alert, AlertStep


class Conflict(Exception):  # noqa: N818
    """Somebody else did something about the alert since the page was shown; `step` is what."""

    def __init__(self, step: AlertStep):
        self.step = step
        super().__init__(str(step))


class Refused(Exception):  # noqa: N818
    """The step cannot be done; `message` says why, in plain words."""

    def __init__(self, message: str):
        self.message = message
        super().__init__(message)


def steps_of(alert: Alert) -> list[AlertStep]:
    """Every step, the first one first."""
    return sorted(alert.steps.all(), key=lambda step: step.number)


def is_open(alert: Alert) -> bool:
    """Whether nobody closed it."""
    return all(step.what != "closed" for step in alert.steps.all())


def is_read(alert: Alert) -> bool:
    """Whether a member of staff read it: opening its page is not enough, they say so."""
    return any(step.what in ("read", "closed") for step in alert.steps.all())


def owner_of(alert: Alert) -> User | None:
    """Who has it now."""
    owner = None
    for step in steps_of(alert):
        owner = step.owner if step.what in ("taken", "escalated") else owner
    return owner


@transaction.atomic
def add(
    alert: Alert, what: str, actor: Actor | None, *, note: str = "", owner: User | None = None, seen: int | None = None
) -> AlertStep:
    """The next step. `seen` is the number of the last step that the page showed, where it showed any. Raises Conflict where there
    is a later one, or where the alert is closed."""
    # One step at a time: SQLite's transactions are immediate, PostgreSQL locks the alert until the commit.
    Alert.objects.select_for_update().get(pk=alert.pk)
    last = AlertStep.objects.filter(alert=alert).order_by("-number").first()
    n = last.number if last else 0
    if last is not None and (last.what == "closed" or (seen is not None and seen != n)):
        raise Conflict(last)
    made = AlertStep.objects.create(
        alert=alert,
        number=n + 1,
        what=what,
        owner=owner,
        note=note.strip(),
        user_id=actor.user_id if actor else None,
        actor=actor.name if actor else "the clock",
        at=timezone.now(),
    )
    alert._prefetched_objects_cache = {}
    events.record(
        actor, Action.HANDLE_ALERT, person=alert.person, detail={"alert": str(alert.pk), "step": n + 1, "what": what}
    )
    return made


def take(alert: Alert, actor: Actor, *, seen: int) -> AlertStep:
    """From now on the actor has it."""
    return add(alert, "taken", actor, owner=User.objects.get(pk=actor.user_id), seen=seen)


def close(alert: Alert, actor: Actor, note: str, *, seen: int) -> AlertStep:
    """Closes it, with a note of what was done."""
    if not note.strip():
        raise Refused("An alert is closed with a note of what was done.")
    return add(alert, "closed", actor, note=note, seen=seen)
