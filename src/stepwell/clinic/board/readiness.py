"""Who may come on a day, for the office: what each planned session needs besides the clinic's own work. It holds no score, no
reading and no answer but that about the way home."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from django.utils.translation import gettext as _

from stepwell.candidacy import show_date
from stepwell.clinic.access.models import Clinic
from stepwell.clinic.authorisation import units
from stepwell.clinic.authorisation.evidence import DISCLOSE_SUBSTANCE_USE
from stepwell.clinic.authorisation.models import Authorisation, Step
from stepwell.clinic.authorisation.status import APPROVED, Status, code_warnings
from stepwell.clinic.history.models import Line
from stepwell.clinic.rems.enrolment import problems_with, setting_problems
from stepwell.clinic.rems.form_files import versions_of
from stepwell.clinic.rems.models import PatientEnrolment
from stepwell.clinic.sessions import sheets
from stepwell.clinic.sessions.sheets import Sheet

from .cards import ride_of
from .merged import ids_of

SOON = timedelta(days=14)
"""From how many days before its end an authorisation is said to end soon."""
State = Literal["ready", "look", "missing", "not needed"]
_ICONS = {"ready": "✓", "look": "◔", "missing": "✗", "not needed": "–"}
_RANK = {"missing": 0, "look": 1, "ready": 2, "not needed": 3}


@dataclass(frozen=True)
class Need:
    """One thing that a session needs, how it stands, and on which page it is mended: the name of the page and its arguments."""

    what: str
    state: State
    words: str
    page: str = ""
    arguments: tuple = ()

    @property
    def icon(self) -> str:
        """The state as a sign, beside its word."""
        return _ICONS[self.state]

    @property
    def word(self) -> str:
        """The state as a word."""
        return {"ready": _("ready"), "look": _("look at it"), "missing": _("missing"), "not needed": _("not needed")}[
            self.state
        ]


@dataclass(frozen=True)
class Row:
    """One planned session."""

    sheet: Sheet
    authorisation: Need
    enrolment: Need
    ride: Need
    consent: Need

    @property
    def needs(self) -> tuple[Need, ...]:
        """All of them, in the order of the page."""
        return self.authorisation, self.enrolment, self.ride, self.consent

    @property
    def state(self) -> State:
        """The worst of them."""
        return min((need.state for need in self.needs), key=_RANK.__getitem__)

    @property
    def place(self) -> str:
        """`cancelled`, `begun` once a dose was given, else `planned`."""
        if self.sheet.is_cancelled:
            return "cancelled"
        return "begun" if self.sheet.is_given else "planned"


@dataclass(frozen=True)
class Day:
    """The sessions of a day, and what is missing of the clinic's own certification for them."""

    rows: tuple[Row, ...]
    setting: tuple[str, ...]


def of_day(clinic: Clinic, day: date) -> Day:
    """Every session of the day with what it needs, by time. The number of queries does not grow with them."""
    found = sheets.of_day(clinic, day)
    ids = ids_of({sheet.person.pk for sheet in found}, clinic)
    authorisations = [sheet.order.authorisation for sheet in found if sheet.order.authorisation]
    units.preload(authorisations)
    status = _status(one.pk for one in authorisations)
    enrolments = list(PatientEnrolment.objects.filter(clinic=clinic, person_id__in=_every(ids)))
    consents = _consents(ids)
    rows = tuple(
        Row(
            sheet,
            authorisation=_authorisation(sheet, status, day),
            enrolment=_enrolment(sheet, [e for e in enrolments if e.person_id in ids[sheet.person.pk]], day),
            ride=_ride(sheet),
            consent=_consent(sheet, consents[sheet.person.pk]),
        )
        for sheet in found
    )
    programs = sorted({p for sheet in found if not sheet.is_cancelled and (p := _program(sheet))})
    setting = tuple(words for program in programs for words in setting_problems(clinic.pk, program))
    return Day(rows, setting)


def _every(ids: dict) -> set:
    return {one for family in ids.values() for one in family}


def _status(authorisations: Iterable) -> dict:
    """The latest status of each authorisation; a draft has no step yet."""
    steps = Step.objects.filter(authorisation_id__in=list(authorisations)).order_by("number")
    return {step.authorisation_id: Status(step.status) for step in steps}


def _authorisation(sheet: Sheet, status: dict, day: date) -> Need:
    one: Authorisation | None = sheet.order.authorisation
    what = _("Authorisation")
    if one is None:
        mend = {"page": "authorisations", "arguments": (sheet.person.pk,)}
        if sheet.protocol.is_label or sheet.order.supply:
            return Need(what, "missing", _("None is linked to the order."), **mend)
        return Need(what, "look", _("None is linked to the order: is the treatment paid by the patient?"), **mend)
    mend = {"page": "authorisation", "arguments": (sheet.person.pk, one.pk)}
    now = status.get(one.pk, Status.DRAFT)
    words = [_("No. %(n)d: %(status)s") % {"n": one.number, "status": now.value}]
    wrong, notes = [], []
    if now not in APPROVED:
        wrong.append(_("not approved"))
    if one.valid_from and day < one.valid_from:
        wrong.append(_("begins on %s") % show_date(one.valid_from))
    if one.valid_to and day > one.valid_to:
        wrong.append(_("ended on %s") % show_date(one.valid_to))
    elif one.valid_to:
        (notes if day + SOON >= one.valid_to else words).append(_("to %s") % show_date(one.valid_to))
    left, needed = one.units_left, units.needed(one, sheet)
    if one.units is not None:
        said = _("units left: %s") % one.use.in_words
        if left is None or needed is None:
            notes.append(_("units left: not known; enter what one unit is"))
        elif left < needed:
            wrong.append(_("%(said)s, %(n)g are needed") % {"said": said, "n": needed})
        else:
            (notes if left < 2 * needed else words).append(said)
    notes += code_warnings(one.code, one.valid_from, one.valid_to, day)
    state: State = "missing" if wrong else "look" if notes else "ready"
    return Need(what, state, ", ".join([*words, *wrong, *notes]), **mend)


def _program(sheet: Sheet) -> str:
    """The programme whose form the protocol asks for; empty where it asks for none."""
    needed = sheet.protocol.monitoring_form
    versions = versions_of(needed.form) if needed else []
    return versions[0].program if versions else ""


def _enrolment(sheet: Sheet, enrolments: list[PatientEnrolment], day: date) -> Need:
    what, program = _("Enrolment"), _program(sheet)
    if not program:
        return Need(what, "not needed", _("The protocol asks for no programme."))
    latest = max((e for e in enrolments if e.program == program), key=lambda e: (e.at, e.pk), default=None)
    problems = list(problems_with(latest, day))
    mend = {"page": "rems_person", "arguments": (sheet.person.pk,)}
    if problems:
        return Need(what, "missing", " ".join(problems), **mend)
    return Need(what, "ready", _("Enrolled since %s.") % show_date(latest.day), **mend)


def _ride(sheet: Sheet) -> Need:
    what = _("Ride home")
    states: dict[str, tuple[State, str]] = {
        "yes": ("ready", _("Arranged.")),
        "no": ("missing", _("Not arranged.")),
        "not known": ("missing", _("Not known.")),
        "open": ("missing", _("Nobody has asked yet.")),
        "not asked": ("not needed", _("The protocol does not ask.")),
    }
    state, words = states[ride_of(sheet)]
    return Need(what, state, words, page="day_ride", arguments=(sheet.person.pk, sheet.session.pk))


def _consents(ids: dict) -> dict:
    """The latest consent of each person to what the clinic does with their answers; None where none is in the history."""
    lines = Line.objects.filter(kind="consent", person_id__in=_every(ids)).order_by("version", "at", "pk")
    latest, given_at = {}, {}
    for line in lines:
        latest[line.line] = line
        given_at.setdefault(line.line, line.at)
    held = [
        line
        for line in latest.values()
        if line.state not in ("rejected", "struck") and line.content.get("document") != DISCLOSE_SUBSTANCE_USE
    ]
    return {
        person: max(((given_at[x.line], x) for x in held if x.person_id in family), key=lambda x: x[0], default=None)
        for person, family in ids.items()
    }


def _consent(sheet: Sheet, given: tuple[datetime, Line] | None) -> Need:
    what, mend = _("Consent"), {"page": "intake_status", "arguments": (sheet.person.pk,)}
    if given is None:
        return Need(what, "missing", _("No consent is in the history."), **mend)
    at, line = given
    day = show_date(at.astimezone(sheet.zone).date())
    if line.content.get("agreed"):
        return Need(what, "ready", _("Agreed on %s.") % day, **mend)
    return Need(what, "missing", _("Did not agree, on %s.") % day, **mend)
