"""The pages of this room."""

from __future__ import annotations

from stepwell.clinic.access.policy import Action
from stepwell.clinic.access.routing import Route

from . import order_views, plan_views, protocol_views, sheet_views, step_views

_READ, _RUN, _PLAN, _ORDER = Action.READ_SESSIONS, Action.RUN_SESSION, Action.PLAN_SESSION, Action.WRITE_ORDER
_OF = "people/<uuid:person>/"
_ONE = f"{_OF}sessions/<uuid:session>/"

ROUTES: tuple[Route, ...] = (
    Route(f"{_OF}sessions/", sheet_views.sessions, "sessions", _READ, tab="Sessions"),
    Route(f"{_OF}sessions/plan/", plan_views.plan, "session_plan", _PLAN, tab="Visits"),
    Route(f"{_ONE}move/", plan_views.move, "session_move", _PLAN),
    Route(f"{_ONE}cancel/", plan_views.cancel, "session_cancel", _PLAN),
    Route(_ONE, sheet_views.sheet, "session_sheet", _READ),
    Route(f"{_ONE}due/", sheet_views.due, "session_due", _READ, polls=True),
    Route(f"{_ONE}enter/", step_views.enter, "session_enter", _RUN),
    Route(f"{_ONE}correct/<uuid:entry>/", step_views.correct, "session_correct", _RUN),
    Route(f"{_ONE}sign/", step_views.sign, "session_sign", _RUN, confirm=True),
    Route(f"{_OF}orders/new/", order_views.new, "order_new", _ORDER),
    Route(f"{_OF}orders/<uuid:order>/", order_views.order, "order", _READ),
    Route(f"{_OF}orders/<uuid:order>/change/", order_views.change, "order_change", _ORDER),
    Route(f"{_OF}orders/<uuid:order>/end/", order_views.end, "order_end", _ORDER),
    Route("protocols/", protocol_views.protocols, "protocols", _READ, "clinic"),
    Route("protocols/<slug:protocol>/", protocol_views.protocol, "protocol", _READ, "clinic"),
    Route("protocols/<slug:protocol>/confirm/", protocol_views.confirm, "protocol_confirm", _ORDER, "clinic"),
)
