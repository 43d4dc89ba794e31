"""The pages of this room."""

from __future__ import annotations

from stepwell.clinic.access.policy import Action
from stepwell.clinic.access.routing import Route

from . import intake_views, link_views

ROUTES: tuple[Route, ...] = (
    Route("i/<str:token>/", intake_views.open_link, "intake_link", Action.ANSWER_INTAKE, "public"),
    Route("intake/", intake_views.go_on, "intake", Action.ANSWER_INTAKE, "link"),
    Route(
        "intake/<slug:part>/<slug:question>/<int:turn>/",
        intake_views.question,
        "intake_question",
        Action.ANSWER_INTAKE,
        "link",
    ),
    Route("intake/end/", intake_views.end, "intake_end", Action.ANSWER_INTAKE, "link"),
    Route("intake/leave/", intake_views.leave, "intake_leave", Action.ANSWER_INTAKE, "link"),
    Route("people/<uuid:person>/intake/", link_views.intake_status, "intake_status", Action.SEND_INTAKE),
    Route("people/<uuid:person>/intake/take-over/", link_views.take_over, "intake_take_over", Action.WRITE_HISTORY),
)
