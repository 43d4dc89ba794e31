"""The inbox, an alert and its steps, the banner, hours and on call, and entering answers, as staff see and use them."""

from __future__ import annotations

import re
import uuid

import pytest
from django.utils import timezone

from stepwell.clinic.history import lines
from stepwell.clinic.history.models import Line
from stepwell.clinic.safety.alerts import after_answers
from stepwell.clinic.safety.models import Alert, Arrangement, Shift
from stepwell.clinic.safety.review import unread
from stepwell.clinic.safety.steps import add


@pytest.fixture
def ada(person):
    """A patient."""
    return person(phone="555-0101")


@pytest.fixture
def alert(ada, actor):
    """A first answer above zero."""
    how = {"source": uuid.uuid4(), "instrument": "phq-9", "answered_at": timezone.now(), "actor": actor("nurse")}
    return after_answers(ada, items={"9": 2.0}, **how)


@pytest.fixture
def where(ada, alert):
    """The address of the alert's page."""
    return f"/people/{ada.pk}/alerts/{alert.pk}/"


def whats(alert) -> list[str]:
    return list(alert.steps.order_by("number").values_list("what", flat=True))


def test_the_inbox_says_who_why_how_long_and_whose(sign_in, alert):
    page = sign_in("nurse").get("/inbox/").content.decode()
    for words in ("Doe, Ada", "first answer above zero", "PHQ-9, item 9 (self-harm): 2, more than half the days",
                  "0 min", "nobody has it yet", "to on call at", "starting value", "Nobody is on call now"):  # fmt: skip
        assert words in page, words
    assert "Nothing waits" in sign_in("nurse", clinic=None).get("/inbox/").content.decode() or alert


def test_every_page_of_those_who_may_handle_it_has_the_banner_and_no_other_page(sign_in, user, alert, where):
    for role in ("prescriber", "nurse"):
        for url in ("/people/", "/inbox/", "/account/second-factor/", where):
            assert "1 answer needs somebody now" in sign_in(role).get(url).content.decode(), (role, url)
    for role in ("office", "therapist", "administrator"):
        page = sign_in(role).get("/", follow=True).content.decode()
        assert "needs somebody" not in page
        assert "alerts-banner" not in page
        assert "needs somebody" not in sign_in(role).get("/inbox/banner/").content.decode()
    nurse = sign_in("nurse")
    assert "1 answer needs" in nurse.get("/inbox/banner/").content.decode()
    assert str(alert.pk) not in nurse.get("/people/").content.decode()


def test_the_banner_that_asks_again_keeps_nobody_signed_in(sign_in, settings):
    client = sign_in("nurse")
    client.get("/people/")
    session = client.session
    session["seen"] -= 10 * 60
    session.save()
    client.get("/inbox/banner/", headers={"X-Polled": "1"})
    assert client.session["seen"] == session["seen"]
    client.get("/people/")
    assert client.session["seen"] > session["seen"]


def test_it_is_taken_read_noted_and_closed_with_a_note(sign_in, alert, where, ada):
    client = sign_in("prescriber")
    client.post(f"{where}step/", {"what": "take", "seen": "0"})
    client.post(f"{where}step/", {"what": "read", "seen": "1"})
    assert unread(ada) == []
    assert client.post(f"{where}step/", {"what": "close", "seen": "2", "note": "  "}).status_code == 422
    assert client.post(f"{where}step/", {"what": "note", "seen": "2", "note": ""}).status_code == 422
    client.post(f"{where}step/", {"what": "note", "seen": "2", "note": "Called, no answer."})
    assert "1 answer needs" in client.get(where).content.decode()
    assert "needs somebody" not in sign_in("nurse").get(where).content.decode()
    client.post(f"{where}step/", {"what": "close", "seen": "3", "note": "Spoke; safety plan looked at."})
    assert whats(alert) == ["taken", "read", "note", "closed"]
    page = client.get(where).content.decode()
    assert "It is closed" in page
    assert "Spoke; safety plan looked at." in page
    assert "needs somebody" not in page
    assert "closed last" in client.get("/inbox/").content.decode()


def test_the_second_of_two_is_told_and_the_same_page_sent_twice_is_one_step(sign_in, alert, where):
    first, second = sign_in("nurse", last_name="First"), sign_in("prescriber", last_name="Second")
    for _ in range(2):
        assert first.post(f"{where}step/", {"what": "take", "seen": "0"}).status_code == 302
    assert "saved already" in first.get(where).content.decode()
    told = second.post(f"{where}step/", {"what": "take", "seen": "0"})
    assert told.status_code == 409
    assert "Test First did something first" in told.content.decode()
    assert "Take it over from Test First" in told.content.decode()
    told = second.post(f"{where}step/", {"what": "close", "seen": "0", "note": "my words"})
    assert told.status_code == 409
    assert "my words" in told.content.decode()
    second.post(f"{where}step/", {"what": "take", "seen": "1"})
    assert whats(alert) == ["taken", "taken"]


def test_a_closed_alert_takes_no_further_step(sign_in, alert, where, actor):
    add(alert, "closed", actor("nurse"), note="done")
    for what in ("take", "note", "close"):
        assert sign_in("nurse").post(f"{where}step/", {"what": what, "seen": "1", "note": "x"}).status_code == 409
    assert sign_in("nurse").post(f"{where}step/", {"what": "else", "seen": "1"}).status_code == 404


def test_an_alert_of_somebody_else_is_not_found(sign_in, alert, person):
    other = person(given_name="Ben")
    assert sign_in("nurse").get(f"/people/{other.pk}/alerts/{alert.pk}/").status_code == 404
    assert sign_in("nurse").post(f"/people/{other.pk}/alerts/{alert.pk}/step/", {"what": "take"}).status_code == 404


def test_the_hours_are_kept_as_versions_and_every_problem_is_told(sign_in):
    client = sign_in("prescriber")
    wrong = {"minutes": "0", "closed_on": "christmas", "from-0": "08:00", "from-1": "10:00", "to-1": "09:00"}
    told = client.post("/inbox/hours/", wrong)
    assert told.status_code == 422
    page = told.content.decode()
    for words in ("both times", "not after the first time", "2026-12-25", "greater than or equal to 1"):
        assert words in page, words
    right = {"minutes": "15", "closed_on": "2026-12-25, 2026-01-01", "from-0": "08:00", "to-0": "17:30"}
    assert client.post("/inbox/hours/", right).status_code == 302
    assert client.post("/inbox/hours/", right | {"minutes": "20"}).status_code == 302
    kept = Arrangement.objects.order_by("number")
    assert [(a.escalate_after_minutes, a.hours, a.closed_on) for a in kept] == [
        (n, {"0": [["08:00", "17:30"]]}, ["2026-01-01", "2026-12-25"]) for n in (15, 20)
    ]
    page = client.get("/inbox/hours/").content.decode()
    assert 'value="17:30"' in page
    assert "starting value" not in page


def test_a_shift_is_added_once_and_taken_out_and_only_of_who_may_handle_alerts(sign_in, user):
    client, nurse, office = sign_in("prescriber"), user("nurse", last_name="Caller"), user("office")
    page = client.get("/inbox/hours/").content.decode()
    once = re.search(r'name="once" value="([^"]*)"', page)[1]
    right = {"who": nurse.pk, "starts": "2026-10-31T20:00", "ends": "2026-11-29T08:00", "once": once}
    for _ in range(2):
        assert client.post("/inbox/on-call/", right).status_code == 302
    (kept,) = Shift.objects.all()
    # The clocks of New York go back in between: both ends are by the clock on the wall.
    assert (kept.starts.hour, kept.ends.hour) == (0, 13)
    assert client.post("/inbox/on-call/", right | {"who": office.pk}).status_code == 422
    assert client.post("/inbox/on-call/", right | {"ends": "2026-10-31T19:00"}).status_code == 422
    assert client.post("/inbox/on-call/", right | {"ends": "2027-11-01T19:00"}).status_code == 422
    client.post("/inbox/on-call/", {"what": "out", "once": once})
    client.post("/inbox/on-call/", {"what": "out", "once": once})
    assert Shift.objects.filter(is_out=True).count() == 1


def test_staff_enter_the_screener_as_numbers_and_the_alert_follows(sign_in, ada):
    client, where = sign_in("nurse"), f"/people/{ada.pk}/alerts/enter/c-ssrs-screener/"
    page = client.get(where).content.decode()
    assert "Item 4 (intent)" in page
    today = timezone.localdate(timezone=ada.zone).isoformat()
    sent = {"once": re.search(r'name="once" value="([^"]*)"', page)[1], "day": today}
    assert "at least one answer" in client.post(where, sent).content.decode()
    wrong = client.post(where, sent | {"item-2": "0", "item-4": "1"})
    assert wrong.status_code == 422
    assert "is a no" in wrong.content.decode()
    right = sent | {"item-1": "1", "item-2": "1", "item-3": "0", "item-4": "1", "item-5": "none", "item-6": "0"}
    for _ in range(2):
        assert client.post(where, right).status_code == 302
    (line,) = Line.objects.all()
    assert (line.state, line.content["items"]["5"]) == ("confirmed", None)
    (made,) = Alert.objects.all()
    assert (made.tier, made.reason) == ("interrupt", "level")
    page = client.get(f"/people/{ada.pk}/alerts/").content.decode()
    assert "item 4 (intent): yes" in page
    assert "item 5 (plan)" not in page
    assert "item 4 (intent): yes" in client.get("/inbox/").content.decode()
    assert client.get(f"/people/{ada.pk}/alerts/enter/gad-7/").status_code == 404


def test_a_typed_score_with_the_item_calls_and_a_scale_without_one_refuses_it(sign_in, ada):
    client, where = sign_in("office"), f"/people/{ada.pk}/history/add/score/"
    page = client.get(where).content.decode()
    today = timezone.localdate(timezone=ada.zone).isoformat()
    sent = {"once": re.search(r'name="once" value="([^"]*)"', page)[1], "day": today, "total": "14"}
    assert client.post(where, sent | {"instrument": "phq-9", "suicide_item": "5"}).status_code == 422
    assert client.post(where, sent | {"instrument": "gad-7", "suicide_item": "1"}).status_code == 422
    assert client.post(where, sent | {"instrument": "phq-9", "suicide_item": "1"}).status_code == 302
    assert Alert.objects.get().content["items"] == {"9": 1.0}
    line = lines.current(ada)[0]
    nurse = sign_in("nurse")
    page = nurse.get(f"/people/{ada.pk}/history/{line.line}/correct/").content.decode()
    assert re.search(r'name="suicide_item" value="1"', page)
    change = {"version": "1", "day": today, "total": "14", "instrument": "phq-9", "suicide_item": "2"}
    assert nurse.post(f"/people/{ada.pk}/history/{line.line}/correct/", change).status_code == 302
    assert Alert.objects.count() == 2
