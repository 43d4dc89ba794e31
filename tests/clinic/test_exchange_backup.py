"""Backup and restore give the same clinic, on the other engine too; a damaged backup is refused whole."""

from __future__ import annotations

import json
import zipfile

import pytest
from clinic_app import command, inside, made
from postgresql import postgresql_server

from stepwell.clinic.exchange.backup import check
from stepwell.errors import SourceError

FILL = """
import datetime as dt
from stepwell.clinic import events
from stepwell.clinic.access.actors import actor_of_user
from stepwell.clinic.access.models import User
from stepwell.clinic.people.merging import merge
from stepwell.clinic.people.models import Person
admin = User.objects.get()
actor = actor_of_user(admin)
born = dt.date(1980, 2, 29)
names = ["Zoë", "<b>O'Neil</b>", "李", 'quo"te', "back\\\\slash", "new\\nline"]
people = [Person.objects.create(clinic=admin.clinic, given_name=n, family_name="Doe", birth_date=born) for n in names]
merge(actor, people[0], people[1])
for person in people:
    events.record(actor, "read chart", person=person, detail={"n": 1, "x": [None, True, "ü"]})
"""
ADD_ONE = """
from stepwell.clinic import events
from stepwell.clinic.access.models import Clinic, User
Clinic.objects.create(name="A second one")
events.record(None, "after the restore")
print(events.verify_chain())
"""


def _manifest(file) -> dict:
    with zipfile.ZipFile(file) as archive:
        return json.loads(archive.read("manifest.json"))


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A clinic with people in it, and its backup."""
    place = tmp_path_factory.mktemp("backup")
    clinic = made(place / "clinic")
    inside(clinic, FILL)
    assert command("backup", clinic, place / "first.zip").returncode == 0
    return place


def test_a_restored_clinic_is_the_same_and_goes_on(original, tmp_path):
    done = command("restore", original / "first.zip", tmp_path / "again")
    assert done.returncode == 0, done.stderr
    command("backup", tmp_path / "again", tmp_path / "second.zip")
    first, second = _manifest(original / "first.zip"), _manifest(tmp_path / "second.zip")
    assert first == second
    assert first["tables"]["people.Person"]["rows"] == 6
    last = "from stepwell.clinic.events.models import Event; print(Event.objects.order_by('-number')[0].action)"
    assert inside(original / "clinic", last) == "backup\n"
    assert inside(tmp_path / "again", ADD_ONE) == "[]\n"
    assert (original / "first.zip").stat().st_mode & 0o077 == 0
    assert (tmp_path / "again" / "clinic.sqlite3").stat().st_mode & 0o077 == 0


@pytest.mark.long
def test_a_clinic_moves_to_postgresql_and_back(original, tmp_path):
    with postgresql_server() as server:
        moved = command("restore", original / "first.zip", tmp_path / "moved", "--database", server.address())
        assert moved.returncode == 0, moved.stderr
        again = command("restore", original / "first.zip", tmp_path / "twice", "--database", server.address())
        assert again.returncode == 12, "the database holds a clinic"
        assert not (tmp_path / "twice").exists()
        command("backup", tmp_path / "moved", tmp_path / "second.zip")
        assert _manifest(original / "first.zip")["tables"] == _manifest(tmp_path / "second.zip")["tables"]
        assert inside(tmp_path / "moved", ADD_ONE) == "[]\n"
    assert command("restore", tmp_path / "second.zip", tmp_path / "back").returncode == 0


def _spoil(source, target, change) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))


def test_what_cannot_be_restored_leaves_nothing_and_is_told(original, tmp_path):
    first = original / "first.zip"
    changed, cut, other = (tmp_path / name for name in ("changed.zip", "cut.zip", "other.zip"))
    _spoil(first, changed, lambda name, data: data.replace(b"Doe", b"Dow") if "Person" in name else data)
    cut.write_bytes(first.read_bytes()[:-200])
    newer = lambda name, data: data.replace(b'"people.0001_initial"', b'"people.0009_other"')  # noqa: E731
    _spoil(first, other, newer)
    told = {
        changed: "people.Person: not as it was written",
        cut: "no backup of a clinic",
        tmp_path / "no": "no such file",
    }
    for file, words in told.items():
        with pytest.raises(SourceError, match=words):
            check(file)
    done = command("restore", other, tmp_path / "new")
    assert done.returncode == 11
    assert "whose tables differ" in done.stderr
    assert not (tmp_path / "new").exists()
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").write_text("kept")
    assert command("restore", first, full).returncode == 12
    assert (full / "file").read_text() == "kept"
    assert command("backup", original / "clinic", first).returncode == 12, "an older backup is not overwritten"
