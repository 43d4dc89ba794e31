"""Every place where an answer about suicide enters the history: what patients answer, what staff type, what files bring, what a
correction says."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.dispatch import receiver
from django.utils import timezone

from stepwell.clinic.access.policy import Actor, Role
from stepwell.clinic.history.answers import latest
from stepwell.clinic.history.models import Answer, Line
from stepwell.clinic.history.partial_dates import last_day
from stepwell.clinic.history.questionnaire import Page
from stepwell.clinic.history.signals import answer_saved, lines_said
from stepwell.clinic.people.models import Person

from . import own
from .alerts import after_answers, store
from .models import Alert
from .tiers import INBOX, asked, is_sign, level, rule, safety_items

REPLY = "safety"
"""The id of the question that follows an answer above zero."""


@receiver(answer_saved)
def _answered(sender, *, answer: Answer, page: Page, **_) -> None:
    """A patient's answer to an item about suicide, or to the question after it, whether the rest is ever answered or not."""
    part, question = page.part, page.question.id
    if not part.safety_items or question not in (*part.safety_items, REPLY):
        return
    kept = latest(answer.intake)
    said = {item: kept[key].value for item in part.safety_items if (key := (f"{part.id}.{item}", 0)) in kept}
    if said:
        after_answers(
            answer.person,
            source=answer.intake,
            instrument=part.instrument,
            items={item: None if value["value"] is None else float(value["value"]) for item, value in said.items()},
            answered_at=answer.at,
            reply=reply_of(answer.value) if question == REPLY else None,
            actor=Actor(Role.PATIENT, answer.person.clinic_id, person_id=answer.person_id, link_id=str(answer.link_id)),
        )


def reply_of(value: dict) -> str:
    """The stored answer to the question that follows, as the rule names it."""
    return "declined" if value.get("unknown") else value["value"]


@receiver(lines_said)
def _said(sender, *, person: Person, lines: list[Line], actor: Actor, answers: uuid.UUID | None, **_) -> None:
    """Lines that hold a score. Several old answers that come together, from one file, are one alert."""
    scores = sorted((line for line in lines if _asks(line)), key=lambda line: (_day_of(line), line.at, str(line.pk)))
    waiting, old = [line.line for line in scores], []
    for line in scores:
        alert = _after(person, line, actor, answers, waiting, keep=len(scores) == 1)
        waiting.remove(line.line)
        if alert is None and _is_old_sign(line):
            old.append(line)
    if old:
        _one_for_all(person, old, actor)
    asked_own = sorted((line for line in lines if line.kind == "score" and own.rows_of(line)), key=_day_of)
    old_own = [line for line in asked_own if _is_old(line)]
    own.after_lines(person, [line for line in asked_own if line not in old_own], old_own, actor)


def _asks(line: Line) -> bool:
    content = line.content
    instrument = content.get("instrument", "")
    return line.kind == "score" and bool(safety_items(instrument)) and bool(asked(instrument, items_of(line)))


def items_of(line: Line) -> dict[str, float | None]:
    """The answers of a score, those too that the form could not take and only the imported rows hold."""
    rows = [one["row"] for one in line.content.get("records", ()) if one["table"] == "answer"]
    return {r["item"]: r["value"] for r in rows if r.get("item") is not None} | line.content.get("items", {})


def _day_of(line: Line) -> str:
    return line.content.get("day") or "9999"


def _is_old_sign(line: Line) -> bool:
    return _is_old(line) and bool(is_sign(line.content["instrument"], items_of(line)))


def _is_old(line: Line) -> bool:
    day = line.content.get("day")
    age = None if day is None else timezone.localdate(timezone=line.person.zone) - last_day(day)
    return age is not None and age.days > rule().recall_days.value


def _after(person: Person, line: Line, actor: Actor, answers, waiting: list, *, keep: bool) -> Alert | None:
    """What one line causes. Of several that came together, an old one is left to `_one_for_all`."""
    instrument, items = line.content["instrument"], items_of(line)
    if (_is_old(line) and not keep) or _is_answered(person, line, items, answers):
        return None
    day = line.content.get("day")
    return after_answers(
        person,
        source=answers or line.line,
        instrument=instrument,
        items=items,
        answered_at=line.at,
        day=None if day is None else min(last_day(day), timezone.localdate(timezone=person.zone)),
        is_day_known=day is not None,
        actor=actor,
        lines=waiting,
    )


def _is_answered(person: Person, line: Line, items: dict, answers: uuid.UUID | None) -> bool:
    """Whether the questionnaire that became this line has its alert already."""
    if line.version > 1 or (line.origin != "patient" and answers is None):
        return False
    instrument, day = line.content["instrument"], line.content.get("day")
    of_day = Alert.objects.filter(person_id__in=person.ids(), instrument=instrument, day=day)
    return any(alert.content["items"] == asked(instrument, items) for alert in of_day)


def _one_for_all(person: Person, lines: Iterable[Line], actor: Actor) -> None:
    """One alert in the inbox for old answers that came together, with each line; it names the latest of the gravest."""
    lines = list(lines)
    gravest = max(lines, key=lambda line: (level(line.content["instrument"], items_of(line)), _day_of(line)))
    instrument = gravest.content["instrument"]
    content = {
        "items": asked(instrument, items_of(gravest)),
        "level": level(instrument, items_of(gravest)),
        "is_sign": True,
        "before": None,
        "before_day": None,
        "reply": None,
        "rule": rule().name,
        "lines": [str(line.line) for line in lines],
    }
    once = uuid.uuid5(gravest.line, "old answers " + " ".join(sorted(str(line.line) for line in lines)))
    store(person, INBOX, "old", instrument, gravest.line, last_day(gravest.content["day"]), content, actor, once)
