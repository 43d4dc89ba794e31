"""The clinic's pages: asking, who is stuck, withdrawing, sending again, paper, scores, and what each role may see."""

from __future__ import annotations

import datetime as dt
import re
import uuid

import pytest
from clinic_sessions import a_device, a_session, an_entry, an_order
from django.utils import timezone

from stepwell.clinic.history import lines
from stepwell.clinic.history.answers import save
from stepwell.clinic.history.links import new_link
from stepwell.clinic.history.models import Answer
from stepwell.clinic.measures import finishing, library, outbox, requests, worker
from stepwell.clinic.measures.models import Contact, Message, Plan, Request, Response, ResponseLine, Withdrawal
from stepwell.clinic.measures.series import scores
from stepwell.clinic.safety.models import Alert


@pytest.fixture
def ada(person):
    return person(email="ada@example.org")


def page_of(person) -> str:
    return f"/people/{person.pk}/questionnaires/"


def once_of(client, where: str) -> str:
    return re.search(r'name="once" value="([^"]+)"', client.get(where).content.decode()).group(1)


def answered(request, values: list[str], patient) -> None:
    """Answers some items of the request as its patient."""
    form = library.questionnaires()[request.instrument]
    ends = timezone.now() + dt.timedelta(hours=1)
    link, _token = new_link(request.person, uuid.uuid4(), opens=outbox.OPENS, ends=ends)
    for value in values:
        page = form.next_page({(a.question, a.turn): a.value for a in Answer.objects.filter(intake=request.pk)})
        stand = requests.stand_of(request)
        save(
            link, page, {"value": value}, asked=request.pk, questions=form.name, once=uuid.uuid4(), seen=0,
            then=lambda answer, stand=stand: finishing.after_answer(stand, form, patient, "own device", answer),
        )  # fmt: skip


@pytest.fixture
def patient(ada, home):
    from stepwell.clinic.access.policy import Actor, Role

    return Actor(Role.PATIENT, home.pk, person_id=ada.pk, link_id="1")


def test_asking_is_once_and_tells_what_is_not_asked_again(sign_in, ada):
    office = sign_in("office")
    where = page_of(ada)
    assert "Nothing was asked yet" in office.get(where).content.decode()
    office.post(where, {"what": "contact", "channel": "email"})
    assert Contact.objects.get().channel == "email"
    sent = {"what": "ask", "how": "send", "instrument": ["phq-9", "gad-7"], "once": once_of(office, where)}
    office.post(where, sent)
    office.post(where, sent)  # the same page twice
    assert Request.objects.count() == 2
    assert Message.objects.count() == 1
    told = office.post(where, sent | {"once": str(uuid.uuid4())}, follow=True).content.decode()
    assert told.count("It is not asked again") == 2
    assert (
        "Choose at least one"
        in office.post(where, {"what": "ask", "once": str(uuid.uuid4())}, follow=True).content.decode()
    )
    office.post(where, {"what": "plan", "schedule": "treatment", "on": "1"})
    office.post(where, {"what": "plan", "schedule": "treatment", "on": "1"})
    assert Plan.objects.count() == 1
    assert "on since" in office.get(where).content.decode()
    assert office.post(where, {"what": "plan", "schedule": "none such", "on": "1"}).status_code == 404
    assert office.post(where, {"what": "nothing"}).status_code == 404


def test_who_is_stuck_is_listed_with_why_and_what_to_do(sign_in, ada, person, actor, patient, monkeypatch):
    nurse_actor, nurse = actor("nurse"), sign_in("nurse")
    assert "Nobody is stuck" in nurse.get("/questionnaires/").content.decode()
    monkeypatch.setattr(outbox, "EARLIEST", dt.time(0))
    monkeypatch.setattr(outbox, "LATEST", dt.time.max)
    outbox.set_contact(ada, "email", nurse_actor)
    sent, begun = (requests.ask(ada, name, nurse_actor, once=name) for name in ("phq-9", "gad-7"))
    outbox.queue(ada, [sent, begun], "due", once="m", not_before=timezone.now())
    requests.ask(person(given_name="Ben"), "phq-9", nurse_actor, once="ben")
    answered(begun, ["1", "1"], patient)
    worker.tick()
    page = nurse.get("/questionnaires/").content.decode()
    for words in ("Cannot be sent", "<strong>E-mail is not set up in clinic.toml", "Begun and not finished", "2 answers",
                  "No way to reach them", "<strong>Nobody has asked how to reach this person"):  # fmt: skip
        assert words in page, words
    assert "ada@example.org" not in page
    again = {"what": "again", "asked": [str(sent.pk), "no id"], "once": once_of(nurse, "/questionnaires/")}
    nurse.post(page_of(ada), again)
    nurse.post(page_of(ada), again)
    assert [m.requests.get() for m in Message.objects.filter(why="again")] == [sent]
    # Taken over: what there is becomes a score without a total.
    act = f"{page_of(ada)}{begun.pk}/"
    assert "Taken over" in nurse.post(act, {"what": "take over", "back": "clinic"}, follow=True).content.decode()
    assert [(s.total, s.items) for s in scores(ada, "gad-7")] == [(None, {"1": 1.0, "2": 1.0})]
    assert "nothing to take over" in nurse.post(act, {"what": "take over"}, follow=True).content.decode()


def test_a_request_is_withdrawn_with_a_reason_and_sent_again(sign_in, ada, actor):
    nurse = sign_in("nurse")
    asked = requests.ask(ada, "phq-9", actor("nurse"), once="1")
    act = f"{page_of(ada)}{asked.pk}/"
    assert "write why" in nurse.post(act, {"what": "withdraw", "reason": " "}, follow=True).content.decode()
    nurse.post(act, {"what": "again"})
    assert Message.objects.get().why == "again"
    nurse.post(act, {"what": "withdraw", "reason": "was asked by mistake"})
    told = nurse.post(act, {"what": "withdraw", "reason": "twice"}, follow=True).content.decode()
    assert "finished or withdrawn already" in told
    assert Withdrawal.objects.get().reason == "was asked by mistake"
    assert "was asked by mistake" in told
    nurse.post(act, {"what": "again"})  # a closed one is asked anew
    assert Request.objects.count() == 2
    assert nurse.post(act, {"what": "nothing"}).status_code == 404
    assert nurse.post(f"{page_of(ada)}{uuid.uuid4()}/", {"what": "again"}).status_code == 404


def test_answers_that_came_too_late_wait_for_staff(sign_in, ada, actor, patient):
    nurse = sign_in("nurse")
    asked = requests.ask(ada, "phq-9", actor("nurse"), once="1")
    answered(asked, list("11111111"), patient)
    requests.withdraw(asked, actor("nurse"), "x")
    answered(asked, ["0"], patient)
    assert Response.objects.get().closed == "withdrawn"
    assert scores(ada, "phq-9") == []
    assert "Answered after it was closed" in nurse.get("/questionnaires/").content.decode()
    nurse.post(f"{page_of(ada)}{asked.pk}/", {"what": "take over"})
    assert [s.total for s in scores(ada, "phq-9")] == [8.0]
    assert "Answered after it was closed" not in nurse.get("/questionnaires/").content.decode()


def test_paper_is_typed_in_with_every_problem_at_once_and_item_9_alerts(sign_in, ada):
    office, where = sign_in("office"), f"{page_of(ada)}paper/phq-9/"
    today = timezone.localdate(timezone=ada.zone)
    wrong = {"once": once_of(office, where), "day": str(today + dt.timedelta(days=3)), "item-1": "7", "item-2": "x"}
    told = office.post(where, wrong)
    assert told.status_code == 422
    assert told.content.decode().count("a whole number from 0 to 3") == 2
    assert "lies in the future" in told.content.decode()
    assert Request.objects.count() == 0
    right = {"once": wrong["once"], "day": str(today)} | {f"item-{n}": "1" for n in range(1, 10)}
    assert "another total" in office.post(where, right | {"total": "20"}).content.decode()
    assert office.post(where, right | {"total": "9"}).status_code == 302
    assert "saved already" in office.post(where, right, follow=True).content.decode()
    (score,) = scores(ada, "phq-9")
    assert (score.total, score.line.state, score.line.origin) == (9.0, "reported", "clinician")
    assert Response.objects.get().how == "paper"
    assert Alert.objects.get().source == Request.objects.get().pk
    # An empty field is never zero, and a nurse's line is confirmed; only a total is enough.
    nurse, where = sign_in("nurse"), f"{page_of(ada)}paper/qids-sr16/"
    half = {"once": once_of(nurse, where), "day": "2026-01-05"} | {f"item-{n}": "1" for n in range(1, 6)}
    nurse.post(where, half)
    (score,) = scores(ada, "qids-sr16")
    assert (score.total, score.items["6"], score.line.state) == (None, None, "confirmed")
    nurse.post(where, {"once": once_of(nurse, where), "day": "2026-02-05", "total": "12"})
    assert [s.total for s in scores(ada, "qids-sr16")] == [None, 12.0]
    assert sign_in("nurse").get(f"{page_of(ada)}paper/own-questions/").status_code == 404


def test_paper_finishes_what_is_open(sign_in, ada, actor):
    asked = requests.ask(ada, "gad-7", actor("nurse"), once="1")
    office, where = sign_in("office"), f"{page_of(ada)}paper/gad-7/"
    day = str(timezone.localdate(timezone=ada.zone))
    office.post(where, {"once": once_of(office, where), "day": day, **{f"item-{n}": "2" for n in range(1, 8)}})
    assert requests.stand_of(asked).state == "finished"
    assert Request.objects.count() == 1


def test_scores_are_drawn_with_doses_and_confirmed_once_read(sign_in, ada, actor, user, patient):
    therapist, nurse = sign_in("therapist"), sign_in("nurse")
    where = f"/people/{ada.pk}/scores/"
    assert "no score with a known day" in therapist.get(where).content.decode()
    for day, total in (("2026-11-01", 21.0), ("2026-11-20", 12.0)):
        content = {"instrument": "phq-9", "day": day, "total": total}
        lines.add(ada, "score", content, actor=actor("nurse"), state="confirmed", origin="clinician")
    asked = requests.ask(ada, "own-questions", actor("nurse"), once="1")
    answered(asked, list("7777777"), patient)
    session = a_session(an_order(ada, user("prescriber")))
    an_entry(session, "dose", a_device(session.order), minute=2)
    page = therapist.get(where).content.decode()
    assert page.count("<svg") == 8  # PHQ-9, and one for each of the clinic's own questions
    assert "21 on 2026-11-01; 12 on 2026-11-20" in page
    assert 'class="dose"' in page
    assert "remission" in page
    assert "style=" not in page
    assert "1 score from the patient was not read" in page
    assert "I have read them" not in page  # a therapist confirms nothing
    shown = re.findall(r'name="line" value="([^"]+)"', nurse.get(where).content.decode())
    nurse.post(f"{where}read/", {"line": shown})
    assert ResponseLine.objects.count() == 1
    assert {s.line.state for some in ("phq-9", "own-questions") for s in scores(ada, some)} == {"confirmed"}
    assert "was not read" not in nurse.get(where).content.decode()


def test_the_office_sees_that_it_was_answered_and_never_what(sign_in, ada, actor, patient):
    asked = requests.ask(ada, "phq-9", actor("nurse"), once="1")
    answered(asked, list("222222220"), patient)
    office = sign_in("office")
    page = office.get(page_of(ada)).content.decode()
    assert "Finished" in page
    without_days = re.sub(r"\d{1,2} [A-Z][a-z]{2}( \d{4})?|\d\d:\d\d|\d{4}-\d\d-\d\d", "", re.sub("<[^>]*>", " ", page))
    assert not re.search(r"\b16\b", without_days)
    assert office.get(f"/people/{ada.pk}/scores/").status_code == 404


def test_answering_at_the_desk_signs_the_member_of_staff_out(sign_in, ada, actor):
    requests.ask(ada, "phq-9", actor("nurse"), once="1")
    office = sign_in("office")
    link = office.post(page_of(ada), {"what": "here"}).headers["Location"]
    born = {"year": "1980", "month": "05", "day": "31"}
    assert office.post(link, born).headers["Location"] == "/questionnaire/"
    assert office.get("/people/").status_code in (302, 404)
    assert "Question 1 of 9" in office.get("/questionnaire/", follow=True).content.decode()
