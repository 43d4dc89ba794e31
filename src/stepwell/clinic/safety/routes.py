"""The pages of this room."""

from __future__ import annotations

from stepwell.clinic.access.policy import Action
from stepwell.clinic.access.routing import Route

from . import arrangement_views, entry, views

_OF = "people/<uuid:person>/alerts/"

ROUTES: tuple[Route, ...] = (
    Route("inbox/", views.show_inbox, "inbox", Action.READ_ALERTS, "clinic", menu="Inbox"),
    # A number and no name: every page asks for it again and again, and it is no reading of anybody's alerts.
    Route("inbox/banner/", views.banner, "alerts_banner", Action.MANAGE_OWN_ACCOUNT, "own"),
    Route("inbox/hours/", arrangement_views.arrangement, "arrangement", Action.HANDLE_ALERT, "clinic"),
    Route("inbox/on-call/", arrangement_views.shift, "shift", Action.HANDLE_ALERT, "clinic"),
    Route(_OF, views.of_person, "alerts", Action.READ_ALERTS, tab="Safety"),
    Route(f"{_OF}enter/<slug:instrument>/", entry.enter, "alert_enter", Action.CONFIRM_HISTORY),
    Route(f"{_OF}<uuid:alert>/", views.alert, "alert", Action.READ_ALERTS),
    Route(f"{_OF}<uuid:alert>/step/", views.step, "alert_step", Action.HANDLE_ALERT),
)
