"""Import: a FHIR bundle or a CSV folder becomes lines that are judged as the records are. A wrong upload is told."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from dataclasses import replace

import pyarrow as pa
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

import stepwell
from stepwell.clinic.history import import_views, lines, uploads
from stepwell.clinic.history.importing import contents_of_records
from stepwell.clinic.history.models import Line
from stepwell.clinic.history.records import records_of

CSV = {
    "person.csv": "person_id,birth_date,sex\nada,1980-05-31,female\n",
    "observation_period.csv": "person_id,start_date,end_date\nada,2020-01-01,2025-12-31\n",
    "medication.csv": (
        "person_id,drug,start_date,end_date,mg_per_day,stop_reason,kind,route,mg\n"
        "ada,sertraline,2023-01-10,2023-05-20,150,no effect,prescription,,\n"
        "ada,venlafaxine,2023-05-25,2023-11-01,225,intolerance,dispensing,,\n"
        "ada,selegiline,2023-06-01,2023-07-01,10,,supply,oral,\n"
        "ada,alprazolam,2023-06-01,2023-07-01,,,dispensing,,\n"
        "ada,esketamine,2024-03-01,,,,administration,nasal,56\n"
        "ada,an old powder,2021-01-01,,,,supply,,\n"
    ),
    "condition.csv": (
        "person_id,condition_date,vocabulary,code\nada,2023-01-02,ICD10CM,F33.1\nada,9999-12-31,ICD10CM,I67.1\n"
    ),
    "procedure.csv": "person_id,procedure_date,vocabulary,code\nada,2022-02-03,stepwell,ect\n",
    "measurement.csv": (
        "person_id,measured_date,instrument,total\nada,2023-01-09,phq-9,20\nada,2023-05-01,phq-9,16\n"
        "ada,2023-10-10,phq-9,\n"
    ),
    "answer.csv": (
        "person_id,answered_date,instrument,item,value,at_least,at_most,better\n"
        "ada,2023-01-09,phq-9,9,1,,,\nada,2023-01-09,,joy,4,0,10,higher\nada,2023-01-09,gad-7,,12,,,\n"
    ),
    "vital.csv": (
        "person_id,measured_date,vital,mmhg,percent\nada,2024-03-01,blood-pressure-systolic,150,\n"
        "ada,2024-03-01,oxygen-saturation,,97\n"
    ),
    "monitoring.csv": "person_id,session_date,kind,minutes,value\nada,2024-03-01,systolic,40,160\n",
}  # fmt: skip
BUNDLE = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {"resource": r}
        for r in (
            {"resourceType": "Patient", "id": "ada", "birthDate": "1980-05-31", "gender": "female"},
            {
                "resourceType": "MedicationRequest", "id": "m1", "status": "active", "intent": "order",
                "subject": {"reference": "Patient/ada"}, "authoredOn": "2023-01-10",
                "medicationCodeableConcept": {
                    "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "36437", "display":
                    "sertraline"}]
                },
            },
            {
                "resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/ada"},
                "onsetDateTime": "2023-01-02",
                "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F33.1"}]},
            },
        )
    ],
}  # fmt: skip


def files(content: dict[str, str] = CSV) -> list[SimpleUploadedFile]:
    """The CSV files as they are uploaded."""
    return [SimpleUploadedFile(name, text.encode()) for name, text in content.items()]


def packed(content: dict[str, str] = CSV, folder: str = "export/") -> SimpleUploadedFile:
    """The same in a zip."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, text in content.items():
            archive.writestr(folder + name, text)
        archive.writestr("__MACOSX/._person.csv", "x")
    return SimpleUploadedFile("records.zip", written.getvalue())


@pytest.fixture
def ada(person):
    """The patient of the records."""
    return person(sex="female")


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """The records of the folder, read once by stepwell itself."""
    folder = tmp_path_factory.mktemp("csv")
    for name, text in CSV.items():
        (folder / name).write_text(text)
    return stepwell.read_records(folder)


@pytest.fixture
def send(sign_in, ada):
    """Uploads files for the patient: `send(*files, id="ada")`."""
    client = sign_in("prescriber")

    def upload(*uploaded, **fields):
        return client.post(f"/people/{ada.pk}/history/import/", {"files": list(uploaded), **fields})

    return upload


@pytest.fixture
def send_read(send, there, monkeypatch):
    """Uploads the folder, whose reading is not done anew: `send_read(people=[...])` with other rows of `person`."""

    def upload(people=None, **fields):
        tables = dict(there.tables)
        if people is not None:
            rows = [tables["person"].to_pylist()[0] | {"person_id": n} | row for n, row in enumerate(people, 1)]
            tables["person"] = pa.Table.from_pylist(rows, schema=tables["person"].schema)
        monkeypatch.setattr(import_views, "read_upload", lambda files: replace(there, tables=tables))
        return send(SimpleUploadedFile("records.zip", b"read"), **fields)

    return upload


def told(response) -> str:
    """The words of the page."""
    return response.content.decode()


def bare(rows) -> list[str]:
    """The rows without what names their place and their person."""
    left_out = {"address", "person_id", "source_person_id"}
    return sorted(str(sorted((k, v) for k, v in row.items() if k not in left_out)) for row in rows)


def test_a_csv_folder_becomes_lines_that_hold_every_row_and_are_judged_alike(send, there, ada, actor):
    assert send(packed()).status_code == 302
    imported = lines.current(ada)
    assert {line.state for line in imported} == {"imported"}
    records, _has = records_of(imported, ada)
    for name, table in there.tables.items():
        if name not in ("person", "observation_period"):
            assert bare(records.get(name, [])) == bare(table.to_pylist()), name
    assert "observation_period" not in records
    (observed,) = [line for line in imported if line.kind == "observation"]
    lines.confirm(observed, actor("prescriber"))
    records, has = records_of(lines.current(ada), ada)
    assert records["observation_period"][0]["start_date"].isoformat() == "2020-01-01"
    definitions = ["us-label", "sforzini-2022", "gsrd", "ema-2013"]
    here = stepwell.determine_records(records, definitions, has=has)
    same = stepwell.determine_records(there.tables, definitions, has=there.has)
    for name in ("determination", "trial", "judged_trial", "session"):
        assert bare(here[name].to_pylist()) == bare(same[name].to_pylist()), name


def test_a_corrected_line_says_what_the_clinician_says_and_not_what_the_file_did(send_read, ada, actor):
    send_read()
    line = next(x for x in lines.current(ada) if x.content.get("ingredient") == "sertraline")
    assert (line.content["mg_per_day"], line.content["supplied"]) == (150, "no")
    assert line.content["stop_reasons"] == ["did not help"]
    assert line.content["from_address"] == "medication.csv:2"
    changed = {k: v for k, v in line.content.items() if k not in ("records",)} | {"mg_per_day": 50.0}
    lines.correct(line, actor("prescriber"), changed)
    records, _has = records_of(lines.current(ada), ada)
    row = next(r for r in records["medication"] if r["ingredient"] == "sertraline")
    assert (row["mg_per_day"], row["is_supplied"]) == (50.0, False)
    assert row["address"] == f"line/{line.line}@2"


def test_every_imported_line_can_be_read_on_the_review(send_read, ada, sign_in):
    send_read()
    page = sign_in("nurse").get(f"/people/{ada.pk}/history/").content.decode()
    for words in (
        "sertraline",
        "medication.csv:2",
        "F33.1",
        "PHQ-9",
        "20 points",
        "records.zip, imported",
        "Around a session",
    ):
        assert words in page, words


def test_the_same_file_imported_again_adds_nothing(send_read, ada):
    send_read()
    n = Line.objects.count()
    assert n > 10
    send_read()
    assert Line.objects.count() == n


def test_a_fhir_bundle_becomes_lines(send, ada):
    assert send(SimpleUploadedFile("ada.json", json.dumps(BUNDLE).encode())).status_code == 302
    by_kind = {line.kind: line.content for line in lines.current(ada)}
    assert by_kind["medication"]["ingredient"] == "sertraline"
    assert by_kind["medication"]["from_address"] == "MedicationRequest/m1"
    assert by_kind["condition"]["condition"] == "major-depression"


def test_of_several_people_the_one_who_is_meant_is_imported(send_read, ada):
    two = [{"source_person_id": "ada"}, {"source_person_id": "ben"}]
    response = send_read(two)
    assert response.status_code == 422
    assert "2 people" in told(response)
    assert send_read(two, id="nobody").status_code == 422
    assert send_read(two, id="ben").status_code == 302
    assert Line.objects.count() == 0
    assert send_read(two, id="ada").status_code == 302
    assert Line.objects.count() > 10


def test_records_of_somebody_else_are_refused_until_somebody_says_that_they_are_theirs(send_read, ada):
    of_1950 = [{"birth_earliest_date": dt.date(1950, 1, 1), "birth_latest_date": dt.date(1950, 12, 31)}]
    response = send_read(of_1950)
    assert response.status_code == 422
    assert "somebody else" in told(response)
    assert Line.objects.count() == 0
    assert send_read(of_1950, same="yes").status_code == 302


WRONG = {
    "nothing": (),
    "no JSON": (SimpleUploadedFile("a.json", b"{"),),
    "JSON that is no bundle": (SimpleUploadedFile("a.json", b"[1]"),),
    "a bundle without a patient": (SimpleUploadedFile("a.json", b'{"resourceType": "Bundle"}'),),
    "no zip": (SimpleUploadedFile("a.zip", b"PK nothing"),),
    "a picture": (SimpleUploadedFile("a.png", b"x"),),
    "a wrong date": tuple(files(CSV | {"condition.csv": CSV["condition.csv"] + "ada,soon,ICD10CM,F33.1\n"})),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_upload_is_told_and_adds_nothing(send, what):
    for file in WRONG[what]:
        file.seek(0)
    response = send(*WRONG[what])
    assert response.status_code == 422
    assert "Nothing was imported" in told(response)
    assert "Traceback" not in told(response)
    assert Line.objects.count() == 0


def test_a_zip_that_unpacks_to_too_much_and_paths_that_lead_out_are_refused(send, tmp_path):
    huge = io.BytesIO()
    with zipfile.ZipFile(huge, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("person.csv", "w") as file:
        for _ in range(201):
            file.write(b"0" * 2**20)
    response = send(SimpleUploadedFile("bomb.zip", huge.getvalue()))
    assert response.status_code == 422
    assert "too much" in told(response)
    uploads._unpack(packed(folder="../../"), tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == set(CSV)


def test_an_upload_of_50_mb_is_refused_in_plain_words(send):
    response = send(SimpleUploadedFile("big.json", b"0" * (50 * 2**20)))
    assert response.status_code == 413
    assert "20 MB" in told(response)
    assert Line.objects.count() == 0


def test_every_row_of_a_person_is_in_exactly_one_line(there):
    held = [r for _kind, content in contents_of_records(there.tables, there.has, 1) for r in content.get("records", ())]
    n_rows = sum(t.num_rows for name, t in there.tables.items() if name not in ("person", "observation_period"))
    assert len(held) == n_rows
