"""What a nurse enters while a session runs: answers to checks, readings, adverse events."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from stepwell.clinic.access.policy import Actor

from . import clock, entries, forms
from .models import Entry, Session
from .refusals import Conflict, Refused
from .sheet_parts import AdverseEvent, Reading
from .sheets import Sheet

LONGEST_AGO = timedelta(hours=12)


def answer(
    session: Session, check: str, said: str, *, actor: Actor, once: uuid.UUID, seen: int = 0, carried: bool = False
) -> Entry:
    """The answer to one check. Another answer is a new version; `seen` is the version that the page showed, so that nobody
    overwrites what a colleague answered meanwhile. The same answer given twice is one."""
    with entries.locked(session) as sheet:
        if (known := entries.written(once, session)) is not None:
            return known
        is_of_protocol = sheet.check(check) is not None
        if not is_of_protocol and check != forms.NO_ADVERSE_EVENT and not _is_not_taken(sheet, check):
            raise Refused(_("The protocol has no such check. Nothing was saved. Load the page again."))
        if check == forms.NO_ADVERSE_EVENT and sheet.adverse_events and said == "yes":
            raise Refused(_("An adverse event is entered. Strike it out first, if it was entered by mistake."))
        before = _answered(sheet, check)
        if before is not None and before.content["answer"] == said:
            return before
        entries.refuse_seen_before(before, seen)
        content = {"check": check, "answer": said, "carried": carried, "confirmed": True}
        return entries.add(sheet, "check", content, actor=actor, once=once, of=before)


def _answered(sheet: Sheet, check: str) -> Entry | None:
    return next((e for e in sheet.entries if e.kind == "check" and e.content["check"] == check), None)


def _is_not_taken(sheet: Sheet, check: str) -> bool:
    """Whether it says of a reading of the protocol that nobody took it."""
    return any(check == forms.NOT_TAKEN + rule.moment for rule in sheet.protocol.readings)


def take_reading(session: Session, content: dict, *, actor: Actor, once: uuid.UUID) -> Entry:
    """A reading. One that the protocol has once is entered once: a second one is refused with what is there, and can be saved as
    a further reading."""
    with entries.locked(session) as sheet:
        if (known := entries.written(once, session)) is not None:
            return known
        entries.refuse_closed(sheet, "reading")
        checked, problems = forms.check("reading", content)
        if not problems:
            there = sheet.reading(checked["moment"]) if checked["moment"] != "other" else None
            if there is not None:
                if _is_same(there, checked):
                    return there.entry
                raise Conflict(_("%s. Yours was not saved yet.") % _told(sheet, there))
            _refuse_out_of_turn(sheet, checked["moment"])
        return entries.add(sheet, "reading", content, actor=actor, once=once)


def _is_same(there: Reading, content: dict) -> bool:
    return all(there.entry.content.get(name) == value for name, value in content.items())


def _told(sheet: Sheet, there: Reading) -> str:
    words = {
        "who": there.user.full_name if there.user else there.entry.actor,
        "at": date_format(there.at.astimezone(sheet.zone), "H:i"),
        "pressure": f"{there.systolic}/{there.diastolic}" if there.systolic else _("no blood pressure"),
    }
    return _("%(who)s entered this reading at %(at)s: %(pressure)s") % words


def _refuse_out_of_turn(sheet: Sheet, moment: str) -> None:
    if moment == "before" and sheet.is_given:
        raise Refused(_("A dose was given already. Save it as a further reading."))
    if moment not in ("before", "other") and not sheet.is_given:
        raise Refused(_("No dose was given yet. Save it as a further reading."))
    rule = next((rule for rule in sheet.protocol.readings if rule.moment == moment), None)
    if rule is None and moment != "other":
        raise Refused(_("The protocol has no such reading. Nothing was saved. Load the page again."))
    minutes = sheet.elapsed().minutes if rule is not None and rule.first is not None else None
    if minutes is not None and minutes < rule.first:
        words = {"n": int(minutes), "moment": moment}
        told = _(
            "Only %(n)d minutes since the first dose: this is not the reading at %(moment)s minutes. It was not saved yet."
        )
        raise Conflict(told % words)


def correct_reading(
    session: Session, entry: uuid.UUID, content: dict, *, seen: int, reason: str, actor: Actor, once
) -> Entry:
    """The reading as it should have been typed, with a reason. Its time stays that of the first version."""
    with entries.locked(session) as sheet:
        if (known := entries.written(once, session)) is not None:
            return known
        before = _find(sheet, entry, "reading")
        entries.refuse_seen_before(before, seen)
        if not reason.strip():
            raise Refused(_("Say why it is corrected. Nothing was changed."))
        content = content | {"moment": before.content["moment"]}
        return entries.add(sheet, "reading", content, actor=actor, once=once, of=before, reason=reason)


def begin_event(session: Session, what: str, *, minutes_ago: int = 0, actor: Actor, once: uuid.UUID) -> Entry:
    """An adverse event that began so many minutes ago. That there was none is not said any more."""
    with entries.locked(session) as sheet:
        if (known := entries.written(once, session)) is not None:
            return known
        if not timedelta() <= timedelta(minutes=minutes_ago) <= LONGEST_AGO:
            raise Refused(_("The onset lies too far back. Write it as an addendum."))
        onset = clock.now().at - timedelta(minutes=minutes_ago)
        content = {"what": what, "serious": None, "onset_at": onset, "resolved_at": None}
        made = entries.add(sheet, "adverse event", content, actor=actor, once=once)
        denied = _answered(sheet, forms.NO_ADVERSE_EVENT)
        if denied is not None and denied.content["answer"] == "yes":
            changed = {"check": forms.NO_ADVERSE_EVENT, "answer": "no"}
            entries.add(sheet, "check", changed, actor=actor, once=uuid.uuid4(), of=denied)
        return made


def change_event(
    session: Session,
    entry: uuid.UUID,
    *,
    seen: int,
    actor: Actor,
    once: uuid.UUID,
    serious: bool | None = None,
    resolved_now: bool = False,
) -> Entry:
    """Whether the event was serious, or that it is over now."""
    with entries.locked(session) as sheet:
        if (known := entries.written(once, session)) is not None:
            return known
        before = _find(sheet, entry, "adverse event")
        entries.refuse_seen_before(before, seen)
        content = dict(before.content)
        if serious is not None:
            content["serious"] = serious
        if resolved_now:
            content["resolved_at"] = clock.now().at.isoformat()
        return entries.add(sheet, "adverse event", content, actor=actor, once=once, of=before)


def strike(session: Session, entry: uuid.UUID, *, seen: int, reason: str, actor: Actor, once: uuid.UUID) -> Entry:
    """Strikes out a reading or an adverse event that was entered by mistake."""
    with entries.locked(session) as sheet:
        if (known := entries.written(once, session)) is not None:
            return known
        before = _find(sheet, entry, "reading", "adverse event")
        entries.refuse_seen_before(before, seen)
        return entries.strike(sheet, before, actor=actor, once=once, reason=reason)


def _find(sheet: Sheet, entry: uuid.UUID, *kinds: str) -> Entry:
    for one in sheet.entries:
        if one.entry == entry and one.kind in kinds:
            return one
    raise Refused(_("This entry is not there any more. Nothing was changed. Load the page again."))


def open_events(sheet: Sheet) -> list[AdverseEvent]:
    """Adverse events of which nobody said that they are over."""
    return [event for event in sheet.adverse_events if event.resolved_at is None]
