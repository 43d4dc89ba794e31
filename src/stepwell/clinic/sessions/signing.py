"""Signs a sheet that has no blanks, as it was shown; afterwards only addenda are added."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from stepwell.clinic.access.policy import Actor
from stepwell.clinic.safety import review

from . import entries
from .models import Entry, Session
from .refusals import Conflict, Refused
from .sheets import Sheet


def blanks(sheet: Sheet) -> list[str]:
    """What is missing before it can be signed; nothing where it can."""
    return list(_blanks(sheet))


def _blanks(sheet: Sheet) -> Iterator[str]:
    if not sheet.is_given:
        yield _("No dose is entered. A session without a dose is cancelled, with a note.")
        return
    for check in (*sheet.checks, *sheet.discharge):
        if check.answer is None:
            yield _("Not answered: %s") % check.rule.ask
    for rule in sheet.protocol.readings:
        yield from _blank_reading(sheet, rule.moment)
    if not sheet.adverse_events and not sheet.denies_adverse_event:
        yield _("Adverse events: none is entered, and nobody said that there was none.")
    for event in sheet.adverse_events:
        if event.serious is None:
            yield _("Adverse event %s: serious or not?") % event.what
    if sheet.departure is None:
        yield _("The person has not left yet.")
    n_unread = len(review.unread(sheet.person))
    if n_unread:
        yield ngettext(
            "%(n)d answer about suicide or self-harm is not read yet.",
            "%(n)d answers about suicide or self-harm are not read yet.",
            n_unread,
        ) % {"n": n_unread}


def _blank_reading(sheet: Sheet, moment: str) -> Iterator[str]:
    found, name = sheet.reading(moment), moment_in_words(moment)
    if found is None:
        if moment not in sheet.not_taken:
            yield _("%s: not entered. Enter it, or say that it was not taken.") % name
        return
    if found.systolic is None:
        yield _("%s: no blood pressure.") % name
    if moment == "end":
        if found.spo2 is None:
            yield _("%s: no oxygen saturation.") % name
        if found.sedation is None or found.dissociation is None or found.respiratory_depression == "not looked":
            yield _("%s: sedation, dissociation or breathing not looked at.") % name


def moment_in_words(moment: str) -> str:
    """A reading by its moment."""
    if moment.isdigit():
        return _("Reading at %s minutes") % moment
    return {"before": _("Reading before the dose"), "end": _("Reading at the end")}.get(moment, _("Further reading"))


def sign(session: Session, *, seen: str, actor: Actor, once: uuid.UUID) -> Entry:
    """The signature for what the page showed: `seen` is that sheet's digest. Refuses a sheet with blanks, and a stale one:
    something was entered since the page was shown."""
    with entries.locked(session) as sheet:
        if (known := entries.written(once, session)) is not None:
            return known
        if sheet.is_signed:
            raise Refused(_("This sheet is signed already."))
        if sheet.digest != seen:
            raise Conflict(
                _("Something was entered since the page was shown. Nothing was signed. Look at it, then sign again.")
            )
        missing = blanks(sheet)
        if missing:
            raise Refused([*missing, _("A sheet with blanks cannot be signed.")])
        content = {"seen": sheet.digest, "protocol_digest": sheet.order.protocol_digest}
        return entries.add(sheet, "signature", content, actor=actor, once=once)


def add_addendum(session: Session, text: str, *, actor: Actor, once: uuid.UUID) -> Entry:
    """What is added to a signed sheet. What was signed stays as it is."""
    with entries.locked(session) as sheet:
        if (known := entries.written(once, session)) is not None:
            return known
        if not sheet.is_signed:
            raise Refused(_("The sheet is not signed yet. Correct the entry itself."))
        return entries.add(sheet, "addendum", {"text": text}, actor=actor, once=once)
