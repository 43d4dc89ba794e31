"""What is due: every entry with its day, why it is there, and whether it is overdue. The file for other calendars holds no name
and no health data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from stepwell.candidacy import show_date
from stepwell.clinic.pages import ics

from .models import Authorisation
from .status import APPROVED, DENIED, Status, code_warnings

SOON = timedelta(days=14)
"""From how many days before its day an entry is shown as due soon."""


@dataclass(frozen=True)
class Entry:
    """One thing that is due. `day` is None where nobody has entered it: then it is shown first."""

    authorisation: Authorisation
    kind: str
    what: str
    why: str
    day: date | None
    is_overdue: bool
    is_soon: bool


def entries(authorisations: Iterable[Authorisation], today: date) -> list[Entry]:
    """All that is due, what has no day first, then by day."""
    found = [entry for one in authorisations for entry in _entries(one, today)]
    return sorted(found, key=lambda e: (e.day is not None, e.day or today, e.authorisation.number, e.kind))


def _entries(one: Authorisation, today: date) -> Iterator[Entry]:
    status = one.status
    if status == Status.DRAFT:
        yield _entry(
            one, "send", _("Send the request"), _("It is a draft: the payer has not been asked yet."), None, today
        )
    if status in (Status.SENT, Status.APPEAL_SENT):
        since = one.steps.order_by("number").last().day
        why = _("Sent on %s; no decision is entered yet.") % show_date(since)
        yield _entry(one, "decision", _("Ask the payer for the decision"), why, None, today)
    if status in DENIED:
        why = _("Denied on %s.") % (show_date(one.denied_on) if one.denied_on else _("a day that is not entered"))
        if one.appeal_until is None:
            why += " " + _("The last day for an appeal is not entered: look at the payer's letter.")
        yield _entry(one, "appeal", _("Last day for an appeal"), why, one.appeal_until, today)
    if status in APPROVED:
        if one.due_again is not None:
            why = _("Approved to %s. A further request says how scores changed since before treatment.") % (
                show_date(one.valid_to)
            )
            yield _entry(one, "again", _("Re-authorisation due"), why, one.due_again, today)
        if one.valid_to is not None:
            why = _("The authorisation ends on this day.")
            if one.use.in_words:
                why += " " + _("Units left: %s.") % one.use.in_words
            yield _entry(one, "end", _("Authorisation ends"), why, one.valid_to, today)
        for why in code_warnings(one.code, one.valid_from, one.valid_to, today):
            yield _entry(one, "code", _("Code is not valid for the whole time"), why, None, today)


def _entry(one: Authorisation, kind: str, what: str, why: str, day: date | None, today: date) -> Entry:
    is_overdue = day is not None and day < today
    return Entry(one, kind, what, why, day, is_overdue, day is not None and today <= day <= today + SOON)


def as_ics(found: Iterable[Entry], url) -> str:
    """The entries that have a day as a calendar file. Each names the number of the authorisation only; `url` gives the address of
    its page."""
    return ics.calendar(
        ics.Event(
            uid=f"{one.pk}-{entry.kind}",
            stamp=one.created_at,
            start=entry.day,
            summary=_("No. %(n)s: %(what)s") % {"n": one.number, "what": entry.what},
            url=url(one),
        )
        for entry in found
        if (one := entry.authorisation) and entry.day is not None
    )
