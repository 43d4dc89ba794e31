"""Lines of a history: versions, reviewers, merged persons, and that nothing can be changed or deleted."""

from __future__ import annotations

import pytest
from django.db import DatabaseError

from stepwell.clinic.events.models import Event
from stepwell.clinic.history import lines
from stepwell.clinic.history.models import Line

ZOLOFT = {"drug": "Zoloft", "ingredient": "sertraline", "start": "2023-01-10"}


@pytest.fixture
def nurse(actor):
    """A nurse of the clinic."""
    return actor("nurse")


@pytest.fixture
def reported(person, nurse):
    """A line that a patient reported."""
    return lines.add(person(), "medication", ZOLOFT, actor=nurse, state="reported", origin="patient")


def test_a_correction_is_a_new_version_and_the_first_one_stays(reported, nurse):
    corrected = lines.correct(reported, nurse, ZOLOFT | {"mg_per_day": 100}, "pharmacy record")
    assert (corrected.version, corrected.state, corrected.origin) == (2, "confirmed", "clinician")
    assert [v.content.get("mg_per_day") for v in lines.versions(corrected)] == [None, 100]
    assert [line.pk for line in lines.current(reported.person)] == [corrected.pk]
    assert corrected.address == f"line/{reported.line}@2"
    event = Event.objects.order_by("-number").first()
    assert event.detail == {"line": str(reported.line), "version": 2, "state": "confirmed"}


@pytest.mark.parametrize("what", ["update", "delete"])
def test_the_database_refuses_to_change_or_delete_a_line(reported, what):
    rows = Line.objects.filter(pk=reported.pk)
    change = {"update": lambda: rows.update(state="confirmed"), "delete": rows.delete}[what]
    with pytest.raises(DatabaseError, match="append-only"):
        change()


def test_the_second_of_two_reviewers_is_told(reported, nurse, actor):
    lines.reject(reported, nurse, "never taken")
    with pytest.raises(lines.Conflict) as told:
        lines.confirm(reported, actor("prescriber"))
    assert told.value.line.state == "rejected"
    assert len(lines.versions(reported)) == 2


def test_a_rejected_line_can_be_confirmed_later_and_a_struck_one_cannot(reported, nurse):
    rejected = lines.reject(reported, nurse, "not sure")
    confirmed = lines.confirm(rejected, nurse)
    with pytest.raises(ValueError, match="reason"):
        lines.strike(confirmed, nurse, " ")
    struck = lines.strike(confirmed, nurse, "of another person")
    assert lines.in_use(lines.current(reported.person)) == []
    with pytest.raises(lines.Conflict):
        lines.confirm(struck, nurse)


def test_a_merge_brings_lines_together_and_its_undoing_parts_them(reported, nurse, person):
    other, first = person(given_name="Ada B."), reported.person
    theirs = lines.add(other, "medication", {"drug": "Paxil"}, actor=nurse, state="reported", origin="patient")
    other.merged_into = first
    other.save()
    assert {line.pk for line in lines.current(first)} == {reported.pk, theirs.pk}
    corrected = lines.confirm(theirs, nurse)
    other.merged_into = None
    other.save()
    assert [line.pk for line in lines.current(first)] == [reported.pk]
    assert [line.pk for line in lines.current(other)] == [corrected.pk]


def test_only_confirmed_lines_are_confirmed(reported, nurse):
    assert lines.confirmed(lines.current(reported.person)) == []
    lines.confirm(reported, nurse)
    assert [line.version for line in lines.confirmed(lines.current(reported.person))] == [2]
