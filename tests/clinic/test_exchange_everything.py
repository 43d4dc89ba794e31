"""Everything out: a run of the export gives the series, responses and programme page of the clinic; every table is written or is
left out for a reason; a restored clinic has it all."""

from __future__ import annotations

import csv
import datetime as dt
import json

import pytest
from clinic_sessions import a_device, a_reading, a_session, an_entry, an_order

import stepwell
from stepwell.clinic.exchange import tables
from stepwell.clinic.exchange.backup import backed_up
from stepwell.clinic.exchange.export import export
from stepwell.clinic.history import forms, lines
from stepwell.clinic.outcomes.results import pool
from stepwell.clinic.people.models import Person
from stepwell.outcomes import programme_parts

OF_SERIES = ("series", "session", "series_response", "effect", "load", "judged_session", "judged_series")
NOT_COMPARED = {"address", "person_id"}


def score(day, total, **more):
    return ("score", {"instrument": "phq-9", "day": str(day), "total": total} | more)


@pytest.fixture
def treated(person, user, actor):
    """Six people with sheets: esketamine with response and relapse, unscored, ketamine, a history that names the same sessions,
    sheets that nobody signed."""
    prescriber, clinician, first = user("prescriber"), actor("prescriber"), dt.date(2026, 3, 2)
    made = []
    for n in range(6):
        one = person(given_name=f"P{n}")
        name = "ketamine-iv" if n == 3 else "esketamine-us"
        order = an_order(one, prescriber, protocol=name, dose_mg=40 if n == 3 else 56)
        for day in (0, 3, 7, 10, 14):
            _give(order, first + dt.timedelta(days=day), 1 if n == 3 else 2, prescriber if n != 5 else None)
        said = [("condition", {"condition": "major-depression", "day": "2026-01-05"})]
        if n != 2:
            said += [score(first - dt.timedelta(days=1), 20), score(first + dt.timedelta(days=1), 8 + n)]
            said += [score(first + dt.timedelta(days=26), 9 + n), score(first + dt.timedelta(days=60), 18)]
        if n == 0:
            items = {str(i): 2 for i in range(1, 10)} | {"9": 0}
            said += [score(first + dt.timedelta(days=100), 16, items=items)]
            said += [("medication", {"drug": "sertraline", "ingredient": "sertraline", "mg_per_day": 100,
                                     "start": "2026-01-10", "stop": "2026-08-01"})]  # fmt: skip
        if n == 4:
            said += [("treatment", {"treatment": "esketamine", "start": "2026-03", "stop": "2026-04", "n_sessions": 5})]
        for kind, content in said:
            checked, problems = forms.check(kind, content)
            assert not problems, problems
            lines.add(one, kind, checked, actor=clinician, state="confirmed", origin="clinician")
        made.append(one)
    return made


def _give(order, day, n_devices, signs):
    at = dt.datetime.combine(day, dt.time(15, 0, 40), dt.UTC)

    def when(minute):
        return {"minute": minute, "wall": at + dt.timedelta(minutes=minute)}

    session = a_session(order, planned_at=at)
    an_entry(session, "reading", a_reading("before", 128, 82), **when(-7.4))
    for n in range(n_devices):
        mg = {} if order.treatment == "esketamine" else {"mg": 40.0, "route": "intravenous"}
        an_entry(session, "dose", a_device(order, **mg), **when(5 * n))
    an_entry(session, "reading", a_reading("40", 150, 92, sedation=4), **when(40.4))
    an_entry(session, "adverse event", {"what": "nausea", "serious": False, "onset_at": at.isoformat()}, **when(41))
    an_entry(session, "departure", {}, **when(124.6))
    if signs is not None:
        seen = {"seen": "0" * 64, "protocol_digest": order.protocol_digest}
        an_entry(session, "signature", seen, user=signs, **when(126))


def _rows(result, name):
    people = {row["person_id"]: row["source_person_id"] for row in result.table("person").to_pyarrow().to_pylist()}
    rows = result.table(name).to_pyarrow().to_pylist()
    kept = [{k: v for k, v in row.items() if k not in NOT_COMPARED} for row in rows]
    return sorted(
        (people[row["person_id"]], str(sorted(k.items(), key=str))) for row, k in zip(rows, kept, strict=True)
    )


@pytest.mark.long
def test_a_run_of_the_export_gives_the_series_responses_and_programme_page_of_the_clinic(home, treated, tmp_path):
    told = export(tmp_path / "out")
    assert told["differ"] == 0
    shown = pool(Person.objects.all(), home.definitions, label="out").result
    assert len(_rows(shown, "series")) == 6
    ran = stepwell.run(tmp_path / "out/csv", definitions=home.definitions, out=tmp_path / "ran")
    for name in OF_SERIES:
        assert _rows(ran, name) == _rows(shown, name), name
    page, here = programme_parts(ran), programme_parts(shown)
    assert _words(page["content"]) == _words(here["content"])
    fhir = stepwell.run(tmp_path / "out/fhir", definitions=home.definitions, out=tmp_path / "ran-fhir")
    for name in ("series", "session", "series_response", "effect"):
        # Whether ketamine is given for depression rests on a diagnosis, which has no code where it was entered by name.
        ours, theirs = (_of_esketamine(_rows(result, name)) for result in (shown, fhir))
        assert ours == theirs, f"{name} by FHIR"
        assert ours


def _of_esketamine(rows):
    return [row for row in rows if "('treatment', 'esketamine')" in row[1]]


def _words(html: str) -> str:
    """The page without the name of the source and the version of its records."""
    return html[: html.index("How this was made")]


def test_what_the_sheets_say_is_in_files_of_their_own_and_as_fhir(treated, tmp_path, actor, user):
    from stepwell.clinic.therapy.models import GoalReview, Note

    therapist = user("therapist")
    by = {"user": therapist, "actor": "t", "at": dt.datetime(2026, 4, 1, tzinfo=dt.UTC)}
    note = {"note": treated[0].pk, "person": treated[0], "day": dt.date(2026, 4, 1), "text": "a secret of the therapy"}
    Note.objects.create(**note, **by)
    GoalReview.objects.create(
        id=treated[0].pk, person=treated[0], goal=treated[0].pk, said="partly", words="private words", **by
    )
    export(tmp_path / "out")
    with (tmp_path / "out/sessions.csv").open() as file:
        sessions = list(csv.DictReader(file))
    assert len(sessions) == 30
    of = {row["person_id"]: row for row in sessions}
    assert of[str(treated[0].pk)]["signed_by"] == "Test Prescriber"
    assert of[str(treated[5].pk)]["signed_at"] == ""
    assert {row["adverse_event"] for row in sessions} == {"yes"}
    assert {row["minutes_by"] for row in sessions} == {"monotonic clock"}
    with (tmp_path / "out/readings.csv").open() as file:
        readings = list(csv.DictReader(file))
    assert {(row["moment"], row["minutes"]) for row in readings} == {("before", "-7"), ("40", "40")}
    kinds = {file.stem: file.read_text().splitlines() for file in (tmp_path / "out").glob("fhir*/*.ndjson")}
    assert len(kinds["MedicationAdministration"]) == len(kinds["AdverseEvent"]) == len(kinds["Procedure"]) == 30
    dose = json.loads(kinds["MedicationAdministration"][0])
    assert dose["effectiveDateTime"].startswith("2026-03-02T10:00:00-05:00")
    (response,) = map(json.loads, kinds["QuestionnaireResponse"])
    assert {i["linkId"]: i["answer"][0]["valueDecimal"] for i in response["item"]}["/44260-8"] == 0
    assert json.loads(kinds["AuditEvent"][0])["entity"][0]["detail"][-1]["type"] == "digest"
    everything = "".join(f.read_text("utf-8") for f in (tmp_path / "out").rglob("*") if f.is_file())
    for secret in ("a secret of the therapy", "private words", "pbkdf2", "md5$"):
        assert secret not in everything
    assert "therapists' notes (export them" in (tmp_path / "out/README.txt").read_text()
    assert all(f.stat().st_mode & 0o077 == 0 for f in (tmp_path / "out").glob("tables/*"))
    export(tmp_path / "with", therapy_notes=True)
    assert "a secret of the therapy" in (tmp_path / "with/tables/therapy.note.csv").read_text()


def test_every_table_is_in_the_backup_and_in_the_export_or_left_out_for_a_reason():
    known = {model._meta.label for model in backed_up()}
    assert set(tables.LEFT_OUT) <= known
    exported = {model._meta.label for model in tables.written()}
    assert exported | set(tables.LEFT_OUT) == known
    fields = {(m._meta.label, f.attname) for m in backed_up() for f in m._meta.concrete_fields}
    assert fields >= tables.FREE_TEXT
    for room in (
        "treatment_sessions.Entry",
        "stock.LedgerLine",
        "safety.Alert",
        "measures.Response",
        "rems.Submission",
    ):
        assert room in exported
    for label, field in fields:
        hidden = label in tables.LEFT_OUT or (label, field) in tables.FREE_TEXT
        assert hidden or field not in ("password", "secret"), (label, field)
