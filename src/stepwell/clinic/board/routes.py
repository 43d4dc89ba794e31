"""The pages of this room."""

from __future__ import annotations

from stepwell.clinic.access.policy import Action
from stepwell.clinic.access.routing import Route

from . import views

ROUTES: tuple[Route, ...] = (
    Route("board/", views.board, "board", Action.READ_SESSIONS, "clinic", menu="Board", polls=True),
    Route("day/", views.day, "day", Action.READ_DAY, "clinic", menu="Who may come"),
    Route("people/<uuid:person>/sessions/<uuid:session>/ride/", views.ride, "day_ride", Action.PLAN_SESSION),
)
