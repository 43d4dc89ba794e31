"""Pages that show the stock: lots, one lot, who received it, the ledger on paper and as a file."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from stepwell.clinic.access.models import Clinic
from stepwell.clinic.access.policy import Action, may
from stepwell.clinic.pages.spreadsheet import no_formula

from . import counting, reading
from .entries import why_not_corrected
from .ledger import is_recalled, on_hand, remainder
from .models import Lot
from .products import product_of, products

PERIOD = timedelta(days=92)
"""How much of the ledger the page shows where no days are asked for."""
SOON = timedelta(days=30)
"""From how many days before it is due the next count is shown as due soon."""


def clinic_of(request: HttpRequest) -> Clinic:
    """The clinic of whoever is signed in."""
    return Clinic.objects.get(pk=request.actor.clinic_id)


def lot_of(request: HttpRequest, lot: int) -> Lot:
    """The lot of the clinic of that id; 404 where it is another's."""
    found = Lot.objects.filter(pk=lot, clinic_id=request.actor.clinic_id).select_related("clinic", "person").first()
    if found is None:
        raise Http404
    return found


def stock(request: HttpRequest) -> HttpResponse:
    """What is on hand, by lot; when everything must be counted again."""
    clinic, today = clinic_of(request), timezone.localdate()
    rows = reading.lots_of(clinic, today)
    shows_all = request.GET.get("all") == "1"
    due = counting.next_count(clinic)
    context = {
        "rows": [row for row in rows if row.on_hand or shows_all],
        "n_hidden": 0 if shows_all else sum(not row.on_hand for row in rows),
        "is_empty": not rows,
        "due": due,
        "is_overdue": due.day is not None and due.day < today,
        "is_soon": due.day is not None and today <= due.day <= today + SOON,
        "rule": products().rules["count_every_years"],
        "keep": products().rules["keep_years"],
        "may_write": may(request.actor, Action.WRITE_STOCK, clinic),
    }
    return render(request, "stock/stock.html", context)


def lot_page(request: HttpRequest, lot: int) -> HttpResponse:
    """One lot: what is on hand, every line, what can be entered."""
    one = lot_of(request, lot)
    today = timezone.localdate()
    lines = reading.lines_of(one.clinic, reading.first_day(one.clinic), today, one)
    may_write = may(request.actor, Action.WRITE_STOCK, one.clinic)
    context = {
        "lot": one,
        "product": product_of(one),
        "on_hand": on_hand(one),
        "remainder": remainder(one),
        "is_recalled": is_recalled(one),
        "is_expired": one.expires < today,
        "rows": [(row, may_write and not why_not_corrected(row.line)) for row in reversed(lines)],
        "may_write": may_write,
    }
    return render(request, "stock/lot.html", context)


def recipients(request: HttpRequest, lot: int) -> HttpResponse:
    """Who received devices of this lot number: the list for a recall."""
    one = lot_of(request, lot)
    context = {
        "lot": one,
        "product": product_of(one),
        "found": reading.recipients(one),
        "is_recalled": is_recalled(one),
        "now": timezone.now(),
    }
    return render(request, "stock/recipients.html", context)


def ledger(request: HttpRequest) -> HttpResponse:
    """The ledger of some days, to be read and printed."""
    clinic = clinic_of(request)
    first, last, problem = _days(request)
    rows = reading.lines_of(clinic, first, last)
    context = {
        "rows": rows,
        "first": first,
        "last": last,
        "problem": problem,
        "now": timezone.now(),
        "rule": products().rules["keep_years"],
    }
    return render(request, "stock/ledger.html", context, status=422 if problem else 200)


def ledger_file(request: HttpRequest) -> HttpResponse:
    """The same lines as CSV. Text that a spreadsheet would run as a formula gets an apostrophe before it."""
    clinic = clinic_of(request)
    first, last, problem = _days(request)
    if problem:
        return ledger(request)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_HEADER)
    for row in reading.lines_of(clinic, first, last):
        writer.writerow(_csv_row(row, clinic))
    answer = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="ledger-{first}-{last}.csv"'
    return answer


_HEADER = (
    "line",
    "at",
    "kind",
    "product",
    "mg_per_device",
    "lot_number",
    "expires",
    "change",
    "on_hand_after",
    "counted",
    "mg",
    "corrects_line",
    "person",
    "record_number",
    "session",
    "entered_by",
    "witness",
    "note",
)


def _csv_row(row: reading.LineRow, clinic: Clinic) -> list:
    line, person = row.line, row.line.person
    return [
        line.number,
        line.at.astimezone(clinic.zone).isoformat(timespec="seconds"),
        line.kind,
        row.product.id,
        f"{line.lot.mg_per_device:g}",
        no_formula(line.lot.lot_number),
        line.lot.expires.isoformat(),
        line.n_devices,
        row.left,
        "" if line.counted is None else line.counted,
        "" if line.mg is None else f"{line.mg:g}",
        line.corrects_id or "",
        no_formula(str(person) if person else ""),
        no_formula(person.record_number if person else ""),
        line.session_id or "",
        no_formula(row.by),
        no_formula(line.witness.full_name if line.witness else ""),
        no_formula(line.note),
    ]


def _days(request: HttpRequest) -> tuple[date, date, str]:
    """The days that were asked for, and what is wrong with them in words."""
    today = timezone.localdate()
    given = {name: request.GET.get(name, "").strip() for name in ("first", "last")}
    try:
        first, last = (parse_date(given[name]) if given[name] else None for name in ("first", "last"))
    except ValueError:
        first = last = None
    if any(text and not day for text, day in zip(given.values(), (first, last), strict=True)):
        return today - PERIOD, today, _("Enter days as 2026-05-31. The latest lines are shown instead.")
    last = last or today
    first = first or last - PERIOD
    if first > last:
        return today - PERIOD, today, _("The first day lies after the last. The latest lines are shown instead.")
    return first, last, ""
