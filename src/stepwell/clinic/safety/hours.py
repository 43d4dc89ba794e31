"""When somebody reads the inbox, who is on call, and after how many minutes an alert goes to them. Hours are by the clock on the
clinic's wall, on days too on which clocks change."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from stepwell.clinic import events
from stepwell.clinic.access.models import Clinic, User
from stepwell.clinic.access.policy import ALLOWED, Action, Actor, Role

from .models import Arrangement, Shift
from .tiers import rule

_DAYS_AHEAD = 60


@dataclass(frozen=True)
class Reading:
    """Whether somebody reads the inbox at a moment. `until` is when that ends, `again` when it begins again (None: the clinic has
    not said, or not within two months), `on_call` who is on call."""

    is_now: bool
    is_told: bool
    until: datetime | None
    again: datetime | None
    on_call: User | None


def arrangement_of(clinic: Clinic) -> Arrangement | None:
    """What holds now; None: the clinic has not said anything."""
    return Arrangement.objects.filter(clinic=clinic).order_by("-number").first()


def minutes_of(clinic: Clinic) -> tuple[int, bool]:
    """After how many minutes an alert goes to who is on call, and whether the clinic has set them."""
    kept = arrangement_of(clinic)
    return (rule().escalate_after_minutes.value, False) if kept is None else (kept.escalate_after_minutes, True)


def reading(clinic: Clinic, at: datetime) -> Reading:
    """Whether somebody reads the inbox at that moment."""
    kept = arrangement_of(clinic)
    spans = [] if kept is None else list(_spans(kept, clinic, at.astimezone(clinic.zone).date()))
    now = next((stop for start, stop in spans if start <= at < stop), None)
    again = next((start for start, stop in spans if start > at), None)
    is_told = kept is not None and any(kept.hours.values())
    return Reading(now is not None, is_told, now, None if now else again, on_call(clinic, at))


def _spans(kept: Arrangement, clinic: Clinic, first: date) -> Iterator[tuple[datetime, datetime]]:
    """The times of reading from the day before on, in order."""
    closed = set(kept.closed_on)
    for n in range(-1, _DAYS_AHEAD):
        day = first + timedelta(days=n)
        if day.isoformat() not in closed:
            for start, stop in kept.hours.get(str(day.weekday()), ()):
                yield tuple(datetime.combine(day, time.fromisoformat(t), clinic.zone) for t in (start, stop))


@transaction.atomic
def arrange(clinic: Clinic, actor: Actor, *, hours: dict, closed_on: list[str], minutes: int) -> Arrangement:
    """Keeps what the clinic says from now on."""
    last = arrangement_of(clinic)
    made = Arrangement.objects.create(
        clinic=clinic,
        number=last.number + 1 if last else 1,
        hours=hours,
        closed_on=closed_on,
        escalate_after_minutes=minutes,
        user_id=actor.user_id,
        actor=actor.name,
        at=timezone.now(),
    )
    events.record(actor, Action.HANDLE_ALERT, detail={"arrangement": made.number})
    return made


def handlers(clinic: Clinic) -> list[User]:
    """The staff who may handle alerts."""
    roles = [role.value for role in Role if Action.HANDLE_ALERT in ALLOWED[role]]
    return list(User.objects.filter(clinic=clinic, role__in=roles, is_active=True).order_by("last_name", "first_name"))


def shifts(clinic: Clinic) -> list[Shift]:
    """The latest version of each shift that was not taken out."""
    latest: dict[uuid.UUID, Shift] = {}
    for one in Shift.objects.filter(clinic=clinic).select_related("who").order_by("version"):
        latest[one.shift] = one
    return sorted((s for s in latest.values() if not s.is_out), key=lambda s: (s.starts, str(s.shift)))


def on_call(clinic: Clinic, at: datetime) -> User | None:
    """Who is on call; of several the one whose shift began last. Nobody whose account was ended."""
    now = [s for s in shifts(clinic) if s.starts <= at < s.ends and s.who.is_active]
    return now[-1].who if now else None


@transaction.atomic
def add_shift(clinic: Clinic, actor: Actor, who: User, starts: datetime, ends: datetime, once: uuid.UUID) -> Shift:
    """Who is on call from when to when; `once` was made with the page."""
    kept = Shift.objects.filter(shift=once, clinic=clinic).first()
    if kept is not None:
        return kept
    made = Shift.objects.create(
        clinic=clinic, shift=once, who=who, starts=starts, ends=ends, user_id=actor.user_id, actor=actor.name,
        at=timezone.now(),
    )  # fmt: skip
    events.record(actor, Action.HANDLE_ALERT, detail={"shift": str(once)})
    return made


@transaction.atomic
def take_out(clinic: Clinic, actor: Actor, shift: uuid.UUID) -> bool:
    """Takes a shift out; False where there is none."""
    kept = next((s for s in shifts(clinic) if s.shift == shift), None)
    if kept is None:
        return False
    Shift.objects.create(
        clinic=clinic, shift=shift, version=kept.version + 1, who=kept.who, starts=kept.starts, ends=kept.ends,
        is_out=True, user_id=actor.user_id, actor=actor.name, at=timezone.now(),
    )  # fmt: skip
    events.record(actor, Action.HANDLE_ALERT, detail={"shift": str(shift), "out": True})
    return True
