"""Pages on which lines are entered. What is refused is told on the same page, with what was typed still there."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from stepwell.clinic.people.models import Person

from . import counting, entries
from .forms import CorrectForm, CountForm, RecallForm, ReceiveForm, ReturnForm, WasteForm
from .ledger import Refused, all_on_hand, on_hand, remainder
from .models import LedgerLine, Lot
from .products import product_of
from .views import clinic_of, lot_of


def receive(request: HttpRequest, person: Person | None = None) -> HttpResponse:
    """Takes a delivery into stock; with a person, one that a pharmacy dispensed for them alone."""
    form = ReceiveForm(_posted(request))

    def write(given: dict) -> LedgerLine:
        return entries.receive(
            given["product"],
            given["lot_number"],
            given["expires"],
            given["n_devices"],
            actor=request.actor,
            once=given["once"],
            note=given["note"],
            person=person,
        )

    line = _written(request, form, write)
    if line is not None:
        messages.success(request, _("Received: line %s of the ledger.") % line.number)
        return redirect("stock_lot", lot=line.lot_id)
    title = _("Receive a delivery for this person") if person else _("Receive a delivery")
    help_text = (
        _("Only this person may get these devices: a pharmacy dispensed them for them.")
        if person
        else _(
            "For the clinic's own stock. What a pharmacy dispensed for one person is received on that person's page."
        )
    )
    return _page(request, form, title, help_text, _("Receive"), reverse("stock"))


def enter(request: HttpRequest, lot: int, what: str) -> HttpResponse:
    """Waste, a return or a recall of one lot."""
    one, data = lot_of(request, lot), _posted(request)
    product, left = product_of(one), on_hand(one)
    given_to = {"actor": request.actor}

    def waste(given: dict) -> LedgerLine:
        more = {"witness": given["witness"], "note": given["note"], "mg": given.get("mg"), "once": given["once"]}
        return entries.waste(one.pk, given["n_devices"] or 0, **given_to, **more)

    def send_back(given: dict) -> LedgerLine:
        return entries.send_back(one.pk, given["n_devices"], **given_to, note=given["note"], once=given["once"])

    def recall(given: dict) -> LedgerLine:
        return entries.recall(one.pk, **given_to, note=given["note"], once=given["once"])

    if what == "waste":
        form, write = WasteForm(data, request=request, lot=one, left=left, rest=remainder(one)), waste
        title, help_text = _("Waste of lot %s"), _("Destroyed before a witness, who confirms with their own password.")
    elif what == "return":
        form, write = ReturnForm(data, lot=one, left=left), send_back
        title, help_text = _("Return of lot %s"), _("Sent back to the supplier, or to whoever destroys it.")
    elif what == "recall":
        form, write = RecallForm(data), recall
        title = _("Recall of lot %s")
        help_text = _("From then on the lot cannot be used. The next page lists who received it.")
    else:
        raise Http404
    line = _written(request, form, write)
    if line is None:
        title = f"{title % one.lot_number}: {product.label}"
        return _page(request, form, title, help_text, _("Enter"), reverse("stock_lot", args=[one.pk]))
    messages.success(request, _("Entered: line %s of the ledger.") % line.number)
    return redirect("stock_recipients" if what == "recall" else "stock_lot", lot=one.pk)


def correct(request: HttpRequest, line: int) -> HttpResponse:
    """A new line that says what an earlier one should have said."""
    found = LedgerLine.objects.filter(pk=line, lot__clinic_id=request.actor.clinic_id)
    one = found.select_related("lot", "user").first()
    if one is None:
        raise Http404
    form = CorrectForm(_posted(request), request=request, line=one)

    def write(given: dict) -> LedgerLine:
        more = {"note": given["note"], "witness": given.get("witness"), "once": given["once"]}
        return entries.correct(one, given.get("right", 0), actor=request.actor, **more)

    made = _written(request, form, write)
    if made is not None:
        messages.success(request, _("Corrected: line %s of the ledger. Both lines stay.") % made.number)
        return redirect("stock_lot", lot=one.lot_id)
    title = _("Correct line %s") % one.number
    if one.kind == "recall":
        said = _("This line says that lot %s is recalled. The correction takes that back.") % one.lot.lot_number
    else:
        said = _("This line says: %(kind)s, %(n)g. It stays as it is, and a new line corrects it.") % {
            "kind": one.get_kind_display(),
            "n": entries.stands_at(one),
        }
    why_not = entries.why_not_corrected(one)
    back = reverse("stock_lot", args=[one.lot_id])
    return _page(request, form, title, why_not or said, _("Correct"), back, is_closed=bool(why_not))


def count(request: HttpRequest, lot: int | None = None) -> HttpResponse:
    """Counts everything on hand, or one lot."""
    clinic = clinic_of(request)
    lots = [lot_of(request, lot)] if lot is not None else counting.lots_on_hand(clinic)
    form = CountForm(_posted(request), lots=lots, on_hand=all_on_hand(lots))
    refused: list[Refused] = []

    def write(given: dict) -> LedgerLine | None:
        more = {"actor": request.actor, "once": given["once"], "note": form.as_of_words(), "is_complete": lot is None}
        try:
            return counting.take(form.counts(), **more)[0]
        except (counting.Differs, counting.Stale) as told:
            refused.append(told)
            raise

    if lots and _written(request, form, write) is not None:
        messages.success(request, _("The count is in the ledger."))
        return redirect("stock") if lot is None else redirect("stock_lot", lot=lot)
    for told in refused:
        if isinstance(told, counting.Differs):
            for pk, words in told.lots.items():
                form.add_error(f"why-{pk}", words)
        else:
            form = _counted_anew(request, told, lots)
    context = {
        "form": form,
        "rows": [{**row, "product": product_of(row["lot"])} for row in form.rows],
        "one": lots[0] if lot is not None else None,
        "back": reverse("stock") if lot is None else reverse("stock_lot", args=[lot]),
    }
    return render(request, "stock/count.html", context, status=_status(form))


def _counted_anew(request: HttpRequest, told: counting.Stale, lots: list[Lot]) -> CountForm:
    """The form with what was typed, but for the lots that moved meanwhile: these are to be counted again."""
    on_hand, data = all_on_hand(lots), request.POST.copy()
    for lot in told.lots:
        data[f"seen-{lot.pk}"], data[f"n-{lot.pk}"] = str(on_hand.get(lot.pk, 0)), ""
    form = CountForm(data, lots=lots, on_hand=on_hand)
    form.add_error(None, told.message)
    return form


def _written(request: HttpRequest, form: forms.Form, write) -> LedgerLine | None:
    """The line, where the form was sent and is right; what is refused becomes an error of the form."""
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        return write(form.cleaned_data)
    except Refused as refused:
        form.add_error(None, refused.message)
    return None


def _page(
    request: HttpRequest,
    form: forms.Form,
    title: str,
    help_text: str,
    button: str,
    back: str,
    *,
    is_closed: bool = False,
) -> HttpResponse:
    context = {
        "form": form,
        "title": title,
        "help_text": help_text,
        "button": button,
        "back": back,
        "is_closed": is_closed,
    }
    return render(request, "stock/enter.html", context, status=_status(form))


def _status(form: forms.Form) -> int:
    return 422 if form.is_bound and form.errors else 200


def _posted(request: HttpRequest):
    return request.POST if request.method == "POST" else None
