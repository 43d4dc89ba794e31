"""Kills the clinic while it writes, again and again, and looks whether everything that it acknowledged is there.

A child process answers real requests (a person is added, with its event, in one transaction) and tells of each one only after the
answer was there. The parent kills it with SIGKILL at a drawn moment, and then opens the database: every acknowledged person and
event must be there, the event chain must hold, and the file must be whole. This is a crash of the program, not of the machine.

benchmarks/clinic_kill.py does so 10,000 times.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable

_LONGEST = 0.06
"""Seconds after the first acknowledged write within which the child is killed."""
_CHECK_CHAIN_EVERY = 50


def kill_often(cycles: int, seed: int = 1) -> dict[str, int]:
    """Kills so many writers. Returns how many writes were acknowledged, and how many of them are missing, which must be 0."""
    from django.db import connection, connections

    from stepwell.clinic import events
    from stepwell.clinic.events.models import Event
    from stepwell.clinic.people.models import Person

    chance, told, lost = random.Random(seed), 0, 0
    # A first request in the parent loads every page's code, which each child then has.
    _client().post("/people/add/", {"given_name": "first", "family_name": "Doe", "birth_date": "1980-05-31"})
    for cycle in range(cycles):
        connections.close_all()
        names = write_until_killed(lambda pipe, cycle=cycle: _write(cycle, pipe), chance.random() * _LONGEST)
        there = set(Person.objects.filter(given_name__startswith=f"c{cycle}-").values_list("given_name", flat=True))
        ids = Person.objects.filter(given_name__in=names).values_list("pk", flat=True)
        n_events = (
            Event.objects.filter(person_id__in=list(ids), action="add person").values("person_id").distinct().count()
        )
        told += len(names)
        lost += len(set(names) - there) + (len(names) - n_events)
        # What was not acknowledged may be there or not, but never a person without their event.
        halves = Person.objects.filter(given_name__in=there).exclude(pk__in=_with_event(there)).count()
        lost += halves
        if cycle % _CHECK_CHAIN_EVERY == 0 or cycle == cycles - 1:
            lost += len(events.verify_chain())
            with connection.cursor() as cursor:
                if connection.vendor == "sqlite":
                    cursor.execute("PRAGMA integrity_check")
                    lost += cursor.fetchone()[0] != "ok"
    return {"cycles": cycles, "acknowledged": told, "lost": lost}


def _with_event(names: set[str]) -> list:
    from stepwell.clinic.events.models import Event
    from stepwell.clinic.people.models import Person

    ids = list(Person.objects.filter(given_name__in=names).values_list("pk", flat=True))
    return list(Event.objects.filter(person_id__in=ids).values_list("person_id", flat=True))


def write_until_killed(write_on: Callable[[int], None], seconds: float) -> list[str]:
    """The lines that a child wrote before it was killed, so long after its first one. Each line is an acknowledged write."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            write_on(write)
        finally:
            os._exit(1)
    os.close(write)
    first = os.read(read, 65536)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    rest = b""
    while block := os.read(read, 65536):
        rest += block
    os.close(read)
    return [name for name in (first + rest).decode().split("\n")[:-1] if name]


def _client():
    from django.test import Client

    from stepwell.clinic.access.models import User

    client = Client()
    client.force_login(User.objects.get(role="office"), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def _write(cycle: int, pipe: int) -> None:
    client = _client()
    number = 0
    while True:
        name = f"c{cycle}-{number}"
        sent = {"given_name": name, "family_name": "Doe", "birth_date": "1980-05-31"}
        if client.post("/people/add/", sent).status_code != 302:
            os._exit(2)
        os.write(pipe, f"{name}\n".encode())
        number += 1


PREPARE = """
from django.conf import settings
from stepwell.clinic.access.models import Clinic, User
settings.ALLOWED_HOSTS = ["*"]
settings.SECOND_FACTOR_REQUIRED = False
if not User.objects.filter(role="office").exists():
    User.objects.create(username="office", role="office", clinic=Clinic.objects.get())
"""
"""Run in the clinic's process before `kill_often`."""
