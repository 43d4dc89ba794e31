"""The first page after sign-in, and the pages that do not exist."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from .policy import ALLOWED, Action


def home(request: HttpRequest) -> HttpResponse:
    """Leads to the list of people, or to what the administrator does."""
    if request.actor is None:
        return redirect("mfa_index")
    if Action.READ_PEOPLE in ALLOWED[request.actor.role]:
        return redirect("people")
    return render(request, "access/home.html")


def closed(request: HttpRequest) -> HttpResponse:
    """A page that allauth knows and the clinic does not have."""
    raise Http404
