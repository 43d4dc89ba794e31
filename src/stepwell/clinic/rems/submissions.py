"""Checks a form that somebody filled, and keeps it as it was submitted. stepwell sends nothing: a person submits, and says so."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from stepwell.clinic import events
from stepwell.clinic.access.policy import Action, Actor
from stepwell.clinic.sessions.sheets import Sheet

from .form_files import FormField, MonitoringForm
from .models import Receipt, Submission
from .prefill import Value, prefilled

_LONGEST, _LONGEST_BEYOND = 200, 2000
_PRESSURE = re.compile(r"^(\d{2,3}) ?/ ?(\d{2,3})$")


class Conflict(Exception):  # noqa: N818
    """Somebody else submitted a form of this session since the page was made."""

    def __init__(self, submission: Submission):
        self.submission = submission
        super().__init__(str(submission))


@dataclass(frozen=True)
class Sent:
    """How a form was sent, as the person who sent it says."""

    channel: str
    day: date
    receipt: str = ""
    reason: str = ""
    """Why it was sent again."""
    beyond: str = ""
    """What was written on the live form that the copies do not show."""


@dataclass(frozen=True)
class Row:
    """One field as the page shows it."""

    field: FormField
    text: str
    known: Value
    is_asked: bool
    """Whether the other answers leave it open: the mg of another dose are asked only where the dose is another."""
    error: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether it still needs an answer."""
        return not self.text and self.field.required and self.is_asked

    @property
    def choices(self) -> dict[str, str]:
        """What can be chosen; nothing where something is written."""
        return choices_of(self.field)


def choices_of(field: FormField) -> dict[str, str]:
    """The answers that a field offers."""
    return {"yes": _("Yes"), "no": _("No")} if field.kind == "yes-no" else field.choices


def rows(form: MonitoringForm, known: Mapping[str, Value], given: Mapping[str, str] | None = None) -> list[Row]:
    """Every field: with what was given where something was sent, else prefilled."""
    texts = {f.id: (known[f.id].text if given is None else given.get(f.id, "")).strip() for f in form.fields()}
    return [
        Row(f, texts[f.id], known[f.id], _is_asked(f, texts), _error(f, texts) if given is not None else "")
        for f in form.fields()
    ]


def problems(filled: list[Row]) -> list[Row]:
    """The fields that are blank or cannot be so; all at once."""
    return [row for row in filled if row.error]


def _is_asked(field: FormField, texts: Mapping[str, str]) -> bool:
    return all(texts.get(other) in answers for other, answers in field.only.items())


def _error(field: FormField, texts: Mapping[str, str]) -> str:
    text = texts[field.id]
    if not _is_asked(field, texts):
        return _("leave it empty") if text else ""
    if not text:
        return _("is blank") if field.required else ""
    if len(text) > _LONGEST:
        return _("is longer than %d characters") % _LONGEST
    if field.kind in ("yes-no", "choice") and text not in choices_of(field):
        return _("is none of the choices")
    if field.kind == "day":
        return "" if _is_day(text) else _("is no day such as 2026-03-05")
    if field.kind == "number":
        is_number = text.isascii() and text.isdecimal() and int(text) <= field.at_most
        return "" if is_number else _("is no whole number up to %d") % field.at_most
    if field.kind == "pressure":
        found = _PRESSURE.match(text)
        return "" if found and int(found[1]) > int(found[2]) else _("is no blood pressure such as 132/84")
    return ""


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text) <= timezone.now().date().replace(year=timezone.now().year + 1)
    except ValueError:
        return False


def state_of(sheet: Sheet) -> str:
    """Tells two states of a sheet apart: a form filled from an earlier one is shown anew before it is kept."""
    return f"{sheet.digest[:16]}-{last_entry(sheet)}"


def last_entry(sheet: Sheet) -> int:
    """The number of the sheet's last entry."""
    return max((entry.number for entry in sheet.entries), default=0)


def submit(
    sheet: Sheet, form: MonitoringForm, filled: list[Row], sent: Sent, *, seen: int, once: uuid.UUID, actor: Actor
) -> Submission:
    """Keeps the form as it was submitted. `seen` is how many submissions of the session the page knew. Raises `Conflict` where
    somebody else submitted meanwhile; the same page sent twice is one submission."""
    if not sheet.is_signed or problems(filled):
        raise ValueError("only the complete form of a signed sheet is submitted")
    same = Submission.objects.filter(once=once).first()
    if same is not None:
        return same
    content = _content(sheet, form, filled, sent)
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    latest = sheet.session.submissions.last()
    if (latest.number if latest else 0) != seen:
        raise Conflict(latest)
    filled_from = last_entry(sheet)
    try:
        with transaction.atomic():
            made = Submission.objects.create(
                session=sheet.session,
                person_id=sheet.session.person_id,
                clinic_id=sheet.session.clinic_id,
                number=seen + 1,
                form=form.id,
                form_digest=form.digest,
                content=text,
                digest=hashlib.sha256(text.encode()).hexdigest(),
                last_entry=filled_from,
                channel=sent.channel,
                day=sent.day,
                receipt=sent.receipt,
                reason=sent.reason,
                user_id=actor.user_id,
                actor=actor.name,
                at=timezone.now(),
                once=once,
            )
    except IntegrityError:
        same = Submission.objects.filter(once=once).first()
        if same is not None:
            return same
        raise Conflict(sheet.session.submissions.last()) from None
    detail = {"session": str(sheet.session.pk), "submission": made.number, "digest": made.digest}
    events.record(actor, Action.SUBMIT_MONITORING_FORM, person=sheet.person, detail=detail)
    return made


def add_receipt(submission: Submission, receipt: str, *, once: uuid.UUID, actor: Actor) -> Receipt:
    """Adds a receipt that came later."""
    values = {
        "submission": submission,
        "clinic_id": submission.clinic_id,
        "receipt": receipt,
        "user_id": actor.user_id,
        "actor": actor.name,
        "at": timezone.now(),
    }
    made, is_new = Receipt.objects.get_or_create(once=once, defaults=values)
    if is_new:
        detail = {"submission": str(submission.pk)}
        events.record(actor, Action.SUBMIT_MONITORING_FORM, person=submission.person, detail=detail)
    return made


def _content(sheet: Sheet, form: MonitoringForm, filled: list[Row], sent: Sent) -> dict:
    by_id = {row.field.id: row for row in filled}
    return {
        "session": str(sheet.session.pk),
        "sheet": sheet.digest,
        "signed_by": sheet.signature.user.full_name if sheet.signature.user else "",
        "form": {"id": form.id, "title": form.title, "described": form.described.isoformat(), "digest": form.digest},
        "copies": [f"{copy.what} ({copy.url}), looked at on {copy.seen_on.isoformat()}" for copy in form.copies],
        "parts": [{"title": part.title, "fields": [_kept(by_id[f.id]) for f in part.fields]} for part in form.parts],
        "cut_off": [f"{by_id[one.after].field.label}: {one.what}" for one in form.cut_off],
        "beyond": sent.beyond[:_LONGEST_BEYOND],
        "channel": sent.channel,
        "day": sent.day.isoformat(),
        "receipt": sent.receipt,
        "reason": sent.reason,
    }


def _kept(row: Row) -> dict:
    known = row.known.text
    by = "entered" if not known else "prefilled" if known == row.text else "changed"
    return {
        "id": row.field.id,
        "label": row.field.label,
        "value": row.text,
        "shown": row.choices.get(row.text, row.text),
        "prefilled": known,
        "source": row.known.source,
        "by": by if row.text or known else "left empty",
    }


@dataclass(frozen=True)
class Difference:
    """Where the sheet now says something else than when the form was submitted."""

    what: str
    then: str
    now: str


def differences(submission: Submission, sheet: Sheet, form: MonitoringForm | None) -> list[Difference]:
    """What the sheet says otherwise since the submission, and each addendum written after it."""
    found = []
    content = json.loads(submission.content)
    kept = {one["id"]: one for part in content["parts"] for one in part["fields"]}
    now = prefilled(form, sheet) if form is not None else {}
    for field in form.fields() if form is not None else ():
        if not field.prefilled_from.startswith("sheet.") or field.id not in kept:
            continue
        then, today = kept[field.id]["prefilled"], now[field.id].text
        if then != today:
            choices = choices_of(field)
            words = [choices.get(text, text) or _("nothing") for text in (then, today)]
            found.append(Difference(field.label, *words))
    for one in sheet.addenda:
        if one.entry.number > submission.last_entry:
            found.append(Difference(_("Addendum to the sheet"), _("not written yet"), one.text))
    return found
