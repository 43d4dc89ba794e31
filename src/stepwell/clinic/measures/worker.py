"""The worker: hands alerts on, asks, reminds, and sends. `tick` does all that is due now; several may run it at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import close_old_connections, transaction
from django.utils import timezone

from stepwell.clinic.people.models import Person
from stepwell.clinic.safety.escalation import escalate_due

from . import clock, library, on_call, outbox, requests, schedule
from .models import Beat, Plan, Request, Sending

SECONDS = 60
_REMINDED_FOR = timedelta(days=7)
"""After the end of its first window, a request that was begun can be finished; none lasts longer than this."""
_log = logging.getLogger("stepwell.clinic.measures")


def tick(now: datetime | None = None) -> dict[str, int]:
    """Everything that is due now. Returns how many questionnaires were asked, messages sent, failed and not needed."""
    now = now or timezone.now()
    for step in (escalate_due, on_call.notify, remind):
        _tried(step, now)
    n_asked = _tried(ask_due, now) or 0
    counts = outbox.send_due(now)
    Beat.objects.update_or_create(pk=1, defaults={"at": now})
    return {"asked": n_asked, **counts}


def _tried(step: Callable[[datetime], Any], now: datetime) -> Any:
    """What the step gives. Where it fails, that is logged without any value, and the other steps are done all the same."""
    try:
        return step(now)
    except Exception as error:
        _log.error("The worker failed in %s: %s.", step.__name__, type(error).__name__)
        return None


def ask_due(now: datetime) -> int:
    """Asks what the schedules make due, each person in a transaction of their own, and queues one message for each."""
    n = 0
    people = Person.objects.filter(pk__in=Plan.objects.values("person")).select_related("clinic")
    for person in {one.survivor() for one in people}:
        try:
            n += _ask_and_queue(person, now)
        except Exception as error:
            # What cannot be asked of one person keeps nobody else from being asked.
            _log.error("A person's questionnaires could not be asked: %s.", type(error).__name__)
    return n


@transaction.atomic
def _ask_and_queue(person: Person, now: datetime) -> int:
    made = _ask(person, now)
    if sent := [request for request in made if request.is_sent]:
        outbox.queue(person, sent, "due", once=f"due {sent[0].pk}", not_before=now)
    return len(made)


def _ask(person: Person, now: datetime) -> list:
    made = []
    today, contact = timezone.localdate(now, person.zone), outbox.contact_of(person)
    is_sent = contact is None or contact.channel != "none"
    given, planned = clock.days_of(person)
    for plan in requests.plans_of(person).values():
        by = library.schedules().get(plan.schedule)
        if not plan.is_on or by is None:
            continue
        for asked in by.asked:
            days = schedule.due_days(asked.rule, begun=plan.day, given=given, planned=planned, until=today)
            if not days or not (window := _open_window(by, asked.rule, days[-1], person, now)):
                continue
            for name in asked.questionnaires:
                once = once_of(person, by, name, days[-1])
                given_by = {"once": once, "window": window, "day": days[-1], "by": by, "is_sent": is_sent, "now": now}
                made.append(requests.ask(person, name, None, **given_by))
    return [request for request in made if request is not None]


def once_of(person: Person, by: schedule.Schedule, questionnaire: str, day: date) -> str:
    """By which a questionnaire of a schedule is asked once for a day."""
    return f"{person.pk} {by.id} {questionnaire} {day.isoformat()}"


def _open_window(by: schedule.Schedule, rule: schedule.Rule, day: date, person: Person, now: datetime):
    """The window of that day where it is open now. What fell due while the worker did not run, and has expired, is not asked."""
    first, last = schedule.window(by, rule, day, person.zone)
    if isinstance(rule, schedule.AtBeginning):
        first = min(first, now)  # whoever is enrolled at noon is asked at noon
        if day == timezone.localdate(now, person.zone):
            last = max(last, now + timedelta(hours=by.hours_untouched))
    return (first, last) if first <= now <= last else None


def remind(now: datetime) -> int:
    """Queues the reminders that are due: so many hours after the first message about a request was sent, while it is not
    finished."""
    n, reminded = 0, set()
    waiting = Request.objects.filter(due_to__gte=now - _REMINDED_FOR, response=None, withdrawal=None)
    sent = Sending.objects.filter(outcome="sent", message__why__in=("due", "again"), message__requests__in=waiting)
    for one in sent.distinct().order_by("at").select_related("message__person__clinic"):
        stands = [
            stand
            for stand in requests.stands_of(one.message.requests.all(), now)
            if stand.state in ("untouched", "started") and stand.request.pk not in reminded
        ]
        reminded |= {stand.request.pk for stand in stands}
        due = [h for h in stands[0].request.reminders if one.at + timedelta(hours=h) <= now] if stands else []
        if due:
            asked, once = [stand.request for stand in stands], f"reminder {one.message_id} {len(due)}"
            n += outbox.queue(one.message.person, asked, "reminder", once=once, not_before=now) is not None
    return n


def run_until(stop: threading.Event, told: Callable[[dict[str, int]], None] = lambda counts: None) -> None:
    """Ticks every minute until it is told to stop. A tick that fails is logged without any value, and the next one is tried."""
    while not stop.is_set():
        close_old_connections()
        try:
            told(tick())
        except Exception as error:
            _log.error("The worker of messages failed: %s. It tries again in a minute.", type(error).__name__)
        close_old_connections()
        stop.wait(SECONDS)
