"""Requests: asking, withdrawing, where each stands, and which are due."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from stepwell.clinic import events
from stepwell.clinic.access.policy import Action, Actor
from stepwell.clinic.history.models import Answer
from stepwell.clinic.people.models import Person

from . import library, schedule
from .models import Plan, Request, Response, Withdrawal

HOURS_UNTOUCHED, HOURS_TO_FINISH, REMINDERS = 96, 24, (24, 72)
"""Of a request that is made by hand."""
OPEN = ("waiting", "untouched", "started")


@dataclass(frozen=True)
class Stand:
    """Where a request stands: `waiting` (not yet due), `untouched`, `started`, `expired` (never begun), `not finished` (begun and
    expired), `withdrawn`, `finished`, `late` (finished after it was closed)."""

    request: Request
    state: str
    n_answers: int
    first_at: datetime | None
    last_at: datetime | None
    ends_at: datetime
    """Until then it can be begun or, once begun, finished."""

    @property
    def is_open(self) -> bool:
        """Whether the patient may still answer it."""
        return self.state in OPEN


def stands_of(requests: Iterable[Request], now: datetime | None = None) -> list[Stand]:
    """Where each stands, in the order given; three queries for all."""
    requests, now = list(requests), now or timezone.now()
    ids = [request.pk for request in requests]
    times: dict[uuid.UUID, list[datetime]] = {}
    for asked, at in Answer.objects.filter(intake__in=ids).order_by("number").values_list("intake", "at"):
        times.setdefault(asked, []).append(at)
    withdrawn = set(Withdrawal.objects.filter(request_id__in=ids).values_list("request_id", flat=True))
    finished = dict(Response.objects.filter(request_id__in=ids).values_list("request_id", "closed"))
    return [_stand(r, times.get(r.pk, []), r.pk in withdrawn, finished.get(r.pk), now) for r in requests]


def _stand(request: Request, times: list[datetime], is_withdrawn: bool, closed: str | None, now: datetime) -> Stand:
    # A first answer that came too late does not open it again.
    in_time = [at for at in times if at <= request.due_to]
    ends = in_time[0] + timedelta(hours=request.hours_to_finish) if in_time else request.due_to
    if closed is not None:
        state = "late" if closed else "finished"
    elif is_withdrawn:
        state = "withdrawn"
    elif now > ends:
        state = "not finished" if times else "expired"
    elif now < request.due_from:
        state = "waiting"
    else:
        state = "started" if times else "untouched"
    return Stand(request, state, len(times), times[0] if times else None, times[-1] if times else None, ends)


def stand_of(request: Request, now: datetime | None = None) -> Stand:
    """Where it stands."""
    return stands_of([request], now)[0]


def of_person(person: Person, now: datetime | None = None) -> list[Stand]:
    """Every request of the person, the latest first."""
    return stands_of(Request.objects.filter(person_id__in=person.ids()).order_by("-due_from", "-at", "instrument"), now)


def open_of(person: Person, now: datetime | None = None) -> list[Stand]:
    """Those that the patient may answer now, in the order in which they are asked."""
    found = [stand for stand in of_person(person, now) if stand.state in ("untouched", "started")]
    order = list(library.questionnaires())
    shown = {"phq-9": -2, "qids-sr16": -1}
    return sorted(found, key=lambda s: shown.get(s.request.instrument, order.index(s.request.instrument)
                                                 if s.request.instrument in order else len(order)))  # fmt: skip


def is_answered_since(person: Person, instrument: str, day: date) -> bool:
    """Whether the questionnaire was finished on that day or later, or the history has such a score of the instrument."""
    from .series import scores

    if Response.objects.filter(person_id__in=person.ids(), request__instrument=instrument, day__gte=day).exists():
        return True
    return any(score.day >= day for score in scores(person, instrument))


def ask(
    person: Person,
    instrument: str,
    actor: Actor | None,
    *,
    once: str,
    window: tuple[datetime, datetime] | None = None,
    day: date | None = None,
    by: schedule.Schedule | None = None,
    is_sent: bool = True,
    now: datetime | None = None,
) -> Request | None:
    """A new request. None where the same questionnaire is open, or was answered on that day or since it was due, or `once` was
    used."""
    if Request.objects.filter(once=once).exists():
        return None
    now = now or timezone.now()
    form = library.questionnaires()[instrument]
    day = day or timezone.localdate(now, person.zone)
    if any(s.request.instrument == instrument for s in of_person(person, now) if s.is_open):
        return None
    if is_answered_since(person, instrument, day - timedelta(days=by.fresh_days if by else 0)):
        return None
    first, last = window or (now, now + timedelta(hours=HOURS_UNTOUCHED))
    try:
        with transaction.atomic():
            made = Request.objects.create(
                person=person,
                clinic_id=person.clinic_id,
                instrument=instrument,
                questions=form.name,
                schedule=by.name if by else "",
                day=day,
                due_from=first,
                due_to=last,
                hours_to_finish=by.hours_to_finish if by else HOURS_TO_FINISH,
                reminders=list(by.reminders if by else REMINDERS),
                is_sent=is_sent,
                user_id=actor.user_id if actor else None,
                actor=actor.name if actor else "clock",
                at=now,
                once=once,
            )
    except IntegrityError:
        return None
    events.record(actor, Action.SEND_QUESTIONNAIRE, person=person, detail={"asked": str(made.pk)})
    return made


def withdraw(request: Request, actor: Actor, reason: str) -> bool:
    """Asks it no more. False where it was withdrawn or finished before."""
    if not reason.strip():
        raise ValueError("a request is withdrawn with a reason")
    if Response.objects.filter(request=request).exists():
        return False
    try:
        with transaction.atomic():
            Withdrawal.objects.create(
                request=request, reason=reason.strip()[:400], user_id=actor.user_id, actor=actor.name, at=timezone.now()
            )
    except IntegrityError:
        return False
    events.record(actor, Action.SEND_QUESTIONNAIRE, person=request.person, detail={"withdrawn": str(request.pk)})
    return True


def plans_of(person: Person) -> dict[str, Plan]:
    """The last row of each schedule of the person."""
    return {plan.schedule: plan for plan in Plan.objects.filter(person_id__in=person.ids()).order_by("number")}


def set_plan(person: Person, name: str, is_on: bool, actor: Actor) -> Plan | None:
    """Begins or ends a schedule. None where it stands so already."""
    now = plans_of(person).get(name)
    if (now is not None and now.is_on) == is_on:
        return None
    today = timezone.localdate(timezone=person.zone)
    made = Plan.objects.create(
        person=person, schedule=name, is_on=is_on, day=today, user_id=actor.user_id, actor=actor.name, at=timezone.now()
    )
    events.record(actor, Action.SEND_QUESTIONNAIRE, person=person, detail={"schedule": name, "on": is_on})
    return made
