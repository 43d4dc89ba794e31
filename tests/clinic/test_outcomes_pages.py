"""What came of it on pages: one person, the caseload, the programme, the report for CMS ACCESS."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from clinic_sessions import a_device, a_reading, a_session, an_entry, an_order
from django.utils import timezone

from stepwell.clinic.history import forms, lines
from stepwell.clinic.measures import requests
from stepwell.clinic.outcomes import results
from stepwell.clinic.outcomes.caseload import find
from stepwell.clinic.outcomes.person_content import compose

TODAY = dt.date(2026, 11, 27)


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    """Ten in the morning of TODAY, in New York."""
    monkeypatch.setattr(timezone, "now", lambda: dt.datetime(2026, 11, 27, 15, 0, tzinfo=dt.UTC))
    results._kept.clear()


@pytest.fixture
def clinician(actor):
    return actor("prescriber")


def tell(person, clinician, *said, state="confirmed"):
    for kind, content in said:
        checked, problems = forms.check(kind, content, today=TODAY)
        assert not problems, problems
        lines.add(person, kind, checked, actor=clinician, state=state, origin="clinician")


def score(day, total, instrument="phq-9", **more):
    return ("score", {"instrument": instrument, "day": day, "total": total} | more)


def give(order, day, *, events=(), none=False, sign=None):
    """A session of two devices with a reading at 40 minutes, at ten in the morning."""
    at = dt.datetime.fromisoformat(f"{day}T15:00:00+00:00")
    session = a_session(order, planned_at=at)
    for n in range(2):
        an_entry(session, "dose", a_device(order), minute=5 * n, wall=at + dt.timedelta(minutes=5 * n))
    later = {"minute": 40, "wall": at + dt.timedelta(minutes=40)}
    an_entry(session, "reading", a_reading("40", 151, 93, sedation=4, dissociation="moderate", spo2=94), **later)
    for what, serious in events:
        content = {"what": what, "serious": serious, "onset_at": at.isoformat(), "resolved_at": None}
        an_entry(session, "adverse event", content, **later)
    if none:
        an_entry(session, "check", {"check": "no-adverse-event", "answer": "yes"}, **later)
    an_entry(session, "departure", {}, minute=125, wall=at + dt.timedelta(minutes=125))
    if sign is not None:
        content = {"seen": "0" * 64, "protocol_digest": order.protocol_digest}
        an_entry(session, "signature", content, minute=126, wall=at + dt.timedelta(minutes=126), user=sign)
    return session


@pytest.fixture
def responder(person, user, clinician):
    """Four weeks of esketamine: response within a day, lost after five weeks."""
    made = person(given_name="Rosa", member_id="1EG4TE5MK73")
    order = an_order(made, user("prescriber"))
    days = [dt.date(2026, 9, 1) + dt.timedelta(days=d) for d in (0, 3, 7, 10, 14, 17, 21, 24)]
    for n, day in enumerate(days):
        events = [("nausea", False), ("vertigo", True)] if n == 0 else []
        give(order, day, events=events, none=n == 1, sign=order.user)
    items = {str(n): 1 for n in range(1, 10)} | {"2": 3, "9": 1}
    tell(
        made,
        clinician,
        ("condition", {"condition": "major-depression", "day": "2026-05-01"}),
        ("goal", {"text": "To cook for my family again", "enough_pct": 40}),
        score("2026-08-31", 20),
        score("2026-09-02", 9),
        score("2026-09-05", 8),
        score("2026-09-28", 7),
        score("2026-10-12", 11, items=items),
        score("2026-11-02", 19),
        ("score", {"instrument": "gad-7", "day": "2026-10-12", "items": {str(n): 2 for n in range(1, 8)}}),
    )
    return made


def test_a_persons_series_line_by_line(responder, sign_in):
    content = compose(results.of_person(responder), TODAY)
    (series,) = content["series"]
    said = {s["asked"]: (s["stands"], s["found"]) for s in series["statements"]}
    assert said["Response"] == (
        "yes",
        "First in response on 2 Sep 2026, 1 day and 1 session after the first; at best 65 % better",
    )
    assert said["Remission"] == ("no", "The best score was 7")
    assert said["Onset within 24 hours"] == ("yes", "9 on 2 Sep 2026, 55 % better")
    assert said["Days 2 to 7"] == ("seen", "day 4: 8 (60 % better)")
    assert said["Relapse"][0] == "yes"
    assert said["Relapse"][1].endswith("lost on 12 Oct 2026: a relapse")
    assert said["Re-induction"] == ("no", "This series is the first series here")
    assert all(s["rule"] and (s["seen"] or s["asked"] == "Days 2 to 7") for s in series["statements"])
    assert (series["n_sessions"], series["last"]) == (8, {"day": "2026-11-02", "total": 19.0, "better": 5})
    assert series["sessions"][0]["sheet"]["events"] == ["nausea", "vertigo"]
    assert series["sessions"][0]["sheet"]["dissociation"] == "moderate"
    assert content["adverse_events"]["kinds"][0] == {"what": "vertigo", "n": 1, "serious": 1, "open": 1}
    assert (content["adverse_events"]["none"], content["adverse_events"]["silent"]) == (1, 6)
    assert content["goals"] == [{"text": "To cook for my family again", "asked": 40.0, "so_far": 5, "reached": False}]
    assert content["concern"] == ["PHQ-9, item 9: above zero on 2026-10-12"]
    assert any("suicid" in u["text"] and u["seen"] for u in content["unproven"])
    page = sign_in("nurse").get(f"/people/{responder.pk}/outcomes/").content.decode()
    for words in (
        "First in response on 2 Sep 2026",
        "session sheet",
        "To cook for my family again",
        "vertigo",
        "988",
        "<svg",
        "unproven",
    ):
        assert words in page
    assert "style=" not in page, "the content security policy refuses styles in elements"


def test_without_scores_or_sessions_nothing_is_said_to_be_no(person, user, clinician, sign_in):
    nobody, unscored = person(), person(given_name="Uma")
    give(an_order(unscored, user("prescriber")), "2026-11-20")
    (series,) = compose(results.of_person(unscored), TODAY)["series"]
    stands = {s["asked"]: s["stands"] for s in series["statements"]}
    asked = ("Response", "Remission", "Onset within 24 hours", "Days 2 to 7", "Relapse")
    assert {stands[name] for name in asked} == {"not known"}
    page = sign_in("therapist").get(f"/people/{nobody.pk}/outcomes/")
    assert "No session of a treatment is known yet" in page.content.decode()


def test_the_caseload_says_why_somebody_is_on_it(home, responder, person, user, clinician, sign_in):
    prescriber = user("prescriber")
    well, silent, worse = person(given_name="Will"), person(given_name="Sil"), person(given_name="Wanda")
    order = an_order(silent, prescriber, reevaluate_on=dt.date(2026, 11, 20))
    give(order, "2026-11-10")
    a_session(order, planned_at=dt.datetime(2026, 11, 24, 15, 0, tzinfo=dt.UTC))
    tell(well, clinician, score("2026-11-01", 12), score("2026-11-20", 6))
    tell(worse, clinician, score("2026-11-01", 12), score("2026-11-20", 18), score("2026-11-10", 12.5, "madrs"))
    found = find(home, results.of_clinic(home), TODAY, timezone.now())
    why = {row.person.given_name: [reason.kind for reason in row.reasons] for row in found.rows}
    assert why == {
        "Rosa": ["alert", "relapse", "worse"],
        "Wanda": ["worse"],
        "Sil": ["visit", "no score", "not signed", "judge"],
    }
    assert [row.person.given_name for row in found.rows] == ["Rosa", "Wanda", "Sil"]
    assert found.n_without == 1
    assert found.counts["worse"] == 2
    words = {reason.kind: reason.words for row in found.rows for reason in row.reasons}
    assert words["worse"] == "PHQ-9 12 on 1 Nov 2026, 18 on 20 Nov 2026: 6 points worse; 6 mean something"
    assert words["no score"] == "Last session on 10 Nov 2026; no score at all"
    nurse = sign_in("nurse")
    page = nurse.get("/caseload/?why=worse").content.decode()
    assert "Wanda" in page
    assert "Sil" not in page
    tell(responder, clinician, score("2026-11-25", 8))
    found = find(home, results.of_clinic(home), TODAY, timezone.now())
    (rosa,) = (row for row in found.rows if row.person == responder)
    assert [reason.kind for reason in rosa.reasons] == ["alert"], "in response again; the alert stays open"


def test_the_programme_page_suppresses_small_counts_and_leaves_out_who_refused(
    home, responder, person, user, clinician, sign_in, monkeypatch
):
    prescriber = user("prescriber")
    for _n in range(6):
        order = an_order(person(), prescriber)
        give(order, "2026-10-01")
        tell(order.person, clinician, score("2026-09-30", 20), score("2026-10-02", 8))
    page = sign_in("prescriber").get("/programme/").content.decode()
    assert "7 series in 7 people" in page
    assert '<td class="count withheld">&lt;5</td>' in page
    assert ' hidden"' not in page, "the stylesheet of the clinic keeps `hidden` for screen readers alone"
    assert "stepwell explains; clinicians decide" in page
    assert "CMS159" in page
    assert "style=" not in page
    tell(order.person, clinician, ("consent", {"document": "outcomes", "agreed": False}))
    page = sign_in("prescriber").get("/programme/").content.decode()
    assert "6 series in 6 people" in page
    assert "are left out" in page
    later = timezone.now() + dt.timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    tell(order.person, clinician, ("consent", {"document": "outcomes", "agreed": True}))
    assert results.refused(home) == set(), "the latest answer holds"


def test_the_report_for_access_holds_whole_questionnaires_and_names_what_is_missing(responder, person, sign_in):
    client = sign_in("prescriber")
    where = f"/people/{responder.pk}/outcomes/access/"
    page = client.get(where).content.decode()
    assert "Overall Function (WHODAS 2.0)" in page
    assert "draft 0.9.8" in page
    told = client.post(where, {"kind": "baseline", "participant": "ACC1", "payer": "", "member": "short", "npi": "12"})
    assert told.status_code == 422
    asked = {"kind": "baseline", "participant": "ACC1", "payer": "P9", "member": "1EG4TE5MK73", "npi": "1234567893"}
    made = json.loads(client.post(where, asked).content)
    parameters = {p["name"]: p for p in made["parameter"]}
    assert parameters["track"]["valueCodeableConcept"]["coding"][0]["code"] == "BH"
    bundle = parameters["dataBundle"]["resource"]
    resources = {e["fullUrl"]: e["resource"] for e in bundle["entry"]}
    assert bundle["type"] == "document"
    composition = bundle["entry"][0]["resource"]
    assert composition["resourceType"] == "Composition"
    sections = composition["section"][0]["section"]
    phq, gad = (resources[s["entry"][0]["reference"]] for s in sections)
    assert [s["code"]["coding"][0]["code"] for s in sections] == ["44249-1", "69737-5"]
    assert (phq["authored"], phq["item"][-1]["answer"][0]["valueDecimal"]) == ("2026-10-12", 11.0)
    first = phq["item"][1]["answer"][0]["valueCoding"]
    assert (phq["item"][1]["linkId"], first["code"], first["extension"][0]["valueDecimal"]) == ("phq9-2", "LA6571-9", 3)
    assert gad["item"][-1]["answer"][0]["valueDecimal"] == 14.0, "of a form without a total, the sum"
    for name in ("subject", "custodian"):
        assert composition[name]["reference"] in resources
    page = client.get(f"/people/{person().pk}/outcomes/access/").content.decode()
    assert "Nothing: no questionnaire" in page


def test_what_cannot_be_sent_for_one_reason_is_one_line_of_the_caseload(home, person, clinician):
    made = person()
    for instrument in ("phq-9", "gad-7"):
        requests.ask(made, instrument, clinician, once=f"asked-{instrument}")
    (row,) = find(home, results.of_clinic(home), TODAY, timezone.now()).rows
    (reason,) = [one for one in row.reasons if one.kind == "not reached"]
    assert "Mood (PHQ-9), Worry (GAD-7) of" in reason.words
    assert "no way to reach them (nobody has asked how to reach this person)" in reason.words
