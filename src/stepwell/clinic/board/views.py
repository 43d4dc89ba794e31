"""The chair board, and the list of who may come on a day."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stepwell.clinic.access.models import Clinic
from stepwell.clinic.access.policy import ALLOWED
from stepwell.clinic.people.models import Person
from stepwell.clinic.sessions import running, sheets
from stepwell.clinic.sessions.models import Session
from stepwell.clinic.sessions.refusals import Conflict, Refused

from . import cards, readiness

SHEET_PAGE = "session_sheet"
EVERY_SECONDS = 10
"""How often the board asks for itself again."""


def board(request: HttpRequest) -> HttpResponse:
    """The sessions of today. htmx asks for the cards alone; without JavaScript the whole page is loaded again."""
    clinic = Clinic.objects.get(pk=request.actor.clinic_id)
    today = timezone.localdate()
    found = cards.cards(clinic, today)
    by_place = {name: [card for card in found if card.place == name] for name in ("chair", "to come", "left", "over")}
    by_place["to come"].sort(key=lambda card: card.sheet.planned_at)
    pages = _pages(request)
    for card in found:
        card.url = _sheet_url(card.sheet.session, pages)
    unsigned = cards.unsigned_before(clinic, today)
    for session in unsigned:
        session.url = _sheet_url(session, pages)
    context = {
        "here": by_place["chair"],
        "to_come": by_place["to come"],
        "left": by_place["left"],
        "over": by_place["over"],
        "n_overdue": sum(card.state == "overdue" for card in found if card.place != "over"),
        "n_due": sum(card.state == "due" for card in found if card.place != "over"),
        "unsigned": unsigned,
        "now": timezone.now(),
        "every": EVERY_SECONDS,
    }
    template = "board/cards.html" if request.headers.get("HX-Request") else "board/board.html"
    return render(request, template, context)


def day(request: HttpRequest) -> HttpResponse:
    """Who may come on a day: what each planned session needs, what is missing, and where it is mended."""
    clinic = Clinic.objects.get(pk=request.actor.clinic_id)
    today = timezone.localdate()
    asked, problem = _day(request, today)
    found = readiness.of_day(clinic, asked)
    pages = _pages(request)
    rows = [
        {"row": row, "needs": [(need, _link(need, pages)) for need in row.needs], "card": _card(row, pages)}
        for row in found.rows
    ]
    planned = [one for one in rows if one["row"].place == "planned"]
    context = {
        "day": asked,
        "is_today": asked == today,
        "before": asked - timedelta(days=1),
        "after": asked + timedelta(days=1),
        "problem": problem,
        "planned": planned,
        "n_missing": sum(one["row"].state == "missing" for one in planned),
        "begun": [one for one in rows if one["row"].place == "begun"],
        "cancelled": [one for one in rows if one["row"].place == "cancelled"],
        "setting": found.setting,
        "setting_url": reverse("rems_setting") if "rems_setting" in pages else "",
        "now": timezone.now(),
    }
    return render(request, "board/day.html", context, status=422 if problem else 200)


def _day(request: HttpRequest, today: date) -> tuple[date, str]:
    text = request.GET.get("day", "").strip()
    try:
        asked = parse_date(text) if text else today
    except ValueError:
        asked = None
    if asked is None or not date(2000, 1, 1) <= asked <= date(2199, 12, 31):
        return today, _("Enter a day as 2026-05-31. Today is shown instead.")
    return asked, ""


def _pages(request: HttpRequest) -> set[str]:
    """The names of the pages that the actor's role may open."""
    from stepwell.clinic.urls import ROUTES

    return {route.name for route in ROUTES if route.action in ALLOWED[request.actor.role]}


def _sheet_url(session: Session, pages: set[str]) -> str:
    """The session's sheet; the person's card for a role without it."""
    if SHEET_PAGE in pages:
        return reverse(SHEET_PAGE, args=[session.person_id, session.pk])
    return reverse("person_card", args=[session.person_id])


def _link(need: readiness.Need, pages: set[str]) -> str:
    return reverse(need.page, args=need.arguments) if need.page in pages else ""


def _card(row: readiness.Row, pages: set[str]) -> str:
    return reverse("person_card", args=[row.sheet.person.pk]) if "person_card" in pages else ""


class RideForm(forms.Form):
    """How the person gets home."""

    answer = forms.ChoiceField(
        label=gettext_lazy("Is the ride home arranged?"),
        choices=[
            ("yes", gettext_lazy("Yes")),
            ("no", gettext_lazy("No")),
            ("not known", gettext_lazy("Not known yet")),
        ],
        widget=forms.RadioSelect,
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    once = forms.UUIDField(widget=forms.HiddenInput)


def ride(request: HttpRequest, person: Person, session: uuid.UUID) -> HttpResponse:
    """Notes on the session's sheet how the person gets home, as they told the office."""
    one = Session.objects.filter(pk=session, person_id__in=person.ids()).select_related("clinic", "order").first()
    sheet = sheets.of(one) if one is not None else None
    check = sheet.check(cards.RIDE) if sheet is not None else None
    if check is None:
        raise Http404
    held = check.entry
    fresh = {"seen": held.version if held else 0, "once": uuid.uuid4(), "answer": check.answer}
    form = RideForm(request.POST if request.method == "POST" else None, initial=fresh)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            try:
                running.answer(
                    one, cards.RIDE, given["answer"], actor=request.actor, once=given["once"], seen=given["seen"]
                )
            except Conflict as told:
                form, status = RideForm(initial=fresh), 409
                messages.error(request, str(told))
            except Refused as told:
                form.add_error(None, str(told))
            else:
                messages.success(request, _("Noted on the sheet of the session."))
                return redirect(f"{reverse('day')}?day={sheet.day.isoformat()}")
    context = {"person": person, "sheet": sheet, "form": form, "check": check}
    return render(request, "board/ride.html", context, status=status)
