"""Takes what is entered on a sheet: one small form a step. A refusal shows the sheet again with what was typed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from stepwell.clinic.access.actors import forget_confirmation
from stepwell.clinic.access.policy import Actor
from stepwell.clinic.people.models import Person
from stepwell.clinic.stock import ledger

from . import dosing, forms, leaving, running, sheets, signing
from .models import Entry, Session
from .plan_views import once_of, session_of
from .refusals import Conflict, Refused
from .sheet_views import Told, show
from .sheet_words import DISSOCIATION, NUMBERS, SEDATION

_Step = Callable[[Session, Mapping, Actor, uuid.UUID], Entry]


@sensitive_post_parameters("secret")
def enter(request: HttpRequest, person: Person, session: uuid.UUID) -> HttpResponse:
    """One step of a session."""
    found = session_of(person, session)
    if request.method != "POST":
        return redirect("session_sheet", person=person.pk, session=session)
    step, anchor = _STEPS.get(request.POST.get("what", ""), (None, ""))
    if step is None:
        raise Http404
    anchor = _ANCHORS.get(request.POST.get("moment", ""), anchor)
    return _tried(request, person, found, lambda: step(found, request.POST, request.actor, once_of(request)), anchor)


def sign(request: HttpRequest, person: Person, session: uuid.UUID) -> HttpResponse:
    """The signature for what the page showed. Each one asks for the password or second factor again."""
    found = session_of(person, session)
    if request.method != "POST":
        return redirect("session_sheet", person=person.pk, session=session)
    forget_confirmation(request)
    seen = request.POST.get("seen", "")
    return _tried(
        request,
        person,
        found,
        lambda: signing.sign(found, seen=seen, actor=request.actor, once=once_of(request)),
        "sign",
    )


def _tried(request: HttpRequest, person: Person, found: Session, write: Callable, anchor: str) -> HttpResponse:
    try:
        write()
    except Refused as refused:
        return show(request, person, found, Told(refused.messages, request.POST, isinstance(refused, Conflict)))
    except ledger.Refused as refused:
        return show(request, person, found, Told([refused.message], request.POST))
    return redirect(reverse("session_sheet", args=[person.pk, found.pk]) + f"#{anchor}")


def _answer(session: Session, sent: Mapping, actor: Actor, once: uuid.UUID) -> Entry:
    is_carried = sent.get("carried") == "1"
    seen = _int(sent.get("seen")) or 0
    return running.answer(
        session, sent.get("check", ""), sent.get("answer", ""), seen=seen, carried=is_carried, actor=actor, once=once
    )


def _dose(session: Session, sent: Mapping, actor: Actor, once: uuid.UUID) -> Entry:
    mg, unit = dosing.read_dose(sent.get("mg", ""))
    if mg is None:
        raise Refused(_("The dose is no number. Nothing was saved. Write it in mg, such as 28."))
    return dosing.give(
        session,
        mg=mg,
        unit=unit,
        lot=_int(sent.get("lot")),
        lot_number=sent.get("lot_number", "").strip(),
        serial=sent.get("serial", "").strip(),
        despite=_written(sent, "despite"),
        actor=actor,
        once=once,
    )


def _reading(session: Session, sent: Mapping, actor: Actor, once: uuid.UUID) -> Entry:
    content = reading_content(sent)
    if sent.get("as_further"):
        content["moment"] = "other"
    return running.take_reading(session, content, actor=actor, once=once)


def reading_content(sent: Mapping) -> dict:
    """What was typed and tapped. Where the button said that the rest was looked at and is normal, that is what was observed."""
    content: dict = {"moment": sent.get("moment", "")}
    content |= {name: sent.get(name, "").strip() or None for name in NUMBERS}
    is_normal = sent.get("rest") == "normal"
    content["sedation"] = sent.get("sedation") or (str(SEDATION[0][0]) if is_normal else None)
    content["dissociation"] = sent.get("dissociation") or (DISSOCIATION[0][0] if is_normal else None)
    content["respiratory_depression"] = sent.get("breathing") or ("no" if is_normal else "not looked")
    return content


def _event(session: Session, sent: Mapping, actor: Actor, once: uuid.UUID) -> Entry:
    what = sent.get("event", "").strip() or sent.get("other", "").strip()
    minutes = sent.get("minutes_ago", "").strip()
    ago = _int(minutes) if minutes else 0
    if ago is None:
        raise Refused(_("The minutes are no whole number. Nothing was saved."))
    return running.begin_event(session, what, minutes_ago=ago, actor=actor, once=once)


def _event_change(session: Session, sent: Mapping, actor: Actor, once: uuid.UUID) -> Entry:
    serious = {"serious": True, "not serious": False}.get(sent.get("change", ""))
    return running.change_event(
        session,
        _uuid(sent.get("entry")),
        seen=_int(sent.get("seen")) or 0,
        serious=serious,
        resolved_now=sent.get("change") == "over",
        actor=actor,
        once=once,
    )


def _leave(session: Session, sent: Mapping, actor: Actor, once: uuid.UUID) -> Entry:
    return leaving.leave(
        session,
        reason=_written(sent, "reason"),
        second_user=_int(sent.get("second")),
        secret=sent.get("secret", ""),
        actor=actor,
        once=once,
    )


def _addendum(session: Session, sent: Mapping, actor: Actor, once: uuid.UUID) -> Entry:
    return signing.add_addendum(session, sent.get("text", ""), actor=actor, once=once)


_STEPS: dict[str, tuple[_Step, str]] = {
    "answer": (_answer, "before"),
    "discharge": (_answer, "leaving"),
    "not taken": (_answer, "readings"),
    "dose": (_dose, "dose"),
    "reading": (_reading, "readings"),
    "event": (_event, "events"),
    "event change": (_event_change, "events"),
    "no event": (_answer, "events"),
    "leave": (_leave, "leaving"),
    "addendum": (_addendum, "sign"),
}
_ANCHORS = {"before": "before", "end": "leaving"}
"""Where the page goes on after a reading."""


def correct(request: HttpRequest, person: Person, session: uuid.UUID, entry: uuid.UUID) -> HttpResponse:
    """Corrects a reading, or strikes out a reading, an adverse event or a dose; always with a reason."""
    found = session_of(person, session)
    sheet = sheets.of(found)
    one = next((e for e in sheet.entries if e.entry == entry and e.kind in ("reading", "adverse event", "dose")), None)
    if one is None:
        raise Http404
    told, values = [], {name: one.content.get(name) for name in forms.Reading.model_fields}
    is_conflict = False
    if request.method == "POST":
        same = {
            "seen": _int(request.POST.get("seen")) or 0,
            "reason": request.POST.get("reason", ""),
            "actor": request.actor,
        }
        try:
            same["once"] = once_of(request)
            if request.POST.get("how") == "correct" and one.kind == "reading":
                running.correct_reading(found, entry, reading_content(request.POST), **same)
            elif one.kind == "dose":
                dosing.take_back(found, entry, **same)
            else:
                running.strike(found, entry, **same)
        except (Refused, ledger.Refused) as refused:
            told = getattr(refused, "messages", None) or [refused.message]
            is_conflict = isinstance(refused, Conflict)
            values |= {name: request.POST.get(name) for name in NUMBERS}
        else:
            messages.success(request, _("Changed. What stood there before can still be read."))
            return redirect("session_sheet", person=person.pk, session=session)
    context = {
        "person": person,
        "sheet": sheet,
        "one": one,
        "values": values,
        "told": told,
        "once": uuid.uuid4(),
        "sedation": SEDATION,
        "dissociation": DISSOCIATION,
    }
    status = (409 if is_conflict else 422) if told else 200
    return render(request, "sessions/correct.html", context, status=status)


def _written(sent: Mapping, name: str) -> str:
    """A reason that was chosen, or written beside the choices."""
    return sent.get(f"{name}_other", "").strip() or sent.get(name, "").strip()


def _int(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _uuid(text: str | None) -> uuid.UUID:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        raise Refused(_("This page is incomplete. Nothing was saved. Load it again.")) from None
