"""The pages about people: list, add."""

from __future__ import annotations

from stepwell.clinic.access.policy import Action
from stepwell.clinic.access.routing import Route

from . import views

ROUTES: tuple[Route, ...] = (
    Route("people/", views.people, "people", Action.READ_PEOPLE, "clinic", menu="People"),
    Route("people/add/", views.add, "person_add", Action.ADD_PERSON, "clinic"),
)
