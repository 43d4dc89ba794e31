"""What a sheet says of a visit: times by two clocks, what is due, corrections, sessions that are moved."""

from __future__ import annotations

import datetime as dt

import pytest
from clinic_sessions import BOOT, START, a_device, a_reading, a_session, an_entry, an_order
from django.db import DatabaseError, transaction

from stepwell.clinic.sessions import clock, forms, sheets
from stepwell.clinic.sessions.models import Entry


@pytest.fixture
def session(person, user):
    """A planned visit for 56 mg of esketamine."""
    return a_session(an_order(person(), user("prescriber")))


def at(minute, wall=None) -> clock.Stamp:
    return clock.Stamp(wall or START + dt.timedelta(minutes=minute), BOOT, 60.0 * minute)


def states(sheet, now) -> dict[str, str]:
    return {one.key: one.state for one in sheet.due(now)}


def test_a_session_from_the_plan_to_leaving(session):
    planned = sheets.of(session)
    assert states(planned, at(-24 * 60)) == {"checks": "waiting", "reading before": "waiting", "dose": "waiting"}
    assert states(planned, at(0)) == {"checks": "due", "reading before": "due", "dose": "waiting"}
    assert [check.answer for check in planned.checks] == [None] * 8
    for check in planned.checks:
        an_entry(session, "check", {"check": check.id, "answer": "yes"})
    an_entry(session, "reading", a_reading("before"), minute=1)
    assert states(sheets.of(session), at(2)) == {"checks": "done", "reading before": "done", "dose": "due"}

    an_entry(session, "dose", a_device(session.order), minute=2)
    sheet = sheets.of(session)
    assert sheet.first_dose_at == START + dt.timedelta(minutes=2)
    assert sheet.n_devices_ordered == 2
    assert states(sheet, at(6))["device 2"] == "waiting"
    assert states(sheet, at(7))["device 2"] == "due"
    an_entry(session, "dose", a_device(session.order), minute=7)
    sheet = sheets.of(session)
    assert sheet.mg == 56
    assert [dose.mg for dose in sheet.doses] == [28, 28]
    by_key = {one.key: one for one in sheet.due(at(10))}
    assert by_key["reading 40"].state == "waiting"
    assert by_key["reading 40"].at == START + dt.timedelta(minutes=42)
    assert [states(sheet, at(minute))["reading 40"] for minute in (41, 43, 52, 53)] == [
        "waiting",
        "due",
        "due",
        "overdue",
    ]
    an_entry(session, "reading", a_reading("40", 150, 92), minute=44)
    sheet = sheets.of(session)
    assert sheet.reading("40").systolic == 150
    assert states(sheet, at(121))["earliest end"] == "waiting"
    assert states(sheet, at(122))["earliest end"] == "due"
    assert states(sheet, at(121))["departure"] == "waiting"
    assert states(sheet, at(122))["departure"] == "due"
    an_entry(session, "departure", {"reason": ""}, minute=130)
    left = sheets.of(session)
    assert left.minutes == 128
    assert left.observed.by_monotonic
    assert left.departed_at == START + dt.timedelta(minutes=130)
    assert states(left, at(131))["signature"] == "due"
    assert states(left, at(24 * 60))["signature"] == "overdue"
    assert not left.is_signed
    assert left.clock_changes == []


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_wall_clock_that_is_set_in_a_session_changes_no_duration_and_is_said(session, hours):
    moved = dt.timedelta(hours=hours)
    an_entry(session, "dose", a_device(session.order), minute=0)
    an_entry(session, "reading", a_reading("40"), minute=41, wall=START + dt.timedelta(minutes=41) + moved)
    now = at(100, wall=START + dt.timedelta(minutes=100) + moved)
    sheet = sheets.of(session)
    leave = next(one for one in sheet.due(now) if one.key == "earliest end")
    assert leave.state == "waiting"
    assert leave.at == now.at + dt.timedelta(minutes=20)
    an_entry(session, "departure", {}, minute=125, wall=START + dt.timedelta(minutes=125) + moved)
    sheet = sheets.of(session)
    assert sheet.minutes == 125
    assert sheet.clock_changes == [moved]


def test_after_a_restart_of_the_machine_the_wall_clock_counts_and_a_time_that_runs_back_is_not_known(session):
    an_entry(session, "dose", a_device(session.order), minute=0)
    left = an_entry(session, "departure", {}, minute=1, boot="another", wall=START + dt.timedelta(minutes=130))
    sheet = sheets.of(session)
    assert sheet.minutes == 130
    assert not sheet.observed.by_monotonic
    an_entry(session, "departure", {"struck": True}, entry=left.entry, version=2)
    an_entry(session, "departure", {}, boot="another", wall=START - dt.timedelta(minutes=10))
    sheet = sheets.of(session)
    assert sheet.minutes is None
    assert sheet.clock_changes
    assert states(sheets.of(session), clock.Stamp(START - dt.timedelta(minutes=5), "third", 0.0))["reading 40"] == "due"


@pytest.mark.parametrize(
    "day", [dt.datetime(2026, 3, 8, 6, 0, tzinfo=dt.UTC), dt.datetime(2026, 11, 1, 5, 0, tzinfo=dt.UTC)]
)
def test_daylight_saving_in_the_middle_of_a_session_changes_no_duration(person, user, day):
    """1:00 in New York: an hour later the clock goes to 3:00 in spring, and shows 1:00 once more in autumn."""
    session = a_session(an_order(person(), user("prescriber")), planned_at=day)
    zone = session.clinic.zone
    an_entry(session, "dose", a_device(session.order), minute=0, wall=day)
    an_entry(session, "departure", {}, minute=125, wall=day + dt.timedelta(minutes=125))
    sheet = sheets.of(session)
    first, left = (moment.astimezone(zone).replace(tzinfo=None) for moment in (sheet.first_dose_at, sheet.departed_at))
    assert (left - first).total_seconds() / 60 in (65, 185)
    assert sheet.minutes == 125
    assert sheet.clock_changes == []


def test_a_correction_is_a_new_version_that_keeps_the_time_of_the_first(session):
    first = an_entry(session, "reading", a_reading("before", 210, 80), minute=1)
    before = sheets.of(session).digest
    an_entry(
        session, "reading", a_reading("before", 120, 80), minute=30, entry=first.entry, version=2, reason="typed wrong"
    )
    sheet = sheets.of(session)
    (reading,) = sheet.readings
    assert reading.systolic == 120
    assert reading.at == first.at
    assert reading.address.endswith("@2")
    assert sheet.digest != before
    an_entry(session, "reading", {"struck": True}, minute=31, entry=first.entry, version=3, reason="another person's")
    assert sheets.of(session).readings == ()
    assert Entry.objects.filter(entry=first.entry).count() == 3
    with pytest.raises(DatabaseError), transaction.atomic():
        Entry.objects.filter(pk=first.pk).update(content={})


def test_sessions_of_a_day_follow_the_clinics_zone_and_changes_of_the_plan(session, home):
    tomorrow = START + dt.timedelta(days=1)
    assert [sheet.session for sheet in sheets.of_day(home, START.date())] == [session]
    assert sheets.of_day(home, tomorrow.date()) == []
    change = {"day": "2026-12-01", "planned_at": tomorrow.isoformat(), "chair": "3"}
    an_entry(session, "planned change", change)
    assert sheets.of_day(home, START.date()) == []
    (sheet,) = sheets.of_day(home, tomorrow.date())
    assert (sheet.chair, sheet.planned_at, sheet.day) == ("3", tomorrow, dt.date(2026, 12, 1))


def test_the_order_of_a_sheet_is_the_latest_until_the_dose_and_then_that_of_the_dose(session, person, user):
    order = session.order
    later = an_order(order.person, order.user, order=order.order, version=2, dose_mg=84)
    assert sheets.of(session).order == later
    assert sheets.of(session).n_devices_ordered == 3
    an_entry(session, "dose", a_device(later))
    an_order(order.person, order.user, order=order.order, version=3, state="ended", ended_for="remission")
    assert sheets.of(session).order == later
    merged = person(merged_into=None)
    order.person.merged_into = merged
    order.person.save()
    assert [sheet.session for sheet in sheets.given(merged)] == [session]


def test_pregnancy_is_not_asked_of_men(person, user):
    session = a_session(an_order(person(sex="male"), user("prescriber")))
    assert sheets.of(session).check("pregnancy") is None
    assert sheets.of(session).check("ride") is not None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"systolic": 1200}, "systolic"),
        ({"systolic": 80, "diastolic": 120}, "diastolic"),
        ({"diastolic": None}, "diastolic"),
        ({"pulse": 7}, "pulse"),
        ({"spo2": 980}, "spo2"),
        ({"sedation": 6}, "sedation"),
        ({"dissociation": "some"}, "dissociation"),
        ({"moment": "later"}, "moment"),
        ({"pulse": "fast"}, "pulse"),
    ],
)
def test_impossible_readings_are_refused_by_field(changes, field):
    assert forms.check("reading", a_reading("before"))[1] == {}
    content, problems = forms.check("reading", a_reading("before") | changes)
    assert content is None
    assert set(problems) == {field}


def test_other_impossible_contents_are_refused(session):
    device = a_device(session.order)
    assert forms.check("dose", device)[1] == {}
    assert forms.check("dose", device | {"unit": "mL"})[1] == {"unit": "is not mg; write the dose in mg"}
    assert set(forms.check("dose", device | {"mg": 0, "devices": []})[1]) == {"mg", "devices"}
    event = {"what": "Nausea", "serious": False, "onset_at": START.isoformat()}
    assert forms.check("adverse event", event)[1] == {}
    before = (START - dt.timedelta(minutes=1)).isoformat()
    assert set(forms.check("adverse event", event | {"resolved_at": before})[1]) == {"resolved_at"}
    nothing = {"moment": "other"}
    assert set(forms.check("reading", nothing)[1]) == {"systolic"}


def test_the_clock_of_this_machine_goes_on():
    first = clock.now()
    later = clock.moment(first.at + dt.timedelta(minutes=40))
    assert round(clock.between(first, later).minutes, 2) == 40
    assert clock.between(first, later).by_monotonic
    assert clock.boot() == clock.boot() != ""
