"""The clinic's side of an intake: making a link, seeing how far the patient has come, taking over what there is."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from stepwell.clinic.people.models import Person

from . import intake, links


def intake_status(request: HttpRequest, person: Person) -> HttpResponse:
    """How far the person's intakes have come; a new link is shown once, when it is made."""
    context = {"person": person, "progress": intake.progress_of(person), "minutes": links.MINUTES_TO_OPEN}
    if request.method == "POST":
        is_kiosk = request.POST.get("where") == "here"
        _link, token = links.make_link(person, request.actor, is_kiosk=is_kiosk)
        url = reverse("intake_link", args=(token,))
        if is_kiosk:
            return redirect(url)
        context |= {"address": request.build_absolute_uri(url), "progress": intake.progress_of(person)}
    return render(request, "history/intake_status.html", context)


def take_over(request: HttpRequest, person: Person) -> HttpResponse:
    """Makes lines of the answers of an intake that the patient did not send."""
    if request.method == "POST":
        try:
            asked = uuid.UUID(request.POST.get("intake", ""))
        except ValueError:
            raise Http404 from None
        if asked not in {p.intake for p in intake.progress_of(person)}:
            raise Http404
        made = intake.send(person, asked, request.actor)
        told = _("%d lines were made of the answers. Each still needs a clinician's word.") % len(made)
        messages.info(request, told if made else _("These answers were taken over already."))
    return redirect("intake_status", person=person.pk)
