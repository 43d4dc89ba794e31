"""What is due at a session, from its protocol and what has been entered. It helps to document and watches nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .clock import Stamp, between

if TYPE_CHECKING:
    from .sheets import Sheet

State = Literal["waiting", "due", "overdue", "done"]


@dataclass(frozen=True)
class Due:
    """One thing to be done: what it is in words, when by the wall clock as it goes now, and how it stands."""

    what: str
    at: datetime | None
    state: State
    key: str = ""
    """Which thing it is: `checks`, `reading 40`, `device 2`, `earliest end`, `departure`, `signature`."""

    @property
    def word(self) -> str:
        """The state as a word for people."""
        return {"waiting": _("later"), "due": _("due"), "overdue": _("overdue"), "done": _("done")}[self.state]

    @property
    def anchor(self) -> str:
        """The part of the sheet where it is entered."""
        first = self.key.partition(" ")[0]
        if self.key in ("reading end", "earliest end", "discharge", "departure"):
            return "leaving"
        if self.key in ("checks", "reading before"):
            return "before"
        return {"reading": "readings", "signature": "sign"}.get(first, "dose")

    @property
    def icon(self) -> str:
        """The state as a sign, beside its word."""
        return {"waiting": "○", "due": "◐", "overdue": "⚠", "done": "✓"}[self.state]


def of(sheet: Sheet, now: Stamp) -> list[Due]:
    """Everything to be done, in the order of the session; nothing of a session that is signed or cancelled."""
    if sheet.is_signed or sheet.is_cancelled:
        return []
    return [*_before(sheet, now), *_after(sheet, now), *_end(sheet, now)]


def _before(sheet: Sheet, now: Stamp) -> Iterator[Due]:
    is_today = now.at.astimezone(sheet.zone).date() >= sheet.day
    open_state: State = "due" if is_today or sheet.is_given else "waiting"
    n_open = sum(check.answer is None for check in sheet.checks)
    what = ngettext("%(n)d check", "%(n)d checks", n_open) % {"n": n_open} if n_open else _("Checks")
    yield Due(what, sheet.planned_at, open_state if n_open else "done", "checks")
    is_read = sheet.reading("before") is not None
    yield Due(_("Reading before the dose"), sheet.planned_at, "done" if is_read else open_state, "reading before")
    if not sheet.is_given:
        is_ready = is_today and is_read and not n_open
        yield Due(_("Dose"), sheet.planned_at, "due" if is_ready else "waiting", "dose")


def _after(sheet: Sheet, now: Stamp) -> Iterator[Due]:
    if not sheet.is_given:
        return
    device = sheet.protocol.device
    if device is not None:
        number, needed = len(sheet.doses) + 1, sheet.n_devices_ordered
        if number <= needed and sheet.departure is None:
            words = {"number": number, "all": needed}
            yield _timed(
                _("Device %(number)d of %(all)d") % words,
                sheet.doses[-1].stamp,
                device.minutes_apart,
                now,
                key=f"device {number}",
            )
        else:
            yield Due(_("Devices"), sheet.doses[-1].at, "done", "devices")
    for rule in sheet.protocol.readings:
        if rule.minutes is None:
            continue
        what, key = _("Reading at %(n)d minutes") % {"n": rule.minutes}, f"reading {rule.moment}"
        found = sheet.reading(rule.moment)
        if found is not None or rule.moment in sheet.not_taken:
            yield Due(what, found.at if found else None, "done", key)
        else:
            yield _timed(what, sheet.doses[0].stamp, rule.minutes, now, rule.last, key)


def _end(sheet: Sheet, now: Stamp) -> Iterator[Due]:
    if not sheet.is_given:
        return
    if sheet.departure is None:
        leave = _timed(
            _("Earliest end"), sheet.doses[0].stamp, sheet.protocol.earliest_end.at_least, now, key="earliest end"
        )
        yield leave
        is_over = leave.state == "due"
    else:
        is_over = True
    rest: list[tuple[str, str, datetime | None, bool]] = [
        ("reading end", _("Reading at the end"), None, sheet.reading("end") is not None or "end" in sheet.not_taken),
        ("discharge", _("Criteria for leaving"), None, all(check.answer for check in sheet.discharge)),
        ("departure", _("Leaving"), sheet.departed_at, sheet.departure is not None),
    ]
    for key, what, at, is_done in rest:
        yield Due(what, at, "done" if is_done else "due" if is_over else "waiting", key)
    is_late = now.at.astimezone(sheet.zone).date() > sheet.day
    state: State = "waiting" if sheet.departure is None else "overdue" if is_late else "due"
    yield Due(_("Signature"), sheet.departed_at, state, "signature")


def _timed(what: str, begun: Stamp, minutes: int, now: Stamp, last: int | None = None, key: str = "") -> Due:
    """Due so many minutes after `begun`, overdue after `last`. Its time is given by the wall clock as it goes now."""
    elapsed = between(begun, now)
    if elapsed.minutes is None:
        return Due(what, None, "due", key)
    at = now.at + timedelta(minutes=minutes - elapsed.minutes)
    if elapsed.minutes < minutes:
        return Due(what, at, "waiting", key)
    is_late = last is not None and elapsed.minutes > last
    return Due(what, at, "overdue" if is_late else "due", key)
