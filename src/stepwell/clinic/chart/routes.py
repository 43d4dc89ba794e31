"""The pages of this room."""

from __future__ import annotations

from stepwell.clinic.access.policy import Action
from stepwell.clinic.access.routing import Route

from . import views

ROUTES: tuple[Route, ...] = (
    Route("people/<uuid:person>/", views.chart, "chart", Action.READ_CHART),
    Route("people/<uuid:person>/verdicts/", views.verdicts, "chart_verdicts", Action.READ_CHART),
    Route("people/<uuid:person>/shown/", views.shown_before, "chart_shown", Action.READ_CHART),
    Route("people/<uuid:person>/shown/<int:shown>/", views.shown_again, "chart_shown_again", Action.READ_CHART),
)
