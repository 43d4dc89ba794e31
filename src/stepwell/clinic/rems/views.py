"""The queue of monitoring forms, one form to fill and submit, and what was submitted."""

from __future__ import annotations

import json
from itertools import groupby
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from stepwell.clinic.access.models import Clinic
from stepwell.clinic.access.policy import Action, may
from stepwell.clinic.authorisation.packets import today_of
from stepwell.clinic.people.models import Person
from stepwell.clinic.sessions import sheets
from stepwell.clinic.sessions.models import Session
from stepwell.clinic.sessions.sheets import Sheet

from . import submissions
from .enrolment import setting_problems
from .form_files import MonitoringForm, forms, versions_of
from .inputs import ReceiptForm, SentForm
from .models import CHANNELS, Submission
from .prefill import prefilled
from .queue import Item, item_of, open_items, submitted_items

PROGRAM = "spravato-us"


def queue(request: HttpRequest) -> HttpResponse:
    """The forms to submit, most urgent first, and those submitted in the last month."""
    clinic = Clinic.objects.get(pk=request.actor.clinic_id)
    today = today_of(clinic)
    items = open_items(clinic, today)
    sent = [item for item in submitted_items(clinic, today) if not item.differences]
    programs = {item.form.program for item in [*items, *sent] if item.form}
    setting = [words for program in sorted(programs) for words in setting_problems(clinic.pk, program)]
    return render(request, "rems/queue.html", {"items": items, "sent": sent, "setting": setting, "today": today})


def form(request: HttpRequest, person: Person, session: UUID) -> HttpResponse:
    """One form: prefilled from the sheet, each value with its source. Submitting keeps it as it is."""
    sheet = _sheet(person, session)
    item = _item(sheet)
    chosen = _version(request, sheet)
    if chosen is None or not sheet.is_signed:
        messages.error(request, _("The sheet is not signed yet: the form is filled from the signed sheet."))
        return redirect("rems_person", person=person.pk)
    known = prefilled(chosen, sheet)
    seen = item.submission.number if item.submission else 0
    today = today_of(sheet.session.clinic)
    posted = request.POST if request.method == "POST" else None
    asked = {"session_day": sheet.day, "today": today, "again": _seen(posted, seen) > 0}
    sent = SentForm(posted, initial={"day": today}, **asked)
    rows, status = submissions.rows(chosen, known), 200
    if posted is not None:
        rows, status = submissions.rows(chosen, known, posted), 422
        if posted.get("state") != submissions.state_of(sheet):
            told = _("The sheet was amended since this page was made. Nothing was kept. This is how it stands now.")
            messages.error(request, told)
            rows, status = submissions.rows(chosen, known), 409
            sent = SentForm(initial={"day": today}, **(asked | {"again": seen > 0}))
        elif sent.is_valid() and not submissions.problems(rows):
            given = {"seen": _seen(posted, seen), "once": sent.cleaned_data["once"], "actor": request.actor}
            try:
                made = submissions.submit(sheet, chosen, rows, sent.sent, **given)
            except submissions.Conflict as conflict:
                _tell(request, conflict.submission)
                made = conflict.submission
            else:
                messages.success(request, _("Kept as submitted. stepwell sent nothing: you did."))
            return redirect("rems_submission", person=person.pk, session=session, number=made.number)
    context = {
        "person": person,
        "sheet": sheet,
        "item": item,
        "form_file": chosen,
        "versions": versions_of(chosen.form),
        "parts": _parts(chosen, rows),
        "n_blank": sum(row.is_blank for row in rows),
        "problems": submissions.problems(rows),
        "sent": sent,
        "seen": _seen(posted, seen) if status == 422 else seen,
        "state": submissions.state_of(sheet),
    }
    return render(request, "rems/form.html", context, status=status)


def _tell(request: HttpRequest, made: Submission) -> None:
    words = _("%(name)s submitted this form at %(time)s. Nothing of yours was kept: this is what was submitted.")
    time = made.at.astimezone(made.clinic.zone)
    messages.error(request, words % {"name": made.user.full_name, "time": f"{time:%H:%M}"})


def submission(request: HttpRequest, person: Person, session: UUID, number: int) -> HttpResponse:
    """The form exactly as it was submitted, to read and to print."""
    sheet = _sheet(person, session)
    shown = sheet.session.submissions.filter(number=number).select_related("user").first()
    if shown is None:
        raise Http404
    latest = sheet.session.submissions.last()
    is_latest = shown.pk == latest.pk
    item = _item(sheet)
    context = {
        "person": person,
        "sheet": sheet,
        "shown": shown,
        "content": json.loads(shown.content),
        "is_latest": is_latest,
        "latest": latest,
        "earlier": sheet.session.submissions.exclude(pk=shown.pk),
        "differences": item.differences if is_latest else (),
        "channel": dict(CHANNELS)[shown.channel],
        "receipts": shown.receipts.select_related("user"),
        "receipt_form": ReceiptForm(),
        "may_submit": may(request.actor, Action.SUBMIT_MONITORING_FORM, person),
    }
    return render(request, "rems/submission.html", context)


def receipt(request: HttpRequest, person: Person, session: UUID, number: int) -> HttpResponse:
    """Adds a receipt that came later."""
    sheet = _sheet(person, session)
    found = sheet.session.submissions.filter(number=number).first()
    if found is None:
        raise Http404
    if request.method == "POST":
        given = ReceiptForm(request.POST)
        if given.is_valid():
            values = {"once": given.cleaned_data["once"], "actor": request.actor}
            submissions.add_receipt(found, given.cleaned_data["receipt"].strip(), **values)
            messages.success(request, _("The receipt is kept."))
        else:
            messages.error(request, _("Write the receipt: at most 120 characters."))
    return redirect("rems_submission", person=person.pk, session=session, number=number)


def _sheet(person: Person, session: UUID) -> Sheet:
    found = Session.objects.filter(pk=session, person_id__in=person.ids())
    found = found.select_related("person__clinic", "clinic", "order").first()
    if found is None:
        raise Http404
    return sheets.of(found)


def _item(sheet: Sheet) -> Item:
    found = item_of(sheet, today_of(sheet.session.clinic))
    if found is None:
        raise Http404
    return found


def _version(request: HttpRequest, sheet: Sheet) -> MonitoringForm | None:
    """The version of the form that was chosen, else the one described last."""
    versions = versions_of(sheet.protocol.monitoring_form.form)
    asked = request.POST.get("form") or request.GET.get("form")
    return forms()[asked] if asked in {one.id for one in versions} else next(iter(versions), None)


def _seen(posted, otherwise: int) -> int:
    text = posted.get("seen", "") if posted is not None else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else otherwise


def _parts(form: MonitoringForm, rows: list) -> list[dict]:
    by_id = {row.field.id: row for row in rows}
    cut = {after: [one.what for one in found] for after, found in groupby(form.cut_off, key=lambda one: one.after)}
    return [
        {"title": part.title, "rows": [(by_id[f.id], cut.get(f.id, ())) for f in part.fields]} for part in form.parts
    ]
