"""Orders: written, changed and ended by a prescriber; each version with who decided it, when and why."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from stepwell.clinic.access.policy import Action, may
from stepwell.clinic.people.models import Person

from . import orders, protocol_files
from .models import Order
from .order_forms import EndForm, OrderForm, ProtocolForm
from .refusals import Conflict, Refused


def new(request: HttpRequest, person: Person) -> HttpResponse:
    """Chooses the protocol, then phase and dose. Nothing is written before the second page is sent."""
    files = protocol_files.available()
    chosen = ProtocolForm({"protocol": request.POST.get("protocol") or request.GET.get("protocol")}, person.clinic_id)
    if not chosen.is_valid():
        n_unconfirmed = sum(not protocol_files.is_confirmed(file, person.clinic_id) for file in files.values())
        context = {
            "person": person,
            "form": ProtocolForm(None, person.clinic_id),
            "n_unconfirmed": n_unconfirmed,
            "active": orders.active(person),
        }
        return render(request, "sessions/order_protocol.html", context)
    file = files[chosen.cleaned_data["protocol"]]
    form = OrderForm(request.POST if request.method == "POST" else None, person, file.protocol)
    context = {"person": person, "protocol": file.protocol, "form": form}
    if request.method == "POST" and form.is_valid():
        try:
            made = orders.write(person, protocol=file.protocol.id, actor=request.actor, **_written(form))
        except Refused as refused:
            _tell(form, refused)
        else:
            messages.success(request, _("Ordered. The next step is to plan the visits."))
            return redirect("order", person=person.pk, order=made.order)
    return render(request, "sessions/order_edit.html", context, status=422 if form.errors else 200)


def order(request: HttpRequest, person: Person, order: UUID) -> HttpResponse:
    """One order with all its versions."""
    one = order_of(person, order)
    kept = protocol_files.kept([one.protocol_digest])
    protocol = kept[one.protocol_digest]
    context = {
        "person": person,
        "one": one,
        "protocol": protocol,
        "phase": protocol.phase(one.phase),
        "versions": versions_in_words(one),
        "may_write": may(request.actor, Action.WRITE_ORDER, person) and one.state == "active",
        "may_plan": may(request.actor, Action.PLAN_SESSION, person) and one.state == "active",
    }
    return render(request, "sessions/order.html", context)


def change(request: HttpRequest, person: Person, order: UUID) -> HttpResponse:
    """Another phase, dose, authorisation or day of re-evaluation, with a reason."""
    one = order_of(person, order)
    file = protocol_files.available().get(one.protocol)
    if one.state != "active" or file is None:
        messages.error(request, _("This order cannot be changed any more. Write another one."))
        return redirect("order", person=person.pk, order=order)
    form = OrderForm(request.POST if request.method == "POST" else None, person, file.protocol, one)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                orders.change(_seen(request, one), actor=request.actor, **_written(form))
            except Refused as refused:
                _tell(form, refused)
                status = 409 if isinstance(refused, Conflict) else 422
            else:
                messages.success(request, _("Changed. It holds from the next session on."))
                return redirect("order", person=person.pk, order=order)
    context = {"person": person, "protocol": file.protocol, "form": form, "one": one}
    return render(request, "sessions/order_edit.html", context, status=status)


def end(request: HttpRequest, person: Person, order: UUID) -> HttpResponse:
    """Ends an order, for a reason. Sessions that are planned by it stay on the list until somebody cancels them."""
    one = order_of(person, order)
    form = EndForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                orders.end(_seen(request, one), actor=request.actor, **form.cleaned_data)
            except Refused as refused:
                _tell(form, refused)
                status = 409 if isinstance(refused, Conflict) else 422
            else:
                messages.success(request, _("Ended. No dose can be given by this order."))
                return redirect("order", person=person.pk, order=order)
    return render(request, "sessions/order_end.html", {"person": person, "form": form, "one": one}, status=status)


def order_of(person: Person, order: UUID) -> Order:
    """The latest version of that order of the person; 404 where there is none."""
    found = next((one for one in orders.current(person) if one.order == order), None)
    if found is None:
        raise Http404
    return found


def versions_in_words(one: Order) -> list[tuple[Order, str]]:
    """Each version, the latest first, with the label of its phase."""
    every = orders.versions(one)
    protocols = protocol_files.kept(version.protocol_digest for version in every)
    labels = [(v, protocols[v.protocol_digest].phase(v.phase)) for v in reversed(every)]
    return [(version, phase.label if phase else version.phase) for version, phase in labels]


def _seen(request: HttpRequest, one: Order) -> Order:
    """The version that the page showed, so that a change made meanwhile is told."""
    text = request.POST.get("seen", "")
    seen = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    return next((version for version in orders.versions(one) if version.version == seen), one)


def _written(form: OrderForm) -> dict:
    given = form.cleaned_data
    return {
        "phase": given["phase"],
        "dose_mg": given["dose"],
        "supply": given["supply"],
        "authorisation": given["authorisation"],
        "reevaluate_on": given["reevaluate_on"],
        "reason": given["reason"],
    }


def _tell(form, refused: Refused) -> None:
    for message in refused.messages:
        form.add_error(None, message)
