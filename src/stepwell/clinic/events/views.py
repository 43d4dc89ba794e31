"""The event log as the administrator reads it: who did what when, and whether the chain holds."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date

from stepwell.clinic import events
from stepwell.clinic.access.models import User

from .models import Event

PER_PAGE = 100


def log(request: HttpRequest) -> HttpResponse:
    """Events of the clinic, newest first; of one action, one member of staff or one day."""
    # Without a clinic: a sign-in with a name that nobody has, and what was done at the terminal.
    found = Event.objects.filter(Q(clinic_id=request.actor.clinic_id) | Q(clinic_id=None)).order_by("-number")
    asked = {name: request.GET.get(name, "").strip()[:80] for name in ("action", "user", "day")}
    if asked["action"]:
        found = found.filter(action=asked["action"])
    if asked["user"].isdigit():
        found = found.filter(actor=f"user {asked['user']}")
    try:
        if day := parse_date(asked["day"]):
            found = found.filter(at__date=day)
    except ValueError:
        found = found.none()
    problems = events.verify_chain() if request.method == "POST" else None
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    names = {f"user {user.pk}": user.full_name for user in User.objects.filter(clinic_id=request.actor.clinic_id)}
    for event in page:
        event.who = names.get(event.actor, event.actor.split()[0] if event.actor.startswith("patient") else event.actor)
        event.short_person = str(event.person_id)[:8] if event.person_id else ""
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": page,
        "asked": asked,
        "problems": problems,
        "query": query.urlencode(),
        "actions": sorted(Event.objects.values_list("action", flat=True).distinct()),
        "users": User.objects.filter(clinic_id=request.actor.clinic_id).order_by("last_name", "username"),
    }
    return render(request, "events/log.html", context)
