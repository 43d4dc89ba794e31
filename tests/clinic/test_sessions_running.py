"""Orders, plans, doses, readings, leaving and signing: what is written, and every refusal, with nothing lost."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from clinic_sessions import BOOT, START, a_reading
from django.core.cache import cache

from stepwell.clinic.access import witness
from stepwell.clinic.access.actors import actor_of_user
from stepwell.clinic.history import lines
from stepwell.clinic.safety import review
from stepwell.clinic.safety.models import Alert
from stepwell.clinic.sessions import (
    carried,
    clock,
    dosing,
    forms,
    leaving,
    orders,
    planning,
    protocol_files,
    running,
    second,
    sheets,
    signing,
)
from stepwell.clinic.sessions.models import Entry, Session
from stepwell.clinic.sessions.refusals import Conflict, Refused
from stepwell.clinic.stock import entries as stock_entries
from stepwell.clinic.stock import ledger
from stepwell.clinic.stock.models import Lot

PASSWORD = "a long pass phrase of tests"
once = uuid.uuid4


class Clock:
    """The clock of these tests, both hands of it."""

    def __init__(self):
        self.wall, self.ticks = START, 0.0

    def go(self, minutes: float) -> None:
        """Time goes by."""
        self.wall += dt.timedelta(minutes=minutes)
        self.ticks += 60.0 * minutes

    def __call__(self) -> clock.Stamp:
        return clock.Stamp(self.wall, BOOT, self.ticks)


@pytest.fixture
def time(monkeypatch):
    made = Clock()
    monkeypatch.setattr(clock, "now", made)
    monkeypatch.setattr("django.utils.timezone.now", lambda: made.wall)
    return made


@pytest.fixture
def nurse(actor):
    return actor("nurse")


@pytest.fixture
def prescriber(actor):
    return actor("prescriber")


@pytest.fixture
def lot(home, nurse, time):
    """Three devices of esketamine."""
    made = Lot.objects.create(
        clinic=home,
        treatment="esketamine",
        route="nasal",
        lot_number="A1",
        mg_per_device=28,
        expires=dt.date(2027, 1, 31),
        actor=nurse.name,
        at=time.wall,
    )
    ledger.add_line(made, "receipt", 3, nurse, once())
    return made


@pytest.fixture
def order(person, prescriber, time):
    return orders.write(person(), protocol="esketamine-us", phase="induction", dose_mg=56, actor=prescriber)


@pytest.fixture
def session(order, nurse, time):
    return planning.plan(order, planned_at=START, chair="1", actor=nurse, once=once())


@pytest.fixture
def ready(session, nurse):
    """A session at which nothing stands against the dose."""
    answer_all(session, nurse, sheets.of(session).checks)
    running.take_reading(session, a_reading("before"), actor=nurse, once=once())
    return session


def answer_all(session, nurse, checks):
    for check in checks:
        running.answer(session, check.id, check.rule.expected or "no", actor=nurse, once=once())


def give(session, nurse, lot=None, **given):
    where = {"lot": lot.pk} if lot is not None else {"lot_number": "B7"}
    return dosing.give(session, **{"mg": 28.0, "unit": "mg", "actor": nurse, "once": once()} | where | given)


def run_to_the_end(session, nurse, time, lot=None):
    """Both devices, all readings, everything answered; the person leaves after 125 minutes."""
    give(session, nurse, lot)
    time.go(6)
    give(session, nurse, lot)
    time.go(35)
    running.take_reading(session, a_reading("40", 150, 92), actor=nurse, once=once())
    time.go(84)
    running.take_reading(session, a_reading("end"), actor=nurse, once=once())
    answer_all(session, nurse, sheets.of(session).discharge)
    running.answer(session, forms.NO_ADVERSE_EVENT, "yes", actor=nurse, once=once())
    return leaving.leave(session, actor=nurse, once=once())


def refused(call, *words, kind=Refused):
    """The call is refused with these words and writes nothing."""
    before = (Entry.objects.count(), ledger.LedgerLine.objects.count())
    with pytest.raises(kind) as told:
        call()
    message = str(told.value)
    assert all(word in message for word in words), message
    assert (Entry.objects.count(), ledger.LedgerLine.objects.count()) == before
    return message


# Orders


def test_an_order_is_written_changed_and_ended_as_versions(order, prescriber, time):
    assert refused(lambda: change(order, dose_mg=84, reason=" "), "Say why", "no dose of 84 mg", "56 mg")
    refused(
        lambda: orders.write(order.person, protocol="esketamine-eu", phase="induction", dose_mg=56, actor=prescriber),
        "active order of esketamine already",
    )
    changed = change(order, phase="maintenance", reason="relapse: more often again")
    refused(lambda: change(order, reason="late"), "Somebody changed this order", kind=Conflict)
    refused(lambda: orders.end(changed, ended_for="", reason="", actor=prescriber), "Choose why")
    ended = orders.end(changed, ended_for="side effects", reason="dissociation", actor=prescriber)
    refused(lambda: change(ended, reason="again"), "Somebody changed this order", kind=Conflict)
    assert [(one.version, one.phase, one.state, one.ended_for) for one in orders.versions(order)] == [
        (1, "induction", "active", ""),
        (2, "maintenance", "active", ""),
        (3, "maintenance", "ended", "side effects"),
    ]
    assert [one.pk for one in orders.current(order.person)] == [ended.pk]
    assert orders.active(order.person) == []


def change(order, **given):
    same = {"phase": order.phase, "dose_mg": order.dose_mg, "reason": "", "actor": actor_of_user(order.user)}
    return orders.change(order, **same | given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"protocol": "ketamine-iv", "dose_mg": 40}, "only recalled"),
        ({"protocol": "none"}, "no such protocol file"),
        ({"phase": "later"}, "Choose a phase"),
        ({"dose_mg": 84}, "no dose of 84 mg for the next session. It has: 56 mg"),
        ({"dose_mg": 0.056}, "no dose of 0.056 mg"),
        ({"reevaluate_on": dt.date(2026, 11, 1)}, "lies in the past"),
    ],
)
def test_an_order_that_the_protocol_has_not_is_refused(person, prescriber, time, given, words):
    same = {"protocol": "esketamine-us", "phase": "induction", "dose_mg": 56.0, "actor": prescriber}
    refused(lambda: orders.write(person(), **same | given), words)


def test_by_age_and_after_the_first_session_other_doses_are_ordered(person, prescriber, nurse, ready, time, order):
    old = person(birth_date=dt.date(1950, 1, 1))
    by = {"protocol": "esketamine-eu", "phase": "induction", "actor": prescriber}
    refused(lambda: orders.write(old, dose_mg=56, **by), "It has: 28 mg")
    assert orders.write(old, dose_mg=28, **by).dose_mg == 28
    give(ready, nurse)
    assert change(order, dose_mg=84, reason="well tolerated").dose_mg == 84


# Plans


def test_a_session_is_planned_once_and_moved_and_cancelled(session, order, nurse, person, prescriber, time):
    again = planning.plan(order, planned_at=START, chair="1", actor=nurse, once=session.once)
    assert again == session
    other = orders.write(person(), protocol="esketamine-us", phase="induction", dose_mg=56, actor=prescriber)

    def plan(order, at, chair="1"):
        return planning.plan(order, planned_at=at, chair=chair, actor=nurse, once=once())

    hour = dt.timedelta(hours=1)
    refused(lambda: plan(order, START + 5 * hour), "a session on that day already")
    refused(lambda: plan(other, START + hour), "Chair 1 is taken")
    refused(lambda: plan(other, START - 24 * hour), "lies in the past")
    assert plan(other, START + 2 * hour).chair == "1"
    page = once()
    for _twice in range(2):
        planning.move(session, planned_at=START + 24 * hour, chair="2", actor=nurse, once=page)
    assert sheets.of(session).chair == "2"
    planning.cancel(session, by="patient", note="has a cold", actor=nurse, once=once())
    sheet = sheets.of(session)
    assert sheet.is_cancelled
    assert sheet.due() == []
    refused(lambda: running.take_reading(session, a_reading("before"), actor=nurse, once=once()), "is cancelled")
    assert plan(order, START + 24 * hour, "2").order == order


def test_no_session_is_planned_and_no_dose_given_by_an_ended_order(ready, order, nurse, prescriber, lot, time):
    orders.end(order, ended_for="no response", reason="", actor=prescriber)
    at = START + dt.timedelta(days=3)
    refused(lambda: planning.plan(order, planned_at=at, chair="", actor=nurse, once=once()), "is ended")
    refused(lambda: give(ready, nurse, lot), "The order is ended")


def test_a_time_that_daylight_saving_leaves_out_is_refused(home):
    with pytest.raises(Refused, match="does not exist"):
        planning.moment(dt.date(2026, 3, 8), dt.time(2, 30), home.zone)
    twice = planning.moment(dt.date(2026, 11, 1), dt.time(1, 30), home.zone)
    assert twice.astimezone(dt.UTC).hour == 5


# Doses


def test_a_dose_takes_its_device_from_the_stock_in_one_transaction(ready, nurse, lot, time):
    page = once()
    first = give(ready, nurse, lot, once=page)
    assert give(ready, nurse, lot, once=page) == first
    assert ledger.on_hand(lot) == 2
    refused(lambda: give(ready, nurse, lot), "5 minutes between two devices", "Say why")
    time.go(5)
    give(ready, nurse, lot)
    time.go(5)
    refused(lambda: give(ready, nurse, lot), "56 mg is given already")
    sheet = sheets.of(ready)
    assert sheet.mg == 56
    assert [dose.devices[0].lot_number for dose in sheet.doses] == ["A1", "A1"]
    second_one = sheet.doses[1].entry
    dosing.take_back(ready, second_one.entry, seen=1, reason="the device was empty", actor=nurse, once=once())
    assert ledger.on_hand(lot) == 2
    assert sheets.of(ready).mg == 28


@pytest.mark.parametrize("case", ["used up", "recalled", "another product"])
def test_a_lot_that_cannot_be_used_undoes_the_dose(ready, nurse, lot, home, time, case):
    if case == "used up":
        ledger.add_line(lot, "waste", -3, nurse, once())
    elif case == "recalled":
        stock_entries.recall(lot.pk, actor=nurse, note="letter of the maker", once=once())
    else:
        lot = Lot.objects.create(
            clinic=home,
            treatment="ketamine",
            route="injection",
            lot_number="K1",
            mg_per_device=500,
            expires=dt.date(2027, 1, 31),
            actor=nurse.name,
            at=time.wall,
        )
        ledger.add_line(lot, "receipt", 3, nurse, once())
    message = refused(lambda: give(ready, nurse, lot), "Nothing was booked", kind=ledger.Refused)
    assert {"used up": "0 devices", "recalled": "is recalled", "another product": "is "}[case] in message
    assert not sheets.of(ready).is_given
    time.go(1)
    assert give(ready, nurse).content["devices"][0]["lot_number"] == "B7"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"unit": "mL"}, "is written in mg"),
        ({"mg": 0.028, "unit": "g"}, "is written in mg"),
        ({"mg": 28000.0}, "Check the dose and its unit"),
        ({"mg": 56.0}, "given as 28 mg at a time"),
        ({"lot_number": ""}, "The lot"),
    ],
)
def test_a_dose_in_another_unit_or_of_another_size_is_refused(ready, nurse, given, words):
    refused(lambda: give(ready, nurse, **given), words)


def test_what_was_typed_as_a_dose_is_read_with_its_unit():
    assert dosing.read_dose("28") == (28, "mg")
    assert dosing.read_dose(" 0,5 mL") == (0.5, "mL")
    assert dosing.read_dose("56mg") == (56, "mg")
    assert dosing.read_dose("28 µg") == (28, "µg")
    assert dosing.read_dose("two") == (None, "two")


def test_no_dose_before_every_check_is_answered_and_every_alert_is_read(session, nurse, lot, time):
    message = refused(lambda: give(session, nurse, lot), "Is the ride home arranged?", "blood pressure before the dose")
    assert "Say why" not in message
    answer_all(session, nurse, sheets.of(session).checks)
    running.take_reading(session, a_reading("before", 150, 85), actor=nurse, once=once())
    running.answer(session, "food", "no", seen=1, actor=nurse, once=once())
    alert = Alert.objects.create(
        person=session.person,
        clinic=session.clinic,
        tier="review",
        reason="same",
        instrument="phq-9",
        source=once(),
        actor="patient",
        at=time.wall,
        once=once(),
    )
    refused(lambda: give(session, nurse, lot), "1 answer about suicide or self-harm is not read yet")
    review.mark_read(alert, nurse)
    refused(lambda: give(session, nurse, lot), "No food for 2 hours? No.", "above 140 or 90", "Say why")
    made = give(session, nurse, lot, despite="the prescriber was asked and decided to give it")
    assert made.content["despite"].startswith("the prescriber")


def test_an_infusion_is_one_dose_of_what_was_ordered(person, prescriber, nurse, home, time):
    file = protocol_files.available()["ketamine-iv"]
    protocol_files.confirm(file, home, prescriber)
    order = orders.write(person(), protocol="ketamine-iv", phase="induction", dose_mg=42.5, actor=prescriber)
    session = planning.plan(order, planned_at=START, chair="2", actor=nurse, once=once())
    answer_all(session, nurse, sheets.of(session).checks)
    running.take_reading(session, a_reading("before"), actor=nurse, once=once())
    vials = Lot.objects.create(
        clinic=home,
        treatment="ketamine",
        route="injection",
        lot_number="K1",
        mg_per_device=500,
        expires=dt.date(2027, 1, 31),
        actor=nurse.name,
        at=time.wall,
    )
    ledger.add_line(vials, "receipt", 2, nurse, once())
    assert dosing.lots_for(sheets.of(session)) == [vials]
    refused(lambda: give(session, nurse, vials, mg=425.0), "The order is 42.5 mg")
    refused(lambda: give(session, nurse, vials, mg=28.0), "28 mg are less than the ordered 42.5 mg", "Say why")
    part = give(session, nurse, vials, mg=28.0, despite="stopped early: vomiting")
    assert "28 mg of the ordered 42.5 mg were given." in leaving.concerns(sheets.of(session))
    refused(lambda: give(session, nurse, vials, mg=14.5, despite="the rest"), "is given already")
    dosing.take_back(session, part.entry, seen=1, reason="it was another patient's", actor=nurse, once=once())
    assert (ledger.on_hand(vials), ledger.remainder(vials)) == (2, 0)
    give(session, nurse, vials, mg=42.5)
    sheet = sheets.of(session)
    assert sheet.mg == 42.5
    assert (ledger.on_hand(vials), ledger.remainder(vials)) == (1, 457.5)
    assert [one.key for one in sheet.due() if one.key.startswith("reading")] == [
        "reading before",
        "reading 20",
        "reading 40",
        "reading end",
    ]


# Readings, checks and adverse events


def test_a_reading_typed_twice_is_one_and_a_second_one_of_the_moment_is_told(ready, nurse, actor, time):
    page, colleague = once(), actor("nurse")
    first = running.take_reading(ready, a_reading("other", 130, 85), actor=nurse, once=page)
    assert running.take_reading(ready, a_reading("other", 130, 85), actor=nurse, once=page) == first
    refused(lambda: running.take_reading(ready, a_reading("40"), actor=nurse, once=once()), "No dose was given yet")
    give(ready, nurse)
    time.go(25)
    early = a_reading("40", 150, 95)
    refused(
        lambda: running.take_reading(ready, early, actor=nurse, once=once()),
        "Only 25 minutes since the first dose: this is not the reading at 40 minutes",
        kind=Conflict,
    )
    refused(lambda: running.take_reading(ready, a_reading("7"), actor=nurse, once=once()), "no such reading")
    time.go(15)
    taken = running.take_reading(ready, a_reading("40", 150, 95), actor=nurse, once=once())
    assert running.take_reading(ready, a_reading("40", 150, 95), actor=colleague, once=once()) == taken
    refused(
        lambda: running.take_reading(ready, a_reading("40", 145, 90), actor=colleague, once=once()),
        "Test Nurse entered this reading at 09:40: 150/95",
        "not saved",
        kind=Conflict,
    )
    running.take_reading(ready, a_reading("other", 145, 90), actor=colleague, once=once())
    assert [reading.moment for reading in sheets.of(ready).readings] == ["before", "other", "40", "other"]


def test_impossible_readings_are_told_all_at_once_and_a_correction_needs_a_reason(ready, nurse):
    wrong = a_reading("other", pulse=7, sedation=9)
    refused(lambda: running.take_reading(ready, wrong, actor=nurse, once=once()), "The pulse", "The sedation")
    entry = sheets.of(ready).reading("before").entry.entry

    def correct(content, reason="typed wrong", seen=1):
        same = {"seen": seen, "reason": reason, "actor": nurse, "once": once()}
        return running.correct_reading(ready, entry, content, **same)

    refused(lambda: correct(a_reading("end", 125), reason=""), "Say why it is corrected")
    corrected = correct(a_reading("end", 125))
    assert (corrected.content["moment"], corrected.content["systolic"]) == ("before", 125)
    refused(lambda: correct(a_reading("end", 126)), "entered this at", kind=Conflict)
    running.strike(ready, entry, seen=2, reason="another person's", actor=nurse, once=once())
    assert sheets.of(ready).reading("before") is None
    refused(lambda: correct(a_reading("end", 127), seen=3), "is not there any more")


def test_two_nurses_at_one_check_do_not_overwrite_each_other(session, nurse, actor):
    colleague = actor("nurse")
    first = running.answer(session, "ride", "yes", actor=nurse, once=once())
    assert running.answer(session, "ride", "yes", actor=colleague, once=once()) == first
    refused(
        lambda: running.answer(session, "ride", "no", actor=colleague, once=once()), "entered this at", kind=Conflict
    )
    running.answer(session, "ride", "no", seen=1, actor=colleague, once=once())
    assert sheets.of(session).check("ride").answer == "no"
    refused(lambda: running.answer(session, "nothing", "no", actor=nurse, once=once()), "no such check")


def test_adverse_events_from_onset_to_resolution(ready, nurse, time):
    give(ready, nurse)
    running.answer(ready, forms.NO_ADVERSE_EVENT, "yes", actor=nurse, once=once())
    assert sheets.of(ready).denies_adverse_event
    time.go(30)
    made = running.begin_event(ready, "Nausea", minutes_ago=10, actor=nurse, once=once())
    (event,) = sheets.of(ready).adverse_events
    assert event.onset_at == START + dt.timedelta(minutes=20)
    assert not sheets.of(ready).denies_adverse_event
    assert any("Nausea: serious or not?" in words for words in signing.blanks(sheets.of(ready)))
    running.change_event(ready, made.entry, seen=1, serious=False, actor=nurse, once=once())
    refused(
        lambda: running.change_event(ready, made.entry, seen=1, resolved_now=True, actor=nurse, once=once()),
        "entered this at",
        kind=Conflict,
    )
    time.go(15)
    running.change_event(ready, made.entry, seen=2, resolved_now=True, actor=nurse, once=once())
    (event,) = sheets.of(ready).adverse_events
    assert event.serious is False
    assert event.resolved_at == START + dt.timedelta(minutes=45)
    assert running.open_events(sheets.of(ready)) == []
    refused(
        lambda: running.answer(ready, forms.NO_ADVERSE_EVENT, "yes", seen=2, actor=nurse, once=once()),
        "An adverse event is entered",
    )
    refused(lambda: running.begin_event(ready, "Dizziness", minutes_ago=-3, actor=nurse, once=once()), "onset")


def test_answers_of_the_last_session_and_drugs_of_the_history_are_shown_and_not_taken_over(
    ready, order, nurse, prescriber, time
):
    running.answer(ready, "psychostimulant", "yes", seen=1, actor=nurse, once=once())
    running.answer(ready, "ride", "yes", actor=nurse, once=once())
    run_to_the_end(ready, nurse, time)
    person = order.person
    for content in (
        {"drug": "alprazolam", "ingredient": "alprazolam", "start": "2026-01"},
        {"drug": "lorazepam", "ingredient": "lorazepam", "start": "2026-01", "stop": "2026-03"},
        {"drug": "phenelzine", "ingredient": "phenelzine", "had": "don't know"},
    ):
        kind = "medicine"
        lines.add(person, kind, content, actor=prescriber, state="reported", origin="patient")
    time.go(3 * 24 * 60)
    following = planning.plan(order, planned_at=time.wall, chair="1", actor=nurse, once=once())
    sheet = sheets.of(following)
    assert {check.answer for check in sheet.checks} == {None}
    shown = carried.shown_beside(sheet)
    assert (shown["psychostimulant"].answer, shown["cns-depressant"].answer, shown["ride"].answer) == ("yes", "no", "")
    assert shown["cns-depressant"].medicines == ("alprazolam, reported, no end recorded",)
    assert shown["mao-inhibitor"].medicines == ("phenelzine, not known whether taken, no end recorded",)
    running.answer(following, "psychostimulant", "yes", carried=True, actor=nurse, once=once())
    check = sheets.of(following).check("psychostimulant")
    assert check.carried
    assert check.confirmed


# Leaving and signing


def test_nobody_leaves_early_without_a_reason_and_a_second_name(ready, nurse, actor, user, time):
    give(ready, nurse)
    time.go(60)
    colleague = user("prescriber", first_name="Second", last_name="Name")

    def leave(**given):
        return leaving.leave(ready, **{"actor": nurse, "once": once()} | given)

    refused(leave, "Only 60 minutes since the first dose", "asks for 120", "28 mg of the ordered 56 mg", "Say why")
    reason = "was taken to the emergency department"
    refused(lambda: leave(reason=reason), "Choose the second member of staff")
    refused(lambda: leave(reason=reason, second_user=nurse.user_id, secret=PASSWORD), "Choose the second")
    office = user("office")
    refused(lambda: leave(reason=reason, second_user=office.pk, secret=PASSWORD), "Choose the second")
    refused(lambda: leave(reason=reason, second_user=colleague.pk, secret="wrong"), "Second Name")
    made = leave(reason=reason, second_user=colleague.pk, secret=PASSWORD)
    assert made.content["second_name"] == "Second Name"
    assert sheets.of(ready).departure.second_name == "Second Name"
    assert leave(once=once()) == made


def test_wrong_passwords_of_a_second_name_close_it_for_a_while(user, nurse, person, monkeypatch):
    colleague = user("nurse")
    for _try in range(witness.MOST_TRIES):
        with pytest.raises(Refused, match="not the password"):
            second.confirm(nurse, colleague.pk, "wrong", person())
    with pytest.raises(Refused, match="Too many"):
        second.confirm(nurse, colleague.pk, PASSWORD, person())
    cache.clear()
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.validate_totp_code", lambda secret, code: code == "12345678")
    assert second.confirm(nurse, colleague.pk, "1234 5678", person()) == colleague
    with pytest.raises(Refused, match="not the password"):
        second.confirm(nurse, colleague.pk, "12345678", person())


def test_a_clock_that_was_set_back_over_a_restart_needs_a_reason_too(ready, nurse, time, monkeypatch):
    give(ready, nurse)
    monkeypatch.setattr(clock, "now", lambda: clock.Stamp(START - dt.timedelta(hours=1), "another start", 5.0))
    refused(lambda: leaving.leave(ready, actor=nurse, once=once()), "clock of this machine was set back")


def test_a_sheet_is_signed_as_it_was_shown_and_then_only_amended(ready, nurse, actor, lot, time):
    blank = sheets.of(ready)
    refused(lambda: signing.sign(ready, seen=blank.digest, actor=nurse, once=once()), "No dose is entered")
    run_to_the_end(ready, nurse, time, lot)
    shown = sheets.of(ready)
    assert signing.blanks(shown) == []
    assert shown.minutes == 125
    running.begin_event(ready, "Headache", actor=actor("nurse"), once=once())
    refused(
        lambda: signing.sign(ready, seen=shown.digest, actor=nurse, once=once()),
        "Something was entered since the page was shown",
        kind=Conflict,
    )
    now = sheets.of(ready)
    refused(lambda: signing.sign(ready, seen=now.digest, actor=nurse, once=once()), "Headache: serious or not?")
    event = now.adverse_events[0].entry
    running.change_event(ready, event.entry, seen=1, serious=False, actor=nurse, once=once())
    refused(lambda: signing.add_addendum(ready, "late", actor=nurse, once=once()), "not signed yet")
    page = once()
    signed = signing.sign(ready, seen=sheets.of(ready).digest, actor=nurse, once=page)
    assert signing.sign(ready, seen="", actor=nurse, once=page) == signed
    sheet = sheets.of(ready)
    assert sheet.signature.user.pk == nurse.user_id
    assert sheet.signature.seen == sheet.digest
    assert sheet.due() == []
    refused(lambda: running.answer(ready, "ride", "no", seen=1, actor=nurse, once=once()), "is signed")
    refused(lambda: signing.sign(ready, seen=sheet.digest, actor=nurse, once=once()), "signed already")
    signing.add_addendum(ready, "The companion called.", actor=nurse, once=once())
    assert [one.text for one in sheets.of(ready).addenda] == ["The companion called."]
    assert sheets.of(ready).signature.seen == sheets.of(ready).digest


def test_blanks_are_told_all_at_once_and_a_reading_that_was_not_taken_is_said(ready, nurse, time):
    give(ready, nurse)
    time.go(130)
    running.take_reading(
        ready, a_reading("end", spo2=None, respiratory_depression="not looked"), actor=nurse, once=once()
    )
    told = " ".join(signing.blanks(sheets.of(ready)))
    for words in (
        "Reading at 40 minutes: not entered",
        "Reading at the end: no oxygen saturation",
        "sedation, dissociation or breathing not looked at",
        "Not answered: Sedation over?",
        "nobody said that there was none",
        "has not left yet",
    ):
        assert words in told
    running.answer(ready, forms.NOT_TAKEN + "40", "yes", actor=nurse, once=once())
    assert "40 minutes" not in " ".join(signing.blanks(sheets.of(ready)))
    assert {one.key: one.state for one in sheets.of(ready).due()}["reading 40"] == "done"


def test_what_is_known_of_a_person_holds_for_the_sessions_of_everybody_merged_into_them(
    ready, order, nurse, person, prescriber, time
):
    survivor = person(given_name="Ben")
    order.person.merged_into = survivor
    order.person.save()
    ready = Session.objects.get(pk=ready.pk)
    assert sheets.of(ready).person == survivor
    Alert.objects.create(
        person=survivor,
        clinic=survivor.clinic,
        tier="review",
        reason="same",
        instrument="phq-9",
        source=once(),
        actor="patient",
        at=time.wall,
        once=once(),
    )
    refused(lambda: give(ready, nurse), "1 answer about suicide or self-harm is not read yet")
    other = orders.active(survivor)[0]
    assert other == order
    refused(
        lambda: planning.plan(other, planned_at=START + dt.timedelta(hours=6), chair="", actor=nurse, once=once()),
        "a session on that day already",
    )


def test_a_questionnaire_that_nobody_has_read_is_told_before_the_dose(ready, nurse, prescriber, lot):
    content = {"instrument": "phq-9", "day": START.date().isoformat(), "total": 12}
    answered = lines.add(ready.person, "score", content, actor=nurse, state="reported", origin="patient")
    told = "A questionnaire that the patient answered is not read yet."
    assert dosing.concerns(sheets.of(ready)) == [told]
    with pytest.raises(Refused, match="Say why"):
        dosing.give(ready, mg=28, unit="mg", lot=lot.pk, actor=nurse, once=once())
    lines.confirm(answered, prescriber)
    assert dosing.concerns(sheets.of(ready)) == []
    dosing.give(ready, mg=28, unit="mg", lot=lot.pk, actor=nurse, once=once())
