"""The intake as a patient walks it: links, one question a page, two tabs, double submits, and what becomes of the answers."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from stepwell.clinic.history import intake, lines, links
from stepwell.clinic.history.models import Answer, Line, Link
from stepwell.clinic.history.questionnaire import intake as questions

BORN = {"year": "1980", "month": "05", "day": "31"}


@pytest.fixture
def ada(person):
    """A patient."""
    return person()


@pytest.fixture
def link(ada, actor):
    """A new link of the patient, and its address."""
    made, token = links.make_link(ada, actor("office"))
    return made, f"/i/{token}/"


@pytest.fixture
def phone(link):
    """A browser in which the patient opened the link and gave the birth date."""
    client = Client()
    assert client.post(link[1], BORN).headers["Location"] == "/intake/"
    return client


def shown(client) -> tuple[str, dict]:
    """The address of the next question, and what its page sends with the answer."""
    answer = client.get("/intake/", follow=True)
    where = answer.redirect_chain[-1][0]
    hidden = dict(re.findall(r'name="(once|seen)" value="([^"]*)"', answer.content.decode()))
    return where, hidden


def say(client, **value) -> str:
    """Answers the next question, and returns which one it was."""
    where, hidden = shown(client)
    assert client.post(where, value | hidden).status_code == 302, where
    return where.removeprefix("/intake/").strip("/")


TRIAL = [
    {"q": "Zoloft", "ingredient": "sertraline"},
    {"value": "depression"},
    {"value": "no"},
    {"year": "2023", "month": "01", "day": "10"},
    {"year": "2023", "month": "05"},
    {"value": "150"},
    {"value": "little"},
    {"value": "20"},
    {"value": ["did not help", "side effects"]},
    {"value": "no"},
]


def test_the_whole_intake_becomes_lines_and_each_answer_is_stored_at_once(phone, ada, link):
    say(phone, value="yes")
    say(phone, value="yes")
    for n, value in enumerate(TRIAL, 1):
        say(phone, **value)
        assert Answer.objects.count() == n + 2
    n_unknown = 0
    while True:
        where, _hidden = shown(phone)
        if where == "/intake/end/":
            break
        if where == "/intake/phq-9/9/0/":
            say(phone, value="2")
            page = phone.get("/intake/", follow=True).content.decode()
            assert "You are not alone" in page
            assert page.count("988") > 2
        else:
            say(phone, dont_know="1")
            n_unknown += 1
    assert n_unknown == 40
    assert Line.objects.count() == 0
    assert phone.post("/intake/end/").status_code == 302
    by_kind = {}
    for line in lines.current(ada):
        by_kind.setdefault(line.kind, []).append(line.content)
        assert (line.state, line.origin, line.source[:6]) == ("reported", "patient", "Intake")
    (zoloft,) = by_kind["medication"]
    assert zoloft == {
        "drug": "Zoloft", "ingredient": "sertraline", "purpose": "depression", "start": "2023-01-10", "stop": "2023-05",
        "mg_per_day": 150.0, "improvement": "little", "improvement_pct": 20.0,
        "stop_reasons": ["did not help", "side effects"],
    }  # fmt: skip
    assert {c["had"] for c in by_kind["condition"]} == {"don't know"}
    phq = next(c for c in by_kind["score"] if c["instrument"] == "phq-9")
    assert phq["items"] == {**dict.fromkeys("12345678"), "9": 2.0}
    assert "total" not in phq
    assert "prefers not" in phq["note"]
    assert by_kind["consent"] == [{"document": questions().name, "agreed": True}]
    assert [a.question for a in intake.safety_answers(ada)] == ["phq-9.safety", "phq-9.9"]
    phone.post("/intake/end/")
    assert len(lines.current(ada)) == sum(map(len, by_kind.values()))
    assert phone.get("/intake/phq-9/9/0/").headers["Location"] == "/intake/end/"


def test_the_receipt_has_the_time_of_the_patients_own_zone(phone, ada):
    ada.time_zone = "Asia/Kathmandu"  # of no other page, and not a whole hour from any other
    ada.save()
    say(phone, value="yes")
    at = Answer.objects.latest("at").at.astimezone(ada.zone)
    assert f"Saved {at:%H:%M}" in phone.get("/intake/", follow=True).content.decode()


def test_a_link_opens_once_in_one_browser(link, phone):
    again = Client().get(link[1])
    assert again.status_code == 410
    assert "opened before" in again.content.decode()
    assert phone.get(link[1]).headers["Location"] == "/intake/"


def test_looking_at_a_link_does_not_use_it_up(link):
    assert Client().get(link[1]).status_code == 200
    assert Client().post(link[1], BORN).status_code == 302


def test_an_expired_link_is_told_and_the_next_one_goes_on(link, phone, ada, actor):
    say(phone, value="yes")
    later, token = links.make_link(ada, actor("nurse"))
    assert later.intake == link[0].intake
    Link.objects.filter(pk=later.pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    answer = Client().get(f"/i/{token}/")
    assert answer.status_code == 410
    assert "not opened in time" in answer.content.decode()
    _last, token = links.make_link(ada, actor("nurse"))
    tablet = Client()
    tablet.post(f"/i/{token}/", BORN)
    assert shown(tablet)[0] == "/intake/antidepressants/any/0/"


def test_three_wrong_birth_dates_close_the_link(link):
    client = Client()
    wrong = BORN | {"day": "30"}
    assert [client.post(link[1], wrong).status_code for _ in range(3)] == [422, 422, 410]
    assert client.post(link[1], BORN).status_code == 410
    assert client.get("/intake/").status_code == 403


def test_a_token_is_not_kept_and_an_unknown_one_opens_nothing(link):
    assert link[1].split("/")[2] not in str(list(Link.objects.values()))
    assert Client().get("/i/nothing/").status_code == 410


def test_the_same_page_sent_twice_is_one_answer(phone):
    where, hidden = shown(phone)
    for _ in range(2):
        assert phone.post(where, {"value": "yes"} | hidden).status_code == 302
    assert Answer.objects.count() == 1
    assert "saved already" in phone.get("/intake/", follow=True).content.decode()


def test_the_second_of_two_tabs_is_told_and_overwrites_nothing(phone):
    where, tab = shown(phone)
    _where, other = shown(phone)
    phone.post(where, {"value": "yes"} | tab)
    told = phone.post(where, {"value": "no"} | other)
    assert told.status_code == 409
    assert "another window" in told.content.decode()
    assert Answer.objects.get().value == {"value": "yes"}
    again = dict(re.findall(r'name="(once|seen)" value="([^"]*)"', told.content.decode()))
    assert phone.post(where, {"value": "no"} | again).status_code == 302
    assert [a.value["value"] for a in Answer.objects.all()] == ["yes", "no"]


def test_a_changed_answer_is_added_and_both_are_kept(phone):
    say(phone, value="yes")
    say(phone, value="no")
    page = phone.get("/intake/antidepressants/any/0/").content.decode()
    assert re.search(r'value="no" checked', page)
    hidden = dict(re.findall(r'name="(once|seen)" value="([^"]*)"', page))
    phone.post("/intake/antidepressants/any/0/", {"value": "yes"} | hidden)
    assert shown(phone)[0] == "/intake/antidepressants/drug/0/"
    assert Answer.objects.filter(question="antidepressants.any").count() == 2
    with pytest.raises(DatabaseError, match="append-only"):
        Answer.objects.update(turn=1)


def test_without_consent_nothing_more_is_asked(phone):
    say(phone, value="no")
    assert shown(phone)[0] == "/intake/end/"
    assert "Nothing more is asked" in phone.get("/intake/end/").content.decode()


WRONG = {
    "antidepressants/drug": [{"q": " "}, {"q": "x", "ingredient": "nostrum"}],
    "antidepressants/purpose": [{}, {"value": "fun"}],
    "antidepressants/start": [
        {"year": "2999"}, {"year": "1899"}, {"year": "1970"}, {"year": "2023", "month": "02", "day": "30"},
        {"year": "two"}, {"year": "2023", "day": "3"},
    ],
    "antidepressants/dose": [{"value": "0"}, {"value": "-5"}, {"value": "1e9"}, {"value": "a lot"}, {"value": "nan"}],
    "antidepressants/improvement_pct": [{"value": "101"}],
}  # fmt: skip


def test_impossible_answers_are_told_on_their_page_and_store_nothing(phone):
    say(phone, value="yes")
    say(phone, value="yes")
    for value in TRIAL:
        where, hidden = shown(phone)
        n = Answer.objects.count()
        for wrong in WRONG.get(where.removeprefix("/intake/")[: -len("/0/")], []):
            told = phone.post(where, wrong | hidden)
            assert told.status_code == 422, (where, wrong)
            assert 'role="alert"' in told.content.decode()
        assert Answer.objects.count() == n
        say(phone, **value)


def test_html_in_every_text_is_shown_as_text(phone, ada, sign_in):
    bad = "<script>alert(1)</script>"
    say(phone, value="yes")
    say(phone, value="yes")
    say(phone, q=bad)
    assert bad not in phone.get("/intake/antidepressants/drug/0/").content.decode()
    assert bad not in phone.get("/intake/end/").content.decode()
    assert Answer.objects.last().value["value"] == {"drug": bad, "ingredient": ""}
    intake.send(ada, Link.objects.get().intake, lines_actor(ada))
    (kept,) = [line for line in lines.current(ada) if line.kind == "medication"]
    assert kept.content == {"drug": bad}


def lines_actor(ada):
    """The patient as an actor."""
    from stepwell.clinic.access.policy import Actor, Role

    return Actor(Role.PATIENT, ada.clinic_id, person_id=ada.pk, link_id=str(Link.objects.get().pk))


def test_search_works_without_javascript_and_as_a_fragment(phone):
    say(phone, value="yes")
    say(phone, value="yes")
    where, _hidden = shown(phone)
    page = phone.get(where, {"q": "zolo"}).content.decode()
    assert "sertraline (Zoloft)" in page
    assert "<html" in page
    fragment = phone.get(where, {"q": "zolo"}, headers={"HX-Request": "true"}).content.decode()
    assert "sertraline (Zoloft)" in fragment
    assert "<html" not in fragment
    assert "not on our list" in phone.get(where, {"q": "nostrum"}).content.decode()


def test_leaving_keeps_everything_and_shuts_the_browser_out(phone):
    say(phone, value="yes")
    assert "saved" in phone.post("/intake/leave/").content.decode()
    assert phone.get("/intake/").status_code == 403
    assert Answer.objects.count() == 1


def test_the_desk_sees_what_is_stuck_and_takes_it_over_once(phone, ada, sign_in):
    say(phone, value="yes")
    desk, where = sign_in("office"), f"/people/{ada.pk}/intake/"
    page = desk.get(where).content.decode()
    assert "not sent yet" in page
    taken = {"intake": str(Link.objects.get().intake)}
    for _ in range(2):
        assert desk.post(f"{where}take-over/", taken).status_code == 302
    assert [line.kind for line in lines.current(ada)] == ["consent"]
    assert desk.post(f"{where}take-over/", {"intake": str(ada.pk)}).status_code == 404


def test_the_link_is_shown_once_and_the_kiosk_opens_it_here(ada, sign_in):
    desk, where = sign_in("nurse"), f"/people/{ada.pk}/intake/"
    page = desk.post(where, {"where": "phone"}).content.decode()
    assert re.search(r"http://testserver/i/[\w-]{40,}/", page)
    assert "/i/" not in desk.get(where).content.decode()
    kiosk = desk.post(where, {"where": "here"}).headers["Location"]
    assert desk.post(kiosk, BORN).status_code == 302
    assert desk.get("/people/").status_code in (302, 404)
    assert "front desk" in desk.post("/intake/leave/").content.decode()


def test_every_patient_page_begins_with_988_and_911(phone, link):
    for where in ("/intake/consent/agreed/0/", "/intake/end/", "/i/nothing/"):
        page = phone.get(where).content.decode()
        assert page.index("988") < page.index("<main"), where
        assert "911" in page


def test_no_patient_page_has_words_that_promise():
    for file in Path(intake.__file__).parent.rglob("*.html"):
        assert "cure" not in file.read_text("utf-8").lower()


def test_a_score_is_of_the_day_on_which_it_was_filled_in():
    from stepwell.clinic.history.intake_lines import contents_of

    first, later = dt.date(2026, 11, 2), dt.date(2026, 11, 9)
    answers = {("consent.agreed", 0): {"value": "yes"}, ("goals.text", 0): {"value": "work again"}}
    answers |= {(f"phq-9.{n}", 0): {"value": "2"} for n in range(1, 10)}
    days = {key: first if key[0].startswith("phq-9") else later for key in answers}
    made = dict(contents_of(questions(), answers, days))
    assert (made["score"]["day"], made["score"]["total"]) == ("2026-11-02", 18)
    assert made["goal"] == {"text": "work again"}
