"""The inbox, one alert and what is done about it, and the banner that every page of those who may handle alerts shows."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from stepwell.clinic.access.models import Clinic
from stepwell.clinic.access.policy import Action, may
from stepwell.clinic.people.models import Person

from . import hours, inbox, steps, words
from .entry import forms_to_enter
from .models import Alert, AlertStep
from .review import mark_read


def show_inbox(request: HttpRequest) -> HttpResponse:
    """Every open alert of the clinic, and the last that were closed."""
    clinic = Clinic.objects.get(pk=request.actor.clinic_id)
    minutes, is_own = hours.minutes_of(clinic)
    context = {
        "cards": inbox.cards(clinic),
        "closed": inbox.closed(clinic),
        "minutes": minutes,
        "is_own": is_own,
        "reading": hours.reading(clinic, timezone.now()),
    }
    return render(request, "safety/inbox.html", context)


def banner(request: HttpRequest) -> HttpResponse:
    """The banner alone, for pages that ask again."""
    return render(request, "safety/banner_words.html")


def of_person(request: HttpRequest, person: Person) -> HttpResponse:
    """The person's alerts, and the scales whose answers about suicide staff can enter."""
    context = {
        "person": person,
        "cards": inbox.of_person(person),
        "may_enter": may(request.actor, Action.CONFIRM_HISTORY, person),
        "scales": forms_to_enter(),
    }
    return render(request, "safety/of_person.html", context)


def alert(request: HttpRequest, person: Person, alert: uuid.UUID) -> HttpResponse:
    """One alert: the answers, why it calls, what was done."""
    return _shown(request, person, _find(person, alert))


def _find(person: Person, pk: uuid.UUID) -> Alert:
    found = Alert.objects.filter(person_id__in=person.ids()).prefetch_related(
        "steps__owner", "steps__user", "steps__notices"
    )
    return get_object_or_404(found, pk=pk)


def _shown(request: HttpRequest, person: Person, one: Alert, status: int = 200, note: str = "") -> HttpResponse:
    minutes, _own = hours.minutes_of(person.clinic)
    context = {
        "person": person,
        "card": inbox.card(one, timezone.now(), minutes),
        "steps": [
            (step, words.STEPS[step.what], words.told_of(step) if step.what == "escalated" else "")
            for step in steps.steps_of(one)
        ],
        "has_read": any(s.what == "read" and s.user_id == request.actor.user_id for s in one.steps.all()),
        "note": note,
        "patients_time": timezone.localtime(timezone.now(), person.zone),
    }
    return render(request, "safety/alert.html", context, status=status)


def step(request: HttpRequest, person: Person, alert: uuid.UUID) -> HttpResponse:
    """Takes, reads, notes or closes the alert. Where somebody else was first, that is told and nothing is saved."""
    one = _find(person, alert)
    if request.method != "POST":
        return redirect("alert", person=person.pk, alert=alert)
    what, note = request.POST.get("what", ""), request.POST.get("note", "").strip()[:4000]
    seen = int(request.POST.get("seen", "")) if request.POST.get("seen", "").isdigit() else 0
    try:
        _do(request, one, what, note, seen)
    except steps.Refused as told:
        messages.error(request, told.message)
        return _shown(request, person, one, 422, note)
    except steps.Conflict as told:
        if _is_again(request, told.step, what, note, seen):
            messages.info(request, _("This was saved already. It is there once."))
            return redirect("alert", person=person.pk, alert=alert)
        messages.error(request, conflict_words(told.step))
        return _shown(request, person, _find(person, alert), 409, note)
    return redirect("alert", person=person.pk, alert=alert)


def _do(request: HttpRequest, one: Alert, what: str, note: str, seen: int) -> None:
    if what == "take":
        steps.take(one, request.actor, seen=seen)
        messages.success(request, _("You have it now. It stays open until it is closed with a note."))
    elif what == "read":
        mark_read(one, request.actor, note)
        messages.success(request, _("You have read it. It stays open until it is closed with a note."))
    elif what == "note":
        if not note:
            raise steps.Refused(_("Nothing was saved: the note is empty."))
        steps.add(one, "note", request.actor, note=note, seen=seen)
    elif what == "close":
        steps.close(one, request.actor, note, seen=seen)
        messages.success(request, _("The alert is closed, with your note."))
    else:
        raise Http404


_DONE_BY = {"take": "taken", "note": "note", "close": "closed"}


def _is_again(request: HttpRequest, last: AlertStep, what: str, note: str, seen: int) -> bool:
    """Whether the very same page was sent before."""
    is_mine = last.user_id == request.actor.user_id and last.number == seen + 1
    return is_mine and last.what == _DONE_BY.get(what) and last.note == note


def conflict_words(last: AlertStep) -> str:
    """What the second of two people is told."""
    who = last.user.full_name if last.user else _("the person") if last.what == "note" else _("the clock")
    told = _(
        "%(who)s did something first (%(what)s, %(at)s), after your page was shown. Nothing of yours was saved: look again."
    )
    at = timezone.localtime(last.at).strftime("%H:%M")
    return told % {"who": who, "what": last.get_what_display(), "at": at}
