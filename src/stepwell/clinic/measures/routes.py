"""The pages of this room."""

from __future__ import annotations

from stepwell.clinic.access.policy import Action
from stepwell.clinic.access.routing import Route

from . import paper_views, patient_views, score_views, staff_views

_ANSWER, _SEND = Action.ANSWER_QUESTIONNAIRE, Action.SEND_QUESTIONNAIRE
_OF_PERSON = "people/<uuid:person>/questionnaires/"

ROUTES: tuple[Route, ...] = (
    Route("questionnaire/", patient_views.go_on, "questionnaire", _ANSWER, "link"),
    Route(
        "questionnaire/<uuid:asked>/<slug:part>/<slug:question>/<int:turn>/",
        patient_views.question,
        "questionnaire_question",
        _ANSWER,
        "link",
    ),
    Route("questionnaire/end/", patient_views.end, "questionnaire_end", _ANSWER, "link"),
    Route("questionnaire/leave/", patient_views.leave, "questionnaire_leave", _ANSWER, "link"),
    Route("i/<str:token>/again/", patient_views.new_link, "questionnaire_new_link", _ANSWER, "public"),
    Route("questionnaires/", staff_views.clinic_page, "questionnaires", _SEND, "clinic", menu="Questionnaires"),
    Route(_OF_PERSON, staff_views.person_page, "questionnaires_of", _SEND, tab="Questionnaires"),
    Route(_OF_PERSON + "<uuid:asked>/", staff_views.act_on_request, "questionnaire_act", _SEND),
    Route(_OF_PERSON + "paper/<slug:instrument>/", paper_views.paper, "questionnaire_paper", Action.WRITE_HISTORY),
    Route("people/<uuid:person>/scores/", score_views.scores_page, "scores", Action.READ_CHART, tab="Scores"),
    Route("people/<uuid:person>/scores/read/", score_views.mark_read, "scores_read", Action.CONFIRM_HISTORY),
)
