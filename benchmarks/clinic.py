"""How long the clinic's pages take with 50 users at once: a demo clinic, served as users serve it, asked over loopback.

Each user opens a drawn page about a drawn person, reads it for some seconds, and opens the next. Prints the median, the 95th
percentile and the longest time of each page.

python benchmarks/clinic.py [--users 50] [--seconds 60] [--clinic DIR] [--day]

With --day, 12 chairs are taken, and the users open only the chair board and the sheets of these sessions.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import defaultdict
from pathlib import Path

PORT = 8899
CHAIRS = 12
READS = (2.0, 6.0)
"""Between so many seconds a user reads a page."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clinic", type=Path, help="an earlier demo; made anew without")
    parser.add_argument("--day", action="store_true", help="the chair board and the sheets of 12 sessions alone")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        clinic = asked.clinic or Path(place) / "clinic"
        from stepwell.clinic import commands

        commands.demo(clinic, progress=lambda what, done, total: None)
        cookies, pages = _prepare(asked.users)
        if asked.day:
            sheets = _take_chairs()
            pages = ["/board/"] * len(sheets) + sheets
        server = subprocess.Popen(
            [sys.executable, "-m", "stepwell", "clinic", "run", str(clinic), "--port", str(PORT)],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            while "is open at" not in server.stdout.readline():
                pass
            times = _measure(cookies, pages, asked.seconds)
        finally:
            server.terminate()
            server.wait()
    _tell(times, asked.users)


def _prepare(n_users: int) -> tuple[list[str], list[str]]:
    """A session for each user, and the pages that a prescriber can open."""
    from django.conf import settings
    from django.db import connections
    from django.test import Client

    from stepwell.clinic.access.models import User
    from stepwell.clinic.access.policy import ALLOWED, Role
    from stepwell.clinic.people.models import Person
    from stepwell.clinic.urls import ROUTES

    user = User.objects.get(role=Role.PRESCRIBER)
    cookies = []
    for _ in range(n_users):
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        cookies.append(f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}")
    people = [str(pk) for pk in Person.objects.values_list("pk", flat=True)]
    pages = []
    for route in ROUTES:
        is_open = route.subject in ("person", "clinic") and route.action in ALLOWED[Role.PRESCRIBER]
        path = route.path.replace("<uuid:person>", "{person}")
        if is_open and (route.menu or route.tab or route.name == "people") and "<" not in path:
            pages.append(f"/{path}")
    connections.close_all()
    return cookies, [page.replace("{person}", one) for page in pages for one in people]


def _take_chairs() -> list[str]:
    """A session of today in each of 12 chairs: the demo's, and further ones written as a nurse would. The addresses of their
    sheets."""
    from django.db import connections, transaction
    from django.utils import timezone

    from stepwell.clinic.access.actors import actor_of_user
    from stepwell.clinic.access.models import User
    from stepwell.clinic.access.policy import Role
    from stepwell.clinic.people.models import Person
    from stepwell.clinic.sessions import orders, planning, sheets
    from stepwell.clinic.sessions.refusals import Refused

    doctor, nurse = (actor_of_user(User.objects.filter(role=role).first()) for role in (Role.PRESCRIBER, Role.NURSE))
    clinic = Person.objects.first().clinic
    there = sheets.of_day(clinic, timezone.localdate(timezone=clinic.zone))
    found = [f"/people/{sheet.person.pk}/sessions/{sheet.session.pk}/" for sheet in there][:CHAIRS]
    for person in Person.objects.filter(merged_into=None):
        if len(found) == CHAIRS:
            break
        try:
            with transaction.atomic():
                order = orders.write(person, protocol="esketamine-us", phase="induction", dose_mg=56, actor=doctor)
                chair = f"B{len(found) + 1}"
                plan = {"planned_at": timezone.now(), "chair": chair, "actor": nurse, "once": uuid.uuid4()}
                session = planning.plan(order, **plan)
                _begin(session, sheets.of(session), nurse)
        except Refused:  # an answer of theirs is to be read before a dose, or their age needs another dose
            continue
        found.append(f"/people/{person.pk}/sessions/{session.pk}/")
    assert len(found) == CHAIRS, "the demo has too few people who can get a dose"
    connections.close_all()
    return found


def _begin(session, sheet, nurse) -> None:
    """Every check answered as the protocol asks, the reading before, two devices."""
    from stepwell.clinic.sessions import dosing, running

    for check in sheet.checks:
        said = check.rule.expected or "no"
        running.answer(session, check.id, said, actor=nurse, once=uuid.uuid4())
    reading = {"moment": "before", "systolic": 124, "diastolic": 78, "pulse": 70, "spo2": 98}
    running.take_reading(session, reading, actor=nurse, once=uuid.uuid4())
    for _ in range(sheet.n_devices_ordered):
        given = {"mg": sheet.protocol.device.mg, "unit": "mg", "lot_number": "A1", "despite": "benchmark"}
        dosing.give(session, actor=nurse, once=uuid.uuid4(), **given)


def _measure(cookies: list[str], pages: list[str], seconds: float) -> dict[str, list[float]]:
    times: dict[str, list[float]] = defaultdict(list)
    until = time.monotonic() + seconds
    lock = threading.Lock()

    def use(number: int, cookie: str) -> None:
        chance = random.Random(number)
        time.sleep(chance.uniform(0, READS[1]))
        while time.monotonic() < until:
            page = chance.choice(pages)
            began = time.monotonic()
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
            connection.request("GET", page, headers={"Cookie": cookie})
            answer = connection.getresponse()
            answer.read()
            connection.close()
            took = time.monotonic() - began
            with lock:
                times[f"{_kind(page)} {answer.status}"].append(took)
            time.sleep(chance.uniform(*READS))

    threads = [threading.Thread(target=use, args=(n, cookie)) for n, cookie in enumerate(cookies)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _kind(page: str) -> str:
    return "/".join("<person>" if len(part) == 36 and part.count("-") == 4 else part for part in page.split("/"))


def _tell(times: dict[str, list[float]], n_users: int) -> None:
    every = sorted(took for found in times.values() for took in found)
    print(f"{n_users} users at once, {len(every)} pages, {os.cpu_count()} cores")
    for page, found in [*sorted(times.items()), ("all pages", every)]:
        found = sorted(found)
        middle, high = (found[min(int(share * len(found)), len(found) - 1)] for share in (0.5, 0.95))
        took = f"median {middle * 1e3:5.0f} ms  p95 {high * 1e3:5.0f} ms  max {found[-1] * 1e3:5.0f} ms"
        print(f"  {page:40} {len(found):5} times  {took}")


if __name__ == "__main__":
    main()
