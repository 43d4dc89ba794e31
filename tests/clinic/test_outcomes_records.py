"""Session sheets as record rows beside the history: what is read, and that no session counts twice."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from clinic_sessions import START, a_device, a_reading, a_session, an_entry, an_order

from stepwell.clinic.chart.judging import explain
from stepwell.clinic.history import forms, lines
from stepwell.clinic.sessions import sheets
from stepwell.clinic.sessions.records import person_records

FIRST = dt.date(2026, 11, 30)


@pytest.fixture
def order(person, user):
    """An order of 56 mg of esketamine."""
    return an_order(person(), user("prescriber"))


def given(order, days: int, n_devices: int = 2, **entry):
    """A session so many days after the first, with this many devices five minutes apart."""
    at = START + dt.timedelta(days=days)
    session = a_session(order, planned_at=at)
    for device in range(n_devices):
        wall = at + dt.timedelta(minutes=5 * device)
        an_entry(session, "dose", a_device(order), minute=5 * device, wall=wall, **entry)
    return session


def told(person, actor, kind, **content):
    """A confirmed line of the history."""
    checked, problems = forms.check(kind, content)
    assert not problems
    return lines.add(person, kind, checked, actor=actor, state="confirmed", origin="clinician")


def records_of(person):
    return person_records(person, lines.current(person), sheets.of_person(person))


def test_a_sheet_is_one_dose_of_all_its_devices_with_its_readings(order):
    session = given(order, 0)
    an_entry(session, "reading", a_reading("40", 150, 92, sedation=3, dissociation="mild", spo2=95), minute=43)
    an_entry(session, "departure", {}, minute=128)
    a_session(order, planned_at=START + dt.timedelta(days=3))  # planned and not given: no row
    records, has = records_of(order.person)
    (dose,) = records["dose"]
    assert (dose["given_date"], dose["mg"], dose["route"], dose["minute"]) == (FIRST, 56, "nasal", 9 * 60)
    assert (dose["kind"], dose["ingredient"]) == ("administration", "esketamine-nasal")
    first = sheets.of(session).doses[0]
    assert dose["address"] == f"session/{session.pk}/{first.entry.entry}@1"
    assert {(r["kind"], r["minutes"], r["value"]) for r in records["monitoring"]} == {
        ("systolic", 43, 150.0),
        ("diastolic", 43, 92.0),
        ("oxygen saturation", 43, 95.0),
        ("moaa-s", 43, 3.0),
        ("observed", None, 128.0),
    }, "dissociation in words is no score of the CADSS"
    assert "vital" not in records, "a pressure after the dose is that of the dose"
    assert [r["reason"] for r in records["incomplete_medication"]] == ["given in care only"]
    assert {"dose", "medication", "monitoring"} <= has


def test_a_reading_before_the_dose_is_a_vital_sign_too_and_a_correction_replaces_it(order):
    at = START
    session = a_session(order)
    read = an_entry(session, "reading", a_reading("before", 138, 88), minute=-6)
    an_entry(session, "dose", a_device(order), minute=0, wall=at)
    late = an_entry(session, "reading", a_reading("before", 130, 84), minute=9)
    an_entry(session, "reading", a_reading("before", 136, 86), entry=read.entry, version=2, minute=20)
    records, _has = records_of(order.person)
    assert "monitoring" not in records, "nothing is judged of a visit that is not over"
    assert len(records["vital"]) == 6
    an_entry(session, "departure", {}, minute=128)
    records, _has = records_of(order.person)
    seen = {(r["minutes"], r["value"], r["address"]) for r in records["monitoring"] if r["kind"] == "systolic"}
    assert seen == {(-6, 136.0, f"session/{session.pk}/{read.entry}@2"), (0, 130.0, late.address)}
    assert sorted(r["mmhg"] for r in records["vital"] if r["vital"] == "blood-pressure-systolic") == [130.0, 136.0]


@pytest.mark.parametrize(
    ("content", "open_sessions"),
    [
        ({"start": "2026-11", "n_sessions": 1}, 0),
        ({"start": "2026-11-30", "stop": "2026-12-31", "n_sessions": 3}, 0),
        ({"start": "2026-11", "stop": "2026-12"}, 0),
        ({"start": "2026-11-30", "stop": "2026-12-31", "n_sessions": 5}, 2),
        ({"start": "2026-11", "stop": "2026-12", "n_sessions": 5}, 2),
        ({"start": "2026-11-20", "stop": "2026-12", "n_sessions": 5}, 1),
        ({"start": "2025-02", "stop": "2025-04", "n_sessions": 3}, 3),
        ({"start": "2025-02", "n_sessions": 5}, 2),
        ({"start": "2025-02", "n_sessions": 3}, 1),
        ({"start": "2025"}, 2),
        ({"n_sessions": 6}, 6),
    ],
)
def test_sessions_that_the_history_names_too_count_once(order, actor, monkeypatch, content, open_sessions):
    """Three sheets. What the line says beyond them stays open; a line of another time, or of none, stays as it is."""
    from django.utils import timezone

    for day in (0, 3, 7):
        given(order, day)
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: START + dt.timedelta(days=40))
        told(order.person, actor("prescriber"), "treatment", treatment="esketamine", **content)
    records, _has = records_of(order.person)
    result = explain(order.person, lines.current(order.person), sheets.of_person(order.person), (), ())
    elsewhere = [s["session_date"] for s in result.rows_of("session", 1) if s["session_date"] < FIRST]
    assert len(result.rows_of("session", 1)) - len(elsewhere) == 3
    assert elsewhere == ([dt.date(2026, 11, 20)] if content.get("start") == "2026-11-20" else [])
    gaps = [row["n_rows"] for row in records.get("code_gap", ()) if row["codeset"] == "esketamine-session"]
    assert sum(gaps) == open_sessions


def test_what_was_said_before_the_first_session_is_of_other_sessions(order, actor, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: START - dt.timedelta(days=1))
    told(order.person, actor("prescriber"), "treatment", treatment="esketamine", start="2026-11", n_sessions=2)
    given(order, 0)
    records, _has = records_of(order.person)
    assert [row["n_rows"] for row in records["code_gap"]] == [2], "told on a day before the sheet"


def test_a_ketamine_line_is_no_drug_without_a_day_where_its_sessions_have_sheets(person, user, actor, monkeypatch):
    from django.utils import timezone

    order = an_order(person(), user("prescriber"), protocol="ketamine-iv", dose_mg=40)
    for day in (0, 3):
        given(order, day, n_devices=1)
    monkeypatch.setattr(timezone, "now", lambda: START + dt.timedelta(days=10))
    told(order.person, actor("prescriber"), "treatment", treatment="ketamine", start="2026-11", stop="2026-12")
    records, _has = records_of(order.person)
    assert {row["reason"] for row in records["incomplete_medication"]} == {"given in care only"}
    told(order.person, actor("prescriber"), "treatment", treatment="ketamine", start="2024")
    records, _has = records_of(order.person)
    assert "drugs without a day" in {row["reason"] for row in records["incomplete_medication"]}


def test_an_imported_dose_of_a_day_with_a_sheet_is_not_added_to_it(order, actor):
    given(order, 0)
    row = {"given_date": "2026-11-30", "ingredient": "esketamine-nasal", "kind": "administration", "mg": 28.0}
    supply = {"ingredient": "esketamine-nasal", "start_date": "2026-11-30", "is_supplied": True, "dose_basis": ""}
    kept = [{"table": "medication", "row": supply}, {"table": "dose", "row": row}]
    content = {"drug": "esketamine", "ingredient": "esketamine-nasal", "start": "2026-11-30", "records": kept}
    told(order.person, actor("prescriber"), "medication", **content)
    result = explain(order.person, lines.current(order.person), sheets.of_person(order.person), (), ())
    (session,) = result.rows_of("session", 1)
    assert (session["mg"], session["n_records"]) == (56, 1)


def test_why_an_order_ended_is_why_its_last_dose_was_the_last(order, user):
    given(order, 0)
    given(order, 3)
    by = user("prescriber")
    an_order(order.person, by, order=order.order, version=2, state="ended", ended_for="side effects")
    records, _has = records_of(order.person)
    assert [row["stop_reason"] for row in records["medication"]] == [None, "intolerance"]


def test_the_chart_judges_sessions_and_takes_a_signed_sheet_as_confirmed(order, user, sign_in):
    from stepwell.clinic.chart.content import compose
    from stepwell.clinic.chart.views import judge_person

    session = given(order, 0)
    judged, _lines = judge_person(order.person)
    assert len(judged.result.rows_of("session", 1)) == 1
    assert "session" not in judged.confirmed.tables, "nobody signed it yet"
    an_entry(session, "signature", {"seen": "0" * 64, "protocol_digest": order.protocol_digest}, user=user("nurse"))
    judged, told_lines = judge_person(order.person)
    assert len(judged.confirmed.rows_of("session", 1)) == 1
    content = compose(judged, told_lines, FIRST)
    linked = [x for trial in content["trials"] for x in trial["lines"]]
    assert {"session": str(session.pk)} in linked, "the trial that a dose makes names its sheet"
    page = sign_in("prescriber").get(f"/people/{order.person.pk}/chart/").content.decode()
    assert f"/people/{order.person.pk}/sessions/{session.pk}/" in page


def test_when_the_monitoring_form_was_sent_is_a_record_of_its_session(order, user):
    from stepwell.clinic.rems.models import Submission

    by = user("nurse")
    session, _other = given(order, 0), given(order, 3)
    form = {
        "form": "f@1",
        "form_digest": "0" * 64,
        "content": "{}",
        "digest": "0" * 64,
        "last_entry": 1,
        "channel": "fax",
    }
    for number, days in ((1, 5), (2, 9)):
        Submission.objects.create(
            session=session, person=order.person, number=number, day=FIRST + dt.timedelta(days=days), user=by,
            clinic=order.clinic, actor="n", at=START, once=uuid.uuid4(), **form
        )  # fmt: skip
    records, _has = records_of(order.person)
    sent = [row for row in records["monitoring"] if row["kind"] == "form sent"]
    assert [(row["session_date"], row["value"]) for row in sent] == [(FIRST, 5.0)]
