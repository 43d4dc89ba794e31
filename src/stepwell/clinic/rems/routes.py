"""The pages of this room."""

from __future__ import annotations

from stepwell.clinic.access.policy import Action
from stepwell.clinic.access.routing import Route

from . import enrolment_views, views

_READ, _SUBMIT = Action.READ_MONITORING_FORMS, Action.SUBMIT_MONITORING_FORM
_OF = "people/<uuid:person>/monitoring/"
_ONE = f"{_OF}<uuid:session>/"

ROUTES: tuple[Route, ...] = (
    Route("monitoring/", views.queue, "rems_queue", _READ, "clinic", menu="Monitoring forms"),
    Route("monitoring/setting/", enrolment_views.setting, "rems_setting", _READ, "clinic"),
    Route("monitoring/setting/edit/", enrolment_views.setting_edit, "rems_setting_edit", _SUBMIT, "clinic"),
    Route(_OF, enrolment_views.of_person, "rems_person", _READ, tab="Monitoring forms"),
    Route(f"{_OF}enrolment/", enrolment_views.enrol, "rems_enrol", _SUBMIT),
    Route(_ONE, views.form, "rems_form", _SUBMIT),
    Route(f"{_ONE}<int:number>/", views.submission, "rems_submission", _READ),
    Route(f"{_ONE}<int:number>/receipt/", views.receipt, "rems_receipt", _SUBMIT),
)
