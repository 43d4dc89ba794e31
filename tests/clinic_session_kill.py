"""Kills the clinic while sessions run, and lets two nurses enter the same thing at one moment. Run inside a clinic's process.

What was acknowledged (an answer, a reading, a dose, a signature) must be there after the kill with its event, and a dose never
without its line of the stock, nor the line without its dose.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import uuid
from collections.abc import Callable

from clinic_kill import write_until_killed

_LONGEST = 1.5
"""Seconds after the first acknowledged write within which the child is killed."""


def kill_often(cycles: int, seed: int = 1) -> dict[str, int]:
    """Kills so many nurses at work. Returns how many writes were acknowledged, and how many are missing or half there: 0."""
    from django.db import connections

    from stepwell.clinic import events

    chance, told, lost, signed = random.Random(seed), 0, 0, 0
    clinic = _Clinic(cycles)
    for cycle in range(cycles):
        connections.close_all()
        names = write_until_killed(lambda pipe, cycle=cycle: clinic.run(cycle, pipe), chance.random() * _LONGEST)
        told += len(names)
        signed += sum(name.startswith("signature") for name in names)
        lost += _missing(names)
    return {"acknowledged": told, "signed": signed, "lost": lost + _halves() + len(events.verify_chain())}


def _missing(names: list[str]) -> int:
    from stepwell.clinic.events.models import Event
    from stepwell.clinic.sessions.models import Entry

    ids = [name.partition(" ")[2] for name in names]
    there = {str(e) for e in Entry.objects.filter(entry__in=ids).values_list("entry", flat=True)}
    told = {e.detail.get("entry") for e in Event.objects.filter(action="run session").order_by("-number")[:1000]}
    return sum(name not in there or name not in told for name in ids)


def _halves() -> int:
    """Doses without their line of the stock, and lines without their dose."""
    from stepwell.clinic.sessions.models import Entry
    from stepwell.clinic.stock.models import LedgerLine

    doses = set(Entry.objects.filter(kind="dose").values_list("once", flat=True))
    return len(doses ^ set(LedgerLine.objects.filter(kind="use").values_list("once", flat=True)))


class _Clinic:
    """A lot with enough devices, two nurses, and a prescriber whose orders they follow."""

    def __init__(self, n: int):
        from django.utils import timezone

        from stepwell.clinic.access.actors import actor_of_user
        from stepwell.clinic.access.models import Clinic, User
        from stepwell.clinic.stock import entries
        from stepwell.clinic.stock.products import products

        self.home = Clinic.objects.get()
        made = [User.objects.create(username=u, role=r, clinic=self.home) for u, r in _STAFF]
        self.nurse, self.colleague, self.prescriber = map(actor_of_user, made)
        product = next(one for one in products().products if one.treatment == "esketamine")
        expires = timezone.localdate() + dt.timedelta(days=99)
        line = entries.receive(product, "A1", expires, 2 * n + 2, actor=self.nurse, once=uuid.uuid4())
        self.lot = line.lot_id
        self.session("first")  # loads in the parent what each child then has

    def session(self, name: str):
        """A visit of a new person, at which nothing stands against the dose."""
        from django.utils import timezone

        from stepwell.clinic.people.models import Person
        from stepwell.clinic.sessions import orders, planning

        born = dt.date(1980, 5, 31)
        person = Person.objects.create(clinic=self.home, given_name=name, family_name="Doe", birth_date=born)
        order = orders.write(person, protocol="esketamine-us", phase="induction", dose_mg=56, actor=self.prescriber)
        return planning.plan(order, planned_at=timezone.now(), chair="", actor=self.nurse, once=uuid.uuid4())

    def run(self, cycle: int, pipe: int) -> None:
        """Runs a session to its signature, and tells of each entry once it is written."""
        from stepwell.clinic.sessions import clock, dosing, forms, leaving, running, sheets, signing

        first, skipped = clock.now(), [0.0]
        clock.now = lambda: clock.Stamp(first.at, first.boot, first.ticks + 60 * skipped[0])
        session = self.session(f"c{cycle}")

        def tell(entry) -> None:
            os.write(pipe, f"{entry.kind} {entry.entry}\n".encode())

        def by(**given) -> dict:
            return {"actor": self.nurse, "once": uuid.uuid4()} | given

        for check in sheets.of(session).checks:
            tell(running.answer(session, check.id, check.rule.expected or "no", **by()))
        tell(running.take_reading(session, _reading("before"), **by()))
        for minutes in (6, 40):
            tell(dosing.give(session, mg=28, unit="mg", lot=self.lot, **by()))
            skipped[0] = minutes
        tell(running.take_reading(session, _reading("40"), **by()))
        skipped[0] = 125
        tell(running.take_reading(session, _reading("end"), **by()))
        for check in sheets.of(session).discharge:
            tell(running.answer(session, check.id, "yes", **by()))
        tell(running.answer(session, forms.NO_ADVERSE_EVENT, "yes", **by()))
        tell(leaving.leave(session, **by()))
        tell(signing.sign(session, seen=sheets.of(session).digest, **by()))


_STAFF = (("nora", "nurse"), ("ben", "nurse"), ("paula", "prescriber"))


def _reading(moment: str, systolic: int = 120) -> dict:
    how = {"sedation": 5, "dissociation": "none", "respiratory_depression": "no"}
    return {"moment": moment, "systolic": systolic, "diastolic": 80, "pulse": 70, "spo2": 98} | how


def two_nurses(rounds: int) -> dict[str, int]:
    """Two nurses enter the reading before the dose of one session at the same moment, then both give its one device that is
    left. Returns how often there was not one reading or dose in the end, and how often the second one was not told."""
    from django.db import connections

    from stepwell.clinic.sessions import dosing, running, sheets
    from stepwell.clinic.stock import ledger
    from stepwell.clinic.stock.models import Lot

    clinic, wrong, untold = _Clinic(0), 0, 0
    lot = Lot.objects.get(pk=clinic.lot)
    ledger.add_line(lot, "waste", -1, clinic.nurse, uuid.uuid4())
    for number in range(rounds):
        session = clinic.session(f"t{number}")
        for check in sheets.of(session).checks:
            running.answer(session, check.id, check.rule.expected or "no", actor=clinic.nurse, once=uuid.uuid4())
        connections.close_all()

        def read(actor, systolic, session=session):
            running.take_reading(session, _reading("before", systolic), actor=actor, once=uuid.uuid4())

        def give(actor, _systolic, session=session):
            dosing.give(session, mg=28, unit="mg", lot=clinic.lot, actor=actor, once=uuid.uuid4())

        for write, kind in ((read, "readings"), (give, "doses")):
            refused = _at_once(
                [lambda a=a, s=s, w=write: w(a, s) for a, s in ((clinic.nurse, 120), (clinic.colleague, 121))]
            )
            wrong += len(getattr(sheets.of(session), kind)) != 1
            untold += refused != 1
        wrong += ledger.on_hand(lot) != 0
        (dose,) = sheets.of(session).doses
        by = {"actor": clinic.nurse, "once": uuid.uuid4()}
        dosing.take_back(session, dose.entry.entry, seen=1, reason="for the next round", **by)
    return {"rounds": rounds, "wrong": wrong, "untold": untold}


def _at_once(calls: list[Callable[[], None]]) -> int:
    """Runs the calls in processes of their own that begin together. Returns how many were refused."""
    from django.db import connections

    from stepwell.clinic.sessions.refusals import Refused
    from stepwell.clinic.stock import ledger

    connections.close_all()
    read, write = os.pipe()
    children = []
    for call in calls:
        child = os.fork()
        if child == 0:
            os.close(write)
            os.read(read, 1)  # the parent closes its end: both go on together
            try:
                call()
            except (Refused, ledger.Refused):
                os._exit(7)
            except BaseException:
                os._exit(1)
            os._exit(0)
        children.append(child)
    os.close(read)
    os.close(write)
    ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert set(ended) <= {0, 7}, ended
    return ended.count(7)
