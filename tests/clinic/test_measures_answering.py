"""A patient answers questionnaires: by a link, one question a page, with everything that can go wrong on the way."""

from __future__ import annotations

import datetime as dt
import re
import uuid

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from stepwell.clinic.history import lines, links
from stepwell.clinic.history.models import Answer
from stepwell.clinic.measures import outbox, requests
from stepwell.clinic.measures.models import Message, Request, Response, ResponseLine
from stepwell.clinic.measures.series import scores
from stepwell.clinic.safety.models import Alert

BORN = {"year": "1980", "month": "05", "day": "31"}


@pytest.fixture
def ada(person):
    """A patient, whose zone is nobody else's, and not a whole hour from any other."""
    return person(time_zone="Asia/Kathmandu")


@pytest.fixture
def ask(ada, actor):
    """Asks a questionnaire: `ask("phq-9")`."""
    nurse = actor("nurse")
    return lambda instrument: requests.ask(ada, instrument, nurse, once=str(uuid.uuid4()))


def opened(ada, is_kiosk=False) -> Client:
    """A browser in which the patient opened a new link."""
    ends = timezone.now() + dt.timedelta(days=4)
    _link, token = links.new_link(ada, uuid.uuid4(), opens=outbox.OPENS, ends=ends, is_kiosk=is_kiosk)
    client = Client()
    page = client.get(f"/i/{token}/").content.decode()
    assert "PHQ" not in page  # nothing about health before the birth date
    assert client.post(f"/i/{token}/", BORN).headers["Location"] == "/questionnaire/"
    return client


def shown(client) -> tuple[str, dict]:
    """The address of the next question, and what its page sends with the answer."""
    answer = client.get("/questionnaire/", follow=True)
    page = answer.content.decode()
    assert "988" in page
    assert "911" in page
    return answer.redirect_chain[-1][0], dict(re.findall(r'name="(once|seen)" value="([^"]*)"', page))


def say(client, **value) -> str:
    """Answers the next question, and returns which one it was."""
    where, hidden = shown(client)
    assert client.post(where, value | hidden).status_code == 302, where
    return "/".join(where.strip("/").split("/")[2:4])


def finish_phq(client, values="111111110") -> None:
    for value in values:
        say(client, value=value)


def test_each_answer_is_stored_at_once_and_the_last_one_makes_the_score(ada, ask):
    asked = ask("phq-9")
    phone = opened(ada)
    for n, value in enumerate("21111111", 1):
        assert say(phone, value=value) == f"phq-9/{n}"
        assert Answer.objects.filter(intake=asked.pk).count() == n
        assert requests.stand_of(asked).state == "started"
    at = Answer.objects.latest("number").at.astimezone(ada.zone)
    assert f"Saved {at:%H:%M}" in phone.get("/questionnaire/", follow=True).content.decode()
    assert Response.objects.count() == 0
    say(phone, value="0")
    (score,) = scores(ada, "phq-9")
    assert (score.total, score.items["1"], score.day) == (9.0, 2.0, at.date())
    assert (score.line.state, score.line.origin) == ("reported", "patient")
    assert ResponseLine.objects.get().line == score.line.line
    assert Response.objects.get().how == "own device"
    receipt = phone.get("/questionnaire/", follow=True).content.decode()
    done = Response.objects.get().at.astimezone(ada.zone)
    assert f"Saved {done:%H:%M}" in receipt
    assert Alert.objects.count() == 0


def test_item_9_alerts_at_once_asks_about_today_and_shows_the_crisis_text(ada, ask):
    ask("phq-9")
    phone = opened(ada)
    finish_phq(phone, "00000000")
    say(phone, value="1")
    alert = Alert.objects.get()  # before the questionnaire is finished
    assert (alert.tier, alert.reason) == ("interrupt", "first")
    page = phone.get("/questionnaire/", follow=True).content.decode()
    assert "You are not alone" in page
    assert "act on these thoughts today" in page
    assert Response.objects.count() == 0
    assert say(phone, value="yes") == "phq-9/safety"
    assert {a.reason for a in Alert.objects.all()} == {"first", "yes"}
    assert "You are not alone" in phone.get("/questionnaire/", follow=True).content.decode()
    assert "may act" in scores(ada, "phq-9")[0].line.content["note"].lower()


def test_an_answer_its_alert_and_its_score_are_stored_together_or_not_at_all(ada, ask, monkeypatch):
    asked = ask("phq-9")
    phone = opened(ada)
    finish_phq(phone, "11111111")
    where, hidden = shown(phone)

    def fails(*_args, **_kwargs):
        raise DatabaseError("the disk is full")

    phone.raise_request_exception = False
    with monkeypatch.context() as patched:
        patched.setattr("stepwell.clinic.measures.finishing._make_lines", fails)
        assert phone.post(where, {"value": "0", **hidden}).status_code == 500
    assert Answer.objects.filter(intake=asked.pk).count() == 8
    with monkeypatch.context() as patched:
        patched.setattr("stepwell.clinic.safety.alerts.store", fails)
        assert phone.post(where, {"value": "2", **hidden}).status_code == 500
    assert Answer.objects.filter(intake=asked.pk).count() == 8
    assert phone.post(where, {"value": "0", **hidden}).status_code == 302
    assert len(scores(ada, "phq-9")) == 1


def test_the_same_page_twice_is_one_answer_and_two_devices_overwrite_nothing(ada, ask):
    asked = ask("gad-7")
    phone, tablet = opened(ada), opened(ada, is_kiosk=True)
    where, first = shown(phone)
    _where, second = shown(tablet)
    assert phone.post(where, {"value": "1", **first}).status_code == 302
    again = phone.post(where, {"value": "1", **first}, follow=True).content.decode()
    assert "It is there once" in again
    told = tablet.post(where, {"value": "3", **second})
    assert told.status_code == 409
    assert "Several days" in told.content.decode()
    assert [a.value["value"] for a in Answer.objects.filter(intake=asked.pk)] == ["1"]
    # They go on together: the second device is led to the first question without an answer, and one of them finishes.
    for n in range(6):
        say((phone, tablet)[n % 2], value="1")
    assert Response.objects.count() == 1
    assert tablet.get("/questionnaire/", follow=True).redirect_chain[-1][0] == "/questionnaire/end/"
    finished = tablet.post(where, {"value": "3", **second}, follow=True).content.decode()
    assert "finished this questionnaire already" in finished
    assert len(scores(ada, "gad-7")) == 1


def test_a_lost_network_loses_nothing_and_a_new_link_goes_on(ada, ask):
    ask("phq-9")
    phone = opened(ada)
    for value in "121":
        say(phone, value=value)
    where, _hidden = shown(opened(ada))
    assert where.endswith("/phq-9/4/0/")
    back = opened(ada).get(where.replace("/4/", "/2/")).content.decode()
    assert re.search(r'value="2"\s+checked', back)


@pytest.mark.parametrize("how", ["withdrawn", "expired", "never begun"])
def test_an_answer_that_comes_too_late_is_kept_and_told_and_still_alerts(ada, ask, actor, how):
    asked = ask("phq-9")
    phone = opened(ada)
    if how != "never begun":
        finish_phq(phone, "00000000")
    where, hidden = shown(phone)
    if how == "withdrawn":
        requests.withdraw(asked, actor("nurse"), "entered by mistake")
    else:
        asked = _in_the_past(asked)
        where = re.sub(r"[0-9a-f-]{36}", str(asked.pk), where)
    assert phone.get(where).status_code == 410
    n = Answer.objects.filter(intake=asked.pk).count()
    told = phone.post(where, {"value": "1", **hidden}, follow=True).content.decode()
    assert Answer.objects.filter(intake=asked.pk).count() == n + 1
    if how == "never begun":
        assert "Your answer is kept" in told
        assert requests.stand_of(asked).state == "not finished"
        return
    assert Alert.objects.count() == 1
    assert "act on these thoughts today" in told
    where, hidden = phone.get(where.replace("/9/", "/safety/")).request["PATH_INFO"], hidden
    hidden = dict(re.findall(r'name="(once|seen)" value="([^"]*)"', phone.get(where).content.decode()))
    told = phone.post(where, {"value": "no", **hidden}, follow=True).content.decode()
    assert "Your answer is kept" in told
    assert requests.stand_of(asked).state == "late"
    assert scores(ada, "phq-9") == []  # no score until staff take it over


def _in_the_past(asked: Request) -> Request:
    """The same request and its answers as of ten days ago: rows are never changed, so they are made once more."""
    ago = dt.timedelta(days=10)
    fields = {f.name: getattr(asked, f.name) for f in Request._meta.fields if f.name != "id"}
    fields |= {"due_from": asked.due_from - ago, "due_to": asked.due_to - ago, "once": "old"}
    old = Request.objects.create(**fields)
    for one in list(Answer.objects.filter(intake=asked.pk)):
        fields = {f.name: getattr(one, f.name) for f in Answer._meta.fields if f.name != "number"}
        Answer.objects.create(**fields | {"intake": old.pk, "at": one.at - ago, "once": uuid.uuid4()})
    return old


def test_the_two_clocks_untouched_and_started(ada, ask):
    asked = ask("phq-9")
    hours = dt.timedelta(hours=1)
    assert requests.stand_of(asked, asked.due_to).state == "untouched"
    assert requests.stand_of(asked, asked.due_to + hours).state == "expired"
    say(opened(ada), value="1")
    begun = Answer.objects.get().at
    limit = begun + asked.hours_to_finish * hours
    assert requests.stand_of(asked, limit).state == "started"
    assert requests.stand_of(asked, limit + hours).state == "not finished"


def test_what_was_answered_today_or_is_open_is_not_asked_again(ada, ask, actor):
    assert ask("phq-9") is not None
    assert ask("phq-9") is None
    phone = opened(ada)
    finish_phq(phone)
    assert ask("phq-9") is None
    # A score that came in another way counts as well.
    day = timezone.localdate(timezone=ada.zone).isoformat()
    content = {"instrument": "gad-7", "day": day, "total": 7.0}
    lines.add(ada, "score", content, actor=actor("nurse"), state="confirmed", origin="clinician")
    assert ask("gad-7") is None


def test_a_kiosk_ends_with_the_device_given_back(ada, ask):
    ask("own-questions")
    tablet = opened(ada, is_kiosk=True)
    page = tablet.get("/questionnaire/", follow=True).content.decode()
    assert page.count('type="radio"') == 11
    say(tablet, value="7")
    say(tablet, dont_know="1")
    assert "give the device back" in tablet.post("/questionnaire/leave/").content.decode()
    assert tablet.get("/questionnaire/").status_code == 403


def test_several_questionnaires_are_asked_one_after_the_other_by_one_link(ada, ask):
    for name in ("own-questions", "gad-7", "phq-9"):
        ask(name)
    phone = opened(ada)
    finish_phq(phone)
    for _n in range(7):
        assert say(phone, value="1").startswith("gad-7/")
    for _n in range(7):
        assert say(phone, value="5").startswith("own-questions/")
    assert Response.objects.count() == 3
    assert phone.get("/questionnaire/end/").content.decode().count("Saved ") == 3


def test_another_patients_request_does_not_exist(ada, ask, person):
    asked = ask("phq-9")
    stranger = person(given_name="Ben")
    phone = opened(stranger)
    assert phone.get(f"/questionnaire/{asked.pk}/phq-9/1/0/").status_code == 404


def test_a_link_to_questionnaires_opens_nothing_else_and_an_intakes_link_no_questionnaire(ada, ask, actor):
    asked = ask("phq-9")
    phone = opened(ada)
    for where in ("/intake/", "/intake/end/", "/intake/consent/agreed/0/", "/my/page/"):
        assert phone.get(where).status_code == 404, where
    _link, token = links.make_link(ada, actor("nurse"))
    other = Client()
    other.post(f"/i/{token}/", BORN)
    assert other.get("/intake/").status_code == 302
    for where in ("/questionnaire/", "/questionnaire/end/", f"/questionnaire/{asked.pk}/phq-9/1/0/"):
        assert other.get(where).status_code == 404, where


def test_a_patient_asks_for_a_new_link_alone_once_and_a_stranger_learns_nothing(ada, ask):
    ask("phq-9")
    _link, token = links.new_link(ada, uuid.uuid4(), opens=outbox.OPENS, ends=timezone.now() + dt.timedelta(days=1))
    first = Client()
    first.post(f"/i/{token}/", BORN)
    closed = Client()
    assert "Send me a new link" in closed.get(f"/i/{token}/").content.decode()
    pages = {closed.post(f"/i/{which}/again/").content for which in (token, token, "no-such-token")}
    assert len(pages) == 1
    assert [m.why for m in Message.objects.all()] == ["new link"]
    # Three wrong birth dates close a link for good: whoever has it is not the patient.
    _link, second = links.new_link(ada, uuid.uuid4(), opens=outbox.OPENS, ends=timezone.now() + dt.timedelta(days=1))
    thief = Client()
    for _n in range(3):
        thief.post(f"/i/{second}/", BORN | {"year": "1990"})
    assert "Send me a new link" not in thief.get(f"/i/{second}/").content.decode()
    thief.post(f"/i/{second}/again/")
    assert Message.objects.count() == 1
