"""What an authorisation's status may become, and what each status needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

import stepwell
from stepwell.candidacy import show_date

if TYPE_CHECKING:
    from .models import Authorisation


class Status(StrEnum):
    """How a request stands with the payer."""

    DRAFT = "draft"
    SENT = "sent"
    APPROVED = "approved"
    DENIED = "denied"
    APPEAL_SENT = "appeal sent"
    APPEAL_APPROVED = "appeal approved"
    APPEAL_DENIED = "appeal denied"
    WITHDRAWN = "withdrawn"


NEXT: dict[Status, tuple[Status, ...]] = {
    Status.DRAFT: (Status.SENT, Status.WITHDRAWN),
    Status.SENT: (Status.APPROVED, Status.DENIED, Status.WITHDRAWN),
    Status.APPROVED: (),
    Status.DENIED: (Status.APPEAL_SENT, Status.WITHDRAWN),
    Status.APPEAL_SENT: (Status.APPEAL_APPROVED, Status.APPEAL_DENIED, Status.WITHDRAWN),
    Status.APPEAL_APPROVED: (),
    # A payer may have a second level of appeal.
    Status.APPEAL_DENIED: (Status.APPEAL_SENT, Status.WITHDRAWN),
    Status.WITHDRAWN: (),
}
APPROVED = (Status.APPROVED, Status.APPEAL_APPROVED)
DENIED = (Status.DENIED, Status.APPEAL_DENIED)


def problems_of(one: Authorisation, status: Status, day: date, today: date) -> Iterator[str]:
    """Why the status cannot follow on that day; all reasons at once."""
    now, last = one.status, one.steps.order_by("number").last()
    if status not in NEXT[now]:
        allowed = ", ".join(NEXT[now]) or _("nothing: it is closed")
        yield _("After “%(now)s” comes: %(allowed)s.") % {"now": now.value, "allowed": allowed}
    if day > today:
        yield _("The day lies in the future.")
    if last is not None and day < last.day:
        yield _("The day lies before the last status (%s).") % show_date(last.day)
    if status == Status.SENT and not one.packets.exists():
        yield _("Make a packet first: there is nothing to send yet.")
    if status in APPROVED:
        missing = [name for name in ("approval_number", "valid_from", "valid_to") if not getattr(one, name)]
        words = ", ".join(str(one._meta.get_field(name).verbose_name) for name in missing)
        if missing:
            yield _("An approval needs: %s.") % words
    if status in DENIED and not (one.denied_on and one.denial_reason):
        yield _("A denial needs its day and its reason; write “not given” where the payer gives none.")


def warnings_of(one: Authorisation, today: date) -> Iterator[str]:
    """What staff should know of an authorisation beside its status."""
    yield from code_warnings(one.code, one.valid_from, one.valid_to, today)
    use = one.use
    if use.left is not None and use.left < 0:
        yield _("More units are used than were authorised.")
    elif use.left == 0 and one.status in APPROVED:
        yield _("No units are left.")
    elif use.left is not None and use.last is not None and use.left < use.last:
        yield _("The %(left)s units left do not cover a session like the last one (%(last)s units).") % {
            "left": use.left,
            "last": use.last,
        }
    elif use.units is not None and use.left is None:
        yield _("What one unit is was not entered: nobody can say how many are left. Look at the payer's answer.")
    sent = one.steps.filter(status=Status.APPEAL_SENT).last()
    if sent is not None and one.appeal_until is not None and sent.day > one.appeal_until:
        yield _("The appeal was sent on %(day)s, after its last day (%(last)s): the payer may refuse it.") % {
            "day": show_date(sent.day),
            "last": show_date(one.appeal_until),
        }
    elif one.status in DENIED and one.appeal_until is not None and today > one.appeal_until:
        yield _("The last day for an appeal (%s) is over: ask the payer whether a late appeal is taken.") % show_date(
            one.appeal_until
        )


def code_warnings(code: str, first: date | None, last: date | None, today: date) -> Iterator[str]:
    """What is wrong with a billing code in the time that it is authorised for, by the knowledge files: a code that ends or is not
    valid yet. Payers handle an authorisation on the old code in different ways."""
    known = [
        c for t in stepwell.load_knowledge().treatments.values() for c in t.codes if c.code == code.strip().upper()
    ]
    for one in known:
        end = last or today
        if one.valid_until is not None and max(end, today) > one.valid_until:
            successors = [
                c.code
                for t in stepwell.load_knowledge().treatments.values()
                for c in t.codes
                if c.valid_from is not None and (c.valid_from - one.valid_until).days == 1
            ]
            instead = _(" Since then it is %s.") % " / ".join(successors) if successors else ""
            yield _(
                "Code %(code)s is valid to %(day)s only.%(instead)s Ask the payer to reissue the authorisation."
            ) % {
                "code": one.code,
                "day": show_date(one.valid_until),
                "instead": instead,
            }
        if one.valid_from is not None and first is not None and first < one.valid_from:
            yield _("Code %(code)s is valid from %(day)s on; this authorisation begins before.") % {
                "code": one.code,
                "day": show_date(one.valid_from),
            }
