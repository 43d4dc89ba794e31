"""Kills the clinic while patients answer item 9, and looks whether every answer above zero has its alert.

A child process answers real requests: each is one patient's answer to item 9 of the intake. It tells of each one only after the
response was there. The parent kills it with SIGKILL, and then opens the database: every acknowledged answer must be there, every
answer above zero, acknowledged or not, must have an alert that the inbox shows, and every alert must have its answer. This is a
crash of the program, not of the machine.

benchmarks/clinic_alerts.py does so 100,000 times.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import time
import uuid

from clinic_kill import write_until_killed

_LONGEST = 2.0
"""Seconds after the first acknowledged answer within which the child is killed."""
_CHECK_CHAIN_EVERY = 50
_WAITING = 400
"""Patients who wait to answer, at the beginning of a cycle: more than one child can admit."""
_URL = "/intake/phq-9/9/0/"


def answer_often(submits: int, seed: int = 1) -> dict[str, float]:
    """Lets patients answer until so many answers were acknowledged. Returns how many answers and crashes there were, how many
    answers or alerts are missing (which must be 0), and the seconds from sending the answer to its alert in the inbox."""
    from django.db import connection, connections

    from stepwell.clinic import events

    chance, told, lost, cycle, seconds = random.Random(seed), 0, 0, 0, []
    waiting: list = []
    _answer(_patients(1)[0], "1")
    while told < submits:
        waiting += _patients(_WAITING - len(waiting))
        connections.close_all()
        lines = write_until_killed(lambda pipe, w=waiting, c=cycle: _write(w, c, pipe), chance.random() * _LONGEST)
        answered = {intake: float(took) for intake, took in (line.split() for line in lines)}
        told += len(answered)
        seconds += answered.values()
        stored = _stored(waiting)
        lost += _missing(set(answered), stored, [str(link.intake) for link in waiting])
        waiting = [link for link in waiting if str(link.intake) not in stored]
        if cycle % _CHECK_CHAIN_EVERY == 0 or told >= submits:
            lost += len(events.verify_chain())
            with connection.cursor() as cursor:
                if connection.vendor == "sqlite":
                    cursor.execute("PRAGMA integrity_check")
                    lost += cursor.fetchone()[0] != "ok"
        cycle += 1
    seconds.sort()
    return {
        "answers": told,
        "crashes": cycle,
        "lost": lost,
        "p50": seconds[len(seconds) // 2],
        "p99": seconds[int(len(seconds) * 0.99)],
        "longest": seconds[-1],
    }


def _stored(waiting: list) -> dict[str, str]:
    """The answers to item 9 that are in the database, by intake."""
    from stepwell.clinic.history.models import Answer

    found = Answer.objects.filter(intake__in=[link.intake for link in waiting], question="phq-9.9")
    return {str(answer.intake): answer.value["value"] for answer in found}


def _missing(acknowledged: set[str], stored: dict[str, str], waiting: list[str]) -> int:
    """How many answers and alerts of this cycle are missing, or are there alone."""
    from stepwell.clinic.access.models import Clinic
    from stepwell.clinic.safety import inbox
    from stepwell.clinic.safety.models import Alert

    alerts = {str(alert.source): alert for alert in Alert.objects.filter(source__in=waiting)}
    above = {intake: float(value) for intake, value in stored.items() if value != "0"}
    lost = len(acknowledged - set(stored)) + len(set(alerts) ^ set(above))
    for intake in set(alerts) & set(above):
        alert = alerts[intake]
        lost += alert.content["items"] != {"9": above[intake]} or alert.tier != "interrupt"
    shown = {str(card.alert.source) for card in inbox.cards(Clinic.objects.get(), sources=waiting)}
    return lost + len(set(above) - shown)


def _patients(n: int) -> list:
    """New patients, each with a link that they opened and a consent: the next question they answer here is item 9."""
    from django.utils import timezone

    from stepwell.clinic.access.models import Clinic, User
    from stepwell.clinic.history.models import Answer, Link
    from stepwell.clinic.people.models import Person

    now, clinic, by = timezone.now(), Clinic.objects.get(), User.objects.first()
    people = Person.objects.bulk_create(
        Person(clinic=clinic, given_name="P", family_name="Q", birth_date=dt.date(1980, 5, 31)) for _ in range(n)
    )
    links = Link.objects.bulk_create(
        Link(person=person, intake=uuid.uuid4(), digest=uuid.uuid4().hex * 2, made_by=by, made_at=now, expires_at=now)
        for person in people
    )
    Answer.objects.bulk_create(
        Answer(
            link=link, person=link.person, intake=link.intake, questions="benchmark", question="consent.agreed",
            value={"value": "yes"}, at=now, once=uuid.uuid4(),
        )
        for link in links
    )  # fmt: skip
    return links


def _answer(link, value: str) -> int:
    from django.conf import settings
    from django.contrib.sessions.backends.signed_cookies import SessionStore
    from django.test import Client

    client, session = Client(), SessionStore()
    session["patient"] = {"person": str(link.person_id), "clinic": link.person.clinic_id, "link": str(link.pk)}
    session["seen"] = time.time()
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return client.post(_URL, {"value": value, "once": str(uuid.uuid4()), "seen": "0"}).status_code


def _write(waiting: list, cycle: int, pipe: int) -> None:
    for n, link in enumerate(waiting):
        began = time.monotonic()
        if _answer(link, str((cycle + n) % 4)) != 302:
            os._exit(2)
        os.write(pipe, f"{link.intake} {time.monotonic() - began:.6f}\n".encode())
    time.sleep(60)


PREPARE = """
from django.conf import settings
settings.ALLOWED_HOSTS = ["*"]
settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
"""
"""Run in the clinic's process before `answer_often`: the sessions of patients are in cookies, as each patient answers once."""
