"""The personal baseline: the last answer before this one, unless it still waits for somebody."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from stepwell.clinic.history import lines as history
from stepwell.clinic.history.partial_dates import first_day
from stepwell.clinic.people.models import Person

from .models import Alert
from .steps import is_open
from .tiers import INTERRUPT, asked, is_sign, level


@dataclass(frozen=True)
class Earlier:
    """The answers of one earlier questionnaire."""

    day: date
    items: dict[str, float | None]
    at: datetime | None = None


@dataclass(frozen=True)
class Baseline:
    """What the new answers are compared with. `level` and `day` are None where there is nothing to compare."""

    level: float | None
    day: date | None
    had_sign: bool
    is_waiting: bool
    """Whether earlier answers interrupted, and nobody has closed their alert."""


def baseline(
    person: Person,
    instrument: str,
    day: date,
    *,
    source: uuid.UUID,
    leave_out: Collection[uuid.UUID],
    given: Iterable[dict],
) -> Baseline:
    """The last answers on or before `day`, of the history, of earlier alerts and as `given`. Answers that interrupted count only
    once their alert is closed: until then the same answer interrupts again. Answers that were not given count as nothing."""
    known = Alert.objects.filter(person_id__in=person.ids(), instrument=instrument).prefetch_related("steps")
    alerts = [alert for alert in known if alert.source != source]
    waiting = [(a.day, a.content["items"]) for a in known if a.tier == INTERRUPT and is_open(a)]
    found = [
        *_of_lines(person, instrument, {source, *leave_out}),
        *(Earlier(a.day, a.content["items"], a.at) for a in alerts if a.day is not None and a.content["items"]),
        *(Earlier(_as_day(g["day"]), g["items"]) for g in given if g.get("day")),
    ]
    usable = [
        e
        for e in found
        if e.day <= day
        and (e.day, asked(instrument, e.items)) not in waiting
        and is_sign(instrument, e.items) is not None
        and asked(instrument, e.items)
    ]
    usable.sort(key=lambda e: (e.day, e.at is not None, e.at or datetime.min))
    if not usable:
        return Baseline(None, None, False, bool(waiting))
    had_sign = any(is_sign(instrument, e.items) for e in usable)
    return Baseline(level(instrument, usable[-1].items), usable[-1].day, had_sign, bool(waiting))


def _of_lines(person: Person, instrument: str, leave_out: Collection[uuid.UUID]) -> Iterator[Earlier]:
    for line in history.in_use(history.current(person)):
        said = line.content
        is_meant = line.kind == "score" and said.get("instrument") == instrument and line.line not in leave_out
        if is_meant and said.get("day") and said.get("items"):
            yield Earlier(first_day(said["day"]), said["items"], line.at)


def _as_day(day: date | str) -> date:
    return day if isinstance(day, date) else first_day(day)
