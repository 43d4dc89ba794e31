"""The chair board: what a card shows, what is due, that it says when it was made, and that its queries do not grow."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from clinic_sessions import BOOT, START, a_device, a_reading, a_session, an_entry, an_order
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from stepwell.clinic.events.models import Event
from stepwell.clinic.safety.models import Alert
from stepwell.clinic.sessions import clock

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def set_time(monkeypatch):
    """Sets both clocks to so many minutes after 9:00 of the day of the sessions."""

    def make(minute: float) -> None:
        now = START + dt.timedelta(minutes=minute)
        monkeypatch.setattr(timezone, "now", lambda: now)
        monkeypatch.setattr(clock, "boot", lambda: BOOT)
        monkeypatch.setattr(clock, "ticks", lambda: 60.0 * minute)

    return make


@pytest.fixture
def open_board(set_time, user):
    """The board as a nurse sees it so many minutes after 9:00: `open_board(45)`."""
    nurse = user("nurse", first_name="Nora", last_name="Hill")

    def make(minute: float, **headers) -> str:
        set_time(minute)
        client = Client()
        client.force_login(nurse, backend=BACKEND)
        answer = client.get("/board/", headers=headers)
        assert answer.status_code == 200
        return " ".join(answer.content.decode().split())

    make.nurse = nurse
    return make


def _given(session, nurse, minute=0.0) -> None:
    """Two devices, five minutes apart, after the reading before the dose."""
    an_entry(session, "reading", a_reading("before", 128, 82, spo2=97), minute=minute - 2, user=nurse)
    for n in (0, 1):
        an_entry(session, "dose", a_device(session.order), minute=minute + 5 * n, user=nurse)


def test_an_empty_board_says_what_it_is_and_what_to_do(open_board):
    shown = open_board(0)
    assert "No session is planned for today" in shown
    assert "It is no monitor" in shown
    assert "Monday 30 Nov 2026, made at <b>09:00:00</b>" in shown
    assert 'hx-trigger="every 10s"' in shown
    assert '<noscript><meta http-equiv="refresh" content="10;url=?again=1"></noscript>' in shown
    assert "<script>" not in shown


def test_a_session_from_the_plan_to_the_signature(open_board, person, user):
    doctor, nurse = user("prescriber", first_name="Dora", last_name="Kay"), open_board.nurse
    session = a_session(an_order(person(), doctor), chair="4", planned_at=START + dt.timedelta(minutes=60))
    early = open_board(0)
    assert "Chair 4" in early
    assert "nothing due" in early
    assert "Spravato 56 mg" in early
    assert "Responsible: nobody yet" in early
    assert "ordered by Dora Kay" in early
    assert "8 open" in early
    assert "due: 8 checks" in open_board(31)

    for check, said in (("ride", "yes"), ("food", "no")):
        an_entry(session, "check", {"check": check, "answer": said}, minute=40, user=nurse)
    _given(session, nurse, minute=60)
    before = open_board(90)
    assert 'class="board-card board-due"' in before, "checks are open although a dose was given"
    assert "Responsible: Nora Hill" in before
    assert "6 open" in before
    assert "Not as asked: No food for 2 hours?" in before
    assert "</span> arranged" in before
    assert "128/82" in before
    assert "97 %" in before
    assert 'Started</dt><dd>10:00 <span class="quiet">30 min</span>' in before
    assert "Earliest end</dt><dd>12:00" in before

    for check in ("liquid", "nasal-spray", "pregnancy", "cns-depressant", "psychostimulant", "mao-inhibitor"):
        an_entry(session, "check", {"check": check, "answer": "no"}, minute=62, user=nurse)
    waiting = open_board(90)
    assert 'class="board-card board-waiting"' in waiting
    assert "later: Reading at 40 minutes, 10:40" in waiting
    due = open_board(101)
    assert 'class="board-card board-due"' in due
    assert "due: Reading at 40 minutes, 10:40" in due
    assert "1 session with something due" in due
    late = open_board(111)
    assert 'class="board-card board-overdue"' in late
    assert "overdue: Reading at 40 minutes, 10:40" in late
    assert "1 session with something overdue" in late

    an_entry(session, "reading", a_reading("40", 151, 93, spo2=95), minute=112, user=nurse)
    event = {"what": "Nausea", "serious": None, "onset_at": START.isoformat(), "resolved_at": None}
    an_entry(session, "adverse event", event, minute=113, user=nurse)
    read = open_board(114)
    assert "151/93" in read
    assert "95 %" in read
    assert "Not over: Nausea" in read
    assert 'class="board-card board-waiting"' in read
    an_entry(session, "departure", {}, minute=190, user=nurse)
    left = open_board(191)
    assert "Left, to be signed" in left
    assert "due: Signature" in left
    an_entry(session, "signature", {"seen": "0" * 64, "protocol_digest": "0" * 64}, minute=195, user=nurse)
    assert "56 mg given, signed 12:15" in open_board(196)


def test_a_ride_that_the_office_noted_before_puts_nobody_into_a_chair(open_board, person, user):
    session = a_session(an_order(person(), user("prescriber")))
    an_entry(session, "check", {"check": "ride", "answer": "yes"}, minute=-60, user=user("office", last_name="Desk"))
    shown = open_board(0)
    assert "Nobody is in a chair" in shown
    assert "Responsible: nobody yet" in shown
    an_entry(session, "check", {"check": "food", "answer": "yes"}, minute=1, user=open_board.nurse)
    shown = open_board(2)
    assert "Nobody is in a chair" not in shown
    assert "Responsible: Nora Hill" in shown


def test_what_is_pressing_has_a_word_and_an_icon_beside_its_colour(open_board, person, user):
    session = a_session(an_order(person(), user("prescriber")))
    _given(session, open_board.nurse)
    shown = open_board(60)
    assert '<span aria-hidden="true">⚠</span> overdue</span>' in shown
    assert '<li class="due-overdue"><span aria-hidden="true">⚠</span> overdue: Reading at 40 minutes' in shown


def test_chair_2_stands_before_chair_10_and_no_chair_last(open_board, person, user):
    for chair in ("10", "2", "", "B"):
        session = a_session(an_order(person(), user("prescriber")), chair=chair)
        _given(session, open_board.nurse)
    shown = open_board(10)
    places = [shown.index(words) for words in ("Chair 2<", "Chair 10<", "Chair B<", "No chair yet<")]
    assert places == sorted(places)


def test_answers_that_must_be_read_before_the_dose_are_due(open_board, person, user):
    somebody, other = person(), person(given_name="Ben")
    twin = person(given_name="Adah", merged_into=somebody)
    for one in (somebody, other):
        a_session(an_order(one, user("prescriber")))
    alert = {"clinic": somebody.clinic, "reason": "rise", "instrument": "phq-9", "actor": "nobody", "at": START}
    for one, tier in ((twin, "review"), (other, "inbox")):
        Alert.objects.create(person=one, tier=tier, source=uuid.uuid4(), once=uuid.uuid4(), **alert)
    shown = open_board(0)
    assert shown.count("answers to be read before the dose") == 1


def test_a_cancelled_session_is_over_and_one_of_another_day_is_not_shown(open_board, person, user):
    doctor = user("prescriber")
    gone = a_session(an_order(person(family_name="Gone"), doctor))
    an_entry(gone, "cancelled", {"by": "patient", "note": ""})
    moved = a_session(an_order(person(family_name="Moved"), doctor))
    later = {"day": "2026-12-01", "planned_at": "2026-12-01T14:00:00Z", "chair": "1", "note": ""}
    an_entry(moved, "planned change", later)
    shown = open_board(0)
    assert "Gone, Ada</a> cancelled" in shown
    assert "Moved" not in shown


def test_sessions_of_earlier_days_without_a_signature_are_named(open_board, person, user):
    doctor, yesterday = user("prescriber"), START - dt.timedelta(days=1)
    for name in ("Open", "Struck", "Signed"):
        session = a_session(an_order(person(family_name=name), doctor), planned_at=yesterday)
        dose = an_entry(session, "dose", a_device(session.order), wall=yesterday)
        if name == "Struck":
            an_entry(session, "dose", {"struck": True}, entry=dose.entry, version=2)
        if name == "Signed":
            an_entry(session, "signature", {"seen": "0" * 64, "protocol_digest": "0" * 64})
    a_session(an_order(person(family_name="Never came"), doctor), planned_at=yesterday)
    shown = open_board(0)
    assert "Open, Ada, 29 Nov" in shown
    for name in ("Struck", "Signed", "Never came"):
        assert name not in shown


def test_a_clock_that_was_set_back_changes_no_duration_on_the_board(open_board, set_time, person, user, monkeypatch):
    session = a_session(an_order(person(), user("prescriber")))
    _given(session, open_board.nurse)
    open_board(0)
    monkeypatch.setattr(clock, "ticks", lambda: 60.0 * 52)
    shown_at = START - dt.timedelta(minutes=60)
    monkeypatch.setattr(timezone, "now", lambda: shown_at)
    client = Client()
    client.force_login(open_board.nurse, backend=BACKEND)
    shown = " ".join(client.get("/board/").content.decode().split())
    assert '<span class="quiet">52 min</span>' in shown
    assert "overdue: Reading at 40 minutes" in shown


def test_the_queries_do_not_grow_with_the_chairs(set_time, person, user):
    doctor, nurse = user("prescriber"), user("nurse")
    set_time(45)
    client = Client()
    client.force_login(nurse, backend=BACKEND)

    def n_queries() -> int:
        with CaptureQueriesContext(connection) as told:
            assert client.get("/board/").status_code == 200
        return len(told)

    def add_chairs(n: int) -> None:
        for chair in range(n):
            session = a_session(an_order(person(given_name=f"P{chair}"), doctor), chair=str(chair + 1))
            _given(session, nurse)
            an_entry(session, "reading", a_reading("40"), minute=41, user=nurse)

    add_chairs(1)
    client.get("/board/")
    one = n_queries()
    add_chairs(11)
    assert n_queries() == one
    assert one < 25


def test_htmx_gets_the_cards_alone(open_board):
    shown = open_board(0, HX_Request="true")
    assert "made at" in shown
    assert "<html" not in shown


def test_a_board_that_asks_again_is_logged_once_and_keeps_no_session_alive(set_time, user, settings):
    set_time(0)
    client = Client()
    client.force_login(user("nurse"), backend=BACKEND)
    client.get("/board/")
    n_before = Event.objects.filter(action="read sessions").count()
    for minute in range(1, settings.IDLE_MINUTES + 1):
        set_time(minute)
        asked = {"headers": {"HX-Request": "true", "X-Polled": "1"}} if minute % 2 else {"query_params": {"again": "1"}}
        assert client.get("/board/", **asked).status_code == 200
    assert Event.objects.filter(action="read sessions").count() == n_before + 1
    set_time(settings.IDLE_MINUTES + 1)
    told = client.get("/board/", headers={"HX-Request": "true", "X-Polled": "1"})
    assert told.status_code == 401
    assert told["HX-Refresh"] == "true"
    assert client.get("/board/").status_code == 302
