"""People, diagnoses, procedures, encounters and claims; vocabulary tables beside the files. Each person is one case."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from resources import ICD10CM, RXNORM, bundle, coded, condition, ndjson, of, patient, request, response
from typer.testing import CliRunner

import stepwell
from stepwell.cli import app
from stepwell.errors import QuestionError, SourceError

NDC = "http://hl7.org/fhir/sid/ndc"
CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
VERIFIED = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


def procedure(id_: str, person: str, **more) -> dict:
    told = {"status": "completed", "code": coded("90870", CPT), "performedDateTime": "2020-03-01T09:30:00Z"}
    return of("Procedure", id_, person, **{**told, **more})


def claim(type_: str, id_: str, person: str, *items: dict, **more) -> dict:
    about = {"status": "active", "use": "claim", "patient": {"reference": f"Patient/{person}"}, "item": list(items)}
    return {"resourceType": type_, "id": id_, **about, "billablePeriod": {"start": "2020-03-05"}, **more}


CASES = [
    patient("year", birthDate="1980"),
    patient("month", birthDate="1980-05", gender="other"),
    patient("dead", deceasedDateTime="2021-02-03T10:00:00Z"),
    patient("died", deceasedBoolean=True),
    condition("sure", "year"),
    # Entered in error there is no clinicalStatus, and none is missed.
    condition("error", "month", verificationStatus=coded("entered-in-error", VERIFIED)),
    condition("refuted", "month", verificationStatus=coded("refuted", VERIFIED)),
    condition("differential", "month", verificationStatus=coded("differential", VERIFIED)),
    condition("maybe", "month", verificationStatus=coded("provisional", VERIFIED)),
    condition("onset", "dead", onsetDateTime="2019"),
    condition("no day", "dead", recordedDate="2019-07"),
    condition("two systems", "dead", code={"coding": [
        {"system": "http://snomed.info/sct", "code": "370143000"}, {"system": ICD10CM, "code": "F33.1"},
        {"system": "urn:local", "code": "17"}]}, recordedDate="2020-05-01"),
    condition("nobody", "stranger"),
    procedure("ect", "year"),
    procedure("not-done", "year", status="not-done"),
    procedure("words", "dead", code={"text": "a talk"}),
    of("Encounter", "home", "year", status="finished", period={"start": "2020-01-01", "end": "2020-01-05"},
       **{"class": {"code": "IMP"}}, hospitalization={"dischargeDisposition": coded("hosp", "x")}),
    claim("Claim", "billed", "dead", {"productOrService": coded("G2082", HCPCS), "quantity": {"value": 1}}),
    claim("Claim", "asked", "dead", {"productOrService": coded("G2082", HCPCS)}, use="preauthorization"),
    claim("ExplanationOfBenefit", "paid", "dead",
          {"productOrService": {"coding": [{"system": NDC, "code": "1", "display": "sertraline 50 MG Oral Tablet"}]},
           "quantity": {"value": 30}, "servicedDate": "2020-03-06"},
          supportingInfo=[{"category": coded("dayssupply", "x"), "valueQuantity": {"value": 30}}]),
    {"resourceType": "Coverage", "id": "plan", "status": "active", "beneficiary": {"reference": "Patient/dead"},
     "period": {"start": "2019-01-01", "end": "2020-12-31"}},
]  # fmt: skip


@pytest.fixture(scope="module")
def read(opened_once):
    return opened_once(*CASES)


def test_people(read):
    people = {p["source_person_id"]: p for p in read.con.to_pyarrow(read.source.tables["person"]).to_pylist()}
    assert people["year"]["address"] == "Patient/year"
    assert people["year"]["birth_latest_date"] == dt.date(1980, 12, 31)
    assert (people["month"]["birth_earliest_date"], people["month"]["sex"]) == (dt.date(1980, 5, 1), None)
    assert people["dead"]["death_date"] == dt.date(2021, 2, 3)
    assert people["died"]["death_date"] is None
    assert read.lost("deaths without a usable date") == [("read as unknown", 1)]


def test_diagnoses(read):
    found = {a: (day, code) for a, day, code in read.rows("condition", "address", "condition_date", "code")}
    assert found == {
        "Condition/sure": (dt.date(2020, 2, 1), "F33.1"),
        "Condition/maybe": (dt.date(2020, 2, 1), "F33.1"),
        "Condition/onset": (dt.date(2020, 2, 1), "F33.1"),
        "Condition/two systems": (dt.date(2020, 5, 1), "F33.1"),
    }
    for words, told in {
        "entered in error": ("left out", 1),
        "diagnoses that were refuted": ("left out", 1),
        "one of several that were considered": ("left out", 1),
        "not confirmed": ("kept", 1),
        "known by month or year only": ("kept", 1),
        "rows whose date cannot be read": ("left out", 1),
        "people who are not in person": ("left out", 1),
    }.items():
        assert read.lost(words) == [told], words


def test_procedures_and_care(read):
    found = {(a, what) for a, what in read.rows("procedure", "address", "procedure")}
    assert found == {("Procedure/ect", "ect"), ("Encounter/home", "hospice"), ("Claim/billed", "esketamine-session")}
    assert read.rows("procedure", "address", "minute")[-1] == ("Procedure/ect", 570)
    gaps = read.con.to_pyarrow(read.source.tables["code_gap"]).to_pylist()
    assert "procedure" in {gap["record"] for gap in gaps}  # words alone may name anything


def test_a_diagnosis_of_a_claim_is_one_diagnosis(opened_once):
    """However many claims carry it, with the dot or without, and not beside a Condition of the same day and code."""

    def diagnosed(*codes, **more):
        told = [{"diagnosisCodeableConcept": coded(code, ICD10CM)} for code in codes]
        return {"diagnosis": told, **more}

    read = opened_once(
        patient("p"),
        condition("known", "p", recordedDate="2020-03-05"),
        claim("Claim", "first", "p", **diagnosed("F331", "F31.9")),
        claim("ExplanationOfBenefit", "second", "p", **diagnosed("F33.1", "F319")),
        claim("Claim", "later", "p", **diagnosed("F33.1", billablePeriod={"start": "2020-04-01"})),
        claim("Claim", "void", "p", **diagnosed("F33.1", status="cancelled", billablePeriod={"start": "2020-05-01"})),
        claim("Claim", "item", "p", {"servicedDate": "2020-06-01"}, **diagnosed("F33.1", billablePeriod=None)),
    )
    rows = {
        row
        for row in read.rows("condition", "address", "condition_date", "codeset")
        if row[2] in ("bipolar", "major-depression")
    }
    assert rows == {
        ("Condition/known", dt.date(2020, 3, 5), "major-depression"),
        ("Claim/first", dt.date(2020, 3, 5), "bipolar"),
        ("Claim/later", dt.date(2020, 4, 1), "major-depression"),
        ("Claim/item", dt.date(2020, 6, 1), "major-depression"),
    }
    assert read.lost("diagnoses of claims that are there as a Condition") == [("corrected", 3)]


def test_claims_without_diagnoses_are_no_records_of_diagnoses(opened_once):
    read = opened_once(patient("p"), claim("Claim", "c", "p", {"productOrService": coded("G2082", HCPCS)}))
    assert "condition" not in read.source.has


def test_what_was_paid_for_was_supplied(read):
    assert read.rows("medication", "address", "end_date") == [("ExplanationOfBenefit/paid", dt.date(2020, 4, 4))]


def test_insurance_is_a_time_of_observation_where_supplies_are_recorded(read, opened_once):
    assert read.rows("observation_period", "address", "end_date") == [("Coverage/plan", dt.date(2020, 12, 31))]
    alone = opened_once(patient("dead"), next(r for r in CASES if r["resourceType"] == "Coverage"))
    assert "observation_period" not in alone.source.has
    assert alone.lost("no time of observation") == [("left out", 1)]


def test_vocabulary_tables_beside_the_files_say_what_codes_mean(tmp_path, opened):
    brand = {"coding": [{"system": RXNORM, "code": "208149", "display": "Brandname 50 MG Oral Tablet"}]}
    other = {"coding": [{"system": RXNORM, "code": "999", "display": "Other Brand"}]}
    people = [patient("1"), request("a", "1", medicationCodeableConcept=brand)]
    ndjson(tmp_path, *people, request("b", "1", medicationCodeableConcept=other))
    before = opened(tmp_path).source.drug_rows
    assert (before.n_looked_for, before.n_unidentified) == (0, 2)
    assert "CONCEPT, CONCEPT_ANCESTOR and DRUG_STRENGTH" in before.remedy
    (tmp_path / "CONCEPT.csv").write_text(
        "concept_id,concept_name,domain_id,vocabulary_id,concept_class_id,concept_code\n"
        "100,sertraline 50 MG Oral Tablet [Brandname],Drug,RxNorm,Branded Drug,208149\n"
        "200,amoxicillin 250 MG Oral Capsule [Other],Drug,RxNorm,Branded Drug,999\n"
        "739138,sertraline,Drug,RxNorm,Ingredient,36437\n"
    )
    (tmp_path / "CONCEPT_ANCESTOR.csv").write_text("ancestor_concept_id,descendant_concept_id\n739138,100\n")
    after = opened(tmp_path)
    assert (after.source.drug_rows.n_looked_for, after.source.drug_rows.n_other) == (1, 1)
    assert after.rows("medication", "address", "ingredient") == [("MedicationRequest/a", "sertraline")]


ONE = bundle(patient("p-1"), condition("c", "p-1"), request("r", "p-1"), response("q", "p-1", {"44250-9": "LA6569-3"}))


def test_a_bundle_in_memory_is_judged_as_the_same_file_is(tmp_path):
    (tmp_path / "p.json").write_text(json.dumps(ONE))
    result = stepwell.run(tmp_path / "p.json")
    told = stepwell.determine_bundle(ONE, result.definitions)
    by_id = stepwell.determine_bundle(ONE, [d.id for d in result.definitions])
    assert {name: table.to_pylist() for name, table in by_id.items()} == {
        name: t.to_pylist() for name, t in told.items()
    }
    with pytest.raises(QuestionError, match="definition or staging model"):
        stepwell.determine_bundle(ONE, ["sforzini-2021"], stagings=["no-such-model"])
    assert told["person"].column("source_person_id").to_pylist() == ["p-1"]
    columns = ["person_id", "definition", "verdict"]
    rows = [told["determination"].select(columns), result.table("determination").select(columns).to_pyarrow()]
    in_memory, in_file = (sorted(map(str, table.to_pylist())) for table in rows)
    assert in_memory == in_file
    with pytest.raises(SourceError, match="no Patient"):
        stepwell.determine_bundle({"resourceType": "Bundle"})
    with pytest.raises(SourceError, match="no JSON"):
        stepwell.determine_bundle({"resourceType": "Bundle", "entry": [object()]})


def test_why_opens_a_bundle_straight(tmp_path):
    (tmp_path / "p.json").write_text(json.dumps(ONE))
    done = CliRunner().invoke(app, ["why", str(tmp_path / "p.json"), "p-1"])
    assert done.exit_code == 0
    assert "sertraline" in done.output


def test_an_allergy_list_is_not_silence(opened_once):
    """Which substance it names is not read: an allergy to an anaesthetic is then unknown, and every other diagnosis is not."""
    substance = {
        "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "6130"}],
        "text": "ketamine",
    }
    read = opened_once(
        *(patient(name) for name in ("listed", "refuted", "none")),
        condition("c", "none"),
        {"resourceType": "AllergyIntolerance", "id": "a", "patient": {"reference": "Patient/listed"}, "code": substance},
        {"resourceType": "AllergyIntolerance", "id": "b", "patient": {"reference": "Patient/refuted"}, "code": substance,
         "verificationStatus": coded("refuted", VERIFIED)},
        {"resourceType": "AllergyIntolerance", "id": "e", "patient": {"reference": "Patient/none"}, "code": substance,
         "verificationStatus": coded("entered-in-error", VERIFIED)},
    )  # fmt: skip
    people = dict(read.rows("person", "person_id", "source_person_id"))
    gaps = read.con.to_pyarrow(read.source.tables["code_gap"]).to_pylist()
    found = [(people[g["person_id"]], g["record"], g["codeset"], g["n_rows"]) for g in gaps]
    assert found == [("listed", "condition", "anaesthetic-allergy", 1)]
    assert read.lost("allergies that were refuted") == [("left out", 1)]
