"""An intake in the database: each answer is stored before the next page is shown, and becomes lines when it is sent."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from stepwell.clinic import events
from stepwell.clinic.access.policy import Action, Actor
from stepwell.clinic.people.models import Person

from . import forms, lines
from .answers import last_of, latest, values
from .intake_lines import contents_of
from .models import INTAKE, Answer, Line, Link, Sent
from .questionnaire import intake

SAFETY = ("phq-9.9", "phq-9.safety")
SAFETY_INSTRUMENT, SAFETY_ITEM = "phq-9", "9"


@dataclass(frozen=True)
class Progress:
    """How far an intake has come."""

    intake: uuid.UUID
    n_answers: int
    last: Answer | None
    is_sent: bool


def is_sent(intake_id: uuid.UUID) -> bool:
    """Whether its answers have become lines."""
    return Sent.objects.filter(pk=intake_id).exists()


def send(person: Person, intake_id: uuid.UUID, actor: Actor) -> list[Line]:
    """Makes lines of the answers, once; a second call makes none."""
    if is_sent(intake_id):
        return []
    answers = latest(intake_id)
    by_patient = actor.user_id is None
    try:
        with transaction.atomic():
            Sent.objects.create(intake=intake_id, person=person, at=timezone.now(), by_patient=by_patient)
    except IntegrityError:
        return []
    days = {key: answer.at.astimezone(person.zone).date() for key, answer in answers.items()}
    day = max(days.values(), default=timezone.localdate())
    made = []
    for kind, data in contents_of(intake(), values(answers), days):
        content, problems = forms.check(kind, data, today=day, born=person.birth_date)
        if content is None:
            # What a patient said is never lost: what does not fit stands in the note.
            kept = {k: v for k, v in data.items() if k not in problems}
            kept["note"] = f"Answers that do not fit together: {', '.join(sorted(problems))}."
            content, problems = forms.check(kind, kept, today=day, born=person.birth_date)
        how = {"state": "reported", "origin": "patient", "source": f"Intake of {day.isoformat()}"}
        made.append(lines.add(person, kind, content, actor=actor, answers=intake_id, **how))
    events.record(
        actor,
        Action.ANSWER_INTAKE if by_patient else Action.WRITE_HISTORY,
        person=person,
        detail={"sent": str(intake_id)},
    )
    return made


def progress_of(person: Person) -> list[Progress]:
    """Each intake of the person, the latest first."""
    found = {}
    for link in Link.objects.filter(person_id__in=person.ids(), opens=INTAKE).order_by("-made_at"):
        if link.intake not in found:
            answers = latest(link.intake)
            last = last_of(answers)
            found[link.intake] = Progress(link.intake, len(answers), last, is_sent(link.intake))
    return list(found.values())


def safety_answers(person: Person) -> list[Answer]:
    """The latest answers above zero to the item about death and self-harm, and to the question after it, sent or not; the
    latest first."""
    found = []
    for progress in progress_of(person):
        answers = latest(progress.intake)
        item, after = (answers.get((name, 0)) for name in SAFETY)
        if item is not None and item.value["value"] not in (None, "0"):
            found += [one for one in (after, item) if one is not None]
    return found
