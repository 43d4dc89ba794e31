"""The enrolment of the setting and of a patient: what is entered is added, never changed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from stepwell.clinic import events
from stepwell.clinic.access.models import Clinic
from stepwell.clinic.access.policy import Action, may
from stepwell.clinic.authorisation.packets import today_of
from stepwell.clinic.people.models import Person

from .enrolment import PROGRAMS, of_patient, of_setting, patient_problems, setting_problems
from .inputs import PatientForm, SettingForm
from .models import PatientEnrolment, SettingEnrolment
from .queue import items_of

PROGRAM = next(iter(PROGRAMS))


def of_person(request: HttpRequest, person: Person) -> HttpResponse:
    """A person's enrolment, and the form of each session."""
    today = today_of(person.clinic)
    rows = PatientEnrolment.objects.filter(person_id__in=person.ids()).select_related("user")
    context = {
        "person": person,
        "items": items_of(person, today),
        "enrolment": of_patient(person, PROGRAM),
        "enrolments": rows.order_by("-at"),
        "problems": list(patient_problems(person, PROGRAM, today)),
        "program": PROGRAMS[PROGRAM],
        "may_submit": may(request.actor, Action.SUBMIT_MONITORING_FORM, person),
    }
    return render(request, "rems/person.html", context)


def enrol(request: HttpRequest, person: Person) -> HttpResponse:
    """Adds what is known of a patient's enrolment."""
    form = PatientForm(_posted(request), today=today_of(person.clinic), initial={"state": "enrolled"})
    if request.method == "POST" and form.is_valid():
        _keep(request, form, PatientEnrolment, person.clinic, person=person)
        return redirect("rems_person", person=person.pk)
    context = {"person": person, "form": form, "title": _("Enrolment of the patient"), "program": PROGRAMS[PROGRAM]}
    return render(request, "rems/enrol.html", context, status=422 if form.errors else 200)


def setting(request: HttpRequest) -> HttpResponse:
    """The setting's certification: what was said last, and before."""
    clinic = Clinic.objects.get(pk=request.actor.clinic_id)
    context = {
        "found": of_setting(clinic.pk, PROGRAM),
        "rows": SettingEnrolment.objects.filter(clinic=clinic).select_related("user").order_by("-at"),
        "problems": list(setting_problems(clinic.pk, PROGRAM)),
        "program": PROGRAMS[PROGRAM],
        "may_submit": may(request.actor, Action.SUBMIT_MONITORING_FORM, clinic),
    }
    return render(request, "rems/setting.html", context)


def setting_edit(request: HttpRequest) -> HttpResponse:
    """Adds what is known of the setting's certification, beginning with what was said last."""
    clinic = Clinic.objects.get(pk=request.actor.clinic_id)
    last = of_setting(clinic.pk, PROGRAM)
    names = [name for name in SettingForm.Meta.fields if name != "once"]
    initial = {name: getattr(last, name) for name in names} if last else {"name": clinic.name, "state": "enrolled"}
    form = SettingForm(_posted(request), today=today_of(clinic), initial=initial)
    if request.method == "POST" and form.is_valid():
        _keep(request, form, SettingEnrolment, clinic)
        return redirect("rems_setting")
    context = {"form": form, "title": _("Certification of the clinic"), "program": PROGRAMS[PROGRAM]}
    return render(request, "rems/enrol.html", context, status=422 if form.errors else 200)


def _keep(request: HttpRequest, form, model, clinic: Clinic, **more) -> None:
    given = dict(form.cleaned_data)
    once = given.pop("once")
    who = {"user_id": request.actor.user_id, "actor": request.actor.name, "at": timezone.now()}
    made, is_new = model.objects.get_or_create(
        once=once, defaults={**given, **more, **who, "clinic": clinic, "program": PROGRAM}
    )
    if is_new:
        detail = {"enrolment": str(made.pk)}
        events.record(request.actor, Action.SUBMIT_MONITORING_FORM, person=more.get("person"), detail=detail)
    messages.success(request, _("Kept. What was said before can be read below."))


def _posted(request: HttpRequest):
    return request.POST if request.method == "POST" else None
