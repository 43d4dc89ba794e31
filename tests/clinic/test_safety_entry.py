"""Every place where an answer about suicide can enter, and its alert: patients, staff, files, corrections."""

from __future__ import annotations

import datetime as dt
import re
import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from stepwell.clinic.history import intake, lines, links
from stepwell.clinic.history.answers import save
from stepwell.clinic.history.importing import contents_of_records
from stepwell.clinic.history.models import Answer, Line
from stepwell.clinic.history.questionnaire import Page
from stepwell.clinic.history.questionnaire import intake as questions
from stepwell.clinic.safety.alerts import after_answers
from stepwell.clinic.safety.models import Alert
from stepwell.clinic.safety.review import mark_read, unread
from stepwell.clinic.safety.steps import Refused, add, close

HOW = {"state": "reported", "origin": "clinician"}


@pytest.fixture
def ada(person):
    """A patient."""
    return person()


@pytest.fixture
def nurse(actor):
    """A nurse."""
    return actor("nurse")


def days_ago(n: int) -> str:
    return (timezone.localdate() - dt.timedelta(days=n)).isoformat()


def phq(value, day=None, **more) -> dict:
    return {"instrument": "phq-9", "items": {"9": value}} | ({"day": day} if day else {}) | more


def found() -> list[tuple[str, str]]:
    return [(alert.tier, alert.reason) for alert in Alert.objects.order_by("at")]


def say(link, question: str, value: dict) -> None:
    part = next(p for p in questions().parts if p.id == "phq-9")
    asked = next(q for q in questions()._questions(part) if q.id == question)
    last = Answer.objects.filter(intake=link.intake, question=f"phq-9.{question}").order_by("-number").first()
    how = {"asked": link.intake, "questions": questions().name, "seen": last.number if last else 0}
    save(link, Page(part, asked), value, once=uuid.uuid4(), **how)


def test_the_answer_of_an_intake_calls_before_it_is_sent_and_once_when_it_is_sent(ada, nurse):
    link, _token = links.make_link(ada, nurse)
    say(link, "9", {"value": "2"})
    assert found() == [("interrupt", "first")]
    say(link, "safety", {"value": "yes"})
    assert found() == [("interrupt", "first"), ("interrupt", "yes")]
    Answer.objects.create(
        link=link, person=ada, intake=link.intake, questions="x", question="consent.agreed", value={"value": "yes"},
        at=timezone.now(), once=uuid.uuid4(),
    )  # fmt: skip
    say(link, "1", {"value": "0"})
    assert [line.kind for line in intake.send(ada, link.intake, nurse)] == ["consent", "score"]
    assert len(found()) == 2


@pytest.mark.parametrize(
    ("value", "tier"), [({"value": "0"}, []), ({"value": None, "unknown": True}, [("review", "unanswered")])]
)
def test_zero_calls_nobody_and_no_answer_is_no_zero(ada, nurse, value, tier):
    link, _token = links.make_link(ada, nurse)
    say(link, "9", value)
    assert found() == tier


def test_a_no_to_the_question_that_follows_is_noted_and_closes_nothing(ada, nurse):
    link, _token = links.make_link(ada, nurse)
    say(link, "9", {"value": "2"})
    say(link, "safety", {"value": "no"})
    (alert,) = Alert.objects.all()
    assert [step.what for step in alert.steps.all()] == ["note"]
    say(link, "safety", {"value": None, "unknown": True})
    assert found()[1] == ("interrupt", "declined")


def test_a_patient_who_answers_in_the_browser_leaves_an_alert_with_the_answer(ada, nurse):
    _link, token = links.make_link(ada, nurse)
    phone = Client()
    phone.post(f"/i/{token}/", {"year": "1980", "month": "05", "day": "31"})
    while (where := phone.get("/intake/", follow=True).redirect_chain[-1][0]) != "/intake/phq-9/9/0/":
        page = phone.get(where).content.decode()
        hidden = dict(re.findall(r'name="(once|seen)" value="([^"]*)"', page))
        phone.post(where, hidden | ({"value": "yes"} if "consent" in where else {"dont_know": "1"}))
    assert found() == []
    hidden = dict(re.findall(r'name="(once|seen)" value="([^"]*)"', phone.get(where).content.decode()))
    for _ in range(2):
        assert phone.post(where, {"value": "1"} | hidden).status_code == 302
    assert found() == [("interrupt", "first")]
    assert Alert.objects.get().actor == f"patient {ada.pk}"


def test_a_failing_alert_leaves_no_answer_and_a_failing_answer_no_alert(ada, nurse, monkeypatch):
    from stepwell.clinic.safety import alerts

    link, _token = links.make_link(ada, nurse)

    def fails(*_args, **_named):
        raise DatabaseError("disk full")

    monkeypatch.setattr(alerts.events, "record", fails)
    with pytest.raises(DatabaseError), transaction.atomic():
        say(link, "9", {"value": "2"})
    with pytest.raises(DatabaseError), transaction.atomic():
        lines.add(ada, "score", phq(2.0, days_ago(0)), actor=nurse, **HOW)
    assert (Answer.objects.count(), Alert.objects.count(), Line.objects.count()) == (0, 0, 0)
    monkeypatch.undo()
    with transaction.atomic():
        say(link, "9", {"value": "2"})
        transaction.set_rollback(True)
    assert Alert.objects.count() == 0


def test_a_score_that_staff_type_calls_by_the_lines_before_it(ada, nurse):
    def typed(value, day):
        return lines.add(ada, "score", phq(value, day), actor=nurse, **HOW)

    typed(0.0, days_ago(9))
    assert found() == []
    typed(1.0, days_ago(6))
    assert found()[-1] == ("interrupt", "first")
    # It waits: until somebody closed it, the same answer interrupts again.
    typed(1.0, days_ago(5))
    assert found()[-1] == ("interrupt", "again")
    for alert in Alert.objects.all():
        close(alert, nurse, "Spoke on the phone.", seen=0)
    typed(1.0, days_ago(3))
    assert found()[-1] == ("review", "same")
    typed(2.0, days_ago(1))
    assert found()[-1] == ("interrupt", "rise")
    assert Alert.objects.last().content["before"] == 1.0


def test_a_total_without_the_item_and_another_scale_call_nobody(ada, nurse):
    lines.add(ada, "score", {"instrument": "phq-9", "day": days_ago(0), "total": 27.0}, actor=nurse, **HOW)
    lines.add(ada, "score", {"instrument": "gad-7", "day": days_ago(0), "items": {"7": 3.0}}, actor=nurse, **HOW)
    assert found() == []


def test_other_scales_and_the_screener_call_too(ada, nurse):
    for instrument, items in (("madrs", {"10": 4.0}), ("qids-sr16", {"12": 1.0}), ("c-ssrs-screener", {"4": 1.0})):
        content = {"instrument": instrument, "day": days_ago(0), "items": items}
        lines.add(ada, "score", content, actor=nurse, **HOW)
    assert found() == [("interrupt", "first"), ("interrupt", "first"), ("interrupt", "level")]


def test_a_score_without_a_day_or_of_this_month_is_never_taken_for_an_old_one(ada, nurse):
    lines.add(ada, "score", phq(1.0), actor=nurse, **HOW)
    lines.add(ada, "score", phq(3.0, timezone.localdate().strftime("%Y-%m")), actor=nurse, **HOW)
    assert [tier for tier, _ in found()] == ["interrupt", "interrupt"]


def test_an_old_answer_enters_the_inbox_and_blocks_no_dose(ada, nurse):
    lines.add(ada, "score", phq(3.0, "2021-05"), actor=nurse, **HOW)
    assert found() == [("inbox", "old")]
    assert unread(ada) == []


def test_a_correction_that_raises_the_answer_calls_and_one_of_the_note_does_not(ada, nurse):
    line = lines.add(ada, "score", phq(0.0, days_ago(1)), actor=nurse, **HOW)
    line = lines.correct(line, nurse, phq(0.0, days_ago(1), note="typed from paper"))
    assert found() == []
    line = lines.correct(line, nurse, phq(2.0, days_ago(1)))
    assert found() == [("interrupt", "first")]
    lines.correct(line, nurse, phq(2.0, days_ago(1), note="again"))
    assert len(found()) == 1


def imported(folder, rows: str, ada, actor) -> None:
    import stepwell

    folder.mkdir()
    (folder / "person.csv").write_text("person_id,birth_date,sex\nada,1980-05-31,female\n")
    (folder / "observation_period.csv").write_text("person_id,start_date,end_date\nada,2020-01-01,2099-01-01\n")
    (folder / "medication.csv").write_text("person_id,drug,start_date,end_date,mg_per_day,kind\n")
    (folder / "measurement.csv").write_text("person_id,measured_date,instrument,total\n")
    head = "" if rows.startswith("person_id") else "person_id,answered_date,instrument,item,value\n"
    (folder / "answer.csv").write_text(head + rows)
    read = stepwell.read_records(folder)
    number = read.tables["person"].to_pylist()[0]["person_id"]
    lines.add_imported(ada, contents_of_records(read.tables, read.has, number), actor=actor, source="a file")


def test_an_import_calls_for_what_is_new_and_makes_one_alert_of_what_is_old(tmp_path, ada, nurse):
    rows = "ada,2021-01-01,phq-9,9,1\nada,2021-02-01,phq-9,9,3\nada,2021-03-01,phq-9,9,2\nada,2021-04-01,phq-9,9,0\n"
    fresh = f"ada,{days_ago(3)},phq-9,9,2\nada,{days_ago(1)},phq-9,9,2\n"
    imported(tmp_path / "one", rows + fresh, ada, nurse)
    assert sorted(found()) == [("inbox", "old"), ("interrupt", "rise"), ("interrupt", "rise")]
    old = Alert.objects.get(tier="inbox")
    assert len(old.content["lines"]) == 3
    assert old.content["items"] == {"9": 3.0}
    imported(tmp_path / "two", rows + fresh, ada, nurse)
    assert len(found()) == 3


def test_a_question_of_the_clinics_own_about_suicide_calls_too(tmp_path, ada, nurse):
    from stepwell.clinic.safety.inbox import cards

    def rows(values):
        head = "person_id,answered_date,instrument,item,value,at_least,at_most,better\n"
        return head + "".join(f"ada,{day},,{item},{value},0,10,{better}\n" for day, item, value, better in values)

    suicide, other = "suicidal thoughts", "freedom from suicidal thoughts"
    first = [(days_ago(9), suicide, 0, "lower"), (days_ago(8), "joy", 4, "higher"), (days_ago(6), suicide, 3, "lower")]
    imported(tmp_path / "one", rows(first), ada, nurse)
    assert found() == [("interrupt", "first")]
    second = [(days_ago(4), suicide, 3, "lower"), (days_ago(3), suicide, 4, "lower"), (days_ago(2), other, 7, "higher")]
    imported(tmp_path / "two", rows(second), ada, nurse)
    assert found()[1:] == [("review", "same"), ("interrupt", "rise"), ("review", "unclear")]
    imported(
        tmp_path / "three", rows([("2021-01-01", suicide, 9, "lower"), ("2021-02-01", suicide, 2, "lower")]), ada, nurse
    )
    assert found()[4:] == [("inbox", "old")]
    assert "the clinic's own question about suicidal thoughts: 9" in cards(ada.clinic)[-1].answers
    imported(tmp_path / "four", rows(first), ada, nurse)
    assert len(found()) == 5


def test_two_first_answers_of_one_day_in_one_file_do_not_hide_each_other(tmp_path, ada, nurse):
    day = days_ago(1)
    imported(tmp_path / "one", f"ada,{day},phq-9,9,1\nada,{day},madrs,10,1\n", ada, nurse)
    assert found() == [("interrupt", "first"), ("interrupt", "first")]


def test_the_same_answers_of_one_source_are_one_alert(ada, nurse):
    how = {"source": uuid.uuid4(), "instrument": "phq-9", "answered_at": timezone.now(), "actor": nurse}
    first = after_answers(ada, items={"9": 2.0}, **how)
    assert after_answers(ada, items={"1": 3.0, "9": 2.0}, total=20.0, **how) == first
    lines.add(ada, "score", phq(2.0, days_ago(0)), actor=nurse, state="reported", origin="patient",
              answers=how["source"])  # fmt: skip
    lines.add(ada, "score", phq(2.0, timezone.localdate(timezone=ada.zone).isoformat()), actor=nurse,
              state="reported", origin="patient")  # fmt: skip
    assert Alert.objects.count() == 1
    assert after_answers(ada, items={"9": 3.0}, **how).reason == "again"
    given = [{"day": days_ago(20), "items": {"9": 3.0}}]
    assert after_answers(ada, items={"9": 3.0}, earlier=given, **how | {"source": uuid.uuid4()}).reason == "same"


def test_a_questionnaire_that_is_finished_after_midnight_is_one_alert(ada, nurse):
    before_midnight = timezone.now() - dt.timedelta(days=1)
    source = uuid.uuid4()
    after_answers(ada, source=source, instrument="phq-9", items={"9": 2.0}, answered_at=before_midnight, actor=nurse)
    lines.add(ada, "score", phq(2.0, days_ago(0)), actor=nurse, state="reported", origin="patient", answers=source)
    assert Alert.objects.count() == 1


def test_alerts_and_steps_cannot_be_changed(ada, nurse):
    lines.add(ada, "score", phq(2.0, days_ago(0)), actor=nurse, **HOW)
    add(Alert.objects.get(), "note", nurse, note="called")
    for statement in (
        "UPDATE safety_alert SET tier = 'inbox'", "DELETE FROM safety_alertstep", "UPDATE safety_alertstep SET note = ''",
    ):  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_dose_waits_until_somebody_says_that_they_read_it_and_reading_closes_nothing(ada, person, nurse, actor):
    lines.add(ada, "score", phq(2.0, days_ago(0)), actor=nurse, **HOW)
    (alert,) = unread(ada)
    twin = person(given_name="Twin", merged_into=None)
    ada.merged_into = twin
    ada.save()
    assert unread(twin) == [alert]
    assert mark_read(alert, nurse).what == "read"
    assert unread(twin) == []
    assert mark_read(Alert.objects.get(), nurse) is None
    assert mark_read(Alert.objects.get(), actor("prescriber")).what == "read"
    with pytest.raises(Refused):
        close(Alert.objects.get(), nurse, "  ", seen=2)
    assert all(step.what == "read" for step in Alert.objects.get().steps.all())
