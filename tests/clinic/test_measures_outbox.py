"""The outbox and its worker: what is asked when, what leaves by which way, retries, reminders, and that nothing is lost."""

from __future__ import annotations

import datetime as dt
import json
import smtplib
import sys
import uuid
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from clinic_app import command, made
from clinic_sessions import START, a_device, a_session, an_entry, an_order
from django.conf import settings

from stepwell.clinic import directory
from stepwell.clinic.history import links
from stepwell.clinic.measures import library, outbox, requests, stuck, transports, worker
from stepwell.clinic.measures.models import Message, Plan, Request, Response, Sending
from stepwell.errors import QuestionError

NOON = dt.datetime(2026, 6, 1, 16, tzinfo=dt.UTC)  # 12:00 in New York
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def set_up(monkeypatch):
    """Sets what clinic.toml says of messages: `set_up(message_folder="...")`."""

    def change(**given):
        monkeypatch.setattr(settings, "DIRECTORY", replace(settings.DIRECTORY, **given))

    return change


@pytest.fixture
def ada(person):
    return person(email="ada@example.org", phone="+15550100")


def ask(person, actor, channel="email", now=NOON, name="phq-9", hours=96) -> Request:
    """A request of `now` with its message."""
    nurse = actor("nurse")
    if channel:
        outbox.set_contact(person, channel, nurse)
    window = (now, now + hours * HOUR)
    made = requests.ask(person, name, nurse, once=str(uuid.uuid4()), window=window)
    outbox.queue(person, [made], "due", once=str(uuid.uuid4()), not_before=now)
    return made


def test_a_message_holds_the_link_and_the_clinics_name_and_nothing_else(set_up, tmp_path, ada, actor):
    set_up(message_folder=str(tmp_path / "out"))
    asked = ask(ada, actor)
    assert worker.tick(NOON) == {"asked": 0, "sent": 1, "failed": 0, "not needed": 0}
    (file,) = (tmp_path / "out").iterdir()
    written = json.loads(file.read_text("utf-8"))
    assert (written["to"], written["channel"], written["version"]) == ("ada@example.org", "email", 1)
    lower = written["text"].lower()
    assert "test clinic" in lower
    for word in ("phq", "depress", "ada", "doe", "mood", "1980", "treatment"):
        assert word not in lower.replace("dates", ""), word
    token = written["text"].split("/i/")[1].split("/")[0]
    assert token not in str(list(Sending.objects.values())) + str(list(Message.objects.values()))
    link = links.find_link(token)
    assert (link.made_by, link.opens, link.expires_at) == (None, "questionnaire", asked.due_to)
    assert [s.outcome for s in Sending.objects.all()] == ["begun", "sent"]
    assert worker.tick(NOON + HOUR)["sent"] == 0  # once


def test_text_messages_go_through_the_clinics_own_command(set_up, tmp_path, ada, actor):
    script = tmp_path / "sms.py"
    script.write_text(f"import sys; open({str(tmp_path / 'got')!r}, 'a').write(sys.stdin.read())")
    set_up(sms_command=f"{sys.executable} {script}")
    ask(ada, actor, "sms")
    assert worker.tick(NOON)["sent"] == 1
    got = json.loads((tmp_path / "got").read_text("utf-8"))
    assert set(got) == {"version", "id", "channel", "to", "text"}
    assert got["to"] == "+15550100"


def test_mail_leaves_by_the_server_of_clinic_toml(set_up, ada, actor, monkeypatch):
    sent = []

    class Server:
        def __init__(self, host, port, **_):
            sent.append((host, port))

        def starttls(self, **_): ...
        def ehlo(self): ...
        def login(self, user, password):
            sent.append((user, password))

        def sendmail(self, sender, to, text):
            sent.append((sender, to, text))

        def quit(self): ...

    monkeypatch.setattr(smtplib, "SMTP", Server)
    set_up(smtp_host="mail.example", smtp_user="u", smtp_password="p", mail_from="clinic@example.org")
    ask(ada, actor)
    assert worker.tick(NOON)["sent"] == 1
    assert sent[0] == ("mail.example", 587)
    assert sent[1] == ("u", "p")
    assert sent[2][:2] == ("clinic@example.org", ["ada@example.org"])
    assert b"Subject: Test Clinic" in sent[2][2]


@pytest.mark.parametrize(
    ("channel", "given", "why"),
    [
        ("email", {}, "e-mail is not set up"),
        ("sms", {}, "text messages are not set up"),
        ("sms", {"sms_command": f"{sys.executable} -c 'raise SystemExit(3)'"}, "exit code 3"),
        ("sms", {"sms_command": "/no/such/program"}, "cannot be run"),
        ("email", {"smtp_host": "127.0.0.1", "smtp_port": 9, "mail_from": "a@b.example"}, "did not take it"),
        ("email", {"message_folder": "/proc/none"}, "cannot be written"),
    ],
)
def test_an_outbox_that_cannot_send_says_why_tries_again_and_loses_nothing(
    set_up, ada, actor, home, channel, given, why, tmp_path
):
    set_up(**given)
    ask(ada, actor, channel)
    now = NOON
    for n in range(1, 4):
        assert worker.tick(now)["failed"] == 1, n
        assert worker.tick(now)["failed"] == 0, "not before its time"
        (state,) = outbox.states_of(outbox.unsent())
        assert why in state.why
        assert "ada@" not in state.why
        assert state.n_attempts == n
        now = state.next_at
    ((group, (one,)),) = stuck.of_clinic(home, now).items()
    assert group == "failed"
    assert why in one.why
    set_up(message_folder=str(tmp_path / "out"))
    assert worker.tick(now)["sent"] == 1


def test_the_waits_between_attempts_grow(ada, actor):
    ask(ada, actor)
    now, waits = NOON, []
    for _n in range(5):
        worker.tick(now)
        next_at = outbox.states_of(outbox.unsent())[0].next_at
        waits.append((next_at - now).total_seconds() / 60)
        now = next_at
    assert waits == [1, 5, 30, 120, 360]


def test_somebody_without_a_way_of_contact_is_shown_and_sent_to_once_it_is_known(set_up, tmp_path, person, actor, home):
    set_up(message_folder=str(tmp_path / "out"))
    ben = person()
    ask(ben, actor, channel="")
    assert worker.tick(NOON)["failed"] == 1
    ((group, (one,)),) = stuck.of_clinic(home, NOON).items()
    assert (group, one.why) == ("no contact", "nobody has asked how to reach this person")
    outbox.set_contact(ben, "sms", actor("office"))
    ((group, (one,)),) = stuck.of_clinic(home, NOON).items()
    assert (group, one.why) == ("no contact", "no phone number is known")
    ben.phone = "+15550101"
    ben.save()
    assert worker.tick(NOON + HOUR)["sent"] == 1


def test_who_wants_no_messages_gets_none(set_up, tmp_path, ada, actor, home):
    set_up(message_folder=str(tmp_path / "out"))
    outbox.set_contact(ada, "none", actor("nurse"))
    Plan.objects.create(
        person=ada, schedule="treatment", is_on=True, day=NOON.date(), user_id=actor("nurse").user_id, at=NOON
    )
    counts = worker.tick(NOON)
    assert counts == {"asked": 4, "sent": 0, "failed": 0, "not needed": 0}
    assert list(stuck.of_clinic(home, NOON)) == ["desk"]
    # Somebody who takes their word back between asking and sending is not sent anything either.
    requests.withdraw(Request.objects.first(), actor("nurse"), "x")
    ask(ada, actor, "email", name=Request.objects.order_by("due_from").first().instrument)
    outbox.set_contact(ada, "none", actor("nurse"))
    assert worker.tick(NOON)["sent"] == 0
    assert not (tmp_path / "out").exists()


def test_nothing_leaves_at_night_and_the_clock_change_moves_no_morning(set_up, tmp_path, person, actor):
    set_up(message_folder=str(tmp_path / "out"))
    far = person(time_zone="America/Los_Angeles", email="far@example.org")
    zone = ZoneInfo("America/Los_Angeles")
    # On the evening before the clock goes forward, and before it goes back.
    for n, evening in enumerate(
        (dt.datetime(2026, 3, 7, 21, tzinfo=zone), dt.datetime(2026, 10, 31, 21, tzinfo=zone)), 1
    ):
        ask(far, actor, now=evening.astimezone(dt.UTC), name=("phq-9", "gad-7")[n - 1])
        assert worker.tick(evening.astimezone(dt.UTC))["sent"] == 0
        (state,) = outbox.states_of(outbox.unsent())
        morning = state.next_at.astimezone(zone)
        assert morning.time() == dt.time(8)
        assert (morning.date() - evening.date()).days == 1
        assert worker.tick(state.next_at - dt.timedelta(minutes=1))["sent"] == 0
        assert worker.tick(state.next_at)["sent"] == 1


def test_reminders_are_logged_and_stop_with_the_last_answer(set_up, tmp_path, ada, actor):
    set_up(message_folder=str(tmp_path / "out"))
    asked = ask(ada, actor)
    worker.tick(NOON)
    assert worker.tick(NOON + 23 * HOUR)["sent"] == 0
    assert worker.tick(NOON + 24 * HOUR)["sent"] == 1
    assert worker.tick(NOON + 25 * HOUR)["sent"] == 0
    assert worker.tick(NOON + 72 * HOUR)["sent"] == 1
    assert list(Message.objects.order_by("at").values_list("why", flat=True)) == ["due", "reminder", "reminder"]
    assert worker.tick(asked.due_to + HOUR) == {"asked": 0, "sent": 0, "failed": 0, "not needed": 0}


def test_a_message_is_not_sent_once_the_questionnaire_is_withdrawn(set_up, tmp_path, ada, actor):
    set_up(message_folder=str(tmp_path / "out"))
    asked = ask(ada, actor)
    requests.withdraw(asked, actor("nurse"), "x")
    assert worker.tick(NOON)["not needed"] == 1
    assert not (tmp_path / "out").exists()


def test_an_attempt_that_the_program_did_not_survive_is_tried_again_and_said(set_up, tmp_path, ada, actor, monkeypatch):
    set_up(message_folder=str(tmp_path / "out"))
    ask(ada, actor)

    def dies(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(transports, "send", dies)
        with pytest.raises(KeyboardInterrupt):
            worker.tick(NOON)
    assert [s.outcome for s in Sending.objects.all()] == ["begun"]
    assert worker.tick(NOON + dt.timedelta(minutes=5))["sent"] == 0
    assert "may have arrived" in outbox.states_of(outbox.unsent())[0].why
    assert worker.tick(NOON + outbox.LOST_AFTER)["sent"] == 1


def test_two_workers_send_one_message_once(set_up, tmp_path, ada, actor):
    set_up(message_folder=str(tmp_path / "out"))
    ask(ada, actor)
    (state,) = outbox.states_of(outbox.unsent())
    assert outbox._attempt(state, NOON) == "sent"
    assert outbox._attempt(state, NOON) == ""  # another worker that saw the same state
    assert Sending.objects.filter(outcome="sent").count() == 1


def test_a_schedule_asks_at_the_beginning_before_a_dose_and_after_it(set_up, tmp_path, ada, user, actor):
    set_up(message_folder=str(tmp_path / "out"))
    nurse, zone = actor("nurse"), ada.zone
    outbox.set_contact(ada, "email", nurse)
    begun = dt.date(2026, 11, 28)
    Plan.objects.create(person=ada, schedule="treatment", is_on=True, day=begun, user_id=nurse.user_id, at=START)

    def ticked(month, day, hour, minute=0) -> tuple[set[str], int]:
        """What is asked at that time in New York, and how many messages leave; then everything is withdrawn."""
        now = dt.datetime(2026, month, day, hour, minute, tzinfo=zone).astimezone(dt.UTC)
        before = set(Request.objects.values_list("pk", flat=True))
        sent = worker.tick(now)["sent"]
        assert worker.tick(now) == {"asked": 0, "sent": 0, "failed": 0, "not needed": 0}
        new = list(Request.objects.exclude(pk__in=before))
        for one in new:
            requests.withdraw(one, nurse, "x")
        return {one.instrument for one in new}, sent

    everything = {"phq-9", "gad-7", "side-effects", "own-questions"}
    assert ticked(11, 28, 12) == (everything, 1)  # one message for all
    session = a_session(an_order(ada, user("prescriber")))  # on 30 November
    assert ticked(11, 29, 8, 59) == (set(), 0)
    assert ticked(11, 29, 9) == ({"phq-9", "own-questions"}, 1)
    an_entry(session, "dose", a_device(session.order), minute=2)
    assert ticked(12, 6, 12) == (set(), 0)
    assert ticked(12, 7, 9) == ({"phq-9", "own-questions"}, 1)  # seven days after the dose
    # The worker did not run for some days: what has not expired is asked, what has is not.
    assert ticked(12, 16, 15) == ({"phq-9", "own-questions"}, 1)
    assert ticked(12, 20, 10) == (set(), 0)
    names = {r.schedule for r in Request.objects.all()}
    assert names == {library.schedules()["treatment"].name}
    requests.set_plan(ada, "treatment", False, nurse)
    assert ticked(12, 28, 12) == (set(), 0)


def test_what_two_rules_make_due_is_asked_once(set_up, ada, user, actor, monkeypatch):
    """The day before a weekly session, and seven days after the last one: both are answered by one questionnaire."""
    nurse, zone = actor("nurse"), ada.zone
    with monkeypatch.context() as before:
        before.setattr("django.utils.timezone.now", lambda: START - 24 * HOUR)
        outbox.set_contact(ada, "email", nurse)
        requests.set_plan(ada, "treatment", True, nurse)
    order = an_order(ada, user("prescriber"))
    first = a_session(order)  # Monday, 30 November
    an_entry(first, "dose", a_device(order), minute=2)
    a_session(order, planned_at=START + dt.timedelta(days=7))
    sunday = dt.datetime(2026, 12, 6, 10, tzinfo=zone).astimezone(dt.UTC)
    worker.tick(sunday)
    asked = Request.objects.get(day=dt.date(2026, 12, 6), instrument="phq-9")
    Response.objects.create(request=asked, person=ada, how="own device", day=asked.day, actor="x", at=sunday)
    for days in range(1, 6):
        worker.tick(sunday + days * 24 * HOUR)
    assert not Request.objects.filter(instrument="phq-9", day__gt=asked.day).exists()
    assert requests.ask(ada, "phq-9", nurse, once="by hand", now=sunday + 24 * HOUR) is not None


def test_one_person_who_cannot_be_asked_keeps_nobody_else_waiting(
    set_up, tmp_path, ada, person, actor, monkeypatch, caplog
):
    set_up(message_folder=str(tmp_path / "out"))
    ben, nurse = person(given_name="Ben", email="ben@example.org"), actor("nurse")
    for who in (ada, ben):
        outbox.set_contact(who, "email", nurse)
        Plan.objects.create(
            person=who, schedule="every-14-days", is_on=True, day=NOON.date(), user_id=nurse.user_id, at=NOON
        )
    asks = requests.ask

    def fails_for_ada(who, *args, **given):
        if who == ada:
            raise ValueError("ada@example.org")
        return asks(who, *args, **given)

    monkeypatch.setattr(requests, "ask", fails_for_ada)
    assert worker.tick(NOON)["sent"] == 1
    assert {r.person for r in Request.objects.all()} == {ben}
    assert "ValueError" in caplog.text
    assert "ada" not in caplog.text


def test_reminders_of_two_messages_about_one_questionnaire_go_out_once(set_up, tmp_path, ada, actor):
    set_up(message_folder=str(tmp_path / "out"))
    asked = ask(ada, actor)
    worker.tick(NOON)
    outbox.queue(ada, [asked], "again", once="again", not_before=NOON + HOUR)
    worker.tick(NOON + HOUR)
    for hours in range(2, 100):
        worker.tick(NOON + hours * HOUR)
    assert Message.objects.filter(why="reminder").count() == 2


def test_the_worker_that_does_not_run_is_told(home, ada, actor):
    ask(ada, actor)
    assert stuck.health(home, NOON + HOUR).is_late
    assert stuck.health(home, NOON + HOUR).missing == ("email",)
    worker.tick(NOON + HOUR)
    assert not stuck.health(home, NOON + HOUR).is_late


def test_a_wrong_clinic_toml_is_told_at_once(tmp_path):
    place = tmp_path / "clinic"
    directory.create(place, address="http://127.0.0.1:8000")
    file = place / directory.SETTINGS_FILE
    text = file.read_text("utf-8")
    text = text.replace('smtp_host = ""', 'smtp_host = "mail"').replace(
        'sms_command = ""', 'sms_command = "no-such-program-x"'
    )
    file.write_text(text.replace('"starttls"\n', '"ssl"\n'), "utf-8")
    with pytest.raises(QuestionError) as told:
        directory.read(place)
    assert {p.where.rpartition(", ")[2] for p in told.value.problems} == {"smtp_security", "mail_from", "sms_command"}


def test_the_command_sends_and_a_clinic_with_a_wrong_file_does_not_start(tmp_path):
    clinic = made(tmp_path / "clinic")
    done = command("send", clinic, "--once")
    assert done.returncode == 0, done.stderr
    assert "0 asked, 0 sent, 0 failed, 0 not needed" in done.stdout
    (clinic / "schedules").mkdir()
    (clinic / "schedules" / "own.yaml").write_text("id: own\ndate: 2026-11-29\ntitle: Own\nasked: nothing\n", "utf-8")
    (clinic / "wordings").mkdir()
    (clinic / "wordings" / "x.yaml").write_text("]", "utf-8")
    refused = command("send", clinic, "--once")
    assert refused.returncode == 12
    assert "schedules/own.yaml" in refused.stderr
    assert "wordings/x.yaml" in refused.stderr
    assert "Traceback" not in refused.stderr
