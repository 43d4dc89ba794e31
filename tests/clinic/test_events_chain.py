"""The event log cannot be changed, and a change made behind the database's back is found."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from clinic_app import command, inside, made
from django.db import DatabaseError, connection, transaction
from postgresql import postgresql_server

from stepwell.clinic import events
from stepwell.clinic.events.models import Event
from stepwell.clinic.events.triggers import unprotected


@pytest.fixture
def three(actor, person):
    nurse, somebody = actor("nurse"), person()
    return [events.record(nurse, "read chart", person=somebody, detail={"page": "person"}) for _ in range(3)]


def test_the_chain_holds_over_reading_it_again(three):
    assert events.verify_chain() == []
    numbers = list(Event.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events_event SET action = 'nothing'",
        "DELETE FROM events_event",
        "UPDATE events_event SET digest = digest WHERE number = 1",
    ],
)
def test_the_database_refuses_to_change_or_delete_an_event(three, statement):
    assert unprotected() == []
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert events.verify_chain() == []


def _without_triggers(*statements):
    with connection.cursor() as cursor:
        on = " ON events_event" if connection.vendor == "postgresql" else ""
        for what in ("update", "delete"):
            cursor.execute(f"DROP TRIGGER events_event_no_{what}{on}")
        for statement in statements:
            cursor.execute(statement)


def test_a_change_behind_the_triggers_is_found(three):
    _without_triggers(f"UPDATE events_event SET actor = 'nobody' WHERE number = {three[1].number}")
    assert events.verify_chain() == [f"Event {three[1].number} is not as it was written."]
    assert unprotected() == ["events_event"]


def test_a_removed_event_is_found(three):
    _without_triggers(f"DELETE FROM events_event WHERE number = {three[1].number}")
    assert events.verify_chain() == [f"Event {three[1].number} is missing."]


_WRITE = "from stepwell.clinic import events\nfor n in range(40): events.record(None, 'written', detail={'n': n})"


def _write_at_once(clinic) -> None:
    """Four processes write into one clinic at the same time."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: inside(clinic, _WRITE), range(4)))
    told = command("verify", clinic)
    assert told.stdout.startswith("161 events"), "those, and the one of its making"


def test_writers_at_once_make_one_chain(tmp_path):
    _write_at_once(made(tmp_path / "clinic"))


@pytest.mark.long
def test_writers_at_once_make_one_chain_on_postgresql(tmp_path):
    with postgresql_server() as server:
        _write_at_once(made(tmp_path / "clinic", server.address()))
