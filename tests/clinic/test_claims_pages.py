"""From a signed session to the file for the biller: what is missing and whose turn it is, minutes, reasons, a later change."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import re
import uuid

import pytest
from clinic_sessions import START
from clinic_signed import a_signed_sheet, amend
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from stepwell.clinic.access.actors import actor_of_user
from stepwell.clinic.authorisation.models import Authorisation, Step
from stepwell.clinic.claims import statements
from stepwell.clinic.claims.models import Handover, PayerRule, ProductCode, Statement
from stepwell.clinic.claims.session_claims import claims_of
from stepwell.clinic.sessions import sheets
from stepwell.clinic.sessions.models import Session


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """The clinic's clock begins two days after the session."""
    seconds = itertools.count()
    monkeypatch.setattr(timezone, "now", lambda: START + dt.timedelta(days=2, seconds=next(seconds)))


@pytest.fixture
def nurse(user):
    return user("nurse")


@pytest.fixture
def someone(person):
    return person(payer="Cigna", member_id="=cmd()")


@pytest.fixture
def approved(someone):
    """An approved authorisation of 120 mg."""
    fields = {"policy": "cigna", "benefit": "medical", "code": "J0013", "units": 120, "number": 1}
    days = {"valid_from": dt.date(2026, 11, 1), "valid_to": dt.date(2027, 4, 30), "approval_number": "A-1"}
    one = Authorisation.objects.create(person=someone, clinic=someone.clinic, **fields, **days)
    Step.objects.create(authorisation=one, number=1, status="approved", day=dt.date(2026, 11, 1), actor="user 1")
    return one


@pytest.fixture
def sheet(someone, nurse, approved):
    return a_signed_sheet(someone, nurse, authorisation=approved, supply="medical")


def once() -> str:
    return str(uuid.uuid4())


def place(sheet) -> str:
    return f"/people/{sheet.person.pk}/claims/{sheet.session.pk}/"


def of(sheet):
    (one,) = claims_of(sheets.of_sessions(Session.objects.filter(pk=sheet.session.pk)))
    return one


def a_payer(client, **given):
    fields = {"payer": "Cigna", "treatment": "esketamine", "way": "separate", "prolonged": "none"}
    fields |= {"said_by": "contract", "said_on": "2026-11-01", "seen": "0", "once": once()}
    return client.post("/claims/payers/edit/", fields | given)


def enter_minutes(client, sheet, who, **given):
    fields = {"who": who.pk, "whose": "staff", "doing": "with the patient", "minutes": "125", "once": once()}
    return client.post(f"{place(sheet)}minutes/", fields | given)


@pytest.fixture
def ready(sheet, sign_in, nurse):
    """A session of which everything is said."""
    assert a_payer(sign_in("office")).status_code == 302
    assert enter_minutes(sign_in("nurse"), sheet, nurse).status_code == 302
    assert sign_in("prescriber").post(f"{place(sheet)}visit/", {"code": "99214", "once": once()}).status_code == 302
    assert of(sheet).state == "ready", of(sheet).problems
    return sheet


def hand_over(client, *sheets, batch=None):
    sent = {"batch": batch or once(), "session": [str(one.session.pk) for one in sheets]}
    return client.post("/claims/hand-over/", sent, follow=True)


def test_each_of_the_three_sees_whose_turn_it_is_until_it_is_ready(sheet, sign_in, nurse):
    office, nursing, prescriber = sign_in("office"), sign_in("nurse"), sign_in("prescriber")
    page = office.get(place(sheet)).content.decode()
    assert "every way is listed, none is chosen" in page
    assert "seen in a copy" in page
    assert of(sheet).turns == ["office"]
    assert "Cigna: nobody has entered" in office.get("/claims/payers/").content.decode()
    assert a_payer(office).status_code == 302
    assert of(sheet).turns == ["nurse", "prescriber"]
    assert f"{place(sheet)}minutes/" in nursing.get("/claims/minutes/").content.decode()
    assert "Test Nurse: 09:00" in nursing.get(f"{place(sheet)}minutes/").content.decode()
    assert enter_minutes(nursing, sheet, nurse).status_code == 302
    assert "None is missing" in nursing.get("/claims/minutes/").content.decode()
    assert of(sheet).turns == ["prescriber"]
    assert prescriber.post(f"{place(sheet)}visit/", {"code": "?", "once": once()}).status_code == 422
    prescriber.post(f"{place(sheet)}visit/", {"code": "99214", "once": once()})
    one = of(sheet)
    assert (one.state, one.turns) == ("ready", [])
    assert [(row["code"], row["units"]) for row in one.rows] == [("J0013", "56"), ("99214", "1")]
    page = office.get("/claims/").content.decode()
    assert "Hand the chosen ones to the biller" in page
    assert "125" in office.get(place(sheet)).content.decode()
    assert office.get(f"/people/{sheet.person.pk}/claims/").content.decode().count("ready") == 1


def test_the_file_is_kept_and_the_same_page_sent_twice_hands_over_once(ready, sign_in):
    office, batch = sign_in("office"), once()
    first, again = hand_over(office, ready, batch=batch), hand_over(office, ready, batch=batch)
    assert first.content == again.content == office.get(f"/claims/files/{batch}/").content
    assert Handover.objects.count() == 1
    rows = list(csv.DictReader(io.StringIO(first.content.decode())))
    assert [(row["code"], row["units"], row["minutes_staff"]) for row in rows] == [
        ("J0013", "56", "125"),
        ("99214", "1", "125"),
    ]
    assert rows[0]["member_id"] == "'=cmd()"
    assert rows[0]["approval_number"] == "A-1"
    assert of(ready).state == "handed over"
    assert "of 1 chosen sessions 0 are ready" in hand_over(sign_in("prescriber"), ready).content.decode()
    assert Handover.objects.count() == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        Handover.objects.update(rows=[])
    assert sign_in("nurse").get(f"/claims/files/{batch}/").status_code == 404


def test_a_session_that_is_not_ready_is_not_handed_over(sheet, sign_in):
    answer = hand_over(sign_in("office"), sheet)
    assert "of 1 chosen sessions 0 are ready" in answer.content.decode()
    assert Handover.objects.count() == 0


def test_a_sheet_amended_after_it_was_handed_over_is_shown_and_can_be_taken_as_it_is(ready, nurse, sign_in):
    office = sign_in("office")
    hand_over(office, ready)
    amend(ready, nurse, "The companion came at 11.")
    one = of(ready)
    assert (one.state, [problem.id for problem in one.problems]) == ("differs", ["amended"])
    assert "handed over, differs now" in office.get("/claims/").content.decode()
    (problem,) = one.problems
    given = {"problem": "amended", "words": statements.digest_of(problem), "once": once()}
    for sent in (given | {"reason": ""}, given | {"reason": "x", "words": "0" * 16}):
        office.post(f"{place(ready)}accept/", sent)
        assert of(ready).state == "differs"
    for _again in range(2):
        office.post(f"{place(ready)}accept/", given | {"reason": "It changes no code."})
    assert of(ready).state == "handed over"
    assert "It changes no code." in office.get(place(ready)).content.decode()
    amend(ready, nurse, "And left at 12.")
    assert of(ready).state == "differs", "a reason holds for what the problem said then"


def test_a_change_of_what_was_handed_over_is_told_value_by_value(ready, sign_in):
    office = sign_in("office")
    hand_over(office, ready)
    sign_in("prescriber").post(f"{place(ready)}visit/", {"code": "99215", "once": once()})
    one = of(ready)
    assert one.state == "differs"
    assert one.differences == ["99214 is not billed any more", "99215 is new"]
    assert "99215 is new" in office.get("/claims/").content.decode()
    hand_over(office, ready)
    assert of(ready).state == "handed over"
    assert list(Handover.objects.values_list("number", flat=True)) == [1, 2]


def test_minutes_are_corrected_by_a_new_version_and_two_people_are_told(ready, nurse, sign_in):
    client, other = sign_in("nurse"), sign_in("prescriber")
    said = next(one for one in of(ready).statements if one.kind == "minutes")
    page = client.get(f"{place(ready)}minutes/?correct={said.statement}").content.decode()
    assert re.search(r'name="minutes" value="125"', page)
    change = {"statement": str(said.statement), "seen": "1"}
    assert enter_minutes(client, ready, nurse, minutes="120", **change).status_code == 302
    answer = enter_minutes(other, ready, nurse, minutes="90", **change)
    assert answer.status_code == 409
    assert "changed this meanwhile" in answer.content.decode()
    assert of(ready).claim.given.minutes.staff == 120
    enter_minutes(other, ready, nurse, whose="clinician", doing="other work", minutes="15")
    enter_minutes(other, ready, nurse, doing="other work", minutes="500")
    assert (of(ready).claim.given.minutes.clinician, of(ready).claim.given.minutes.staff) == (15, 120)
    client.post(f"{place(ready)}minutes/", {"strike": str(said.statement), "once": once()})
    assert of(ready).claim.given.minutes.staff is None
    assert Statement.objects.filter(statement=said.statement).count() == 3
    assert enter_minutes(client, ready, nurse, minutes="-5").status_code == 422


def test_units_that_end_in_the_middle_are_told_at_the_session_that_lacks_them(ready, someone, nurse, approved):
    second = a_signed_sheet(someone, nurse, day=1, authorisation=approved, supply="medical")
    third = a_signed_sheet(someone, nurse, day=1.5, authorisation=approved, supply="medical")
    found = {one.sheet.session.pk: one for one in claims_of(sheets.of_person(someone))}
    units = [[p.words for p in found[s.session.pk].problems if p.id == "units"] for s in (ready, second, third)]
    assert units == [[], [], ["8 units of Authorisation 1 were left, this session uses 56: 48 too few."]]


def test_a_session_without_authorisation_or_on_the_old_code_is_told(someone, nurse, approved, sign_in):
    a_payer(sign_in("office"))
    without = a_signed_sheet(someone, nurse, supply="medical")
    assert "names no authorisation" in sign_in("office").get(place(without)).content.decode()
    approved.code = "S0013"
    approved.save()
    old = a_signed_sheet(someone, nurse, day=1, supply="medical", authorisation=approved, dose_mg=84)
    page = sign_in("office").get(place(old)).content.decode()
    for words in ("S0013 is valid to 31 Dec 2025 only", "56 mg were given, 84 mg were ordered"):
        assert words in page


def test_medicare_has_one_code_and_needs_no_minutes(sheet, someone, approved, sign_in):
    someone.payer = " medicare  Part B"
    someone.save()
    approved.code, approved.units, approved.policy = "G2082", 8, "ketamine-off-label"
    approved.save()
    assert a_payer(sign_in("office"), payer="Medicare part b", way="bundled", prolonged="").status_code == 302
    one = of(sheet)
    assert (one.state, [row["code"] for row in one.rows]) == ("ready", ["G2082"])
    assert "no visit (E/M) beside it" in sign_in("office").get(place(sheet)).content.decode()


def test_how_a_payer_wants_it_is_kept_in_versions_and_a_product_has_the_clinics_ndc(ready, sign_in):
    office = sign_in("office")
    assert a_payer(office, way="bundled", seen="0").status_code == 409
    assert a_payer(office, said_on="2027-01-01", seen="1").status_code == 422
    assert a_payer(office, way="bundled", seen="1").status_code == 302
    assert list(PayerRule.objects.values_list("version", "way")) == [(1, "separate"), (2, "bundled")]
    assert "Said before" in office.get("/claims/payers/edit/?payer=cigna").content.decode()
    a_payer(office, seen="2")
    ndc = {"treatment": "esketamine", "mg": "56", "ndc": "1234-5678-9", "once": once()}
    assert office.post("/claims/products/edit/", ndc).status_code == 422
    assert office.post("/claims/products/edit/", ndc | {"ndc": "12345678901"}).status_code == 302
    assert of(ready).rows[0]["ndc"] == "12345-6789-01"
    assert ProductCode.objects.get().ndc in office.get("/claims/payers/").content.decode()


def test_a_session_without_a_dose_or_of_somebody_else_has_no_claim(ready, person, sign_in):
    office, other = sign_in("office"), person(given_name="Ben")
    assert office.get(f"/people/{other.pk}/claims/{ready.session.pk}/").status_code == 404
    assert office.get(f"/people/{other.pk}/claims/{uuid.uuid4()}/").status_code == 404
    assert "No session of this person" in office.get(f"/people/{other.pk}/claims/").content.decode()


def test_the_list_looks_once_for_all_sessions(someone, nurse, approved):
    counts = []
    for day in (0, 1, 1.5, 1.6):
        a_signed_sheet(someone, nurse, day=day, authorisation=approved, supply="medical")
        every = sheets.of_person(someone)
        with CaptureQueriesContext(connection) as queries:
            assert len(claims_of(every)) == len(counts) + 1
        counts.append(len(queries))
    assert counts[1] == counts[-1]


def test_a_statement_of_a_session_is_written_with_its_event(sheet, nurse):
    from stepwell.clinic.events.models import Event

    statements.add(sheet.session, "visit", {"code": "none"}, actor=actor_of_user(nurse), once=uuid.uuid4())
    assert Event.objects.filter(action="write claims").count() == 1
