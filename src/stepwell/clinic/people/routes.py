"""The pages about people: list, add, the card of a person, merging."""

from __future__ import annotations

from stepwell.clinic.access.policy import Action
from stepwell.clinic.access.routing import Route

from . import views

ROUTES: tuple[Route, ...] = (
    Route("people/", views.people, "people", Action.READ_PEOPLE, "clinic", menu="People"),
    Route("people/add/", views.add, "person_add", Action.ADD_PERSON, "clinic"),
    Route("people/<uuid:person>/", views.card, "person_card", Action.READ_PEOPLE, tab="Contact"),
    Route("people/<uuid:person>/edit/", views.edit, "person_edit", Action.ADD_PERSON),
    Route("people/<uuid:person>/merge/", views.merge_people, "person_merge", Action.MERGE_PEOPLE),
    Route("people/<uuid:person>/merge/undo/", views.undo_merge, "person_unmerge", Action.MERGE_PEOPLE, merged=True),
)
