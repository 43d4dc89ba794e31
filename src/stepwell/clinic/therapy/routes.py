"""The pages of this room."""

from __future__ import annotations

from stepwell.clinic.access.policy import Action
from stepwell.clinic.access.routing import Route

from . import views

_OF = "people/<uuid:person>/therapy/"
_READ, _WRITE = Action.READ_APPOINTMENTS, Action.WRITE_APPOINTMENTS
_READ_NOTES, _WRITE_NOTES = Action.READ_THERAPY_NOTES, Action.WRITE_THERAPY_NOTES

ROUTES: tuple[Route, ...] = (
    Route("therapy/", views.of_clinic, "appointments", _READ, "clinic", menu="Therapy"),
    Route("therapy/appointments.ics", views.calendar_file, "appointments_file", _READ, "clinic"),
    Route("clinic/therapy/", views.setting, "therapy_setting", Action.MANAGE_CLINIC, "clinic"),
    Route(_OF, views.of_person, "therapy", _READ, tab="Therapy"),
    Route(f"{_OF}appointments/new/", views.appointment, "appointment_new", _WRITE),
    Route(f"{_OF}appointments/<uuid:appointment>/", views.appointment, "appointment", _WRITE),
    Route(f"{_OF}notes/new/", views.note, "note_new", _WRITE_NOTES),
    Route(f"{_OF}notes/<uuid:note>/", views.read_note, "note", _READ_NOTES),
    Route(f"{_OF}notes/<uuid:note>/correct/", views.note, "note_correct", _WRITE_NOTES),
    Route(f"{_OF}goals/<uuid:goal>/", views.review_goal, "goal_review", Action.REVIEW_GOALS),
)
