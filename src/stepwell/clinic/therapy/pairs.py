"""Doses and the therapy beside them: how long after a dose an appointment was, and where a note is missing that is wanted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

import stepwell
from stepwell.clinic import events
from stepwell.clinic.access.models import Clinic
from stepwell.clinic.access.policy import Action, Actor
from stepwell.clinic.people.models import Person
from stepwell.clinic.sessions import sheets
from stepwell.clinic.sessions.models import Entry, Session
from stepwell.clinic.sessions.sheets import Sheet

from .models import Appointment, Note, Pairing
from .versions import latest


def pairing_of(clinic: Clinic) -> Pairing | None:
    """What the clinic wants now; None: it has not said."""
    return Pairing.objects.filter(clinic=clinic).order_by("-number").first()


@transaction.atomic
def set_pairing(
    clinic: Clinic, actor: Actor, *, is_wanted: bool, since: date | None, within_days: int | None
) -> Pairing:
    """Keeps what the clinic wants from now on."""
    last = pairing_of(clinic)
    made = Pairing.objects.create(
        clinic=clinic, number=last.number + 1 if last else 1, is_wanted=is_wanted, since=since, within_days=within_days,
        user_id=actor.user_id, actor=actor.name, at=timezone.now(),
    )  # fmt: skip
    events.record(actor, Action.MANAGE_CLINIC, detail={"pairing": made.number})
    return made


@dataclass(frozen=True)
class Beside:
    """An appointment beside a dose."""

    appointment: Appointment
    interval: str
    """From the first device to its beginning, such as `26 h after the dose`."""
    stretch: str
    """Which of the stretches it falls into that stepwell counts: `days 1 to 3`."""


@dataclass(frozen=True)
class Pair:
    """One dose, the appointments that are linked to it, and whether a note is."""

    sheet: Sheet
    beside: tuple[Beside, ...]
    has_note: bool
    is_missing: bool
    """Whether the clinic wants a note by now, and there is none."""
    due_on: date | None
    """Until when the clinic wants one; None: it wants none for this dose."""


def pairs(given: Iterable[Sheet], clinic: Clinic, now: datetime) -> list[Pair]:
    """Each dose with what is linked to it, the latest first."""
    given, wanted = list(given), pairing_of(clinic)
    ids = [sheet.session.pk for sheet in given]
    people = {sheet.session.person_id for sheet in given}
    of_people = {"person_id__in": people}
    appointments = [a for a in latest(Appointment, **of_people) if a.session_id in ids and a.state != "cancelled"]
    with_note = {note.session_id for note in latest(Note, **of_people)}
    made = [_pair(sheet, appointments, with_note, wanted, now) for sheet in given]
    return sorted(made, key=lambda pair: pair.sheet.first_dose_at, reverse=True)


def _pair(sheet: Sheet, appointments: list[Appointment], with_note: set, wanted: Pairing | None, now: datetime) -> Pair:
    beside = tuple(
        Beside(a, interval(sheet, a.starts), stretch(sheet, a.starts))
        for a in appointments
        if a.session_id == sheet.session.pk
    )
    has_note = sheet.session.pk in with_note
    due_on = None
    if wanted is not None and wanted.is_wanted and sheet.day >= wanted.since:
        due_on = sheet.day + timedelta(days=wanted.within_days)
    today = timezone.localdate(now, sheet.zone)
    return Pair(sheet, beside, has_note, due_on is not None and not has_note and today > due_on, due_on)


def interval(sheet: Sheet, starts: datetime) -> str:
    """How long after the first device, or before it, in words."""
    hours = round((starts - sheet.first_dose_at).total_seconds() / 3600)
    words = _("%d h") % abs(hours) if abs(hours) < 48 else _("%d days") % round(abs(hours) / 24)
    return (_("%s after the dose") if hours >= 0 else _("%s before the dose")) % words


def stretch(sheet: Sheet, starts: datetime) -> str:
    """Which stretch of days after the dose it is in, as the report counts them; empty outside all."""
    n = (timezone.localdate(starts, sheet.zone) - sheet.day).days
    known = stepwell.load_knowledge().around.therapy.stretches
    return next((one.label for one in known if one.first <= n <= one.last), "")


def missing(clinic: Clinic, now: datetime) -> list[Pair]:
    """The doses of the clinic whose note is missing, the latest first."""
    wanted = pairing_of(clinic)
    if wanted is None or not wanted.is_wanted:
        return []
    dosed = Entry.objects.filter(
        session__clinic=clinic, kind="dose", session__day__gte=wanted.since - timedelta(days=31)
    )
    found = sheets.of_sessions(Session.objects.filter(pk__in=dosed.values("session")))
    return [pair for pair in pairs([s for s in found if s.is_given], clinic, now) if pair.is_missing]


def unproven() -> str:
    """What is known about the time between a dose and therapy."""
    return stepwell.load_knowledge().around.therapy.evidence[0].text


def linkable(person: Person) -> list[Sheet]:
    """The visits to which an appointment or a note can be linked, the latest first."""
    found = [sheet for sheet in sheets.of_person(person) if not sheet.is_cancelled]
    return sorted(found, key=lambda sheet: (sheet.day, str(sheet.session.pk)), reverse=True)
