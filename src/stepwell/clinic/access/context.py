"""What every template knows: the navigation of the actor's role, the clinic, whether this is the demo."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from .policy import ALLOWED


def site(request) -> dict:
    """The variables `menu`, `tabs` (the pages about `shown_person`), `actor`, `clinic` and `is_demo`."""
    from stepwell.clinic.urls import ROUTES

    actor = getattr(request, "actor", None)
    menu = [
        {"label": route.menu, "url": reverse(route.name), "here": request.path == reverse(route.name)}
        for route in ROUTES
        if route.menu and actor is not None and route.action in ALLOWED[actor.role]
    ]
    person = getattr(request, "person", None)
    tabs = [
        {"label": route.tab, "url": reverse(route.name, args=[person.pk]), "here": _is_here(request, route)}
        for route in ROUTES
        if route.tab and person is not None and actor is not None and route.action in ALLOWED[actor.role]
    ]
    user = getattr(request, "user", None)
    clinic = user.clinic if user is not None and user.is_authenticated else None
    return {
        "menu": menu,
        "tabs": tabs,
        "shown_person": person,
        "actor": actor,
        "clinic": clinic,
        "is_demo": settings.IS_DEMO,
    }


def _is_here(request, route) -> bool:
    match = request.resolver_match
    return match is not None and match.url_name == route.name
