"""The days of treatments and of planned sessions, as the sheets of the sessions have them."""

from __future__ import annotations

from datetime import date

from stepwell.clinic.people.models import Person
from stepwell.clinic.sessions import sheets


def days_of(person: Person) -> tuple[list[date], list[date]]:
    """The days on which a dose was given, and those of sessions that were not cancelled, in the clinic's time zone."""
    found = sheets.of_person(person)
    return [one.day for one in found if one.is_given], [one.day for one in found if not one.is_cancelled]
