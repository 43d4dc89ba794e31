"""Writes entries of a session: one writer for all rooms, under a lock of the session. Nothing is changed: a correction is a new
version with a reason."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from stepwell.clinic import events
from stepwell.clinic.access.policy import Action, Actor

from . import clock, forms, sheets
from .models import Entry, Session
from .refusals import Conflict, Refused
from .sheets import Sheet

AFTER_SIGNATURE = ("addendum",)


@contextmanager
def locked(session: Session) -> Iterator[Sheet]:
    """The session's sheet as it stands, held until the end of the transaction: two people write one after the other."""
    with transaction.atomic():
        Session.objects.select_for_update(of=("self",), no_key=True).get(pk=session.pk)
        yield sheets.of(session)


def written(once: uuid.UUID, session: Session) -> Entry | None:
    """The entry that this page made when it was sent before."""
    known = Entry.objects.filter(once=once).first()
    if known is not None and known.session_id != session.pk:
        raise Refused(_("This page was sent before, for another session. Nothing was saved. Load it again."))
    return known


def add(
    sheet: Sheet,
    kind: str,
    content: dict,
    *,
    actor: Actor,
    once: uuid.UUID,
    of: Entry | None = None,
    reason: str = "",
    action: Action = Action.RUN_SESSION,
) -> Entry:
    """A new entry, or the next version of `of`. Call it with the sheet that `locked` gave. Refuses what `forms.check` refuses,
    and a sheet that is signed or cancelled."""
    refuse_closed(sheet, kind)
    content, problems = forms.check(kind, content)
    if problems:
        raise Refused([f"{_label(field)} {words}." for field, words in problems.items()])
    return _write(sheet.session, kind, content, actor, once, of, reason, action)


def strike(sheet: Sheet, entry: Entry, *, actor: Actor, once: uuid.UUID, reason: str) -> Entry:
    """The entry, struck out with a reason: it was entered by mistake. It can still be read."""
    refuse_closed(sheet, entry.kind)
    if not reason.strip():
        raise Refused(_("Say why it is struck out. Nothing was changed."))
    return _write(sheet.session, entry.kind, {"struck": True}, actor, once, entry, reason, Action.RUN_SESSION)


def refuse_closed(sheet: Sheet, kind: str) -> None:
    """Refuses an entry on a sheet that is signed or cancelled."""
    if sheet.is_cancelled:
        raise Refused(_("This session is cancelled. Nothing was saved. Plan another one."))
    if sheet.is_signed and kind not in AFTER_SIGNATURE:
        raise Refused(_("This sheet is signed. Nothing was changed. Add an addendum."))


def refuse_seen_before(entry: Entry | None, seen: int) -> None:
    """Refuses to change an entry of which the page showed another version; `seen` 0: it showed none."""
    if entry is not None and entry.version != seen:
        words = {"who": _who(entry), "at": date_format(entry.at.astimezone(entry.session.clinic.zone), "H:i")}
        raise Conflict(
            _("%(who)s entered this at %(at)s, after your page was shown. Yours was not saved. Look at it first.")
            % words
        )


def _who(entry: Entry) -> str:
    return entry.user.full_name if entry.user else entry.actor


def _write(session, kind, content, actor: Actor, once, of: Entry | None, reason: str, action: Action) -> Entry:
    stamp = clock.now()
    made = Entry.objects.create(
        session=session,
        entry=of.entry if of else uuid.uuid4(),
        version=of.version + 1 if of else 1,
        kind=kind,
        content=content,
        at=stamp.at,
        boot=stamp.boot,
        ticks=stamp.ticks,
        user_id=actor.user_id,
        actor=actor.name,
        reason=reason.strip()[:400],
        once=once,
    )
    detail = {"session": str(session.pk), "entry": str(made.entry), "version": made.version, "kind": kind}
    events.record(actor, action, person=session.person, detail=detail)
    return made


_LABELS = {
    "systolic": "The systolic pressure",
    "diastolic": "The diastolic pressure",
    "pulse": "The pulse",
    "spo2": "The oxygen saturation",
    "sedation": "The sedation",
    "dissociation": "The dissociation",
    "respiratory_depression": "Respiratory depression",
    "mg": "The dose in mg",
    "unit": "The unit",
    "devices": "The lot",
    "text": "The text",
    "what": "The adverse event",
    "resolved_at": "The resolution",
}


def _label(field: str) -> str:
    return _LABELS.get(field, field.capitalize())
