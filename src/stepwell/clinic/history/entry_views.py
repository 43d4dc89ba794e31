"""Staff type lines: one of a kind, or a whole history of trials at once."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from stepwell.clinic.access.policy import Action, may
from stepwell.clinic.people.models import Person

from . import lines
from .drugs import all_drugs
from .entry_forms import FIELDS, EntryForm, TrialForm
from .models import Line
from .words import KIND_LABELS

ROWS, MOST_ROWS = 6, 40


def add(request: HttpRequest, person: Person, kind: str) -> HttpResponse:
    """Adds one line of a kind."""
    may_confirm = may(request.actor, Action.CONFIRM_HISTORY, person)
    if kind not in FIELDS or (kind == "observation" and not may_confirm):
        raise Http404
    how = {"today": timezone.localdate(), "born": person.birth_date}
    form = EntryForm(kind, request.POST if request.method == "POST" else None, **how)
    if request.method == "POST" and form.is_valid():
        _store(request, person, kind, [form.content])
        return _back(request, person)
    context = {
        "person": person,
        "kind": kind,
        "label": KIND_LABELS[kind],
        "form": form,
        "once": _once(request) if request.method == "POST" else uuid.uuid4(),
        "may_confirm": may_confirm,
        "back": _back_to(request, person),
        "drug_names": all_drugs() if "drug" in form.fields else (),
    }
    return render(request, "history/add.html", context, status=422 if form.errors else 200)


def type_trials(request: HttpRequest, person: Person) -> HttpResponse:
    """The fast form: one row a trial. Where any row cannot be read, nothing is saved and every problem is told."""
    asked = request.POST if request.method == "POST" else request.GET
    n_rows = min(int(asked.get("rows", "")) if asked.get("rows", "").isdigit() else ROWS, MOST_ROWS)
    how = {"today": timezone.localdate(), "born": person.birth_date}
    data = request.POST if request.method == "POST" else None
    is_more = request.POST.get("more") is not None
    n_rows = min(n_rows + ROWS, MOST_ROWS) if is_more else n_rows
    rows = [TrialForm(data, prefix=f"r{n}", **how) for n in range(n_rows)]
    used = [row for row in rows if data is not None and not row.is_empty]
    problems = [] if is_more else [row for row in used if not row.is_valid()]
    if used and not problems and not is_more:
        _store(request, person, "medication", [row.content for row in used])
        return _back(request, person)
    context = {
        "person": person,
        "rows": [(row, data is not None and not is_more and row in used and row.errors) for row in rows],
        "n_rows": n_rows,
        "is_empty": data is not None and not used and not is_more,
        "has_problems": bool(problems),
        "once": _once(request) if data is not None else uuid.uuid4(),
        "may_confirm": may(request.actor, Action.CONFIRM_HISTORY, person),
        "drug_names": all_drugs(),
        "back": _back_to(request, person),
        "source": asked.get("source", ""),
    }
    return render(request, "history/type.html", context, status=422 if problems else 200)


def _once(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("once", ""))
    except ValueError:
        raise Http404 from None


def _store(request: HttpRequest, person: Person, kind: str, contents: list[dict]) -> None:
    """Adds the lines once, however often the page is sent."""
    once = _once(request)
    ids = [uuid.uuid5(once, str(n)) for n in range(len(contents))]
    if Line.objects.filter(line__in=ids).exists():
        messages.info(request, _("These lines were saved already. They are there once."))
        return
    is_sure = request.POST.get("confirm") == "yes" and may(request.actor, Action.CONFIRM_HISTORY, person)
    state = "confirmed" if is_sure or kind == "observation" else "reported"
    source = request.POST.get("source", "").strip()[:160] or _("typed by the clinic")
    for line, content in zip(ids, contents, strict=True):
        lines.add(person, kind, content, actor=request.actor, state=state, origin="clinician", source=source, line=line)
    at = timezone.localtime().strftime("%H:%M")
    n = len(contents)
    told = ngettext("%(n)d line was saved at %(at)s.", "%(n)d lines were saved at %(at)s.", n)
    messages.success(request, told % {"n": n, "at": at})


def _back_to(request: HttpRequest, person: Person) -> str:
    return reverse("review" if may(request.actor, Action.READ_CHART, person) else "intake_status", args=[person.pk])


def _back(request: HttpRequest, person: Person) -> HttpResponse:
    """The review for those who may read it; else the empty form again."""
    return redirect("review" if may(request.actor, Action.READ_CHART, person) else "history_type", person=person.pk)
