"""Questionnaires in the demo: how people agreed to be reached, schedules that were begun, one questionnaire half answered.
The demo's messages are written into the folder `messages` of its directory; nothing leaves the machine."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from stepwell.clinic.access.policy import Actor
from stepwell.clinic.history import answers, links
from stepwell.clinic.measures import library, outbox, requests
from stepwell.clinic.people.models import Person

SCHEDULE = "treatment"
_CHANNELS = ("email", "sms", "none", "", "email", "email")
"""How each person is reached; empty: nobody asked them yet."""
_ANSWERED = 4
"""Items that somebody answered before they stopped."""


def fill(people: Sequence[Person], nurse: Actor) -> None:
    """Begins the schedule for the people of today's sessions, and lets the last of them stop in the middle of a questionnaire."""
    for number, person in enumerate(people):
        channel = _CHANNELS[number % len(_CHANNELS)]
        if channel == "email":
            person.email = f"{person.given_name}.{person.record_number}@example.org".lower()
        elif channel == "sms":
            person.phone = f"555-01{number:02}"
        person.save()
        if channel:
            outbox.set_contact(person, channel, nurse)
        requests.set_plan(person, SCHEDULE, True, nurse)
    if people:
        _half_answered(people[-1], nurse)


def _half_answered(person: Person, nurse: Actor) -> None:
    asked = requests.ask(person, "gad-7", nurse, once=f"demo {person.pk}")
    if asked is None:
        return
    ends = timezone.now() + timedelta(hours=1)
    link, _token = links.new_link(person, asked.pk, opens=outbox.OPENS, ends=ends, user=nurse.user_id)
    form = library.questionnaires()[asked.instrument]
    for page, _n in zip(form.pages({}), range(_ANSWERED), strict=False):
        kept = {"asked": asked.pk, "questions": form.name, "once": uuid.uuid4(), "seen": 0}
        answers.save(link, page, {"value": "1"}, **kept)
