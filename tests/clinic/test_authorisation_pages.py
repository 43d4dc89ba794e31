"""The pages of prior authorisation: from a history to the packet, its status, its deadlines, a denial and an appeal."""

from __future__ import annotations

import datetime as dt
import io
import time

import pikepdf
import pytest
from django.db import DatabaseError, transaction
from packet_records import example_policy
from payer_form import payer_form

from stepwell.clinic.access.actors import actor_of_user
from stepwell.clinic.authorisation import packets
from stepwell.clinic.authorisation.calendar import entries
from stepwell.clinic.authorisation.in_words import in_words
from stepwell.clinic.authorisation.models import Authorisation, FormFile, Packet, PolicyFile, Step
from stepwell.clinic.events.models import Event
from stepwell.clinic.history import lines

HOSTILE = '<script>alert(1)</script> #let x = 1 $ [ ] "'


@pytest.fixture
def today(home):
    return packets.today_of(home)


@pytest.fixture
def told(person, user, today):
    """A person with a history of two confirmed trials, a score, and a diagnosis and a drug of which a payer is told nothing."""
    someone, who = person(given_name="Ann", payer="Cigna", member_id="M-4711"), actor_of_user(user("prescriber"))

    def day(ago: int) -> str:
        return (today - dt.timedelta(days=ago)).isoformat()

    secret = "COUNSELLING-SECRET"
    for kind, content in (
        ("observation", {"start": day(900), "stop": day(0), "complete": ["condition", "procedure"]}),
        ("condition", {"condition": "major-depression", "day": day(200), "note": secret}),
        ("condition", {"condition": "substance-use", "day": day(150), "note": secret}),
        (
            "medication",
            {
                "drug": "sertraline",
                "ingredient": "sertraline",
                "start": day(190),
                "stop": day(130),
                "mg_per_day": 100.0,
                "improvement_pct": 10.0,
                "stop_reasons": ["did not help"],
                "note": secret,
            },
        ),
        (
            "medication",
            {
                "drug": "venlafaxine",
                "ingredient": "venlafaxine",
                "start": day(120),
                "stop": day(30),
                "mg_per_day": 150.0,
            },
        ),
        ("treatment", {"treatment": "psychotherapy", "start": day(180), "n_sessions": 1, "note": secret}),
        ("score", {"instrument": "phq-9", "day": day(192), "total": 19.0}),
        ("score", {"instrument": "phq-9", "day": day(31), "total": 18.0, "items": {"9": 1.0}}),
        ("goal", {"text": secret}),
    ):
        lines.add(someone, kind, content, actor=who, state="confirmed", origin="clinician")
    someone.secret = secret
    return someone


FIELDS = {"policy": "cigna", "kind": "first", "benefit": "medical", "code": "J0013", "units": "1288", "units_used": "0"}


@pytest.fixture
def office(sign_in):
    return sign_in("office")


@pytest.fixture
def one(told, office):
    answer = office.post(f"/people/{told.pk}/authorisations/new/", FIELDS)
    assert answer.status_code == 302, answer.content.decode()
    return Authorisation.objects.get()


def base(one) -> str:
    return f"/people/{one.person_id}/authorisations/{one.pk}/"


def made(one, office) -> Packet:
    assert office.post(f"{base(one)}packets/make/").status_code == 302
    return one.packets.last()


def step(one, office, status, day, **more):
    return office.post(f"{base(one)}status/", {"status": status, "day": day.isoformat(), **more})


def test_from_a_history_to_a_packet(one, told, office, today):
    packet = made(one, office)
    content = packets.read(packet)
    assert (content.day, content.policy.name) == (today, "cigna@1")
    sertraline, venlafaxine = content.trials
    assert "reported: 10 % better" in sertraline.outcome
    assert sertraline.stopped == "reported: it did not help"
    assert {sertraline.state, venlafaxine.state} == {"confirmed"}
    assert all(a.startswith("line/") for t in content.trials for a in t.rests_on)
    assert packet.lines == sorted(line.address for line in lines.current(told))
    page = office.get(f"{base(one)}packets/{packet.pk}/")
    text = page.content.decode()
    for words in (
        "Sertraline (SSRI)",
        "Failed trials of antidepressants",
        "Would settle it",
        "confirmed",
        packet.digest,
    ):
        assert words in text
    start = time.perf_counter()
    pdf = office.get(f"{base(one)}packets/{packet.pk}/pdf/")
    assert time.perf_counter() - start < 1
    assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert pdf.content == office.get(f"{base(one)}packets/{packet.pk}/pdf/").content


def test_what_has_no_exact_day_is_told_and_not_counted(one, told, office, actor):
    """A drug of one year, talk therapy of another, and a drug that nobody could identify: none is lost, none is a trial."""
    who = actor("nurse")
    fluoxetine = {"drug": "Prozac", "ingredient": "fluoxetine", "start": "2021", "stop": "2021", "mg_per_day": 20.0}
    for kind, content in (
        ("medication", {**fluoxetine, "improvement": "little"}),
        ("medication", {"drug": "TYPED-BY-SOMEBODY", "start": "2020"}),
        ("treatment", {"treatment": "psychotherapy", "start": "2022", "stop": "2023", "improvement": "half"}),
    ):
        lines.add(told, kind, content, actor=who, state="reported", origin="patient")
    content = packets.read(made(one, office))
    (named,) = content.undated
    assert named.text == (
        "Fluoxetine, 20 mg a day: on days that are not known; it cannot be judged; remembered as 2021; reported: a little better."
    )
    assert [s.state for s in content.sources if s.address in named.rests_on] == ["reported"]
    assert "fluoxetine" not in {t.drug for t in content.trials}
    (therapy,) = content.psychotherapy
    assert "further sessions without a known day" in therapy.text
    assert "remembered as 2022 to 2023; reported: about half better" in therapy.text
    assert {
        "Days of the drugs that are named without them",
        "Which drugs those are that nobody could identify",
    } <= set(content.missing)
    assert "TYPED-BY-SOMEBODY" not in content.model_dump_json()
    assert office.get(f"{base(one)}packets/{one.packets.last().pk}/pdf/").content[:5] == b"%PDF-"
    assert any("Fluoxetine, 20 mg a day" in s.text for s in content.letter.sentences)


def test_notes_and_substance_use_are_in_no_packet_and_no_log(one, told, office):
    packet = made(one, office)
    shown = office.get(f"{base(one)}packets/{packet.pk}/").content.decode()
    for text in (packet.content, shown):
        assert told.secret not in text
        assert "substance-use" not in text.replace("no diagnosis of substance-use", "")
    assert not any(told.secret in str(e.detail) or "sertraline" in str(e.detail) for e in Event.objects.all())


def test_a_packet_is_kept_as_it_was_and_an_edit_makes_the_next(one, office):
    first = made(one, office)
    url = f"{base(one)}packets/{first.pk}/edit/"
    assert office.get(url).status_code == 200
    answer = office.post(url, {"s-who": HOSTILE, "s-trial.1": "", "added": "She cannot work.\n\n"})
    assert answer.status_code == 302
    second = one.packets.last()
    assert (second.number, Packet.objects.get(pk=first.pk).content) == (2, first.content)
    page = office.get(f"{base(one)}packets/{second.pk}/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert page.count("the clinician's own") == 2
    assert all(not s["refs"] for p in in_words(packets.read(second))["letter"]["paragraphs"] for s in p if s["own"])
    assert b"%PDF-" in office.get(f"{base(one)}packets/{second.pk}/pdf/").content
    for change in (
        lambda: Packet.objects.filter(pk=first.pk).update(digest="x"),
        lambda: Packet.objects.filter(pk=first.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    third = made(one, office)
    own = [s.text for s in packets.read(third).letter.sentences if s.is_own]
    assert own == [" ".join(HOSTILE.split()), "", "She cannot work."], (
        "the clinician's words go over to a packet made anew"
    )


def test_two_people_who_edit_one_packet(one, office, sign_in):
    packet = made(one, office)
    url = f"{base(one)}packets/{packet.pk}/edit/"
    assert office.post(url, {"s-who": "First."}).status_code == 302
    answer = sign_in("prescriber").post(url, {"s-who": "Second, and it is long."})
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Somebody made packet 2 meanwhile" in text
    assert "Second, and it is long." in text
    assert one.packets.count() == 2


def test_two_people_who_edit_one_authorisation(one, office, sign_in):
    url = f"{base(one)}edit/"
    assert office.post(url, {**FIELDS, "units": "56", "seen": "1"}).status_code == 302
    answer = sign_in("prescriber").post(url, {**FIELDS, "units": "84", "seen": "1"})
    assert answer.status_code == 409
    assert "Somebody changed this meanwhile" in answer.content.decode()
    assert Authorisation.objects.get(pk=one.pk).units == 56


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"valid_from": "2026-05-01", "valid_to": "2026-04-30"}, "valid_to"),
        ({"valid_from": "2026-02-30"}, "valid_from"),
        ({"valid_to": "2206-01-01"}, "valid_to"),
        ({"monitoring_checked": "2030-01-01"}, "monitoring_checked"),
        ({"height_cm": "17"}, "height_cm"),
        ({"units": "-3"}, "units"),
        ({"code": "J0013; DROP"}, "code"),
        ({"policy": "no-such"}, "policy"),
    ],
)
def test_impossible_entries_are_told_and_nothing_is_saved(told, office, given, field):
    answer = office.post(f"/people/{told.pk}/authorisations/new/", {**FIELDS, **given})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Authorisation.objects.exists()


def test_impossible_answers_of_the_payer_are_told(one, office):
    answer = office.post(
        f"{base(one)}edit/",
        {
            **FIELDS,
            "seen": "1",
            "denied_on": "2026-03-01",
            "appeal_until": "2026-02-01",
            "due_again": "2026-07-01",
            "valid_to": "2026-06-01",
        },
    )
    assert (answer.status_code, set(answer.context["form"].errors)) == (422, {"appeal_until", "due_again"})


def test_denial_appeal_and_its_deadline(one, office, today):
    answer = step(one, office, "approved", today)
    assert answer.status_code == 422
    told = answer.content.decode()
    assert "After “draft” comes: sent, withdrawn" in told
    assert "An approval needs: approval number, valid from, valid to" in told
    assert "Make a packet first" in step(one, office, "sent", today).content.decode()
    made(one, office)
    sent = today - dt.timedelta(days=9)
    assert "lies in the future" in step(one, office, "sent", today + dt.timedelta(days=1)).content.decode()
    assert step(one, office, "sent", sent, note="by fax").status_code == 302
    assert "before the last status" in step(one, office, "denied", sent - dt.timedelta(days=1)).content.decode()
    assert "A denial needs its day and its reason" in step(one, office, "denied", today).content.decode()
    denied = {
        **FIELDS,
        "seen": "1",
        "denied_on": (today - dt.timedelta(days=5)).isoformat(),
        "denial_reason": "Trials not shown. <b>",
        "appeal_until": (today - dt.timedelta(days=1)).isoformat(),
    }
    assert office.post(f"{base(one)}edit/", denied).status_code == 302
    assert step(one, office, "denied", today).status_code == 302
    assert "The last day for an appeal" in office.get(base(one)).content.decode()
    calendar = office.get("/authorisations/").content.decode()
    assert "overdue" in calendar
    assert "Last day for an appeal" in calendar
    letter = packets.read(made(one, office)).letter
    assert letter.kind == "appeal"
    assert any("Trials not shown. <b>" in s.text for s in letter.sentences)
    assert step(one, office, "appeal sent", today).status_code == 302
    page = office.get(base(one)).content.decode()
    assert "after its last day" in page
    assert "Trials not shown. &lt;b&gt;" in page
    assert [s.status for s in Step.objects.order_by("number")] == ["sent", "denied", "appeal sent"]
    with pytest.raises(DatabaseError), transaction.atomic():
        Step.objects.update(status="approved")


def test_the_calendar_says_why_and_its_file_names_nobody(one, told, office, today):
    made(one, office)
    end = today + dt.timedelta(days=40)
    approved = {
        **FIELDS,
        "seen": "1",
        "approval_number": "A-1",
        "valid_from": today.isoformat(),
        "valid_to": end.isoformat(),
        "units_used": "1200",
    }
    office.post(f"{base(one)}edit/", approved)
    step(one, office, "sent", today)
    assert step(one, office, "approved", today).status_code == 302
    one.refresh_from_db()
    assert one.due_again == end - dt.timedelta(days=30)
    found = entries(Authorisation.objects.all(), today)
    assert [(e.kind, e.day, e.is_soon) for e in found] == [("again", one.due_again, True), ("end", end, False)]
    page = office.get("/authorisations/").content.decode()
    assert "Units left: 88 of 1288." in page
    assert "how scores changed since before treatment" in page
    file = office.get("/authorisations/due.ics")
    text = file.content.decode()
    assert file["Content-Type"].startswith("text/calendar")
    assert f"DTSTART;VALUE=DATE:{end:%Y%m%d}\r\n" in text
    assert f"SUMMARY:No. {one.number}: Authorisation ends\r\n" in text
    for private in ("Ann", "Doe", "J0013", "Cigna", "ketamine", "depress", "M-4711"):
        assert private not in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


def test_an_authorisation_on_the_old_code_is_warned_of(one, office):
    days = {"valid_from": "2025-10-01", "valid_to": "2026-03-31"}
    office.post(f"{base(one)}edit/", {**FIELDS, **days, "code": "s0013", "seen": "1"})
    page = office.get(base(one)).content.decode()
    assert "Code S0013 is valid to 31 Dec 2025 only. Since then it is J0013." in page
    office.post(f"{base(one)}edit/", {**FIELDS, **days, "seen": "2"})
    assert "Code J0013 is valid from 1 Jan 2026 on" in office.get(base(one)).content.decode()


def test_a_further_request_says_how_the_scores_changed_since_before_treatment(one, told, office, today, actor):
    """The baseline is the last score before the first session, not the first score of the episode."""
    who = actor("nurse")
    first, latest = (today - dt.timedelta(days=20)).isoformat(), (today - dt.timedelta(days=2)).isoformat()
    session = {"treatment": "esketamine", "start": first, "n_sessions": 1}
    lines.add(told, "treatment", session, actor=who, state="confirmed", origin="clinician")
    score = {"instrument": "phq-9", "day": latest, "total": 9.0}
    lines.add(told, "score", score, actor=who, state="confirmed", origin="clinician")
    office.post(f"{base(one)}edit/", {**FIELDS, "kind": "again", "seen": "1"})
    content = packets.read(made(one, office))
    (scale,) = content.scales
    assert (scale.baseline.total, scale.latest.total, scale.change) == ("18", "9", "50 % better")
    assert any("before treatment it was 18" in s.text and "50 % better" in s.text for s in content.letter.sentences)
    assert any("recorded on 1 day" in s.text for s in content.other_treatments)


def test_a_further_request_asks_again_and_takes_over_what_stays(one, told, office):
    form = office.get(f"/people/{told.pk}/authorisations/new/").context["form"]
    assert (form["kind"].value(), form["code"].value(), form["policy"].value()) == ("again", "J0013", "cigna")


def test_a_policy_of_the_clinics_own(one, told, office, other_clinic, sign_in):
    own = example_policy()
    wrong = own.replace("at_least: 18 years", "at_lest: 18").replace("version: 1", "version: first")
    answer = office.post("/authorisations/policies/add/", {"text": wrong})
    assert answer.status_code == 422
    found = answer.context["problems"]
    assert {"line 2", "line 21"} <= {p.where for p in found}
    assert not any("/tmp" in str(p) for p in found)
    assert office.post("/authorisations/policies/add/", {"text": own.replace("our-payer", "cigna")}).status_code == 422
    assert office.post("/authorisations/policies/add/", {"text": "no: id"}).status_code == 422
    assert office.post("/authorisations/policies/add/", {}).status_code == 422
    assert not PolicyFile.objects.exists()
    assert office.post("/authorisations/policies/add/", {"text": own}).status_code == 302
    upload = io.BytesIO(own.replace("version: 1", "version: 2").encode())
    upload.name = "our.yaml"
    assert office.post("/authorisations/policies/add/", {"file": upload}).status_code == 302
    assert "our-payer@2" in office.get("/authorisations/policies/").content.decode()
    assert "our-payer" not in sign_in("office", other_clinic).get("/authorisations/policies/").content.decode()
    assert PolicyFile.objects.count() == 2, "the earlier version is kept"
    office.post(f"{base(one)}edit/", {**FIELDS, "policy": "our-payer", "seen": "1"})
    assert packets.read(made(one, office)).policy.name == "our-payer@2"


def test_a_payers_form_is_kept_mapped_and_filled(one, office, other_clinic, sign_in):
    def upload(data):
        file = io.BytesIO(data)
        file.name = "form.pdf"
        return office.post("/authorisations/forms/", {"name": "Cigna 2026", "file": file})

    refused = upload(payer_form(xfa=True))
    assert refused.status_code == 422
    assert "XFA" in refused.content.decode()
    kept_at = upload(payer_form())
    assert kept_at.status_code == 302
    kept = FormFile.objects.get()
    assert (
        office.post(
            kept_at.url, {"f-0": "patient.name", "f-1": "request.code", "f-2": "nonsense", "seen": "1"}
        ).status_code
        == 302
    )
    assert office.post(kept_at.url, {"f-0": "day", "seen": "1"}).status_code == 409
    kept.refresh_from_db()
    assert kept.mapping == {"name": "patient.name", "code": "request.code"}
    url = f"{base(one)}packets/{made(one, office).pk}/forms/{kept.pk}/"
    asked = office.get(url)
    assert "takes 4 characters" in asked.content.decode()
    with pikepdf.open(io.BytesIO(office.get(f"{url}?anyway=1").content)) as pdf:
        assert str(pdf.Root.AcroForm.Fields[0]["/V"]) == "Ann Doe"
    assert sign_in("office", other_clinic).get(kept_at.url).status_code == 404


def test_another_persons_authorisation_is_not_found(one, office, person):
    other = person(given_name="Ben")
    assert office.get(f"/people/{other.pk}/authorisations/{one.pk}/").status_code == 404
    packet = made(one, office)
    assert office.get(f"/people/{other.pk}/authorisations/{one.pk}/packets/{packet.pk}/pdf/").status_code == 404


def test_a_nurse_reads_and_a_therapist_does_not(one, sign_in):
    nurse = sign_in("nurse")
    assert nurse.get(base(one)).status_code == 200
    assert "Make the packet" not in nurse.get(base(one)).content.decode()
    assert nurse.post(f"{base(one)}status/", {}).status_code == 404
    assert sign_in("therapist").get(base(one)).status_code == 404


def test_without_a_history_no_packet_is_made_and_it_is_said(person, office):
    someone = person()
    office.post(f"/people/{someone.pk}/authorisations/new/", FIELDS)
    one = Authorisation.objects.get()
    answer = office.post(f"{base(one)}packets/make/", follow=True)
    assert "No packet was made" in answer.content.decode()
    assert not one.packets.exists()


def test_the_patients_own_page(one, told, office, today):
    made(one, office)
    step(one, office, "sent", today)
    answer = office.get(f"/people/{told.pk}/patients-page/")
    text = answer.content.decode()
    for words in (
        "tel:988",
        "tel:911",
        "Sertraline",
        "What it did: 10 % better",
        "It has not decided yet",
        "PHQ-9: 18",
    ):
        assert words in text
    for word in ("cure", "fix ", "fail", "guarantee", told.secret, "substance"):
        assert word not in text.lower()
    assert "off-label" not in text
    office.post(f"{base(one)}edit/", {**FIELDS, "policy": "ketamine-off-label", "seen": "1"})
    assert "This use is off-label" in office.get(f"/people/{told.pk}/patients-page/").content.decode()


def test_a_patient_who_came_by_a_link_sees_their_own_page_and_nothing_else(one, told, actor):
    from django.test import Client

    from stepwell.clinic.history.links import make_link

    phone = Client()
    assert phone.get("/my/page/").status_code == 403
    _link, token = make_link(told, actor("office"))
    assert phone.post(f"/i/{token}/", {"year": "1980", "month": "5", "day": "31"}).status_code == 302
    text = phone.get("/my/page/").content.decode()
    assert "Sertraline" in text
    assert "tel:988" in text
    assert "Print this page" not in text
    assert phone.get(base(one)).status_code == 404


def test_the_patients_own_page_before_there_is_anything(person, office):
    text = office.get(f"/people/{person().pk}/patients-page/").content.decode()
    assert "None is in your history yet" in text
    assert "988" in text
