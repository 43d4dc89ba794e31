"""The person leaves: at or after the protocol's time with every criterion met, otherwise with a reason and a second name."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from django.utils.translation import gettext as _

from stepwell.clinic.access.policy import Actor

from . import clock, entries, second
from .models import Entry, Session
from .refusals import Refused
from .sheets import Sheet


def concerns(sheet: Sheet, now: clock.Stamp | None = None) -> list[str]:
    """Why leaving now needs a reason and a second name; nothing where it does not."""
    return list(_concerns(sheet, now or clock.now()))


def _concerns(sheet: Sheet, now: clock.Stamp) -> Iterator[str]:
    if not sheet.doses:
        return
    minutes, asked = clock.between(sheet.doses[0].stamp, now).minutes, sheet.protocol.earliest_end.at_least
    if minutes is None:
        yield _("The clock of this machine was set back. How long the person was observed is not known.")
    elif minutes < asked:
        words = {"n": int(minutes), "asked": asked}
        yield _("Only %(n)d minutes since the first dose. The protocol asks for %(asked)d.") % words
    if sheet.mg < sheet.order.dose_mg:
        words = {"given": f"{sheet.mg:g}", "ordered": f"{sheet.order.dose_mg:g}"}
        yield _("%(given)s mg of the ordered %(ordered)s mg were given.") % words
    for check in sheet.discharge:
        if check.answer is None:
            yield _("Not answered yet: %s") % check.rule.ask
        elif not check.is_as_asked:
            yield _("Not met: %s") % check.rule.ask


def leave(
    session: Session,
    *,
    actor: Actor,
    once: uuid.UUID,
    reason: str = "",
    second_user: int | None = None,
    secret: str = "",
) -> Entry:
    """The person leaves now. Where there is a concern, it needs a reason and a colleague's own password or code."""
    with entries.locked(session) as sheet:
        if (known := entries.written(once, session)) is not None:
            return known
        if sheet.departure is not None:
            return sheet.departure.entry
        if not sheet.is_given:
            raise Refused(_("No dose was given. Cancel the session, with a note."))
        content = {"reason": reason}
        worries = concerns(sheet)
        if worries and not reason.strip():
            raise Refused([*worries, _("Say why the person leaves now. A second member of staff confirms it.")])
        if worries:
            colleague = second.confirm(actor, second_user, secret, sheet.person)
            content |= {"second": colleague.pk, "second_name": colleague.full_name}
        return entries.add(sheet, "departure", content, actor=actor, once=once)
