"""Kills the clinic while patients finish questionnaires, and looks whether everything is there in one piece.

A child process answers the end of the PHQ-9 by real requests, patient after patient: item 9, and the question after it.
It tells of each answer only after the response was there. The parent kills it with SIGKILL and opens the database: every
acknowledged answer must be there; every answer to item 9 above zero, acknowledged or not, must have its alert; and every
questionnaire whose last answer is stored must have its response and its line in the history, and no other must. This is a
crash of the program, not of the machine.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import re
import uuid

from clinic_kill import write_until_killed

_LONGEST = 1.5
"""Seconds after the first acknowledged answer within which the child is killed."""
_BEFORE, _ANSWERS = "21212121", ("2", "no")
_LAST = "phq-9.safety"


def kill_often(cycles: int, seed: int = 1) -> dict[str, int]:
    """Kills so many writers. Returns how many answers were acknowledged, how many questionnaires were finished, and how many
    things are missing, which must be 0."""
    from django.db import connections

    from stepwell.clinic import events
    from stepwell.clinic.history.models import Answer

    chance, told, lost, finished = random.Random(seed), 0, 0, 0
    _finish(_patient(), lambda name: None)  # loads every page's code, which each child then has
    for _cycle in range(cycles):
        waiting = [_patient() for _n in range(8)]
        connections.close_all()
        names = write_until_killed(lambda pipe, waiting=waiting: _write(waiting, pipe), chance.random() * _LONGEST)
        ids = [uuid.UUID(name.split()[0]) for name in names]
        stored = {f"{a.intake} {a.question}" for a in Answer.objects.filter(intake__in=ids)}
        told += len(names)
        lost += len(set(names) - stored)
        halves, whole = _looked_at([request for request, _token in waiting])
        lost += halves
        finished += whole
    return {"acknowledged": told, "finished": finished, "lost": lost + len(events.verify_chain())}


def _looked_at(requests: list) -> tuple[int, int]:
    """How many things of these requests are there without what belongs to them, and how many questionnaires are finished."""
    from stepwell.clinic.history.models import Answer, Line
    from stepwell.clinic.measures.models import Response, ResponseLine
    from stepwell.clinic.safety.models import Alert

    lost = finished = 0
    for request in requests:
        answered = set(Answer.objects.filter(intake=request.pk).values_list("question", flat=True))
        response = Response.objects.filter(request=request).first()
        made = ResponseLine.objects.filter(response__request=request).values_list("line", flat=True)
        lost += ("phq-9.9" in answered) != Alert.objects.filter(source=request.pk).exists()
        lost += (_LAST in answered) != (response is not None)
        lost += (_LAST in answered) != Line.objects.filter(line__in=list(made), kind="score").exists()
        finished += response is not None
    return lost, finished


def _patient() -> tuple:
    """A patient's request, answered up to item 8, and the token of a link to it."""
    from django.utils import timezone

    from stepwell.clinic.access.models import Clinic
    from stepwell.clinic.history import answers, links
    from stepwell.clinic.measures import library, outbox, requests
    from stepwell.clinic.people.models import Person

    born = dt.date(1980, 5, 31)
    person = Person.objects.create(clinic=Clinic.objects.get(), given_name="A", family_name="B", birth_date=born)
    asked = requests.ask(person, "phq-9", None, once=str(uuid.uuid4()))
    link, token = links.new_link(person, asked.pk, opens=outbox.OPENS, ends=timezone.now() + dt.timedelta(hours=1))
    form = library.questionnaires()["phq-9"]
    for page, value in zip(form.pages({}), _BEFORE, strict=False):
        kept = {"asked": asked.pk, "questions": form.name, "once": uuid.uuid4(), "seen": 0}
        answers.save(link, page, {"value": value}, **kept)
    return asked, token


def _write(waiting: list, pipe: int) -> None:
    for patient in waiting:
        _finish(patient, lambda name: os.write(pipe, f"{name}\n".encode()))


def _finish(patient: tuple, acknowledge) -> None:
    from django.test import Client

    asked, token = patient
    client = Client()
    client.post(f"/i/{token}/", {"year": "1980", "month": "05", "day": "31"})
    for value in _ANSWERS:
        page = client.get("/questionnaire/", follow=True)
        where = page.redirect_chain[-1][0]
        hidden = dict(re.findall(r'name="(once|seen)" value="([^"]*)"', page.content.decode()))
        if client.post(where, {"value": value, **hidden}).status_code != 302:
            os._exit(2)
        acknowledge(f"{asked.pk} {'.'.join(where.split('/')[3:5])}")
