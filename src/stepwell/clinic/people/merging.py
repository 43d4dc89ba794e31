"""Merging two persons who turned out to be one, and undoing it. Their lines stay where they were."""

from __future__ import annotations

from django.db import transaction

from stepwell.clinic import events
from stepwell.clinic.access.policy import Action, Actor

from .models import Person


class NotMerged(ValueError):  # noqa: N818
    """Why two persons were not merged, or their merging was not undone."""


@transaction.atomic
def merge(actor: Actor, kept: Person, other: Person) -> None:
    """From now on `other` is `kept`: the list shows one person, who has the lines of both."""
    people = {one.pk: one for one in Person.objects.select_for_update().filter(pk__in=[kept.pk, other.pk])}
    kept, other = people[kept.pk], people[other.pk]
    if kept == other:
        raise NotMerged("A person cannot be merged with themselves.")
    if kept.clinic_id != other.clinic_id:
        raise NotMerged("These are people of two clinics.")
    if kept.merged_into_id or other.merged_into_id:
        raise NotMerged("One of them was merged already, perhaps in another window. Look at the list again.")
    other.merged_into = kept
    other.save(update_fields=["merged_into"])
    events.record(actor, Action.MERGE_PEOPLE, person=kept, detail={"merged": other.pk})


@transaction.atomic
def undo(actor: Actor, other: Person) -> Person:
    """Makes a merged person one of their own again. Returns the person from whom they were parted."""
    other = Person.objects.select_for_update().get(pk=other.pk)
    if not other.merged_into_id:
        raise NotMerged("This person is not merged with anybody: it was undone already.")
    kept = other.merged_into
    other.merged_into = None
    other.save(update_fields=["merged_into"])
    events.record(actor, "merge undone", person=other, detail={"from": kept.pk})
    return kept
