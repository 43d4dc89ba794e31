"""Three patients with treatment behind them, for a browser's day in the clinic: one who responds, one who relapsed and begins
again, one who stops for side effects. Everything is written by the functions that the pages call, at the times of the visits.

    python clinic_seed.py FOLDER
"""

from __future__ import annotations

import json
import sys
import uuid
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest import mock

from stepwell.clinic import directory

INDUCTION = [3 * n + n // 2 for n in range(8)]
"""The days of eight sessions, twice a week, from the first."""
_N_DEVICES = 200


@contextmanager
def _at(moment: datetime):
    """Both clocks as they stood at that moment."""
    from stepwell.clinic.sessions import clock

    stamp = clock.moment(moment)
    with (
        mock.patch("django.utils.timezone.now", return_value=moment),
        mock.patch.object(clock, "now", return_value=stamp),
    ):
        yield


def _zone_at_noon(now: datetime) -> str:
    ahead = 12 - now.astimezone(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


class Seed:
    """Writes into the clinic that `directory.use` named."""

    def __init__(self):
        from django.utils import timezone

        from stepwell.clinic.access.actors import actor_of_user
        from stepwell.clinic.access.models import Clinic, User

        self.now = timezone.now()
        # It is noon at the clinic, so that what began two hours ago began today.
        Clinic.objects.update(time_zone=_zone_at_noon(self.now))
        self.clinic = Clinic.objects.get()
        self.prescriber, self.nurse = (actor_of_user(User.objects.get(role=r)) for r in ("prescriber", "nurse"))

    def stock(self) -> int:
        """One lot, received long ago."""
        from stepwell.clinic.stock import entries
        from stepwell.clinic.stock.products import products

        product = next(p for p in products().products if p.treatment == "esketamine")
        expires = (self.now + timedelta(days=400)).date()
        with _at(self.now - timedelta(days=200)):
            line = entries.receive(product, "A1", expires, _N_DEVICES, actor=self.nurse, once=uuid.uuid4())
        return line.lot_id

    def person(self, given_name: str, family_name: str):
        """Somebody with depression, seen by the clinic for half a year."""
        from stepwell.clinic.people.models import Person

        person = Person.objects.create(
            clinic=self.clinic,
            given_name=given_name,
            family_name=family_name,
            birth_date=date(1980, 5, 31),
            sex="female",
            time_zone=self.clinic.time_zone,
            phone="555-0100",
            email="patient@example.org",
            payer="Cigna",
        )
        since = (self.now - timedelta(days=400)).date().isoformat()
        self.line(person, "condition", {"condition": "major-depression", "day": since}, 190)
        complete = {"start": since, "stop": self.now.date().isoformat(), "complete": ["condition", "procedure"]}
        self.line(person, "observation", complete, 1)
        return person

    def line(self, person, kind: str, content: dict, days_ago: int) -> None:
        """A line of the history that a clinician wrote on that day."""
        from stepwell.clinic.history import forms, lines

        moment = self.now - timedelta(days=days_ago)
        content, problems = forms.check(kind, content)
        assert not problems, problems
        with _at(moment):
            lines.add(person, kind, content, actor=self.prescriber, state="confirmed", origin="clinician")

    def score(self, person, days_ago: int, total: int, thoughts: int = 0) -> None:
        """The PHQ-9 of that day; its item about suicide, where there is one, is read by a clinician."""
        from stepwell.clinic.safety import review

        day = (self.now - timedelta(days=days_ago)).astimezone(self.clinic.zone).date()
        others, rest = divmod(total - thoughts, 8)
        items = {str(n): others + (n <= rest) for n in range(1, 9)} | {"9": thoughts}
        content = {"instrument": "phq-9", "day": day.isoformat(), "total": total, "items": items}
        self.line(person, "score", content, days_ago)
        for alert in review.unread(person):
            review.mark_read(alert, self.prescriber, "spoken with the patient, plan agreed")

    def order(self, person, days_ago: int, phase: str = "induction", mg: float = 56):
        """An order of esketamine, written on that day."""
        from stepwell.clinic.sessions import orders

        with _at(self.now - timedelta(days=days_ago, hours=2)):
            return orders.write(
                person, protocol="esketamine-us", phase=phase, dose_mg=mg, actor=self.prescriber, supply="medical"
            )

    def end(self, order, days_ago: int, ended_for: str) -> None:
        """The end of an order."""
        from stepwell.clinic.sessions import orders

        with _at(self.now - timedelta(days=days_ago)):
            orders.end(orders.latest(order), ended_for=ended_for, reason="", actor=self.prescriber)

    def visit(self, order, begins: datetime, lot: int, chair: str, *, until: float = 130, event: str = ""):
        """A visit with its first dose at `begins`, as far as it went in `until` minutes."""
        from stepwell.clinic.sessions import dosing, forms, leaving, planning, running, sheets, signing

        def step(minutes: float, write) -> None:
            if minutes <= until:
                with _at(begins + timedelta(minutes=minutes)):
                    write()

        def answer(checks) -> None:
            for check in checks:
                said = check.rule.expected or "no"
                running.answer(session, check.id, said, actor=self.nurse, once=uuid.uuid4())

        def read(moment: str, systolic: int, diastolic: int, **more) -> None:
            normal = {"pulse": 72, "spo2": 98, "sedation": 5, "dissociation": "none", "respiratory_depression": "no"}
            content = {"moment": moment, "systolic": systolic, "diastolic": diastolic} | normal | more
            running.take_reading(session, content, actor=self.nurse, once=uuid.uuid4())

        def give() -> None:
            dosing.give(session, mg=28, unit="mg", actor=self.nurse, once=uuid.uuid4(), lot=lot)

        def leave() -> None:
            if not event:
                running.answer(session, forms.NO_ADVERSE_EVENT, "yes", actor=self.nurse, once=uuid.uuid4())
            answer(sheets.of(session).discharge)
            leaving.leave(session, actor=self.nurse, once=uuid.uuid4())

        def happen() -> None:
            made = running.begin_event(session, event, actor=self.nurse, once=uuid.uuid4())
            running.change_event(
                session, made.entry, seen=1, serious=False, resolved_now=True, actor=self.nurse, once=uuid.uuid4()
            )

        with _at(begins - timedelta(minutes=30)):
            session = planning.plan(order, planned_at=begins, chair=chair, actor=self.nurse, once=uuid.uuid4())
        step(-8, lambda: (answer(sheets.of(session).checks), read("before", 122, 78)))
        for n in range(sheets.of(session).n_devices_ordered):
            step(6.0 * n, give)
        step(41, lambda: read("40", 138, 86, sedation=4, dissociation="moderate" if event else "mild"))
        step(60, lambda: happen() if event else None)
        step(122, lambda: read("end", 126, 80))
        step(124, leave)
        step(128, lambda: signing.sign(session, seen=sheets.of(session).digest, actor=self.nurse, once=uuid.uuid4()))
        return session

    def series(self, order, days_ago: int, lot: int, chair: str, n: int = 8, event: str = "") -> None:
        """The first sessions of a series, at the time of day of now."""
        for day in INDUCTION[:n]:
            self.visit(order, self.now - timedelta(days=days_ago - day, hours=3), lot, chair, event=event)


def fill() -> dict[str, str]:
    """The patients and the sessions of today, by name."""
    from stepwell.clinic.sessions import protocol_files

    seed = Seed()
    protocol_files.confirm(protocol_files.available()["esketamine-us"], seed.clinic, seed.prescriber)
    lot = seed.stock()
    today = {}
    # Ada responds; today's session is still to come.
    ada = seed.person("Ada", "Doe")
    seed.score(ada, 30, 22, 1)
    order = seed.order(ada, 29)
    seed.series(order, 28, lot, "1")
    seed.score(ada, 14, 13, 1)
    seed.score(ada, 1, 9, 1)
    today["ada"] = _planned(seed, order, "1")
    # Ben responded in spring, relapsed, and sits in the chair for the first session of the next series.
    ben = seed.person("Ben", "Roe")
    seed.score(ben, 152, 21)
    order = seed.order(ben, 151)
    seed.series(order, 150, lot, "2")
    seed.score(ben, 122, 4)
    seed.end(order, 115, "remission")
    seed.score(ben, 30, 19)
    seed.score(ben, 2, 20)
    order = seed.order(ben, 1)
    today["ben"] = seed.visit(order, seed.now - timedelta(minutes=123), lot, "2", until=60)
    # Cara does not stand the sessions.
    cara = seed.person("Cara", "Poe")
    seed.score(cara, 12, 23)
    order = seed.order(cara, 11)
    seed.series(order, 10, lot, "3", n=3, event="Vomiting")
    today["cara"] = _planned(seed, order, "3")
    people = {"ada": ada, "ben": ben, "cara": cara}
    return {name: str(person.pk) for name, person in people.items()} | {
        f"{name}-session": str(session.pk) for name, session in today.items()
    }


def _planned(seed: Seed, order, chair: str):
    """A session of today that is still to come."""
    from stepwell.clinic.sessions import planning

    begins = seed.now + timedelta(minutes=5)
    return planning.plan(order, planned_at=begins, chair=chair, actor=seed.nurse, once=uuid.uuid4())


if __name__ == "__main__":
    directory.use(Path(sys.argv[1]))
    import django

    django.setup()
    print(json.dumps(fill()))
