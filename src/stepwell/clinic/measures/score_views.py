"""The scores of a person over time, and the clinician's word that they were read."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

import stepwell
from stepwell.clinic.access.policy import Action, may
from stepwell.clinic.history import lines
from stepwell.clinic.people.models import Person

from . import clock, drawing, library, series
from .series import Score


def scores_page(request: HttpRequest, person: Person) -> HttpResponse:
    """Each questionnaire as a drawing and a table, the latest answers first."""
    found = series.by_instrument(person)
    doses, _planned = clock.days_of(person)
    days = [score.day for some in found.values() for score in some] + doses
    context = {
        "person": person,
        "sections": [
            _section(name, found[name], doses, (min(days), max(days)), n) for n, name in enumerate(_order(found))
        ],
        "n_doses": len(doses),
        "unread": len(lines.unread_scores(person)),
        "may_confirm": may(request.actor, Action.CONFIRM_HISTORY, person),
    }
    return render(request, "measures/scores.html", context)


def _order(found: dict) -> list[str]:
    first = ("phq-9", "qids-sr16", "gad-7", "who-5")
    return sorted(found, key=lambda name: (first.index(name) if name in first else len(first), name))


def _section(name: str, scores: list[Score], doses: list[date], span: tuple[date, date], number: int) -> dict:
    known = stepwell.load_knowledge().all_instruments.get(name)
    form = library.questionnaires().get(name)
    label = known.label if known else form.title if form else _("The clinic’s own questions")
    direction = known.direction if known else ""
    drawn = []
    for n, line in enumerate(drawing.lines_of(name, scores)):
        remission = float(known.remission.at_most) if known and known.remission else None
        ends = _ends(known, form, line)
        svg = drawing.draw(label, direction, line, ends, doses, span, number * 100 + n, remission)
        drawn.append(mark_safe(svg))
    columns = [item.item for item in known.items] if known else list(dict.fromkeys(i for s in scores for i in s.items))
    has_items = any(score.items for score in scores)
    rows = [
        {
            "score": score,
            "state": score.line.get_state_display(),
            "items": [(c, score.items.get(c), c in score.items) for c in columns],
        }
        for score in reversed(scores)
    ]
    return {
        "label": label,
        "drawn": drawn,
        "columns": columns if has_items else [],
        "rows": rows,
        "has_total": known is not None,
    }


def _ends(known, form, line: drawing.Line) -> tuple[float, float]:
    """The least and the greatest value that there can be."""
    if known is not None and known.at_least is not None:
        return float(known.at_least), float(known.at_most)
    for part in form.parts if form else ():
        for question in part.questions:
            if question.better and question.item == line.name:
                return min(map(float, question.choices)), max(map(float, question.choices))
    values = [value for _day, value in line.points]
    return min(values), max(values)


def mark_read(request: HttpRequest, person: Person) -> HttpResponse:
    """Confirms the scores that were shown: a clinician read them, before a dose or at another time."""
    if request.method == "POST":
        shown = set(request.POST.getlist("line"))
        chosen = [line for line in lines.unread_scores(person) if not shown or f"{line.line}@{line.version}" in shown]
        n = 0
        for line in chosen:
            try:
                lines.confirm(line, request.actor, f"read on {timezone.localdate().isoformat()}")
                n += 1
            except lines.Conflict:
                continue
        messages.success(request, _("%d scores are marked as read and confirmed.") % n)
    return redirect("scores", person=person.pk)
