"""The chair board: one card for each session of the day, made of its sheet. It documents, and is no monitor."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from stepwell.clinic.access.models import Clinic, User
from stepwell.clinic.safety.models import Alert
from stepwell.clinic.safety.steps import is_read
from stepwell.clinic.safety.tiers import INBOX
from stepwell.clinic.sessions import clock, sheets
from stepwell.clinic.sessions.models import Entry, Session
from stepwell.clinic.sessions.sheets import Due, Sheet

from .merged import ids_of

EARLY = timedelta(minutes=30)
"""What is to be done before a dose is due from so long before the planned time."""
UNSIGNED_DAYS = 14
"""For how many days back a session without a signature is named."""
RIDE = "ride"
"""The check of a protocol that asks for the way home."""
_RANK = {"overdue": 0, "due": 1, "waiting": 2, "done": 3}
_WORDS = {"overdue": "⚠", "due": "◐", "waiting": "○", "done": "✓"}


@dataclass
class Card:
    """One session as the board shows it. `now` is when the board was made."""

    sheet: Sheet
    now: datetime
    open_dues: tuple[Due, ...]
    nurse: str
    prescriber: str
    n_unread: int
    url: str = ""

    @property
    def place(self) -> str:
        """Which part of the board it belongs to: `chair`, `to come`, `left`, `over`."""
        sheet = self.sheet
        if sheet.is_cancelled or sheet.is_signed:
            return "over"
        if sheet.departure is not None:
            return "left"
        return "chair" if running(sheet) else "to come"

    @property
    def state(self) -> str:
        """The most pressing state of all that is to be done."""
        states = [due.state for due in self.open_dues]
        if self.n_unread and not self.sheet.is_given:
            states.append("due")
        return min(states, key=_RANK.__getitem__, default="done")

    @property
    def icon(self) -> str:
        """The state as a sign, beside its word."""
        return _WORDS[self.state]

    @property
    def word(self) -> str:
        """The state as a word."""
        return {"overdue": _("overdue"), "due": _("due now"), "waiting": _("nothing due"), "done": _("done")}[
            self.state
        ]

    @property
    def pressing(self) -> list[Due]:
        """What is due or overdue, and else the next that will be."""
        now = [due for due in self.open_dues if due.state in ("overdue", "due")]
        timed = [due for due in self.open_dues if due.state == "waiting" and due.at is not None]
        return sorted(now, key=lambda due: _RANK[due.state]) or sorted(timed, key=lambda due: due.at)[:1]

    @property
    def earliest_end(self) -> datetime | None:
        """When the person may leave at the earliest; None without a dose, or where no clock can tell."""
        return next((due.at for due in self.open_dues if due.key == "earliest end"), None)

    @property
    def minutes(self) -> int | None:
        """Full minutes since the first dose."""
        elapsed = self.sheet.elapsed()
        return None if elapsed is None or elapsed.minutes is None else int(elapsed.minutes)

    @property
    def pressure(self):
        """The last reading with a blood pressure; None where there is none."""
        return _last(r for r in self.sheet.readings if r.systolic is not None)

    @property
    def oxygen(self):
        """The last reading with an oxygen saturation; None where there is none."""
        return _last(r for r in self.sheet.readings if r.spo2 is not None)

    @property
    def n_open_checks(self) -> int:
        """Checks before the dose that nobody answered."""
        return sum(check.answer is None for check in self.sheet.checks)

    @property
    def not_as_asked(self) -> list[str]:
        """What was answered otherwise than the protocol asks."""
        return [c.rule.ask for c in self.sheet.checks if c.answer is not None and not c.is_as_asked]

    @property
    def ride(self) -> str:
        """How the person gets home: `yes`, `no`, `not known`, `open`, or `not asked` where the protocol does not ask."""
        return ride_of(self.sheet)

    @property
    def events(self) -> list[str]:
        """Adverse events of which nobody said that they are over."""
        return [event.what for event in self.sheet.adverse_events if event.resolved_at is None]

    @property
    def product(self) -> str:
        """What is given, by protocol and order."""
        return f"{self.sheet.protocol.product} {self.sheet.order.dose_mg:g} mg"


def ride_of(sheet: Sheet) -> str:
    """The answer about the way home; `open` without one, `not asked` where the protocol does not ask."""
    check = sheet.check(RIDE)
    if check is None:
        return "not asked"
    return check.answer or "open"


def running(sheet: Sheet) -> list[Entry]:
    """The entries of the visit itself: neither its planning, nor the ride that the office noted before, nor what came after."""
    kinds = ("planned change", "addendum", "cancelled")
    return [e for e in sheet.entries if e.kind not in kinds and not (e.kind == "check" and e.content["check"] == RIDE)]


def _last(readings: Iterable):
    return next(reversed(list(readings)), None)


def cards(clinic: Clinic, day: date) -> list[Card]:
    """The cards of a day, by chair and time. The number of queries does not grow with them."""
    now = clock.now()
    found = sheets.of_day(clinic, day)
    names = {user.pk: user.full_name for user in User.objects.filter(clinic=clinic)}
    unread = _unread({sheet.person.pk for sheet in found}, clinic)
    made = [
        Card(
            sheet=sheet,
            now=now.at,
            open_dues=tuple(_open(sheet, now)),
            nurse=_nurse(sheet, names),
            prescriber=names.get(sheet.order.user_id, ""),
            n_unread=unread.get(sheet.person.pk, 0),
        )
        for sheet in found
    ]
    return sorted(
        made, key=lambda card: (_chair_key(card.sheet.chair), card.sheet.planned_at, str(card.sheet.session.pk))
    )


def _open(sheet: Sheet, now: clock.Stamp) -> Iterable[Due]:
    is_early = not sheet.is_given and now.at < sheet.planned_at - EARLY
    for due in sheet.due(now):
        if due.state == "due" and is_early:
            yield Due(due.what, due.at, "waiting", due.key)
        elif due.state != "done":
            yield due


def _nurse(sheet: Sheet, names: dict[int, str]) -> str:
    """Who entered something last: that is who looks after the session."""
    last = max(running(sheet), key=lambda entry: entry.number, default=None)
    return names.get(last.user_id, "") if last is not None else ""


def _unread(people: set, clinic: Clinic) -> dict:
    """How many alerts of each person must be read before a dose, as `safety.review.unread` says of one."""
    ids = ids_of(people, clinic)
    every = {one for family in ids.values() for one in family}
    alerts = Alert.objects.filter(person_id__in=every).exclude(tier=INBOX).prefetch_related("steps")
    unread = [alert.person_id for alert in alerts if not is_read(alert)]
    return {person: sum(one in family for one in unread) for person, family in ids.items()}


def _chair_key(chair: str) -> tuple:
    """Chair 2 before chair 10; sessions without a chair last."""
    parts = tuple(
        (0, int(p), "") if p.isdigit() else (1, 0, p.casefold()) for p in re.split(r"(\d+)", chair.strip()) if p
    )
    return (not parts, parts)


def unsigned_before(clinic: Clinic, day: date) -> list[Session]:
    """Sessions of earlier days at which a dose was given and that nobody signed."""
    struck = Entry.objects.filter(entry=OuterRef("entry"), content__struck=True)
    doses = Entry.objects.filter(session=OuterRef("pk"), kind="dose").filter(~Exists(struck))
    signed = Entry.objects.filter(session=OuterRef("pk"), kind="signature")
    found = Session.objects.filter(clinic=clinic, day__lt=day, day__gte=day - timedelta(days=UNSIGNED_DAYS))
    return list(found.filter(Exists(doses), ~Exists(signed)).select_related("person").order_by("planned_at", "pk"))
