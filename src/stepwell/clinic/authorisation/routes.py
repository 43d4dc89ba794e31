"""The pages of this room."""

from __future__ import annotations

from stepwell.clinic.access.policy import Action
from stepwell.clinic.access.routing import Route

from . import office_views, own_page, packet_views, views

_READ, _WRITE = Action.READ_AUTHORISATION, Action.WRITE_AUTHORISATION
_OF = "people/<uuid:person>/authorisations/"
_ONE = f"{_OF}<uuid:authorisation>/"
_PACKET = f"{_ONE}packets/<uuid:packet>/"

ROUTES: tuple[Route, ...] = (
    Route("authorisations/", office_views.calendar, "calendar", _READ, "clinic", menu="Authorisations"),
    Route("authorisations/due.ics", office_views.calendar_file, "calendar_file", _READ, "clinic"),
    Route("authorisations/policies/", office_views.policies, "policies", _READ, "clinic"),
    Route("authorisations/policies/add/", office_views.policy_add, "policy_add", _WRITE, "clinic"),
    Route("authorisations/forms/", office_views.form_files, "form_files", _WRITE, "clinic"),
    Route("authorisations/forms/<uuid:form>/", office_views.form_file, "form_file", _WRITE, "clinic"),
    Route(_OF, views.authorisations, "authorisations", _READ, tab="Authorisations"),
    Route(f"{_OF}new/", views.new, "authorisation_new", _WRITE),
    Route(_ONE, views.authorisation, "authorisation", _READ),
    Route(f"{_ONE}edit/", views.edit, "authorisation_edit", _WRITE),
    Route(f"{_ONE}status/", views.step, "authorisation_status", _WRITE),
    Route(f"{_ONE}packets/make/", packet_views.make, "packet_make", _WRITE),
    Route(_PACKET, packet_views.packet, "packet", _READ),
    Route(f"{_PACKET}edit/", packet_views.edit, "packet_edit", _WRITE),
    Route(f"{_PACKET}pdf/", packet_views.pdf, "packet_pdf", _READ),
    Route(f"{_PACKET}forms/<uuid:form>/", packet_views.filled, "packet_form", _READ),
    Route("people/<uuid:person>/patients-page/", own_page.for_staff, "patients_page", _READ, tab="Patient's page"),
    Route("my/page/", own_page.for_patient, "own_page", Action.READ_OWN_PAGE, "link"),
)
