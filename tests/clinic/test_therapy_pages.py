"""Therapy beside the doses: appointments, notes that stay in the clinic, goals, and what is left of the illness."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid

import pytest
from clinic_sessions import START, a_session, an_order
from clinic_signed import a_signed_sheet
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

import stepwell
from stepwell.clinic.events.models import Event
from stepwell.clinic.exchange.export import export
from stepwell.clinic.history import lines
from stepwell.clinic.therapy import pairs, remaining, versions
from stepwell.clinic.therapy.models import Appointment, GoalReview, Note, Pairing

TEXT = "Spoke of the harbour and of the brother."


@pytest.fixture
def ada(person):
    """A patient."""
    return person()


@pytest.fixture
def therapist(user):
    """A therapist's account."""
    return user("therapist", last_name="Marsh")


@pytest.fixture
def dose(ada, user):
    """A signed dose on 30 November 2026 at 9:02 in New York."""
    return a_signed_sheet(ada, user("nurse"))


@pytest.fixture
def where(ada):
    """The address of the patient's page."""
    return f"/people/{ada.pk}/therapy/"


def once_of(client, url) -> str:
    return re.search(r'name="once" value="([^"]*)"', client.get(url).content.decode())[1]


def planned(client, where, **given) -> dict:
    sent = {
        "starts": "2026-12-01T11:00",
        "minutes": "50",
        "seen": "0",
        "once": once_of(client, f"{where}appointments/new/"),
    }
    return sent | given


def test_an_appointment_is_linked_to_a_dose_and_shows_how_long_after_it(sign_in, where, dose, therapist):
    client = sign_in("office")
    sent = planned(client, where, who=therapist.pk, session=dose.session.pk)
    for _ in range(2):
        assert client.post(f"{where}appointments/new/", sent).status_code == 302
    (kept,) = Appointment.objects.all()
    assert kept.starts == dt.datetime(2026, 12, 1, 16, tzinfo=dt.UTC)
    page = client.get(where).content.decode()
    for words in ("26 h after the dose", "days 1 to 3", "Unproven", "no trial seen drew lots", "Test Marsh"):
        assert words in page, words
    assert "saved already" in page
    for words in ("Notes", "What is left", "Hopelessness"):
        assert words not in page
    page = client.get("/therapy/").content.decode()
    assert "Doe, Ada" in page


def test_a_change_is_a_version_and_the_second_of_two_is_told(sign_in, where):
    first, second = sign_in("nurse", last_name="First"), sign_in("office")
    first.post(f"{where}appointments/new/", planned(first, where))
    kept = Appointment.objects.get()
    url = f"{where}appointments/{kept.appointment}/"
    change = {
        "starts": "2026-12-02T11:00",
        "minutes": "50",
        "state": "planned",
        "seen": "1",
        "reason": "patient's wish",
    }
    assert first.post(url, change).status_code == 302
    told = second.post(url, change | {"starts": "2026-12-03T11:00"})
    assert told.status_code == 409
    assert "Test First changed it" in told.content.decode()
    assert second.post(url, change | {"seen": "2", "state": "kept", "starts": "2199-12-03T11:00"}).status_code == 422
    assert second.post(url, change | {"seen": "2", "state": "cancelled"}).status_code == 302
    assert [a.version for a in versions.versions(kept)] == [1, 2, 3]
    page = second.get(url).content.decode()
    assert "patient&#x27;s wish" in page


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"minutes": "1"}, "greater than or equal to 5"),
        ({"starts": "soon"}, "valid date/time"),
        ({"session": "x"}, "valid choice"),
    ],
)
def test_a_wrong_appointment_is_told_and_not_kept(sign_in, where, wrong, told):
    client = sign_in("nurse")
    answer = client.post(f"{where}appointments/new/", planned(client, where, **wrong))
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert Appointment.objects.count() == 0


def test_the_calendar_file_has_times_and_no_names(sign_in, where, ada):
    client = sign_in("therapist")
    client.post(f"{where}appointments/new/", planned(client, where, place="Room 3; with Doe"))
    kept = Appointment.objects.get()
    change = {"starts": "2026-12-01T12:00", "minutes": "50", "state": "cancelled", "seen": "1"}
    client.post(f"{where}appointments/{kept.appointment}/", change)
    file = client.get("/therapy/appointments.ics")
    assert file.headers["Content-Type"].startswith("text/calendar")
    text = file.content.decode().replace("\r\n ", "")
    for words in ("DTSTART:20261201T170000Z", "DTEND:20261201T175000Z", "SUMMARY:Appointment", "STATUS:CANCELLED",
                  "SEQUENCE:1", f"/people/{ada.pk}/therapy/"):  # fmt: skip
        assert words in text, words
    for name in ("Ada", "Doe", "Room", "therapy beside"):
        assert name not in text


def written(client, where, **given) -> dict:
    sent = {"day": "2026-11-20", "text": TEXT, "seen": "0", "once": once_of(client, f"{where}notes/new/")}
    return sent | given


def test_a_note_is_for_therapists_and_prescribers_and_a_correction_is_a_version(sign_in, where, ada):
    client = sign_in("therapist")
    for _ in range(2):
        assert client.post(f"{where}notes/new/", written(client, where) | {"once": str(ada.pk)}).status_code == 302
    (note,) = Note.objects.all()
    url = f"{where}notes/{note.note}/"
    for role in ("nurse", "office"):
        assert sign_in(role).get(url).status_code == 404
        assert "harbour" not in sign_in(role).get(where).content.decode()
    assert sign_in("prescriber").get(f"{url}correct/").status_code == 404
    change = {"day": "2026-11-20", "text": "Spoke of the sea.", "seen": "1"}
    assert client.post(f"{url}correct/", change).status_code == 422
    assert client.post(f"{url}correct/", change | {"reason": "wrong word"}).status_code == 302
    page = sign_in("prescriber").get(url).content.decode()
    for words in (TEXT, "Spoke of the sea.", "wrong word", "Version 2"):
        assert words in page, words
    assert client.post(f"{url}correct/", change | {"reason": "again", "text": "third"}).status_code == 409
    assert client.post(f"{where}notes/new/", written(client, where, day="2199-01-01")).status_code == 422


def test_no_export_packet_or_event_has_a_word_of_a_note(sign_in, where, ada, tmp_path):
    client = sign_in("therapist")
    client.post(f"{where}notes/new/", written(client, where))
    assert Note.objects.count() == 1
    export(tmp_path / "out")
    files = [file for file in (tmp_path / "out").rglob("*") if file.is_file()]
    assert len(files) > 4
    assert not [file for file in files if "harbour" in file.read_text("utf-8")]
    assert "harbour" not in json.dumps([event.detail for event in Event.objects.all()])
    for url in (f"/people/{ada.pk}/chart/", f"/people/{ada.pk}/patients-page/", f"/people/{ada.pk}/history/"):
        assert "harbour" not in sign_in("prescriber").get(url).content.decode()


def test_a_dose_without_its_note_is_flagged_where_the_clinic_wants_the_pair(
    sign_in, home, ada, dose, where, actor, user
):
    now, later = timezone.now(), START + dt.timedelta(days=5)
    assert pairs.missing(home, later) == []
    administrator = sign_in("administrator")
    assert administrator.post("/clinic/therapy/", {"is_wanted": "on"}).status_code == 422
    right = {"is_wanted": "on", "since": "2026-11-30", "within_days": "3"}
    assert administrator.post("/clinic/therapy/", right).status_code == 302
    assert Pairing.objects.get().within_days == 3
    (pair,) = pairs.missing(home, later)
    assert (pair.sheet.session, pair.due_on) == (dose.session, dt.date(2026, 12, 3))
    assert pairs.missing(home, START + dt.timedelta(days=3)) == []
    early = a_signed_sheet(ada, user("nurse"), day=-1)
    assert [p.sheet.session for p in pairs.missing(home, later)] == [dose.session]
    versions.write(
        Note, ada, uuid.uuid4(), actor("therapist"), seen=0, day=now.date(), text=TEXT, session_id=early.session.pk
    )
    assert [p.sheet.session for p in pairs.missing(home, later)] == [dose.session]
    versions.write(
        Note, ada, uuid.uuid4(), actor("therapist"), seen=0, day=now.date(), text=TEXT, session_id=dose.session.pk
    )
    assert pairs.missing(home, later) == []
    page = sign_in("office").get(where).content.decode()
    assert "written" in page
    assert "harbour" not in page
    pairs.set_pairing(home, actor("administrator"), is_wanted=False, since=None, within_days=None)
    assert [p.due_on for p in pairs.pairs([dose], home, later)] == [None]


def test_a_visit_without_a_dose_wants_no_note(home, ada, user, actor):
    a_session(an_order(ada, user("nurse")))
    pairs.set_pairing(home, actor("administrator"), is_wanted=True, since=dt.date(2026, 11, 1), within_days=0)
    assert pairs.missing(home, START + dt.timedelta(days=9)) == []


SCORES = [
    ("2026-10-01", 20.0, {"1": 3.0, "2": 3.0, "3": 2.0, "9": 1.0}),
    ("2026-11-20", 5.0, {"1": 0.0, "2": 1.0, "3": 2.0, "4": None, "5": 0.0, "6": 0.0, "7": 0.0, "8": 0.0, "9": 0.0}),
]


def scored(ada, actor) -> None:
    how = {"actor": actor("nurse"), "state": "confirmed", "origin": "clinician"}
    for day, total, items in SCORES:
        lines.add(ada, "score", {"instrument": "phq-9", "day": day, "total": total, "items": items}, **how)
    lines.add(ada, "score", {"instrument": "who-5", "day": "2026-11-20", "total": 4.0}, **how)
    own = {
        "table": "answer",
        "row": {"person_id": 1, "item": "hopelessness", "value": 6.0, "answered_date": "2026-11-20"},
    }
    lines.add(ada, "score", {"day": "2026-11-20", "records": [own]}, **how)


def test_what_is_left_stands_item_by_item_beside_the_first_answers(ada, actor):
    scored(ada, actor)
    (scale,) = remaining.scales(ada)
    assert (scale.first, scale.last, scale.better_pct, scale.n_unknown) == (20.0, 5.0, 75.0, 1)
    assert [(s.label, s.value, s.before) for s in scale.left] == [("sleep", 2.0, 2.0), ("mood", 1.0, 3.0)]
    assert [(label, sign.value) for label, _day, sign in remaining.hopeless(ada)] == [
        ("PHQ-9, item 2 (down, depressed or hopeless, three feelings in one question)", 1.0),
        ("hopelessness", 6.0),
    ]


def test_totals_alone_say_nothing_of_items_and_no_score_no_hopelessness(ada, actor, sign_in, where):
    page = sign_in("prescriber").get(where).content.decode()
    assert "That does not say that there is none" in page
    assert "No score is known" in page
    how = {"actor": actor("nurse"), "state": "confirmed", "origin": "clinician"}
    lines.add(ada, "score", {"instrument": "phq-9", "day": "2026-10-01", "total": 10.0}, **how)
    lines.add(ada, "score", {"instrument": "phq-9", "day": "2026-11-01", "total": 12.0}, **how)
    page = sign_in("prescriber").get(where).content.decode()
    assert "20 % worse than the first known total" in page
    assert "what is left cannot be said item by item" in page


def test_a_goal_is_reviewed_in_the_patients_words_beside_the_scale(ada, actor, sign_in, where):
    scored(ada, actor)
    how = {"actor": actor("nurse"), "state": "reported", "origin": "patient"}
    goal = lines.add(ada, "goal", {"text": "To sail again", "enough_pct": 75.0}, **how)
    client, url = sign_in("therapist"), f"{where}goals/{goal.line}/"
    sent = {"once": once_of(client, url), "said": "partly", "words": "Went to the harbour."}
    assert client.post(url, sent | {"said": "x"}).status_code == 422
    for _ in range(2):
        assert client.post(url, sent).status_code == 302
    assert GoalReview.objects.count() == 1
    page = client.get(where).content.decode()
    for words in ("“To sail again”", "75 % better would be enough", "partly reached", "75 % better than the first known total",
                  "sleep: <strong>2</strong>"):  # fmt: skip
        assert words in page, words
    assert sign_in("nurse").get(f"{where}goals/{uuid.uuid4()}/").status_code == 404
    assert "To sail again" not in sign_in("office").get(where).content.decode()


def test_every_item_about_hopelessness_is_one_of_its_scale():
    known = stepwell.load_knowledge()
    for one in remaining.hopelessness().items:
        assert one.item in {item.item for item in known.all_instruments[one.instrument].items}
        assert one.choice or one.source in known.references


def test_rows_of_therapy_cannot_be_changed(ada, actor):
    versions.write(
        Note, ada, uuid.uuid4(), actor("therapist"), seen=0, day=dt.date(2026, 11, 1), text=TEXT, session_id=None
    )
    for statement in ("UPDATE therapy_note SET text = ''", "DELETE FROM therapy_note"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
