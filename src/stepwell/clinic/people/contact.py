"""Every version of what is entered about a person: an edit adds one, and what stood there before can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from django.utils import timezone

from stepwell.clinic.access.policy import Actor

from .models import ContactVersion, Person

FIELDS = (
    "given_name",
    "family_name",
    "birth_date",
    "sex",
    "record_number",
    "phone",
    "email",
    "time_zone",
    "payer",
    "member_id",
)


@dataclass(frozen=True)
class Change:
    """One edit: its version, and each field with what stood there before and since."""

    version: ContactVersion
    fields: tuple[tuple[str, str, str], ...]


def values_of(person: Person) -> dict[str, str]:
    """What is entered about the person, as text."""
    return {name: str(getattr(person, name) or "") for name in FIELDS}


def keep(person: Person, actor: Actor, before: Mapping[str, str] | None = None) -> ContactVersion:
    """Keeps what stands there now as the next version, in the caller's transaction. `before` is what stood there; it becomes the
    first version of somebody who was added before versions were kept."""
    last = person.contact_versions.last()
    number = last.number if last else 0
    if last is None and before is not None:
        number = 1
        ContactVersion.objects.create(person=person, number=1, values=dict(before), at=person.created_at)
    return ContactVersion.objects.create(
        person=person,
        number=number + 1,
        values=values_of(person),
        user_id=actor.user_id,
        actor=actor.name,
        at=timezone.now(),
    )


def changes_of(person: Person) -> list[Change]:
    """Every edit, the latest first."""
    versions = list(person.contact_versions.select_related("user"))
    return [Change(later, _changed(earlier.values, later.values)) for earlier, later in pairwise(versions)][::-1]


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    names = [name for name in FIELDS if before.get(name, "") != after.get(name, "")]
    labels = {name: str(Person._meta.get_field(name).verbose_name) for name in names}
    return tuple((labels[name], before.get(name, ""), after.get(name, "")) for name in names)
