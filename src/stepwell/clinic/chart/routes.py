"""The pages of this room."""

from __future__ import annotations

from stepwell.clinic.access.policy import Action
from stepwell.clinic.access.routing import Route

from . import views

ROUTES: tuple[Route, ...] = (
    Route("people/<uuid:person>/chart/", views.chart, "chart", Action.READ_CHART, tab="Chart"),
    Route("people/<uuid:person>/chart/verdicts/", views.verdicts, "chart_verdicts", Action.READ_CHART),
    Route(
        "people/<uuid:person>/chart/before/", views.shown_before, "chart_before", Action.READ_CHART, tab="Chart before"
    ),
    Route("people/<uuid:person>/chart/before/<int:shown>/", views.shown_again, "chart_shown", Action.READ_CHART),
)
