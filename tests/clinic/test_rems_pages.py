"""Monitoring forms: the queue, the form prefilled from the sheet, what was submitted, enrolments."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
import uuid

import pytest
from clinic_sessions import START, a_reading
from clinic_signed import a_signed_sheet, amend
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from stepwell.clinic.access.actors import actor_of_user
from stepwell.clinic.history import lines
from stepwell.clinic.rems import submissions
from stepwell.clinic.rems.enrolment import patient_problems
from stepwell.clinic.rems.form_files import drug_classes, forms, versions_of
from stepwell.clinic.rems.models import PatientEnrolment, Receipt, SettingEnrolment, Submission
from stepwell.clinic.rems.prefill import prefilled
from stepwell.clinic.rems.queue import item_of, open_items, submitted_items
from stepwell.clinic.sessions import protocol_files, sheets

DAY = START.date()
ANSWERS = {"ready_minutes": "95", "vitals_before": "yes", "vitals_end": "yes", "first_treatment": "yes"}


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """The clinic's clock begins at noon of the day after the session, and goes on a second each time that it is asked."""
    seconds = itertools.count()
    monkeypatch.setattr(timezone, "now", lambda: START + dt.timedelta(days=1, hours=3, seconds=next(seconds)))


@pytest.fixture
def nurse(user, home):
    home.phone = "555-0100"
    home.save()
    return user("nurse", email="nurse@clinic.example")


@pytest.fixture
def enrolled(home, nurse):
    """The setting is certified."""
    on_site = dict.fromkeys(("prescriber_on_site", "provider_on_site", "oximeter_on_site"), True)
    address = {"name": "Riverside", "address": "1 Main St", "city": "Albany", "state_code": "NY", "zip_code": "12207"}
    who = {"user": nurse, "actor": f"user {nurse.pk}", "at": timezone.now(), "once": uuid.uuid4()}
    fields = {"clinic": home, "program": "spravato-us", "state": "enrolled", "day": dt.date(2026, 1, 5)}
    return SettingEnrolment.objects.create(authorised_representative="A. Lead", **on_site, **address, **who, **fields)


@pytest.fixture
def someone(person, enrolled, nurse):
    """An enrolled person."""
    made = person(sex="female")
    who = {"user": nurse, "actor": f"user {nurse.pk}", "at": timezone.now(), "once": uuid.uuid4()}
    fields = {"clinic": made.clinic, "program": "spravato-us", "state": "enrolled", "day": dt.date(2026, 11, 1)}
    PatientEnrolment.objects.create(person=made, **fields, **who)
    return made


def newest():
    return versions_of("spravato-outpatient")[0]


def page_of(client, sheet) -> tuple[str, dict]:
    """The form's page and what it would send: what is prefilled and hidden."""
    text = client.get(f"/people/{sheet.person.pk}/monitoring/{sheet.session.pk}/").content.decode()
    known = prefilled(newest(), sheet)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text))
    return text, {name: value.text for name, value in known.items()} | hidden | {
        "channel": "online",
        "day": "2026-12-01",
    }


def send(client, sheet, sent):
    return client.post(f"/people/{sheet.person.pk}/monitoring/{sheet.session.pk}/", sent)


def filled(sheet) -> list:
    form = newest()
    known = prefilled(form, sheet)
    return submissions.rows(form, known, {name: value.text for name, value in known.items()} | ANSWERS)


def submitted(sheet, user, seen=0, once=None, **given) -> Submission:
    sent = submissions.Sent(**({"channel": "online", "day": DAY} | given))
    actor, once = actor_of_user(user), once or uuid.uuid4()
    return submissions.submit(sheet, newest(), filled(sheet), sent, seen=seen, once=once, actor=actor)


def test_every_protocol_names_a_form_that_is_held_and_every_copy_is_dated():
    for file in protocol_files.available().values():
        asked = file.protocol.monitoring_form
        if asked is not None:
            assert versions_of(asked.form), file.protocol.id
    first, second = versions_of("spravato-outpatient")
    assert (first.described, second.described) == (dt.date(2024, 12, 31), dt.date(2021, 11, 1))
    newer = {field.id for field in first.fields()} - {field.id for field in second.fields()}
    assert newer == {"first_treatment", "enrolled", "opioids", "oximetry", "respiratory_depression"}
    assert all(form.cut_off and all(copy.seen_on for copy in form.copies) for form in forms().values())
    assert "current" not in " ".join(form.title for form in forms().values())
    assert all(members for _check, members in drug_classes().values())


def test_the_form_is_prefilled_from_the_sheet_with_each_source_and_silence_stays_blank(someone, nurse):
    sheet = a_signed_sheet(someone, nurse)
    known = prefilled(newest(), sheet)
    said = {
        "first_name": "Ada",
        "birth_date": "1980-05-31",
        "enrolled": "yes",
        "opioids": "no",
        "monitor_last_name": "Nurse",
        "monitor_email": "nurse@clinic.example",
        "setting_city": "Albany",
        "treatment_date": "2026-11-30",
        "dose": "56",
        "lot": "A1",
        "minutes": "125",
        "pressure_40": "150/92",
        "oximetry": "98, 98, 98",
        "sedation": "no",
        "respiratory_depression": "no",
        "serious": "no",
    }
    assert {name: known[name].text for name in said} == said
    assert all(known[name].source for name in said)
    for name in ("first_treatment", "ready_minutes", "vitals_before", "vitals_end", "middle_initial"):
        assert known[name].text == ""
    assert "elsewhere is not known" in known["first_treatment"].hint


def test_an_event_is_read_from_any_reading_and_denied_only_where_every_reading_looked(someone, nurse):
    looked = a_signed_sheet(someone, nurse, readings=[a_reading("40", sedation=3), a_reading("end")])
    known = prefilled(newest(), looked)
    assert (known["sedation"].text, known["dissociation"].text) == ("yes", "no")
    half = a_signed_sheet(
        someone,
        nurse,
        day=3,
        readings=[a_reading("40", sedation=None, respiratory_depression="not looked"), a_reading("end")],
    )
    known = prefilled(newest(), half)
    assert (known["sedation"].text, known["respiratory_depression"].text) == ("", "")
    assert known["first_treatment"].text == "no"
    missing = a_signed_sheet(someone, nurse, day=7, n_devices=1, readings=[a_reading("end")])
    known = prefilled(newest(), missing)
    assert (known["dissociation"].text, known["pressure_40"].text) == ("", "")
    assert (known["dose"].text, known["dose_other"].text) == ("other", "28")


def test_a_medicine_of_the_history_says_yes_and_contradicts_a_no(someone, nurse):
    who = actor_of_user(nurse)
    taken = {"drug": "Xanax", "ingredient": "alprazolam", "start": "2026-01-05"}
    over = {"drug": "zolpidem", "ingredient": "zolpidem", "start": "2024-01-05", "stop": "2024-03-01"}
    for content in (taken, over):
        lines.add(someone, "medicine", content, actor=who, state="confirmed", origin="clinician")
    known = prefilled(newest(), a_signed_sheet(someone, nurse))
    assert known["benzodiazepines"].text == ""
    assert "alprazolam" in known["benzodiazepines"].hint
    assert (known["hypnotics"].text, known["opioids"].text) == ("no", "no")


def test_blanks_are_told_all_at_once_and_nothing_is_kept(someone, nurse, sign_in):
    client, sheet = sign_in("nurse"), a_signed_sheet(someone, nurse)
    text, sent = page_of(client, sheet)
    assert "4 fields are blank" in text
    assert "stepwell sends nothing" in text
    answer = send(client, sheet, sent | {"pressure_40": "92/150", "minutes": "2000"})
    told = answer.content.decode()
    assert answer.status_code == 422
    for words in ("would have been ready", "acceptable range before the dose", "is no blood pressure", "up to 1439"):
        assert words in told
    assert Submission.objects.count() == 0


def test_a_submitted_form_is_kept_and_shown_exactly_as_it_was(someone, nurse, sign_in, monkeypatch):
    client, sheet = sign_in("nurse"), a_signed_sheet(someone, nurse)
    _text, sent = page_of(client, sheet)
    answer = send(
        client, sheet, sent | ANSWERS | {"monitor_phone": "555-0199", "receipt": "R-77", "beyond": "None other."}
    )
    assert answer.status_code == 302, answer.content.decode()
    kept = Submission.objects.get()
    assert (kept.number, kept.channel, kept.receipt, kept.form) == (1, "online", "R-77", newest().id)
    first = client.get(answer.url).content.decode()
    for words in ("555-0199", "changed by hand", "150/92", "R-77", "None other.", kept.digest, "entered by hand"):
        assert words in first
    someone.family_name = "Changed-Later"
    someone.save()
    monkeypatch.setattr("stepwell.clinic.rems.views.forms", dict)
    again = client.get(answer.url).content.decode()
    cut = slice(first.index('<dl class="kept">'), first.index("digest"))
    assert first[cut] in again
    with pytest.raises(DatabaseError), transaction.atomic():
        Submission.objects.update(content="{}")
    queue = client.get("/monitoring/").content.decode()
    assert "R-77" in queue
    assert "No form is waiting" in queue


def test_the_clock_runs_by_the_clinics_calendar_days(someone, nurse, sign_in, home):
    sheet = a_signed_sheet(someone, nurse)
    states = {ago: item_of(sheet, DAY + dt.timedelta(days=ago)).state for ago in (0, 4, 5, 7, 8)}
    assert states == {0: "waiting", 4: "waiting", 5: "due", 7: "due", 8: "overdue"}
    (item,) = open_items(home, DAY + dt.timedelta(days=9))
    assert (item.until, item.days_late) == (dt.date(2026, 12, 7), 2)
    assert (item.word, item.icon) == ("overdue", "⚠")
    # 23:30 in New York is the next day in UTC: the clinic's day counts.
    late = a_signed_sheet(someone, nurse, day=1.6)
    assert late.day == dt.date(2026, 12, 1)


def test_a_dose_without_a_signature_is_told_while_the_days_run(someone, nurse, sign_in, home):
    sheet = a_signed_sheet(someone, nurse, is_signed=False)
    text = sign_in("nurse").get("/monitoring/").content.decode()
    assert "waits for the signature" in text
    answer = sign_in("nurse").get(f"/people/{someone.pk}/monitoring/{sheet.session.pk}/")
    assert answer.status_code == 302
    with pytest.raises(ValueError, match="signed"):
        submitted(sheet, nurse)


def test_an_addendum_after_the_submission_is_shown_as_a_difference(someone, nurse, sign_in, home):
    sheet = a_signed_sheet(someone, nurse)
    submitted(sheet, nurse)
    assert open_items(home, DAY) == []
    amend(sheet, nurse, "Lot A2, not A1.")
    (item,) = open_items(home, DAY)
    assert (item.state, item.differences[0].now) == ("differs", "Lot A2, not A1.")
    text = sign_in("nurse").get("/monitoring/").content.decode()
    assert "The submitted form differs from the sheet" in text
    assert "Lot A2, not A1." in text
    submitted(sheets.of(sheet.session), nurse, seen=1, reason="The lot was corrected.")
    assert open_items(home, DAY) == []
    assert Submission.objects.count() == 2


def test_a_field_that_the_sheet_says_otherwise_is_a_difference(someone, nurse):
    """Whatever way the sheet changes: what was prefilled then is laid beside what would be prefilled now."""
    sheet = a_signed_sheet(someone, nurse)
    made = submitted(sheet, nurse)
    content = json.loads(made.content)
    for part in content["parts"]:
        for one in part["fields"]:
            if one["id"] == "lot":
                one["prefilled"] = "B9"
    made.content = json.dumps(content)
    (found,) = submissions.differences(made, sheet, newest())
    assert (found.what, found.then, found.now) == ("Lot number", "B9", "A1")


def test_the_same_page_sent_twice_is_one_submission_and_a_second_person_is_told(someone, nurse, sign_in):
    one, other, sheet = sign_in("nurse"), sign_in("prescriber"), a_signed_sheet(someone, nurse)
    _text, sent = page_of(one, sheet)
    _text, theirs = page_of(other, sheet)
    assert send(one, sheet, sent | ANSWERS).status_code == send(one, sheet, sent | ANSWERS).status_code == 302
    assert Submission.objects.count() == 1
    answer = other.post(f"/people/{someone.pk}/monitoring/{sheet.session.pk}/", theirs | ANSWERS, follow=True)
    assert Submission.objects.count() == 1
    assert "Nothing of yours was kept" in answer.content.decode()


def test_a_further_submission_needs_a_reason(someone, nurse, sign_in):
    client, sheet = sign_in("nurse"), a_signed_sheet(someone, nurse)
    submitted(sheet, nurse)
    _text, sent = page_of(client, sheet)
    assert sent["seen"] == "1"
    assert send(client, sheet, sent | ANSWERS).status_code == 422
    assert send(client, sheet, sent | ANSWERS | {"reason": "A wrong lot."}).status_code == 302
    assert list(Submission.objects.values_list("number", "reason")) == [(1, ""), (2, "A wrong lot.")]


def test_a_sheet_amended_while_the_form_was_open_is_shown_anew(someone, nurse, sign_in):
    client, sheet = sign_in("nurse"), a_signed_sheet(someone, nurse)
    _text, sent = page_of(client, sheet)
    amend(sheet, nurse)
    answer = send(client, sheet, sent | ANSWERS)
    assert answer.status_code == 409
    assert "was amended since" in answer.content.decode()
    assert Submission.objects.count() == 0


def test_a_receipt_can_come_later_once(someone, nurse, sign_in, home):
    client, sheet = sign_in("nurse"), a_signed_sheet(someone, nurse)
    made = submitted(sheet, nurse, channel="fax")
    place = f"/people/{someone.pk}/monitoring/{sheet.session.pk}/1/"
    assert item_of(sheet, DAY).state == "no receipt"
    once = str(uuid.uuid4())
    for _again in range(2):
        client.post(f"{place}receipt/", {"receipt": "Fax 14:02 ok", "once": once})
    assert Receipt.objects.get().submission == made
    assert item_of(sheet, DAY).state == "submitted"
    assert "Fax 14:02 ok" in client.get(place).content.decode()


def test_enrolments_are_added_and_a_late_one_is_told(person, nurse, sign_in, home):
    client, someone = sign_in("nurse"), person()
    sheet = a_signed_sheet(someone, nurse)
    assert item_of(sheet, DAY).warnings == ("The patient's enrolment is not entered; it comes before the first dose.",)
    text = client.get("/monitoring/").content.decode()
    assert "Nobody has entered that this clinic is certified" in text
    place, once = f"/people/{someone.pk}/monitoring/enrolment/", str(uuid.uuid4())
    given = {"state": "enrolled", "day": "2026-12-01", "number": "E-1", "note": "", "once": once}
    assert client.post(place, given | {"day": "2027-01-01"}).status_code == 422
    assert client.post(place, given).status_code == client.post(place, given).status_code == 302
    assert PatientEnrolment.objects.count() == 1
    assert "after this day" in item_of(sheet, DAY).warnings[0]
    assert prefilled(newest(), sheet)["enrolled"].text == "no"
    client.post(place, given | {"state": "ended", "once": str(uuid.uuid4())})
    page = client.get(f"/people/{someone.pk}/monitoring/").content.decode()
    assert "enrolment ended on" in page
    assert "earlier entry" in page
    setting = {"state": "enrolled", "day": "2026-01-05", "name": "Riverside", "address": "1 Main St", "city": "Albany"}
    setting |= {"state_code": "NY", "zip_code": "12207", "prescriber_on_site": "on", "once": str(uuid.uuid4())}
    assert client.post("/monitoring/setting/edit/", setting).status_code == 302
    page = client.get("/monitoring/setting/").content.decode()
    for words in ("No authorised representative is entered", "a pulse oximeter is on site", "Riverside"):
        assert words in page
    assert "a prescriber is on site" not in page


def test_an_enrolment_that_ended_later_held_on_the_day_of_the_session(someone, nurse):
    sheet = a_signed_sheet(someone, nurse)
    row, end = PatientEnrolment.objects.get(), {"state": "ended", "day": DAY + dt.timedelta(days=1)}
    who = {"user": nurse, "at": timezone.now(), "once": uuid.uuid4()}
    PatientEnrolment.objects.create(person=someone, clinic=row.clinic, program=row.program, **end, **who)
    assert prefilled(newest(), sheet)["enrolled"].text == "yes"
    assert item_of(sheet, DAY).warnings == ()
    assert "ended on 1 Dec" in " ".join(patient_problems(someone, "spravato-us", DAY + dt.timedelta(days=2)))


def test_the_queue_looks_once_for_all_forms_that_were_submitted(someone, nurse, home):
    counts = []
    for day in (0, 0.2, 0.4, 0.6):
        submitted(a_signed_sheet(someone, nurse, day=day), nurse)
        with CaptureQueriesContext(connection) as queries:
            assert len(submitted_items(home, DAY)) == len(counts) + 1
        counts.append(len(queries))
    assert counts[1] == counts[-1]


def test_an_inpatient_or_other_protocol_asks_for_no_form(someone, nurse, home):
    sheet = a_signed_sheet(someone, nurse, protocol="ketamine-iv", dose_mg=28, n_devices=1)
    assert item_of(sheet, DAY) is None
    assert open_items(home, DAY) == []


def test_two_people_submitting_at_once_keep_one_form(someone, nurse, monkeypatch):
    """The other form is written after this one looked whether there is one, and before it is kept."""
    sheet, last_entry = a_signed_sheet(someone, nurse), submissions.last_entry

    def meanwhile(one):
        monkeypatch.setattr(submissions, "last_entry", last_entry)
        submitted(one, nurse, receipt="the other's")
        return last_entry(one)

    monkeypatch.setattr(submissions, "last_entry", meanwhile)
    with pytest.raises(submissions.Conflict) as told:
        submitted(sheet, nurse)
    assert told.value.submission == Submission.objects.get()
    assert Submission.objects.get().receipt == "the other's"
