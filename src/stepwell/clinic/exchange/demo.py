"""A simulated clinic: people from stepwell's simulator, read by the same import as real ones, and staff of each role."""

from __future__ import annotations

import datetime as dt
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from django.db import transaction

import stepwell
from stepwell.clinic import events
from stepwell.clinic.access.actors import actor_of_user
from stepwell.clinic.access.models import Clinic, User
from stepwell.clinic.access.policy import STAFF, Action, Actor, Role
from stepwell.clinic.history import importing, lines
from stepwell.clinic.people.models import Person
from stepwell.simulate import simulate

from . import demo_day, demo_questions

N_PEOPLE = 60
SEED = 17
STAFF_FILE = "demo-staff.txt"
DEFINITIONS = ["us-label", "eu-label", "sforzini-2022", "gsrd"]
STAGINGS = ["mgh-s", "maudsley", "thase-rush"]
_GIVEN = (
    "Ada",
    "Ben",
    "Chloe",
    "Dev",
    "Elena",
    "Farid",
    "Grace",
    "Hugo",
    "Ines",
    "Jonas",
    "Kira",
    "Luis",
    "Mara",
    "Noor",
)
_FAMILY = (
    "Alder",
    "Birch",
    "Cedar",
    "Dahlia",
    "Elm",
    "Fern",
    "Gorse",
    "Hazel",
    "Iris",
    "Juniper",
    "Kelp",
    "Linden",
    "Maple",
)
_PAYERS = ("Example Health Plan", "Sample Mutual", "Model Care", "")
_NAMES = {
    Role.PRESCRIBER: ("psychiatrist", "Paula", "Reyes"),
    Role.NURSE: ("nurse", "Nora", "Hill"),
    Role.OFFICE: ("office", "Olga", "Stein"),
    Role.THERAPIST: ("therapist", "Theo", "Marsh"),
    Role.ADMINISTRATOR: ("administrator", "Alex", "Brook"),
}


def fill(folder: Path, progress: Callable[[str, int, int], None] = lambda what, done, total: None) -> None:
    """Makes the clinic, its staff and its people. The staff's passwords are written into the folder, for the demo only."""
    known = stepwell.load_knowledge()
    clinic = Clinic.objects.create(
        name="Lakeside Demo Clinic",
        time_zone="America/Chicago",
        phone="555-0100",
        address="1 Example Street, Springfield",
        definitions=[one for one in DEFINITIONS if one in known.definitions],
        stagings=[one for one in STAGINGS if one in known.stagings],
    )
    staff = _staff(clinic)
    office = actor_of_user(User.objects.get(role=Role.OFFICE))
    clinician = actor_of_user(User.objects.get(role=Role.PRESCRIBER))
    with tempfile.TemporaryDirectory(prefix="stepwell-demo-") as place:
        records = Path(place) / "records"
        simulate(N_PEOPLE, SEED, records, format="csv-folder", scored="doses")
        read = stepwell.read_records(records)
    people: list[Person] = []
    for done, row in enumerate(read.tables["person"].to_pylist(), 1):
        with transaction.atomic():
            person = _person(clinic, row, done, office)
            made = [
                lines.add(
                    person, kind, content, actor=office, state="imported", origin="import", source="simulated records"
                )
                for kind, content in importing.contents_of_records(read.tables, read.has, row["person_id"])
            ]
            # One in two histories was reviewed already, so that both kinds of page can be seen.
            if done % 2:
                for line in made:
                    lines.confirm(line, clinician)
            # Esketamine is given after trials of other drugs.
            if sum(line.kind == "medication" for line in made) > 1:
                people.append(person)
        progress("people", done, N_PEOPLE)
    with transaction.atomic():
        nurse = actor_of_user(User.objects.get(role=Role.NURSE))
        sessions = demo_day.fill(people, clinician, nurse)
        demo_questions.fill([session.person for session in sessions], nurse)
    # Written last: it says that the demo is whole.
    (folder / STAFF_FILE).write_text("".join(f"{name}\t{password}\n" for name, password in staff.items()), "utf-8")
    (folder / STAFF_FILE).chmod(0o600)


def passwords(folder: Path) -> dict[str, str]:
    """The demo's staff and their passwords."""
    rows = (folder / STAFF_FILE).read_text("utf-8").splitlines()
    return dict(row.split("\t") for row in rows)


def _staff(clinic: Clinic) -> dict[str, str]:
    made = {}
    for role in STAFF:
        username, given, family = _NAMES[role]
        user = User(username=username, first_name=given, last_name=family, clinic=clinic, role=role)
        made[username] = secrets.token_urlsafe(9)
        user.set_password(made[username])
        user.save()
        events.record(actor_of_user(user), "staff added", detail={"user": user.pk, "role": role.value})
    return made


def _person(clinic: Clinic, row: dict, number: int, actor: Actor) -> Person:
    person = Person.objects.create(
        clinic=clinic,
        record_number=f"D{number:03}",
        given_name=_GIVEN[number % len(_GIVEN)],
        family_name=_FAMILY[number % len(_FAMILY)],
        birth_date=row["birth_earliest_date"] or dt.date(1980, 1, 1),
        sex=row["sex"] or "",
        payer=_PAYERS[number % len(_PAYERS)],
        member_id=f"M{number:05}",
    )
    events.record(actor, Action.ADD_PERSON, person=person, detail={"added": True})
    return person
