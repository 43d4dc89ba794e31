"""When somebody reads the inbox, told to patients in their own time; and the clock that hands an alert on."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from stepwell.clinic.history import links
from stepwell.clinic.safety import hours, steps
from stepwell.clinic.safety.alerts import after_answers
from stepwell.clinic.safety.escalation import escalate_due
from stepwell.clinic.safety.inbox import cards
from stepwell.clinic.safety.models import Alert, Notice
from stepwell.clinic.safety.words import for_patient, waiting

NEW_YORK, HONOLULU = ZoneInfo("America/New_York"), ZoneInfo("Pacific/Honolulu")
WORKING = {str(day): [["08:00", "17:00"]] for day in range(5)}


def at(text: str, zone=NEW_YORK) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.fixture
def nurse(actor):
    """A nurse."""
    return actor("nurse")


@pytest.fixture
def working(home, nurse):
    """The clinic reads on weekdays from 8 to 17 o'clock, but not on 25 December 2026."""
    return hours.arrange(home, nurse, hours=WORKING, closed_on=["2026-12-25"], minutes=20)


def test_the_hours_are_those_of_the_clinic_and_closed_days_are_skipped(home, working):
    monday = hours.reading(home, at("2026-11-30T08:00"))
    assert (monday.is_now, monday.until) == (True, at("2026-11-30T17:00"))
    assert hours.reading(home, at("2026-11-30T07:59")).again == at("2026-11-30T08:00")
    friday = hours.reading(home, at("2026-11-27T17:00"))
    assert (friday.is_now, friday.again) == (False, at("2026-11-30T08:00"))
    assert hours.reading(home, at("2026-12-25T10:00")).again == at("2026-12-28T08:00")


def test_eight_o_clock_is_eight_o_clock_after_the_clocks_change(home, working):
    # In New York the clocks go back on 1 November 2026, and forward on 14 March 2027.
    autumn = hours.reading(home, at("2026-10-31T12:00")).again
    assert autumn.astimezone(dt.UTC) == dt.datetime(2026, 11, 2, 13, tzinfo=dt.UTC)
    spring = hours.reading(home, at("2027-03-13T12:00")).again
    assert spring.astimezone(dt.UTC) == dt.datetime(2027, 3, 15, 12, tzinfo=dt.UTC)


def test_patients_are_told_in_their_own_time_that_nobody_reads(home, working, nurse, user):
    said = for_patient(hours.reading(home, at("2026-11-28T12:00")), HONOLULU)
    assert "Nobody at the clinic is reading this now. Nobody reads it until Monday 30 November, 03:00" in said
    assert "on call" not in said
    hours.add_shift(home, nurse, user("prescriber"), at("2026-11-28T00:00"), at("2026-11-29T00:00"), uuid.uuid4())
    assert "Somebody is on call" in for_patient(hours.reading(home, at("2026-11-28T12:00")), HONOLULU)
    assert "until" in for_patient(hours.reading(home, at("2026-11-30T10:00")), HONOLULU)


def test_a_clinic_that_said_nothing_claims_nothing(home):
    said = for_patient(hours.reading(home, at("2026-11-30T10:00")), NEW_YORK)
    assert said == "Nobody at the clinic is reading this now. The clinic has not said when it reads answers."
    assert hours.minutes_of(home) == (30, False)


def test_a_patient_who_answers_above_zero_reads_who_reads(home, person, nurse):
    ada = person(time_zone="Pacific/Honolulu")
    _link, token = links.make_link(ada, nurse)
    phone = Client()
    phone.post(f"/i/{token}/", {"year": "1980", "month": "05", "day": "31"})
    from stepwell.clinic.history.models import Answer, Link

    for question, value in (("consent.agreed", "yes"), ("phq-9.9", "2")):
        Answer.objects.create(
            link=Link.objects.get(), person=ada, intake=Link.objects.get().intake, questions="x", question=question,
            value={"value": value}, at=timezone.now(), once=uuid.uuid4(),
        )  # fmt: skip
    page = phone.get("/intake/", follow=True).content.decode()
    assert "Nobody at the clinic is reading this now. The clinic has not said when it reads answers." in page
    assert page.count("988") > 2


def raised(ada, nurse, minutes_ago: float) -> Alert:
    how = {"source": uuid.uuid4(), "instrument": "phq-9", "answered_at": timezone.now(), "actor": nurse}
    made = after_answers(ada, items={"9": 2.0}, **how)
    made.at = timezone.now() - dt.timedelta(minutes=minutes_ago)
    return made


def test_an_alert_that_nobody_took_goes_to_who_is_on_call_once_and_to_the_next_when_the_shift_changes(
    home, person, nurse, user, working
):
    now = timezone.now()
    alert = raised(person(), nurse, 0)
    first, second = user("prescriber", last_name="First"), user("prescriber", last_name="Second")
    hour = dt.timedelta(hours=1)
    hours.add_shift(home, nurse, first, now, now + hour, uuid.uuid4())
    hours.add_shift(home, nurse, second, now + hour, now + 2 * hour, uuid.uuid4())
    assert escalate_due(now + dt.timedelta(minutes=19)) == []
    assert [s.owner for s in escalate_due(now + dt.timedelta(minutes=21))] == [first]
    assert escalate_due(now + dt.timedelta(minutes=40)) == []
    assert [s.owner for s in escalate_due(now + dt.timedelta(minutes=70))] == [second]
    (card,) = cards(home)
    assert (card.is_escalated, card.is_taken, card.owner) == (True, False, second)
    steps.take(alert, nurse, seen=2)
    assert escalate_due(now + 5 * hour) == []
    assert cards(home)[0].owner.pk == nurse.user_id


def test_where_nobody_is_on_call_that_is_said_once_and_the_first_who_is_gets_it(home, person, nurse, user, working):
    raised(person(), nurse, 0)
    later = timezone.now() + dt.timedelta(minutes=25)
    assert [s.note for s in escalate_due(later)] == ["Nobody was on call."]
    assert escalate_due(later) == []
    who = user("nurse")
    hours.add_shift(home, nurse, who, timezone.now(), later + dt.timedelta(hours=1), uuid.uuid4())
    assert [s.owner for s in escalate_due(later)] == [who]


def test_the_worker_of_the_clinic_hands_alerts_on(home, person, nurse, working):
    from stepwell.clinic.measures import worker

    alert = raised(person(), nurse, 0)
    worker.tick(timezone.now() + dt.timedelta(minutes=21))
    assert [step.what for step in alert.steps.all()] == ["escalated"]


def test_who_is_on_call_is_told_by_a_message_without_a_name_and_again_where_it_failed(
    home, person, nurse, user, working, monkeypatch, tmp_path
):
    from django.conf import settings

    from stepwell.clinic.measures import on_call, worker

    alert, now, minute = raised(person(), nurse, 0), timezone.now(), dt.timedelta(minutes=1)
    who = user("prescriber")
    hours.add_shift(home, nurse, who, now, now + 600 * minute, uuid.uuid4())
    worker.tick(now + 21 * minute)
    (card,) = cards(home)
    assert "no e-mail address is known; phone them" in card.told
    who.email = "who@clinic.example"
    who.save()
    worker.tick(now + 22 * minute)
    assert "e-mail is not set up in clinic.toml; phone them" in cards(home)[0].told
    monkeypatch.setattr(settings, "DIRECTORY", replace(settings.DIRECTORY, message_folder=str(tmp_path / "out")))
    assert on_call.notify(now + 23 * minute) == 0
    assert on_call.notify(now + 30 * minute) == 1
    assert on_call.notify(now + 40 * minute) == 0
    (file,) = (tmp_path / "out").glob("*.json")
    text = file.read_text()
    assert "who@clinic.example" in text
    for word in ("Ada", "Doe", "suicide", "PHQ", str(alert.pk), "answer about"):
        assert word not in text
    assert cards(home)[0].told.startswith("e-mail sent at")
    assert [notice.outcome for notice in alert.steps.get().notices.all()] == ["begun", "failed", "begun", "sent"]


def test_nobody_is_told_of_an_alert_that_was_taken(home, person, nurse, user, working):
    from stepwell.clinic.measures import on_call

    alert, now = raised(person(), nurse, 0), timezone.now()
    hours.add_shift(
        home, nurse, user("nurse", email="n@clinic.example"), now, now + dt.timedelta(hours=9), uuid.uuid4()
    )
    later = now + dt.timedelta(minutes=25)
    escalate_due(later)
    steps.take(alert, nurse, seen=1)
    on_call.notify(later)
    assert Notice.objects.count() == 0


def test_what_waits_for_the_review_goes_to_nobody(home, person, nurse, working):
    ada = person()
    steps.close(raised(ada, nurse, 0), nurse, "Spoke.", seen=0)
    how = {"source": uuid.uuid4(), "instrument": "phq-9", "answered_at": timezone.now(), "actor": nurse}
    assert after_answers(ada, items={"9": 2.0}, **how).tier == "review"
    assert escalate_due(timezone.now() + dt.timedelta(days=3)) == []


def test_nobody_is_on_call_whose_account_has_ended(home, nurse, user):
    who, now = user("nurse"), timezone.now()
    made = hours.add_shift(home, nurse, who, now, now + dt.timedelta(hours=1), uuid.uuid4())
    assert hours.on_call(home, now) == who
    who.is_active = False
    who.save()
    assert hours.on_call(home, now) is None
    assert hours.take_out(home, nurse, made.shift)
    assert not hours.take_out(home, nurse, made.shift)


@pytest.mark.parametrize(("minutes", "said"), [(0, "0 min"), (59, "59 min"), (185, "3 h 05 min"), (2880, "2 days")])
def test_how_long_it_waits(minutes, said):
    now = timezone.now()
    assert waiting(now - dt.timedelta(minutes=minutes), now) == said
