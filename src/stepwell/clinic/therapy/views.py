"""The pages of therapy: a person's doses, appointments and goals, the clinic's appointments, and the setting of the clinic."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from stepwell.clinic import events
from stepwell.clinic.access.models import Clinic
from stepwell.clinic.access.policy import Action, may
from stepwell.clinic.pages import ics
from stepwell.clinic.people.models import Person
from stepwell.clinic.sessions import sheets

from . import pairs, remaining, versions
from .forms import AppointmentForm, NoteForm, PairingForm, ReviewForm
from .models import Appointment, GoalReview, Note

_BACK, _AHEAD = timedelta(days=31), timedelta(days=90)
_MINUTES = 50


def of_person(request: HttpRequest, person: Person) -> HttpResponse:
    """Doses with the therapy beside them, appointments, notes for those who may read them, goals and what is left."""
    now, of_them = timezone.now(), {"person_id__in": person.ids()}
    appointments = versions.latest(Appointment, **of_them)
    reads_notes = may(request.actor, Action.READ_THERAPY_NOTES, person)
    context = {
        "person": person,
        "pairs": pairs.pairs(sheets.given(person), person.clinic, now),
        "unproven": pairs.unproven(),
        "ahead": [a for a in appointments if a.starts >= now],
        "before": [a for a in reversed(appointments) if a.starts < now],
        "reads_notes": reads_notes,
        "writes_notes": may(request.actor, Action.WRITE_THERAPY_NOTES, person),
        "notes": versions.latest(Note, **of_them)[::-1] if reads_notes else [],
        "reads_chart": may(request.actor, Action.READ_CHART, person),
        "reviews_goals": may(request.actor, Action.REVIEW_GOALS, person),
    }
    if context["reads_chart"]:
        context |= {
            "goals": remaining.goals(person),
            "scales": remaining.scales(person),
            "hopeless": remaining.hopeless(person),
        }
    return render(request, "therapy/of_person.html", context)


def of_clinic(request: HttpRequest) -> HttpResponse:
    """The appointments that come, and the doses whose note is missing."""
    clinic, now = Clinic.objects.get(pk=request.actor.clinic_id), timezone.now()
    found = versions.latest(Appointment, clinic=clinic)
    context = {
        "ahead": [a for a in found if a.state == "planned" and now - timedelta(hours=2) <= a.starts <= now + _AHEAD],
        "open": [a for a in found if a.state == "planned" and now - _BACK <= a.starts < now - timedelta(hours=2)],
        "missing": pairs.missing(clinic, now),
        "pairing": pairs.pairing_of(clinic),
    }
    return render(request, "therapy/of_clinic.html", context)


def calendar_file(request: HttpRequest) -> HttpResponse:
    """The appointments as a calendar file, without names."""
    clinic, now = Clinic.objects.get(pk=request.actor.clinic_id), timezone.now()
    found = [a for a in versions.latest(Appointment, clinic=clinic) if a.starts >= now - _BACK]
    text = ics.calendar(
        ics.Event(
            uid=str(one.appointment),
            stamp=one.at,
            start=one.starts,
            end=one.starts + timedelta(minutes=one.minutes),
            summary=_("Appointment"),
            url=request.build_absolute_uri(reverse("therapy", args=[one.person.survivor().pk])),
            sequence=one.version - 1,
            is_cancelled=one.state == "cancelled",
        )
        for one in found
    )
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="appointments.ics"'
    return response


def appointment(request: HttpRequest, person: Person, appointment: uuid.UUID | None = None) -> HttpResponse:
    """A new appointment, or a change of one as its next version."""
    kept = _kept(Appointment, person, appointment)
    initial = {"minutes": _MINUTES, "state": "planned", "session": request.GET.get("dose", "")}
    if kept is not None:
        names = ("starts", "minutes", "who", "place", "state")
        initial = {name: getattr(kept, name) for name in names} | {"session": str(kept.session_id or "")}
    form = AppointmentForm(person, kept, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        fields = {name: data[name] for name in ("starts", "minutes", "who", "place")}
        fields |= {
            "clinic_id": person.clinic_id,
            "state": data.get("state", "planned"),
            "session_id": _uuid(data["session"]),
        }
        return _write(request, person, Appointment, appointment, fields, data.get("reason", ""), form, kept)
    return _form_page(request, person, form, kept, "appointment", 422 if form.errors else 200)


def note(request: HttpRequest, person: Person, note: uuid.UUID | None = None) -> HttpResponse:
    """A new note, or a correction of one as its next version."""
    kept = _kept(Note, person, note)
    initial = {"day": timezone.localdate(), "session": request.GET.get("dose", "")}
    if kept is not None:
        initial = {"day": kept.day, "text": kept.text, "session": str(kept.session_id or "")}
    form = NoteForm(person, kept, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        fields = {"day": data["day"], "text": data["text"], "session_id": _uuid(data["session"])}
        return _write(request, person, Note, note, fields, data.get("reason", ""), form, kept)
    return _form_page(request, person, form, kept, "note", 422 if form.errors else 200)


def _kept(kind, person: Person, pk: uuid.UUID | None):
    if pk is None:
        return None
    kept = versions.find(kind, person, pk)
    if kept is None:
        raise Http404
    return kept


def _uuid(text: str | None) -> uuid.UUID | None:
    return uuid.UUID(text) if text else None


def _once(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("once", ""))
    except ValueError:
        raise Http404 from None


def _write(request, person, kind, pk, fields: dict, reason: str, form, kept) -> HttpResponse:
    """Keeps the version; where somebody else was first, that is told and nothing is saved."""
    seen = int(request.POST.get("seen", "")) if request.POST.get("seen", "").isdigit() else 0
    try:
        made, is_again = versions.write(
            kind, person, pk or _once(request), request.actor, seen=seen, reason=reason, **fields
        )
    except versions.Conflict as told:
        words = _("%(who)s changed it at %(at)s, after your page was shown. Nothing of yours was saved: look again.")
        at = timezone.localtime(told.latest.at).strftime("%H:%M")
        messages.error(request, words % {"who": told.latest.user.full_name, "at": at})
        return _form_page(request, person, form, told.latest, kind.__name__.lower(), 409)
    saved = _("This was saved already. It is there once.") if is_again else _("Saved at %s.")
    messages.success(request, saved if is_again else saved % timezone.localtime(made.at).strftime("%H:%M"))
    return redirect("therapy", person=person.pk)


def _form_page(request, person: Person, form, kept, name: str, status: int) -> HttpResponse:
    context = {
        "person": person,
        "form": form,
        "kept": kept,
        "once": _once(request) if request.method == "POST" and kept is None else uuid.uuid4(),
        "versions": versions.versions(kept) if kept is not None else [],
        "unproven": pairs.unproven(),
    }
    return render(request, f"therapy/{name}_form.html", context, status=status)


def read_note(request: HttpRequest, person: Person, note: uuid.UUID) -> HttpResponse:
    """A note with every version."""
    kept = _kept(Note, person, note)
    context = {
        "person": person,
        "note": kept,
        "versions": versions.versions(kept)[::-1],
        "writes_notes": may(request.actor, Action.WRITE_THERAPY_NOTES, person),
    }
    return render(request, "therapy/note.html", context)


def review_goal(request: HttpRequest, person: Person, goal: uuid.UUID) -> HttpResponse:
    """What the patient says of one of their goals today."""
    one = next((g for g in remaining.goals(person) if g.line.line == goal), None)
    if one is None:
        raise Http404
    form = ReviewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        once, now = _once(request), timezone.now()
        if not GoalReview.objects.filter(pk=once).exists():
            GoalReview.objects.create(
                pk=once, person_id=one.line.person_id, goal=goal, user_id=request.actor.user_id, actor=request.actor.name,
                at=now, **form.cleaned_data,
            )  # fmt: skip
            events.record(request.actor, Action.REVIEW_GOALS, person=person, detail={"goal": str(goal)})
        messages.success(request, _("Saved at %s.") % timezone.localtime(now).strftime("%H:%M"))
        return redirect(f"{reverse('therapy', args=[person.pk])}#goals")
    once = _once(request) if request.method == "POST" else uuid.uuid4()
    context = {"person": person, "goal": one, "form": form, "once": once}
    return render(request, "therapy/review.html", context, status=422 if form.errors else 200)


def setting(request: HttpRequest) -> HttpResponse:
    """Whether the clinic wants a therapy note to each dose."""
    clinic = Clinic.objects.get(pk=request.actor.clinic_id)
    kept = pairs.pairing_of(clinic)
    names = ("is_wanted", "since", "within_days")
    initial = {name: getattr(kept, name) for name in names} if kept else {}
    form = PairingForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        pairs.set_pairing(clinic, request.actor, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("therapy_setting")
    context = {"form": form, "unproven": pairs.unproven()}
    return render(request, "therapy/setting.html", context, status=422 if form.errors else 200)
