"""Routes: every page says which action it is and about whom, and the wrapper asks the policy before the view runs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.contrib.auth.views import redirect_to_login
from django.core.cache import cache
from django.core.checks import Error, register
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, URLResolver, get_resolver, path

from stepwell.clinic import events

from .actors import is_poll, set_actor
from .policy import Action, Role, may

Subject = Literal["person", "clinic", "own", "link", "public"]
_SAFE = ("GET", "HEAD", "OPTIONS")
POLL_LOGGED_EVERY = 600
"""Seconds: a page that asks for itself again is in the event log as read once in this time, by member of staff."""


@dataclass(frozen=True)
class Route:
    """One page: its path, its view, its name, the action that it is, and about whom.

    `subject` says what the view is called with:
    - person: `view(request, person)`, a person of the actor's clinic, named by `<uuid:person>` in the path
    - clinic: `view(request)`, about the actor's clinic
    - own: `view(request)`, about the actor's own account
    - link: `view(request, person)`, the patient who came by a link
    - public: `view(request)`, for anybody: sign-in, the opening of a link

    Other parts of the path are passed on by name. Where `atomic`, everything but a read runs in one transaction with its event.
    `menu` is the page's word in the navigation, `tab` its word among the pages about a person. `merged` says that the page takes
    a merged person as they are. `confirm` asks for the password or the second factor again when something is sent.
    `polls` says that the page asks for itself every few seconds: that is logged once in `POLL_LOGGED_EVERY` seconds.
    """

    path: str
    view: Callable[..., HttpResponse]
    name: str
    action: Action
    subject: Subject = "person"
    atomic: bool = True
    menu: str = ""
    tab: str = ""
    merged: bool = False
    confirm: bool = False
    polls: bool = False


def patterns(routes: tuple[Route, ...]) -> list[URLPattern]:
    """The URL patterns of the routes, each behind the policy."""
    return [path(route.path, guarded(route), name=route.name) for route in routes]


def guarded(route: Route) -> Callable[..., HttpResponse]:
    """The route's view behind the policy. Whatever is not allowed is answered as if it did not exist."""

    @functools.wraps(route.view)
    def view(request: HttpRequest, **parts) -> HttpResponse:
        if route.subject == "public":
            with transaction.atomic() if route.atomic and request.method not in _SAFE else nullcontext():
                return route.view(request, **parts)
        if not hasattr(request, "own_actor"):  # allauth resumes a request that was suspended for a confirmation
            set_actor(request)
        actor = request.own_actor if route.subject == "own" else request.actor
        if actor is None:
            return _sign_in_first(request, route)
        person = _person(actor, route, parts)
        subject = person if route.subject in ("person", "link") else _clinic(actor)
        if not may(actor, route.action, subject):
            events.record(actor, "refused", detail={"page": route.name, "of": route.action})
            raise Http404
        if person is not None and person.merged_into_id and not route.merged and request.method in _SAFE:
            return redirect(route.name, **{**parts, "person": person.survivor().pk})
        if route.confirm and request.method not in _SAFE:
            raise_if_reauthentication_required(request, app="clinic")
        request.person = person
        called = (request,) if person is None else (request, person)
        detail = {"page": route.name, "how": request.method}
        if request.method in _SAFE or not route.atomic:
            if route.subject != "own" and not _was_logged(request, route, actor):
                events.record(actor, route.action, person=person, detail=detail)
            return route.view(*called, **parts)
        with transaction.atomic():
            events.record(actor, route.action, person=person, detail=detail)
            return route.view(*called, **parts)

    view.route = route
    return transaction.non_atomic_requests(view)


def _was_logged(request: HttpRequest, route: Route, actor) -> bool:
    if not route.polls or not is_poll(request):
        return False
    return not cache.add(f"polled-{route.name}-{actor.user_id}", True, POLL_LOGGED_EVERY)


def _person(actor, route: Route, parts: dict):
    from stepwell.clinic.people.models import Person

    if route.subject == "person":
        return Person.objects.seen_by(actor).filter(pk=parts.pop("person")).first()
    if route.subject == "link" and actor.role is Role.PATIENT:
        return Person.objects.seen_by(actor).filter(pk=actor.person_id).first()
    return None


def _clinic(actor):
    from .models import Clinic

    return Clinic.objects.filter(pk=actor.clinic_id).first()


def _sign_in_first(request: HttpRequest, route: Route) -> HttpResponse:
    if request.headers.get("HX-Request"):  # a part of a page: what somebody typed on the rest of it is not lost
        return HttpResponse(status=401, headers={"HX-Refresh": "true"} if route.polls else {})
    if route.subject == "link":
        return render(request, "access/link_needed.html", status=403)
    if getattr(request, "second_factor_missing", False) and route.subject != "own":
        return redirect("mfa_index")
    return redirect_to_login(request.get_full_path(), "account_login")


@register()
def every_url_has_a_policy(app_configs, **_) -> list[Error]:
    """The system check: a URL whose view is not a guarded route keeps the app from starting."""
    return [
        Error(f"The URL {where!r} declares no policy.", hint="Make it a Route of its room.", id="clinic.E001")
        for where, pattern in all_patterns()
        if not isinstance(getattr(pattern.callback, "route", None), Route)
    ]


def all_patterns(resolver: URLResolver | None = None, prefix: str = "") -> list[tuple[str, URLPattern]]:
    """Every URL pattern with its path."""
    found: list[tuple[str, URLPattern]] = []
    for entry in (resolver or get_resolver()).url_patterns:
        where = prefix + str(entry.pattern)
        found += all_patterns(entry, where) if isinstance(entry, URLResolver) else [(where, entry)]
    return found
