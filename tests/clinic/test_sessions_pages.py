"""The pages of sessions: an order, a visit, every step of a sheet by one form, and what each role does not see."""

from __future__ import annotations

import datetime as dt
import re
import uuid

import pytest
from clinic_sessions import BOOT
from django.utils import timezone

from stepwell.clinic.sessions import clock, protocol_files, sheets
from stepwell.clinic.sessions.models import Entry, Order, Session
from stepwell.clinic.stock import entries as stock
from stepwell.clinic.stock import ledger
from stepwell.clinic.stock.models import Lot
from stepwell.clinic.stock.products import products

PASSWORD = "a long pass phrase of tests"


class Clock:
    """The monotonic hand of the clock; the wall clock goes as it does."""

    minutes = 0.0

    def __call__(self) -> clock.Stamp:
        return clock.Stamp(timezone.now() + dt.timedelta(minutes=self.minutes), BOOT, 60.0 * self.minutes)


@pytest.fixture
def time(monkeypatch):
    made = Clock()
    monkeypatch.setattr(clock, "now", made)
    return made


@pytest.fixture
def someone(person):
    return person(sex="male")


@pytest.fixture
def lot(actor):
    """Three devices of esketamine, received."""
    product = next(one for one in products().products if one.treatment == "esketamine")
    expires = timezone.localdate() + dt.timedelta(days=200)
    line = stock.receive(product, "A1", expires, 3, actor=actor("nurse"), once=uuid.uuid4())
    return Lot.objects.get(pk=line.lot_id)


@pytest.fixture
def prescriber(sign_in):
    return sign_in("prescriber")


@pytest.fixture
def nurse(sign_in):
    return sign_in("nurse", username="nora")


@pytest.fixture
def session(someone, prescriber, sign_in) -> Session:
    """A visit of today, ordered and planned by the pages."""
    order = {"protocol": "esketamine-us", "phase": "induction", "dose": "56"}
    assert prescriber.post(f"/people/{someone.pk}/orders/new/", order).status_code == 302
    today = timezone.localtime(timezone.now(), someone.clinic.zone)
    planned = {"day": today.date().isoformat(), "time": "09:00", "chair": "2", "once": str(uuid.uuid4())}
    office = sign_in("office")
    assert office.post(f"/people/{someone.pk}/sessions/plan/", planned).status_code == 302
    return Session.objects.get()


def at(session, page="") -> str:
    return f"/people/{session.person_id}/sessions/{session.pk}/{page}"


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def step(client, session, what, **given):
    """One form of the sheet."""
    return client.post(at(session, "enter/"), {"what": what, "once": str(uuid.uuid4())} | given)


def ready(client, session):
    for check in sheets.of(session).checks:
        assert step(client, session, "answer", check=check.id, answer=check.rule.expected or "no").status_code == 302
    given = {"moment": "before", "systolic": "120", "diastolic": "80", "pulse": "70", "spo2": "98"}
    assert step(client, session, "reading", **given).status_code == 302


def test_a_session_is_walked_by_pages_and_signed_after_the_password_was_asked_for_again(nurse, session, lot, time):
    page = text_of(nurse.get(at(session)))
    assert "This page documents. It is no monitor" in page
    assert "No dose can be entered yet: Not answered yet: Is the ride home arranged?" in page
    ready(nurse, session)
    assert f"Device 1 of 2 given now: 28 mg, lot A1 (expires {lot.expires:%-d %b %Y})" in text_of(
        nurse.get(at(session))
    )
    assert step(nurse, session, "dose", mg="28", lot=lot.pk).status_code == 302
    time.minutes = 6
    assert step(nurse, session, "dose", mg="28", lot=lot.pk).status_code == 302
    assert ledger.on_hand(lot) == 1
    assert "Reading at 40 minutes: later" in text_of(nurse.get(at(session)))
    time.minutes = 55
    page = text_of(nurse.get(at(session)))
    assert "⚠ Reading at 40 minutes overdue" in page
    assert "55 minutes since the first dose" in page
    assert "overdue" in text_of(nurse.get(at(session, "due/")))
    taken = step(nurse, session, "reading", moment="40", systolic="150", diastolic="92", spo2="97", rest="normal")
    assert taken.url.endswith("#readings")
    forty = sheets.of(session).reading("40")
    assert (forty.sedation, forty.dissociation, forty.respiratory_depression) == (5, "none", "no")
    step(nurse, session, "event", event="Nausea", minutes_ago="10")
    (event,) = sheets.of(session).adverse_events
    same = {"entry": str(event.entry.entry)}
    step(nurse, session, "event change", change="not serious", seen="1", **same)
    step(nurse, session, "event change", change="over", seen="2", **same)
    time.minutes = 125
    step(
        nurse,
        session,
        "reading",
        moment="end",
        systolic="125",
        diastolic="80",
        spo2="98",
        dissociation="mild",
        rest="normal",
    )
    assert sheets.of(session).reading("end").dissociation == "mild"
    for check in sheets.of(session).discharge:
        step(nurse, session, "discharge", check=check.id, answer="yes")
    assert step(nurse, session, "leave").status_code == 302
    page = nurse.get(at(session)).content.decode()
    seen = re.search(r'name="seen" value="(\w{64})"', page)[1]
    once = str(uuid.uuid4())

    asked = nurse.post(at(session, "sign/"), {"seen": seen, "once": once})
    assert asked.url.startswith("/account/confirm/")
    assert not sheets.of(session).is_signed
    nurse.post(asked.url, {"password": PASSWORD, "next": at(session, "sign/")})
    assert sheets.of(session).is_signed
    again = nurse.post(at(session, "sign/"), {"seen": seen, "once": once})
    assert again.url.startswith("/account/confirm/"), "each signature asks anew"
    page = text_of(nurse.get(at(session)))
    assert "Signed by Test Nurse" in page
    assert step(nurse, session, "answer", check="ride", answer="no", seen="1").status_code == 422
    assert step(nurse, session, "addendum", text="The ride came late.").status_code == 302
    page = text_of(nurse.get(f"/people/{session.person_id}/sessions/"))
    for words in ("signed", "56 mg", "120/80 · 150/92 · 125/80", "125", "Nausea", "Induction, weeks 1 to 4, 56 mg"):
        assert words in page


def test_every_step_of_a_plain_session_is_one_form_and_no_typing_but_numbers(nurse, session, lot, time):
    """What a nurse does with one hand: each form that is open is sent by its buttons; only numbers are typed."""
    ready(nurse, session)
    step(nurse, session, "dose", mg="28", lot=lot.pk)
    time.minutes = 41
    page = nurse.get(at(session)).content.decode()
    shown = re.sub(r"<details(?! open).*?</details>", "", page, flags=re.DOTALL)
    typed = re.findall(r"<(?:input|textarea)(?![^>]*type=\"(?:hidden|radio)\")[^>]*>", shown)
    assert typed
    assert all('inputmode="numeric"' in field for field in typed)
    assert "<script>" not in page
    assert "style=" not in page
    radios = re.findall(
        r'type="radio" name="(\w+)"', re.search(r'name="moment" value="40".*?</form>', shown, re.DOTALL)[0]
    )
    assert set(radios) == {"sedation", "dissociation", "breathing"}


def test_what_is_refused_is_shown_again_with_what_was_typed(nurse, session, sign_in, lot, time):
    wrong = step(nurse, session, "reading", moment="before", systolic="1200", diastolic="80", pulse="x")
    page = wrong.content.decode()
    assert wrong.status_code == 422
    assert "The pulse is no whole number." in page
    assert 'value="1200"' in page
    assert Entry.objects.count() == 0
    ready(nurse, session)
    colleague = sign_in("nurse", username="ben")
    typed = {"moment": "before", "systolic": "131", "diastolic": "84"}
    told = step(colleague, session, "reading", **typed)
    assert told.status_code == 409
    assert "Test Nurse entered this reading" in text_of(told)
    assert 'value="131"' in told.content.decode()
    assert "Save mine as a further reading" in text_of(told)
    assert step(colleague, session, "reading", as_further="1", **typed).status_code == 302
    assert [reading.systolic for reading in sheets.of(session).readings] == [120, 131]
    told = step(nurse, session, "dose", mg="28 mL", lot=lot.pk)
    assert "The dose is written in mg." in text_of(told)
    ledger.add_line(lot, "waste", -3, _actor(nurse), uuid.uuid4())
    told = step(nurse, session, "dose", mg="28", lot=lot.pk)
    assert told.status_code == 422
    assert "Nothing was booked" in text_of(told)
    page = text_of(nurse.get(at(session)))
    assert "No lot of this product is in stock" in page
    assert step(nurse, session, "dose", mg="28", lot_number="B7").status_code == 302


def _actor(client):
    from stepwell.clinic.access.actors import actor_of_user
    from stepwell.clinic.access.models import User

    return actor_of_user(User.objects.get(pk=client.session["_auth_user_id"]))


def test_a_page_that_is_sent_twice_is_one_entry_and_with_other_values_two(nurse, session):
    page = str(uuid.uuid4())
    given = {"what": "reading", "moment": "other", "systolic": "120", "diastolic": "80", "once": page}
    for _twice in range(2):
        assert nurse.post(at(session, "enter/"), given).status_code == 302
    assert nurse.post(at(session, "enter/"), given | {"systolic": "121"}).status_code == 302
    assert [reading.systolic for reading in sheets.of(session).readings] == [120, 121]
    broken = nurse.post(at(session, "enter/"), given | {"once": "x"})
    assert broken.status_code == 422
    assert nurse.post(at(session, "enter/"), {"what": "nothing"}).status_code == 404


def test_a_stale_signature_is_told_and_shown_again(nurse, session, time):
    nurse.post("/account/confirm/", {"password": PASSWORD})
    told = nurse.post(at(session, "sign/"), {"seen": "0" * 64, "once": str(uuid.uuid4())})
    assert told.status_code == 409
    assert "Something was entered since the page was shown" in text_of(told)


def test_leaving_early_asks_for_a_reason_and_a_second_name(nurse, session, user, lot, time):
    colleague = user("prescriber", first_name="Second", last_name="Name")
    ready(nurse, session)
    step(nurse, session, "dose", mg="28", lot=lot.pk)
    time.minutes = 30
    assert "Leaving now needs a reason and a second name" in text_of(nurse.get(at(session)))
    told = step(
        nurse,
        session,
        "leave",
        reason="It is the patient's own wish, against advice.",
        second=colleague.pk,
        secret="no",
    )
    assert "not the password" in text_of(told)
    assert "hunter22" not in told.content.decode()
    assert f'value="{colleague.pk}" selected' in told.content.decode()
    given = {"reason_other": "fire alarm", "second": colleague.pk, "secret": PASSWORD}
    assert step(nurse, session, "leave", **given).status_code == 302
    assert sheets.of(session).departure.reason == "fire alarm"
    assert "confirmed by Second Name" in text_of(nurse.get(at(session)))


def test_a_reading_is_corrected_and_a_dose_taken_back_with_a_reason(nurse, session, lot, time):
    ready(nurse, session)
    step(nurse, session, "dose", mg="28", lot=lot.pk)
    sheet = sheets.of(session)
    where = at(session, f"correct/{sheet.readings[0].entry.entry}/")
    assert 'value="120"' in nurse.get(where).content.decode()
    given = {"seen": "1", "how": "correct", "moment": "before", "systolic": "125", "diastolic": "80"}
    once = str(uuid.uuid4())
    told = nurse.post(where, given | {"once": once})
    assert told.status_code == 422
    assert 'value="125"' in told.content.decode()
    assert nurse.post(where, given | {"once": once, "reason": "typed wrong"}).status_code == 302
    assert sheets.of(session).reading("before").systolic == 125
    where = at(session, f"correct/{sheet.doses[0].entry.entry}/")
    assert nurse.post(where, {"seen": "1", "how": "strike", "reason": "not opened", "once": once}).status_code == 302
    assert ledger.on_hand(lot) == 3
    page = text_of(nurse.get(at(session)))
    assert "typed wrong" in page
    assert "struck out" in page
    assert nurse.get(at(session, f"correct/{uuid.uuid4()}/")).status_code == 404


def test_orders_are_written_changed_and_ended_by_pages(prescriber, nurse, someone, home):
    base = f"/people/{someone.pk}/orders/"
    page = text_of(prescriber.get(base + "new/"))
    assert "US label" in page
    assert "Ketamine" not in page
    assert "2 more protocols have values that are only recalled" in page
    wrong = prescriber.post(base + "new/", {"protocol": "esketamine-us", "phase": "induction", "dose": "84"})
    assert wrong.status_code == 422
    made = {"protocol": "esketamine-us", "phase": "induction", "dose": "56", "supply": "medical"}
    assert prescriber.post(base + "new/", made).status_code == 302
    order = Order.objects.get()
    where = f"{base}{order.order}/"
    change = {"phase": "maintenance", "dose": "56", "seen": "1", "reason": "fewer visits"}
    assert prescriber.post(where + "change/", change | {"reason": ""}).status_code == 422
    assert prescriber.post(where + "change/", change).status_code == 302
    assert prescriber.post(where + "change/", change).status_code == 409
    assert (
        prescriber.post(where + "end/", {"seen": "2", "ended_for": "side effects", "reason": "rash"}).status_code == 302
    )
    page = text_of(nurse.get(where))
    for words in ("Ended: side effects", "rash", "Maintenance, from week 9, 56 mg", "fewer visits", "Test Prescriber"):
        assert words in page
    assert "Change" not in page
    assert nurse.get(f"/people/{someone.pk}/orders/{uuid.uuid4()}/").status_code == 404


def test_recalled_values_are_confirmed_on_the_page_of_the_protocol(prescriber, nurse, someone, home):
    page = text_of(nurse.get("/protocols/ketamine-iv/"))
    assert "only recalled" in page
    assert "I have checked" not in page
    digest = protocol_files.available()["ketamine-iv"].digest
    prescriber.post("/protocols/ketamine-iv/confirm/", {"digest": "another"})
    assert "to be confirmed" in text_of(nurse.get("/protocols/"))
    told = prescriber.post("/protocols/ketamine-iv/confirm/", {"digest": digest}, follow=True)
    assert "has confirmed the recalled values" in text_of(told)
    order = {"protocol": "ketamine-iv", "phase": "induction"}
    where = f"/people/{someone.pk}/orders/new/"
    for dose, words in (("40 mL", "not in mg"), ("much", "no number"), ("400", "no dose of 400 mg")):
        assert words in text_of(prescriber.post(where, order | {"dose": dose}))
    assert prescriber.post(where, order | {"dose": "42,5"}).status_code == 302
    assert Order.objects.get().dose_mg == 42.5
    assert nurse.get("/protocols/none/").status_code == 404


def test_the_office_plans_visits_and_sees_nothing_of_what_happens_at_them(sign_in, nurse, session, lot, time):
    ready(nurse, session)
    office = sign_in("office")
    page = text_of(office.get(f"/people/{session.person_id}/sessions/plan/"))
    assert "chair 2" in page
    for words in ("120", "esketamine", "56"):
        assert words not in page.split("Planned")[1].split("Plan a visit")[0]
    assert office.get(at(session)).status_code == 404
    tomorrow = (timezone.localdate(timezone=session.clinic.zone) + dt.timedelta(days=1)).isoformat()
    moved = {"day": tomorrow, "time": "10:30", "chair": "3", "once": str(uuid.uuid4())}
    assert office.post(at(session, "move/"), moved | {"day": "2020-01-01"}).status_code == 422
    assert office.post(at(session, "move/"), moved).status_code == 302
    assert sheets.of(session).chair == "3"
    cancel = {"by": "patient", "note": "ill", "once": str(uuid.uuid4())}
    assert office.post(at(session, "cancel/"), cancel).status_code == 302
    assert sheets.of(session).is_cancelled
    assert "cancelled" in text_of(office.get(f"/people/{session.person_id}/sessions/plan/"))


def test_a_therapist_reads_a_sheet_and_enters_nothing(sign_in, nurse, session, time):
    ready(nurse, session)
    therapist = sign_in("therapist")
    page = therapist.get(at(session)).content.decode()
    assert "120/80" in page
    assert "/enter/" not in page
    assert step(therapist, session, "answer", check="ride", answer="no").status_code == 404


def test_a_page_that_asks_for_itself_keeps_nobody_signed_in(nurse, session, settings):
    nurse.get(at(session))
    kept = nurse.session
    kept["seen"] -= (settings.IDLE_MINUTES - 1) * 60
    kept.save()
    polled = {"X-Polled": "1", "HX-Request": "true"}
    assert "checks" in text_of(nurse.get(at(session, "due/"), headers=polled))
    assert nurse.session["seen"] == kept["seen"]


def test_sheets_of_another_person_are_not_there(nurse, session, person):
    other = person(given_name="Ben")
    assert nurse.get(f"/people/{other.pk}/sessions/{session.pk}/").status_code == 404
    assert Entry.objects.count() == 0
