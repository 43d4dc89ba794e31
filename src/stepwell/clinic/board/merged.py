"""Under which ids the records of several people are kept, where some were merged, in one query."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from stepwell.clinic.access.models import Clinic
from stepwell.clinic.people.models import Person


def ids_of(people: Iterable[uuid.UUID], clinic: Clinic) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Every id of each person: their own, the record that they were merged into, and all others that were merged into it."""
    merged = dict(Person.objects.filter(clinic=clinic, merged_into__isnull=False).values_list("pk", "merged_into_id"))

    def survivor(one: uuid.UUID) -> uuid.UUID:
        while one in merged:
            one = merged[one]
        return one

    families: dict[uuid.UUID, set[uuid.UUID]] = {}
    for one in merged:
        families.setdefault(survivor(one), {survivor(one)}).add(one)
    return {person: families.get(survivor(person), {person}) for person in people}
