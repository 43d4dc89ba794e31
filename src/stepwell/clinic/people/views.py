"""List with search, adding."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date

from stepwell.clinic import events
from stepwell.clinic.access.policy import Action

from .forms import PersonForm
from .models import Person

PER_PAGE = 50


def people(request: HttpRequest) -> HttpResponse:
    """The clinic's people, found by name, record number or birth date."""
    asked = " ".join(request.GET.get("q", "").split())[:100]
    found = Person.objects.seen_by(request.actor).filter(merged_into=None)
    for word in asked.split():
        named = Q(given_name__icontains=word) | Q(family_name__icontains=word) | Q(record_number__iexact=word)
        found = found.filter(named | Q(birth_date=parse_date(word)) if _is_day(word) else named)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "people/list.html", {"page": page, "asked": asked})


def _is_day(word: str) -> bool:
    try:
        return parse_date(word) is not None
    except ValueError:
        return False


def add(request: HttpRequest) -> HttpResponse:
    """Adds a person."""
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.instance.clinic_id = request.actor.clinic_id
        person = form.save()
        events.record(request.actor, Action.ADD_PERSON, person=person)
        return redirect("people")
    return render(request, "people/edit.html", {"form": form}, status=422 if form.errors else 200)
