"""What every template knows: the navigation of the actor's role, the clinic, whether this is the demo."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from .policy import ALLOWED


def site(request) -> dict:
    """The variables `menu`, `actor`, `clinic` and `is_demo`."""
    from stepwell.clinic.urls import ROUTES

    actor = getattr(request, "actor", None)
    menu = [
        {"label": route.menu, "url": reverse(route.name), "here": request.path == reverse(route.name)}
        for route in ROUTES
        if route.menu and actor is not None and route.action in ALLOWED[actor.role]
    ]
    user = getattr(request, "user", None)
    clinic = user.clinic if user is not None and user.is_authenticated else None
    return {"menu": menu, "actor": actor, "clinic": clinic, "is_demo": settings.IS_DEMO}
