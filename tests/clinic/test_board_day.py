"""Who may come: what each planned session needs, said in words, with a link to where it is mended, and nothing clinical."""

from __future__ import annotations

import datetime as dt
import re
import uuid

import pytest
from clinic_sessions import START, a_device, a_reading, a_session, an_entry, an_order
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from stepwell.clinic.authorisation.models import Authorisation, Step
from stepwell.clinic.history.models import Line
from stepwell.clinic.people.models import Person
from stepwell.clinic.rems.models import PatientEnrolment, SettingEnrolment
from stepwell.clinic.sessions import sheets
from stepwell.clinic.sessions.models import Entry

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
DAY = START.date()


@pytest.fixture
def doctor(user):
    return user("prescriber")


@pytest.fixture
def browser(user, monkeypatch):
    """A browser at 8:00 of the day, in which somebody of this role is signed in: `browser("office")`."""
    now = START - dt.timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: now)

    def make(role: str = "office") -> Client:
        client = Client()
        client.force_login(user(role), backend=BACKEND)
        return client

    return make


@pytest.fixture
def approved(doctor):
    """An approved authorisation of the person: `approved(person)`."""

    def make(somebody: Person, status: str = "approved", **given) -> Authorisation:
        number = Authorisation.objects.count() + 1
        fields = {"policy": "aetna", "units": 560, "valid_from": DAY - dt.timedelta(days=30), "code": "J0013"}
        fields |= {"valid_to": DAY + dt.timedelta(days=60), "number": number, "clinic": somebody.clinic}
        one = Authorisation.objects.create(person=somebody, **fields | given)
        if status:
            Step.objects.create(authorisation=one, number=1, status=status, day=DAY, actor="nobody")
        return one

    return make


def _once() -> dict:
    return {"actor": "nobody", "at": START, "once": uuid.uuid4()}


def _enrolled(somebody: Person, doctor, **given) -> None:
    fields = {"program": "spravato-us", "state": "enrolled", "day": DAY - dt.timedelta(days=40)}
    PatientEnrolment.objects.create(person=somebody, clinic=somebody.clinic, user=doctor, **_once() | fields | given)


def _agreed(somebody: Person, agreed: bool = True, **given) -> Line:
    content = {"document": "intake 2026-11-29", "agreed": agreed}
    fields = {"kind": "consent", "content": content, "state": "reported", "origin": "patient", "at": START}
    return Line.objects.create(person=somebody, actor="nobody", **fields | given)


def _certified(clinic, doctor) -> None:
    fields = {"program": "spravato-us", "state": "enrolled", "day": DAY, "authorised_representative": "Dr Kay"}
    fields |= dict.fromkeys(("prescriber_on_site", "provider_on_site", "oximeter_on_site"), True)
    fields |= {"name": "Home", "address": "1 Road", "city": "Troy", "state_code": "NY", "zip_code": "12180"}
    SettingEnrolment.objects.create(clinic=clinic, user=doctor, **_once(), **fields)


@pytest.fixture
def ready(person, doctor, approved):
    """A session for which nothing is missing: `ready()`."""

    def make(**given):
        somebody = person(**given)
        session = a_session(an_order(somebody, doctor, authorisation=approved(somebody)))
        _enrolled(somebody, doctor)
        _agreed(somebody)
        an_entry(session, "check", {"check": "ride", "answer": "yes"}, user=doctor)
        return session

    return make


def _shown(client: Client, query: str = "", status: int = 200) -> str:
    answer = client.get(f"/day/{query}")
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


def test_an_empty_day_says_so(browser):
    shown = _shown(browser())
    assert "Who may come today" in shown
    assert "No session is planned for this day" in shown


def test_a_session_for_which_nothing_is_missing(browser, ready, home, doctor):
    ready(phone="555 0100")
    _certified(home, doctor)
    shown = _shown(browser())
    assert "Nothing is missing." in shown
    assert shown.count("need-ready") == 4
    assert "units left: 560 of 560" in shown
    assert "Enrolled since" in shown
    assert "Agreed on" in shown
    assert "555 0100" in shown
    assert "Put it right" not in shown


def test_what_is_missing_has_a_word_an_icon_and_a_link(browser, person, doctor):
    somebody = person()
    session = a_session(an_order(somebody, doctor))
    shown = _shown(browser())
    assert "Something is missing for 1 session." in shown
    assert shown.count('<b class="need need-missing"><span aria-hidden="true">✗</span> missing</b>') == 4
    assert "None is linked to the order." in shown
    assert "The patient&#x27;s enrolment is not entered" in shown
    assert "Nobody has asked yet." in shown
    assert "No consent is in the history." in shown
    assert "Nobody has entered that this clinic is certified." in shown
    here = f"/people/{somebody.pk}/"
    for page in ("authorisations/", f"sessions/{session.pk}/ride/", "intake/"):
        assert f'href="{here}{page}"' in shown
    assert "A nurse or a prescriber enters it." in shown
    assert f'href="{here}monitoring/"' not in shown, "the office may not open it"
    assert f'href="{here}monitoring/"' in _shown(browser("nurse"))


@pytest.mark.parametrize(
    ("status", "given", "told"),
    [
        ("", {}, "draft, to 29 Jan 2027, units left: 560 of 560, not approved"),
        ("denied", {}, "not approved"),
        ("approved", {"valid_to": DAY - dt.timedelta(days=1)}, "ended on 29 Nov 2026"),
        ("approved", {"valid_from": DAY + dt.timedelta(days=1)}, "begins on 1 Dec 2026"),
        ("approved", {"units_used": 520}, "units left: 40 of 560, 56 are needed"),
        ("approved", {"units_used": 504}, "look at it"),
        ("approved", {"code": ""}, "units left: not known; enter what one unit is"),
        ("appeal approved", {"valid_to": DAY + dt.timedelta(days=3)}, "look at it"),
        ("approved", {"code": "S0013"}, "is valid to 31 Dec 2025 only"),
    ],
)
def test_an_authorisation_that_does_not_hold_is_said(browser, person, doctor, approved, status, given, told):
    somebody = person()
    a_session(an_order(somebody, doctor, authorisation=approved(somebody, status, **given)))
    shown = _shown(browser())
    assert told in shown
    assert f"/people/{somebody.pk}/authorisations/" in shown


def test_off_label_treatment_without_authorisation_is_to_be_looked_at(browser, person, doctor):
    order = an_order(person(), doctor, protocol="ketamine-iv", dose_mg=40)
    a_session(order)
    shown = _shown(browser())
    assert "is the treatment paid by the patient?" in shown
    assert "The protocol asks for no programme." in shown


def test_the_latest_enrolment_and_consent_hold_also_of_a_merged_record(browser, ready, doctor, person, home):
    _certified(home, doctor)
    session = ready()
    _enrolled(session.person, doctor, state="ended", at=START + dt.timedelta(minutes=1))
    assert "enrolment ended on" in _shown(browser())
    twin = person(given_name="Adah", merged_into=session.person)
    _enrolled(twin, doctor, at=START + dt.timedelta(minutes=2))
    assert "Nothing is missing." in _shown(browser())
    line = _agreed(twin, agreed=False, at=START + dt.timedelta(minutes=1))
    assert "Did not agree" in _shown(browser())
    _agreed(twin, agreed=False, line=line.line, version=2, state="struck")
    assert "Nothing is missing." in _shown(browser())
    _agreed(twin, content={"document": "disclose-substance-use", "agreed": False}, at=START + dt.timedelta(hours=1))
    assert "Nothing is missing." in _shown(browser())


def test_the_office_sees_nothing_clinical(browser, ready, doctor):
    session = ready()
    an_entry(session, "check", {"check": "pregnancy", "answer": "yes"}, user=doctor)
    an_entry(session, "reading", a_reading("before", 147, 93, spo2=91), user=doctor)
    shown = _shown(browser())
    told = re.sub(r"<[^>]*>", " ", shown)  # the random id of a person in an address may hold any digits
    assert not [words for words in ("147", "91", "56 mg") if words in told]
    assert not [words for words in ("Pregnan", "checks", "SpO") if words in shown]
    an_entry(session, "dose", a_device(session.order), user=doctor)
    shown = _shown(browser())
    assert "Here already" in shown
    assert "Nobody else is to come" in shown


def test_the_queries_do_not_grow_with_the_sessions(browser, ready, home, doctor):
    _certified(home, doctor)
    client = browser()

    def n_queries() -> int:
        with CaptureQueriesContext(connection) as told:
            _shown(client)
        return len(told)

    ready()
    _shown(client)
    one = n_queries()
    for n in range(11):
        ready(given_name=f"P{n}")
    assert n_queries() == one


def test_another_day_and_a_day_that_is_none(browser, ready):
    session = ready()
    client = browser()
    assert "Doe, Ada" not in _shown(client, "?day=2026-12-01")
    assert f"Who may come on {DAY.day} Nov 2026" in _shown(client, "?day=2026-11-30") or "today" in _shown(client)
    for text in ("2026-02-30", "soon", "9999-12-31"):
        shown = _shown(client, f"?day={text}", 422)
        assert "Today is shown instead" in shown
        assert str(session.person) in shown


def test_the_office_notes_the_ride_home_on_the_sheet(browser, person, doctor):
    somebody = person(phone="555 0100")
    session = a_session(an_order(somebody, doctor))
    client, here = browser(), f"/people/{somebody.pk}/sessions/{session.pk}/ride/"
    assert "Phone: 555 0100" in _shown_at(client, here)
    once = str(uuid.uuid4())
    sent = {"answer": "yes", "seen": "0", "once": once}
    for _ in range(2):
        assert client.post(here, sent).status_code == 302
    assert sheets.of(session).check("ride").answer == "yes"
    assert Entry.objects.filter(session=session).count() == 1
    late = client.post(here, {"answer": "no", "seen": "0", "once": str(uuid.uuid4())})
    assert late.status_code == 409
    assert sheets.of(session).check("ride").answer == "yes", "a colleague's answer is not overwritten"
    assert client.post(here, {"answer": "no", "seen": "1", "once": str(uuid.uuid4())}).status_code == 302
    assert sheets.of(session).check("ride").answer == "no"
    assert "Not arranged." in _shown(client)
    assert client.post(here, {"answer": "perhaps", "seen": "2", "once": str(uuid.uuid4())}).status_code == 422


def test_a_ride_is_noted_only_where_the_protocol_asks_and_for_the_persons_own_session(browser, person, doctor):
    somebody, other = person(), person(given_name="Ben")
    session = a_session(an_order(somebody, doctor))
    client = browser()
    assert client.get(f"/people/{other.pk}/sessions/{session.pk}/ride/").status_code == 404
    assert client.get(f"/people/{somebody.pk}/sessions/{uuid.uuid4()}/ride/").status_code == 404


def _shown_at(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())
