"""The pages of this room."""

from __future__ import annotations

from stepwell.clinic.access.policy import Action
from stepwell.clinic.access.routing import Route

from . import office_views, views

_READ, _WRITE, _RUN = Action.READ_CLAIMS, Action.WRITE_CLAIMS, Action.RUN_SESSION
_OF = "people/<uuid:person>/claims/"
_ONE = f"{_OF}<uuid:session>/"

ROUTES: tuple[Route, ...] = (
    Route("claims/", office_views.claims, "claims", _READ, "clinic", menu="Claims"),
    Route("claims/hand-over/", office_views.hand_over, "claims_hand_over", _WRITE, "clinic"),
    Route("claims/files/<uuid:batch>/", office_views.file, "claims_file", _READ, "clinic"),
    Route("claims/payers/", office_views.payers, "claims_payers", _READ, "clinic"),
    Route("claims/payers/edit/", office_views.payer_edit, "claims_payer_edit", _WRITE, "clinic"),
    Route("claims/products/edit/", office_views.product_edit, "claims_product_edit", _WRITE, "clinic"),
    Route("claims/minutes/", office_views.minutes_to_enter, "claims_minutes_to_enter", _RUN, "clinic"),
    Route(_OF, views.of_person, "claims_person", _READ, tab="Claims"),
    Route(_ONE, views.claim, "claim", _READ),
    Route(f"{_ONE}minutes/", views.minutes, "claims_minutes", _RUN),
    Route(f"{_ONE}visit/", views.visit, "claims_visit", Action.WRITE_ORDER),
    Route(f"{_ONE}accept/", views.accept, "claims_accept", _WRITE),
)
