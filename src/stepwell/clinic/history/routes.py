"""The pages of this room."""

from __future__ import annotations

from stepwell.clinic.access.policy import Action
from stepwell.clinic.access.routing import Route

from . import entry_views, import_views, intake_views, link_views, review_views

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
    Route("people/<uuid:person>/history/", review_views.review, "review", Action.READ_CHART, tab="History"),
    Route("people/<uuid:person>/history/decide/", review_views.decide, "history_decide", Action.CONFIRM_HISTORY),
    Route(
        "people/<uuid:person>/history/<uuid:line>/correct/",
        review_views.correct,
        "history_correct",
        Action.CONFIRM_HISTORY,
    ),
    Route("people/<uuid:person>/history/add/<slug:kind>/", entry_views.add, "history_add", Action.WRITE_HISTORY),
    Route(
        "people/<uuid:person>/history/type/",
        entry_views.type_trials,
        "history_type",
        Action.WRITE_HISTORY,
        tab="Type trials",
    ),
    # Reading a file takes seconds: no transaction is held open meanwhile.
    Route(
        "people/<uuid:person>/history/import/",
        import_views.import_records,
        "history_import",
        Action.WRITE_HISTORY,
        atomic=False,
    ),
    Route("people/<uuid:person>/intake/", link_views.intake_status, "intake_status", Action.SEND_INTAKE, tab="Intake"),
    Route("people/<uuid:person>/intake/take-over/", link_views.take_over, "intake_take_over", Action.WRITE_HISTORY),
)
