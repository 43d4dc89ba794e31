"""Answers become alerts, in the transaction of the answers: there is never one without the other.

    with transaction.atomic():
        ...                                  # the answers are stored
        after_answers(person, source=SOURCE, instrument="phq-9", items={"9": 2.0}, answered_at=now, actor=actor)

Call it when an item about suicide is answered, not only when the questionnaire is finished, and once more with `reply` when the
question that follows is answered. The same answers of the same source are one alert, however often it is called.
A finished questionnaire that becomes a line of the history calls it too: `lines.add(..., answers=SOURCE)`.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from stepwell.clinic import events
from stepwell.clinic.access.policy import Actor
from stepwell.clinic.people.models import Person

from .baseline import baseline
from .models import Alert
from .steps import add as add_step
from .steps import is_open, steps_of
from .tiers import asked, call, is_sign, level, rule, safety_items

_NOT_ACTING = "no"


@transaction.atomic
def after_answers(
    person: Person,
    *,
    source: uuid.UUID,
    instrument: str,
    items: Mapping[str, float | None],
    total: float | None = None,
    earlier: Iterable[dict] = (),
    answered_at: datetime,
    actor: Actor,
    reply: str | None = None,
    day: date | None = None,
    is_day_known: bool = True,
    lines: Collection[uuid.UUID] = (),
) -> Alert | None:
    """The alert of these answers, made now or earlier; None where they call nobody.

    `items` are the answers by item (None: asked and not answered); items that do not ask about suicide are ignored, and so is
    `total`: it says nothing about one item. `earlier` are answers before these that are no lines of the history yet, each with
    `day` and `items`. `reply` is the answer to the question that follows: yes, plan, no, declined; None: none yet. `day` is the
    day of the answers where it is not that of `answered_at`; `is_day_known` is False where nobody knows it. `lines` are the lines
    of the history that hold these very answers, or come after them.
    """
    if not safety_items(instrument):
        return None
    said = asked(instrument, items)
    today = timezone.localdate(timezone=person.zone)
    on = day or answered_at.astimezone(person.zone).date()
    is_old = is_day_known and today - on > timedelta(days=rule().recall_days.value)
    before = baseline(person, instrument, on if is_day_known else today, source=source, leave_out=lines, given=earlier)
    called = call(
        instrument,
        items,
        before=before.level,
        had_sign=before.had_sign,
        reply=reply,
        is_old=is_old,
        is_waiting=before.is_waiting,
    )
    if called is None:
        return None
    if reply == _NOT_ACTING and (kept := _latest(person, source, instrument, said)) is not None:
        _note(kept, actor)
        return kept
    content = {
        "items": said,
        "level": level(instrument, items),
        "is_sign": is_sign(instrument, items) if said else None,
        "before": before.level,
        "before_day": before.day.isoformat() if before.day else None,
        "reply": reply,
        "rule": rule().name,
    }
    reply_key = reply if called.reason == reply else ""
    once = uuid.uuid5(source, f"{instrument} {sorted(said.items())} {reply_key}")
    return store(
        person, called.tier, called.reason, instrument, source, on if is_day_known else None, content, actor, once
    )


def _note(alert: Alert, actor: Actor) -> None:
    """Adds to the alert that the person says no. It stays open."""
    words = _("The person says: no, I do not think that I may act on these thoughts today.")
    last = steps_of(alert)[-1:]
    if is_open(alert) and not any(step.note == words for step in last):
        add_step(alert, "note", actor, note=words)


def store(person, tier, reason, instrument, source, day, content, actor: Actor, once: uuid.UUID) -> Alert:
    """The alert, once."""
    kept = Alert.objects.filter(once=once).first()
    if kept is not None:
        return kept
    try:
        with transaction.atomic():
            made = Alert.objects.create(
                person=person,
                clinic_id=person.clinic_id,
                tier=tier,
                reason=reason,
                instrument=instrument,
                source=source,
                day=day,
                content=content,
                actor=actor.name,
                at=timezone.now(),
                once=once,
            )
    except IntegrityError:
        return Alert.objects.get(once=once)
    events.record(actor, "alert", person=person, detail={"alert": str(made.pk)})
    return made


def _latest(person: Person, source: uuid.UUID, instrument: str, said: dict) -> Alert | None:
    """The latest alert of these very answers."""
    of_source = Alert.objects.filter(person=person, source=source, instrument=instrument).order_by("-at")
    return next((alert for alert in of_source if alert.content["items"] == said), None)
