"""Plans visits: the office sees day, time and chair of a person's sessions, and nothing of what happens at them."""

from __future__ import annotations

import uuid
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stepwell.clinic.access.policy import Action, may
from stepwell.clinic.people.models import Person

from . import orders, planning, sheets
from .models import Order, Session
from .refusals import Refused
from .sheets import Sheet

CANCELLED_BY = (
    ("patient", gettext_lazy("the patient cancelled")),
    ("clinic", gettext_lazy("the clinic cancelled")),
    ("did not come", gettext_lazy("did not come")),
)


class PlanForm(forms.Form):
    """Day, time and chair."""

    day = forms.DateField(label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    time = forms.TimeField(label=gettext_lazy("Time"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    chair = forms.CharField(label=gettext_lazy("Chair"), max_length=20, required=False)

    def planned_at(self, person: Person) -> datetime:
        """The moment in the clinic's zone."""
        return planning.moment(self.cleaned_data["day"], self.cleaned_data["time"], person.clinic.zone)


class CancelForm(forms.Form):
    """Who cancelled, and a note."""

    by = forms.ChoiceField(label=gettext_lazy("Who cancelled"), choices=CANCELLED_BY, widget=forms.RadioSelect)
    note = forms.CharField(label=gettext_lazy("Note"), max_length=400, required=False)


def plan(request: HttpRequest, person: Person) -> HttpResponse:
    """The person's visits, and a form to plan one by an active order."""
    active = orders.active(person)
    form = PlanForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        order = _order(active, request.POST.get("order", ""))
        try:
            if order is None:
                raise Refused(_("This order is ended. No session can be planned by it."))
            planning.plan(
                order,
                planned_at=form.planned_at(person),
                chair=form.cleaned_data["chair"],
                actor=request.actor,
                once=once_of(request),
            )
        except Refused as refused:
            tell(form, refused)
        else:
            messages.success(request, _("Planned."))
            return redirect("session_plan", person=person.pk)
    now = timezone.now()
    every = sheets.of_person(person)
    context = {
        "person": person,
        "form": form,
        "active": active,
        "coming": [one for one in every if _is_coming(one)],
        "past": [one for one in reversed(every) if not _is_coming(one)],
        "once": uuid.uuid4(),
        "now": now,
        "may_order": may(request.actor, Action.WRITE_ORDER, person),
        "may_read": may(request.actor, Action.READ_SESSIONS, person),
    }
    return render(request, "sessions/plan.html", context, status=422 if form.errors else 200)


def _is_coming(sheet: Sheet) -> bool:
    return not sheet.is_given and not sheet.is_cancelled and sheet.day >= timezone.localdate()


def move(request: HttpRequest, person: Person, session: uuid.UUID) -> HttpResponse:
    """Another day, time or chair."""
    sheet = sheets.of(session_of(person, session))
    local = timezone.localtime(sheet.planned_at)
    initial = {"day": local.date(), "time": local.time(), "chair": sheet.chair}
    form = PlanForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            planning.move(
                sheet.session,
                planned_at=form.planned_at(person),
                chair=form.cleaned_data["chair"],
                actor=request.actor,
                once=once_of(request),
            )
        except Refused as refused:
            tell(form, refused)
        else:
            messages.success(request, _("Moved."))
            return redirect("session_plan", person=person.pk)
    return _show_move(request, person, sheet, form, CancelForm())


def cancel(request: HttpRequest, person: Person, session: uuid.UUID) -> HttpResponse:
    """It does not take place."""
    sheet = sheets.of(session_of(person, session))
    if request.method != "POST":
        return redirect("session_move", person=person.pk, session=session)
    form = CancelForm(request.POST)
    if form.is_valid():
        try:
            planning.cancel(sheet.session, actor=request.actor, once=once_of(request), **form.cleaned_data)
        except Refused as refused:
            tell(form, refused)
        else:
            messages.success(request, _("Cancelled."))
            return redirect("session_plan", person=person.pk)
    local = timezone.localtime(sheet.planned_at)
    initial = {"day": local.date(), "time": local.time(), "chair": sheet.chair}
    return _show_move(request, person, sheet, PlanForm(initial=initial), form)


def _show_move(request, person: Person, sheet: Sheet, form: PlanForm, cancel_form: CancelForm) -> HttpResponse:
    context = {"person": person, "sheet": sheet, "form": form, "cancel_form": cancel_form, "once": uuid.uuid4()}
    wrong = form.errors or cancel_form.errors
    return render(request, "sessions/move.html", context, status=422 if wrong else 200)


def session_of(person: Person, session: uuid.UUID) -> Session:
    """That session of the person; 404 where there is none."""
    found = Session.objects.filter(pk=session, person_id__in=person.ids()).select_related(
        "person__clinic", "clinic", "order"
    )
    one = found.first()
    if one is None:
        raise Http404
    return one


def once_of(request: HttpRequest) -> uuid.UUID:
    """The id of what was sent: the same page sent twice with the same values has the same one, with other values another."""
    try:
        page = uuid.UUID(request.POST.get("once", ""))
    except ValueError:
        raise Refused(_("This page is incomplete. Nothing was saved. Load it again.")) from None
    sent = sorted((name, values) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken")
    return uuid.uuid5(page, repr(sent))


def tell(form, refused: Refused) -> None:
    """Puts what was refused on the form."""
    for message in refused.messages:
        form.add_error(None, message)


def _order(active: list[Order], text: str) -> Order | None:
    if not text and len(active) == 1:
        return active[0]
    return next((order for order in active if str(order.order) == text), None)
