"""The pages of this room."""

from __future__ import annotations

from stepwell.clinic.access.policy import Action
from stepwell.clinic.access.routing import Route

from . import access_views, views

_OF = "people/<uuid:person>/outcomes/"

ROUTES: tuple[Route, ...] = (
    Route("caseload/", views.caseload, "caseload", Action.READ_CASELOAD, "clinic", menu="Caseload"),
    Route("programme/", views.programme, "programme", Action.READ_PROGRAMME, "clinic", menu="Programme"),
    Route(_OF, views.outcomes, "outcomes", Action.READ_CHART, tab="Outcomes"),
    Route(f"{_OF}access/", access_views.report_page, "access_report", Action.READ_PROGRAMME),
)
