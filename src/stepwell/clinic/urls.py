"""Every page of the clinic: the routes of all rooms, each behind the policy."""

from __future__ import annotations

from importlib import import_module

from stepwell.clinic.access.routing import Route, patterns

ROOMS_WITH_PAGES = (
    "access",
    "events",
    "people",
    "board",
    "history",
    "chart",
    "authorisation",
    "safety",
    "therapy",
    "stock",
    "measures",
    "sessions",
    "rems",
    "claims",
    "outcomes",
    "exchange",
)
ROUTES: tuple[Route, ...] = tuple(
    route for room in ROOMS_WITH_PAGES for route in import_module(f"stepwell.clinic.{room}.routes").ROUTES
)
urlpatterns = patterns(ROUTES)
handler400 = "stepwell.clinic.pages.errors.bad_request"
handler403 = "stepwell.clinic.pages.errors.forbidden"
handler404 = "stepwell.clinic.pages.errors.not_found"
handler500 = "stepwell.clinic.pages.errors.failed"
