"""What came of it: one person, the caseload, the programme."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import mark_safe

from stepwell.clinic.access.models import Clinic
from stepwell.clinic.access.policy import Action, may
from stepwell.clinic.people.models import Person
from stepwell.outcomes import measured_quality, programme_parts

from . import caseload as list_of
from .person_content import compose
from .results import of_clinic, of_person, refused


def outcomes(request: HttpRequest, person: Person) -> HttpResponse:
    """What came of a person's treatment, as the lines and sheets say it now."""
    content = compose(of_person(person), _today(person.clinic))
    for series in content["series"]:
        series["picture"] = series["picture"] and mark_safe(series["picture"])
    may_report = may(request.actor, Action.READ_PROGRAMME, person)
    return render(request, "outcomes/person.html", {"person": person, "content": content, "may_report": may_report})


def caseload(request: HttpRequest) -> HttpResponse:
    """Everybody who needs to be looked at, with why."""
    clinic = Clinic.objects.get(pk=request.actor.clinic_id)
    found = list_of.find(clinic, of_clinic(clinic), _today(clinic), timezone.now())
    why = request.GET.get("why", "")
    shown = [row for row in found.rows if not why or any(reason.kind == why for reason in row.reasons)]
    return render(request, "outcomes/caseload.html", {"found": found, "rows": shown, "why": why})


def programme(request: HttpRequest) -> HttpResponse:
    """The programme page from the clinic's own data."""
    clinic = Clinic.objects.get(pk=request.actor.clinic_id)
    of = of_clinic(clinic, is_counted=True)
    if not of.shown:
        measures, cannot = measured_quality(of.result)
        parts = {name: mark_safe(text) for name, text in programme_parts(of.result).items()}
        of.shown.update({"parts": parts, "measures": measures, "cannot": cannot})
    return render(request, "outcomes/programme.html", of.shown | {"is_somebody_left_out": bool(refused(clinic))})


def _today(clinic: Clinic):
    return timezone.now().astimezone(clinic.zone).date()
