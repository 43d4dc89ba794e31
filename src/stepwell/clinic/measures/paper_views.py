"""Numbers of a questionnaire that was filled in on paper, typed in by staff."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

import stepwell
from stepwell.clinic.history import forms
from stepwell.clinic.history.questionnaire import Part, Questionnaire
from stepwell.clinic.people.models import Person

from . import finishing, library, requests
from .models import Request


def paper(request: HttpRequest, person: Person, instrument: str) -> HttpResponse:
    """One field for each item, and the total where only that is known. Nothing is saved while anything is wrong."""
    form = library.questionnaires().get(instrument)
    part = next((p for p in form.parts if p.instrument), None) if form is not None else None
    if part is None:
        raise Http404
    problems: dict[str, str] = {}
    if request.method == "POST":
        once = finishing.as_uuid(request.POST.get("once", ""))
        content, day, problems = _read(request, person, part)
        if once is None:
            raise Http404
        if content is not None:
            return _save(request, person, form, content, day, str(once))
    context = {
        "person": person,
        "form": form,
        "part": part,
        "rows": [
            (question, request.POST.get(f"item-{question.id}", ""), problems.get(question.id, ""))
            for question in part.item_questions()
        ],
        "problems": problems,
        "day": request.POST.get("day") or timezone.localdate().isoformat(),
        "total": request.POST.get("total", ""),
        "once": request.POST.get("once") or uuid.uuid4(),
    }
    return render(request, "measures/paper.html", context, status=422 if problems else 200)


def _read(request: HttpRequest, person: Person, part: Part) -> tuple[dict | None, date | None, dict[str, str]]:
    """The content of the score line and its day, or every problem by field."""
    items, problems = {}, {}
    for question in part.item_questions():
        written = request.POST.get(f"item-{question.id}", "").strip()
        if written and written not in question.choices:
            choices = list(question.choices)
            problems[question.id] = _("a whole number from %(least)s to %(most)s, or nothing") % {
                "least": choices[0],
                "most": choices[-1],
            }
        items[question.id] = float(written) if written and question.id not in problems else None
    data: dict = {"instrument": part.instrument, "day": request.POST.get("day", "").strip()}
    total = request.POST.get("total", "").strip().replace(",", ".")
    if any(value is not None for value in items.values()):
        data["items"] = items
        found = stepwell.score_items(part.instrument, [items]).column("total").to_pylist()[0]
        if found is not None:
            data["total"] = found
        if total and not problems and (found is None or total != f"{found:g}"):
            problems["total"] = _("the items give another total; correct them, or leave the total empty")
    elif total:
        data["total"] = total
    else:
        problems.setdefault("total", _("write the answers, or the total"))
    today = timezone.localdate(timezone=person.zone)
    content, wrong = forms.check("score", data, today=today, born=person.birth_date)
    problems |= {field: words for field, words in wrong.items() if field not in problems}
    if problems or content is None:
        return None, None, problems
    return content, date.fromisoformat(content["day"]), {}


def _save(
    request: HttpRequest, person: Person, form: Questionnaire, content: dict, day: date, once: str
) -> HttpResponse:
    """Finishes the open request where the sheet is of its days, else a new one."""
    open_one = next((s.request for s in requests.open_of(person) if s.request.instrument == form.id), None)
    is_of_it = open_one is not None and day >= open_one.day
    asked = open_one if is_of_it else _of_paper(person, form, day, once, request)
    made = None if asked is None else finishing.enter_paper(asked, content, day, request.actor)
    if made is None:
        messages.info(request, _("This sheet is saved already. It is there once."))
    else:
        messages.success(request, _("Saved."))
    return redirect("questionnaires_of", person=person.pk)


def _of_paper(person: Person, form: Questionnaire, day: date, once: str, request: HttpRequest) -> Request | None:
    now = timezone.now()
    if Request.objects.filter(once=f"paper {once}").exists():
        return None
    return Request.objects.create(
        person=person,
        clinic_id=person.clinic_id,
        instrument=form.id,
        questions=form.name,
        day=day,
        due_from=now,
        due_to=now + timedelta(minutes=1),
        hours_to_finish=1,
        is_sent=False,
        user_id=request.actor.user_id,
        actor=request.actor.name,
        at=now,
        once=f"paper {once}",
    )
