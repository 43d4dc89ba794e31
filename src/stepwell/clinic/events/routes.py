"""The page of the event log."""

from __future__ import annotations

from stepwell.clinic.access.policy import Action
from stepwell.clinic.access.routing import Route

from . import views

ROUTES: tuple[Route, ...] = (Route("events/", views.log, "events", Action.READ_EVENTS, "clinic", menu="Event log"),)
