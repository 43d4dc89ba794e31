"""The demo is a whole clinic: people by the same import as real ones, staff of each role, and an export that agrees with it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from clinic_app import command, inside, made

# It is eight in the evening UTC, an afternoon in Chicago, where the demo's clinic is: at night no session of it is over.
_MADE = """
import json
from datetime import UTC, datetime
from pathlib import Path
from django.test import Client
from django.utils import timezone
from stepwell.clinic import commands
afternoon = datetime.now(UTC).replace(hour=20, minute=0, second=0, microsecond=0)
timezone.now = lambda: afternoon
told = commands.demo(Path({path!r}), progress=lambda *_: None)
from django.conf import settings
settings.ALLOWED_HOSTS = ["*"]
from stepwell.clinic import events
from stepwell.clinic.history.models import Line
from stepwell.clinic.people.models import Person
opened = {{}}
for name, password in told.items():
    client = Client()
    client.post("/account/sign-in/", {{"login": name, "password": password}})
    page = client.get("/people/")
    opened[name] = [page.status_code, b"Demo: simulated people" in page.content]
from stepwell.clinic.access.models import Clinic
from stepwell.clinic.measures import stuck, worker
worker.tick()
opened["stuck"] = sorted(stuck.of_clinic(Clinic.objects.get()))
print(json.dumps([Person.objects.count(), Line.objects.filter(state="imported").exists(), opened, events.verify_chain()]))
"""


@pytest.mark.long
def test_the_demo_has_people_staff_and_an_export_that_agrees(tmp_path):
    path = tmp_path / "demo"
    call = [sys.executable, "-c", _MADE.format(path=str(path))]
    done = subprocess.run(call, capture_output=True, text=True, timeout=550)
    assert done.returncode == 0, done.stderr
    n_people, has_imported, opened, problems = json.loads(done.stdout.splitlines()[-1])
    assert (n_people, has_imported, problems) == (60, True, [])
    assert {"desk", "no contact", "started"} <= set(opened.pop("stuck"))
    assert opened.pop("administrator") == [404, True], "the administrator reads no list of people"
    assert set(opened) == {"psychiatrist", "nurse", "office", "therapist"}
    assert all(seen == [200, True] for seen in opened.values())
    told = command("export", path, tmp_path / "out")
    assert "0 of 180 verdicts differ" in told.stdout, told.stderr
    backup = command("backup", path, tmp_path / "backup.zip")
    assert backup.returncode == 0
    assert command("restore", tmp_path / "backup.zip", tmp_path / "again").returncode == 0
    command("export", tmp_path / "again", tmp_path / "out-again")
    same = ["history.jsonl", "people.csv", "csv/medication.csv", "verdicts.csv", "fhir/Observation.ndjson"]
    same += ["sessions.csv", "readings.csv", "fhir/MedicationAdministration.ndjson", "fhir-other/Procedure.ndjson"]
    same += [f"tables/{name}.csv" for name in ("treatment_sessions.entry", "stock.ledgerline", "safety.alert")]
    for name in same:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "out-again" / name).read_bytes(), name


def test_a_real_clinic_is_no_demo(tmp_path):
    clinic = made(tmp_path / "clinic")
    told = command("demo", clinic, "--port", "0")
    assert told.returncode == 12
    assert "a real clinic" in told.stderr
    assert inside(clinic, "from stepwell.clinic.people.models import Person; print(Person.objects.count())") == "0\n"
