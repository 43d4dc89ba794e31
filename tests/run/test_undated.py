"""Rows without a usable day: they are counted, and what depends on their day is unknown, in every form of records."""

from __future__ import annotations

import json
from datetime import date

import ibis
import pytest
from typer.testing import CliRunner

import stepwell
from stepwell.cli import app
from stepwell.knowledge.loader import load
from stepwell.sources import open_source

SERTRALINE, CITALOPRAM = 739138, 797617
ICD10CM, LOINC, CPT = "http://hl7.org/fhir/sid/icd-10-cm", "http://loinc.org", "http://www.ama-assn.org/go/cpt"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
MAY = (date(2019, 5, 1), date(2019, 5, 31))
NO_DAY = (None, None)
KINDS = {
    ("condition", "bipolar"),
    ("procedure", "ect"),
    ("measurement", "phq-9"),
    ("answer", "phq-9"),
    ("vital", "blood-pressure-systolic"),
}


def write(place, tables: dict[str, list[str]]):
    place.mkdir()
    for name, lines in tables.items():
        (place / f"{name}.csv").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return place


def omop(place, day: str):
    """One person with one row of each kind on that day."""
    answers = f"1,1,0,{day},1,44260-8", f"2,1,0,{day},18,44261-6", f"3,1,0,{day},150,8480-6"
    return write(
        place,
        {
            "person": ["person_id,gender_concept_id,year_of_birth", "1,8532,1970"],
            "observation_period": [
                "observation_period_id,person_id,observation_period_start_date,observation_period_end_date",
                "1,1,2012-01-01,2021-12-31",
            ],
            "drug_exposure": [
                "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,days_supply",
                *(f"{n},1,{drug},{on},60" for n, (drug, on) in enumerate(TWO.items())),
            ],
            "condition_occurrence": [
                "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_source_value",
                "1,1,0,2016-01-01,F33.1",
                f"2,1,0,{day},F31.9",
            ],
            "procedure_occurrence": [
                "procedure_occurrence_id,person_id,procedure_concept_id,procedure_date,procedure_source_value",
                f"1,1,0,{day},90870",
            ],
            "measurement": [
                "measurement_id,person_id,measurement_concept_id,measurement_date,value_as_number,measurement_source_value",
                *answers,
            ],
        },
    )


TWO = {SERTRALINE: "2016-01-01", CITALOPRAM: "2016-04-01"}


def csv_folder(place, day: str):
    """The same as a CSV folder, in which a day that is none is an error, and an impossible one is not."""
    return write(
        place,
        {
            "person": ["person_id,birth_date,sex", "1,1970,female"],
            "observation_period": ["person_id,start_date,end_date", "1,2012-01-01,2021-12-31"],
            "medication": [
                "person_id,drug,start_date,days_supply",
                "1,sertraline,2016-01-01,60",
                "1,citalopram,2016-04-01,60",
            ],
            "condition": [
                "person_id,condition_date,vocabulary,code",
                "1,2016-01-01,ICD10CM,F33.1",
                f"1,{day},ICD10CM,F31.9",
            ],
            "procedure": ["person_id,procedure_date,vocabulary,code", f"1,{day},CPT4,90870"],
            "measurement": ["person_id,measured_date,instrument,total", f"1,{day},phq-9,18"],
            "answer": ["person_id,answered_date,instrument,item,value", f"1,{day},phq-9,9,1"],
            "vital": ["person_id,measured_date,vital,mmhg", f"1,{day},blood-pressure-systolic,150"],
        },
    )


def fhir(place, day: str):
    """The same as FHIR; without a day the elements are left out."""
    place.mkdir()

    def of(type_, id_, **more):
        return {"resourceType": type_, "id": id_, "subject": {"reference": "Patient/1"}, **more}

    def coded(system, code):
        return {"coding": [{"system": system, "code": code}]}

    def on(name):
        return {name: day} if day else {}

    confirmed = {"verificationStatus": coded("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed")}
    observed = {"status": "final", **on("effectiveDateTime")}
    rows = [
        {"resourceType": "Patient", "id": "1", "gender": "female", "birthDate": "1970"},
        of("Condition", "a", **confirmed, code=coded(ICD10CM, "F33.1"), recordedDate="2016-01-01"),
        of("Condition", "b", **confirmed, code=coded(ICD10CM, "F31.9"), **on("recordedDate")),
        of("Procedure", "c", status="completed", code=coded(CPT, "90870"), **on("performedDateTime")),
        of("Observation", "d", **observed, code=coded(LOINC, "44261-6"), valueInteger=18),
        of("Observation", "e", **observed, code=coded(LOINC, "44260-8"), valueInteger=1),
        of("Observation", "f", **observed, code=coded(LOINC, "8480-6"), valueQuantity={"value": 150, "unit": "mm[Hg]"}),
        *(
            of("MedicationDispense", code, status="completed", medicationCodeableConcept=coded(RXNORM, code),
               whenHandedOver=first, daysSupply={"value": 60})
            for code, first in (("36437", "2016-01-01"), ("2556", "2016-04-01"))
        ),
    ]  # fmt: skip
    (place / "all.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return place


def gaps_in(place) -> dict:
    con = ibis.duckdb.connect()
    source = open_source(place, con, load())
    rows = con.to_pyarrow(source.tables["code_gap"]).to_pylist()
    found = [r for r in rows if r["reason"] == "without a day"]
    assert all((r["person_id"], r["n_rows"]) == (1, 1) for r in found)
    told = {
        loss.table: (loss.effect, loss.n_rows, loss.n_people)
        for loss in source.losses
        if "without a usable day:" in loss.what
    }
    assert told == dict.fromkeys({record for record, _ in KINDS}, ("read as unknown", 1, 1))
    return {(r["record"], r["codeset"]): (r["first_date"], r["last_date"]) for r in found}


@pytest.mark.parametrize(
    ("form", "day", "span"),
    [
        (omop, "", NO_DAY),
        (omop, "2019-05", MAY),
        (omop, "1753-01-01", NO_DAY),
        (csv_folder, "2300-01-01", NO_DAY),
        (fhir, "2019", (date(2019, 1, 1), date(2019, 12, 31))),
    ],
)
def test_each_kind_of_row_is_a_gap(tmp_path, form, day, span):
    assert gaps_in(form(tmp_path / "records", day)) == dict.fromkeys(KINDS, span)


def test_a_questionnaire_without_a_day_is_a_score_too(tmp_path):
    """Its total is added up from the answers, as of one with a day."""
    place = fhir(tmp_path / "records", "")
    items = ("44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8")
    answers = [{"linkId": f"/{q}", "answer": [{"valueCoding": {"system": LOINC, "code": "LA6569-3"}}]} for q in items]
    form = {"resourceType": "QuestionnaireResponse", "id": "g", "subject": {"reference": "Patient/1"}, "item": answers}
    person, *rows = (place / "all.ndjson").read_text().splitlines()
    rows = [row for row in rows if "Observation" not in row]
    (place / "all.ndjson").write_text("\n".join([person, *rows, json.dumps(form | {"status": "completed"})]) + "\n")
    con = ibis.duckdb.connect()
    found = con.to_pyarrow(open_source(place, con, load()).tables["code_gap"]).to_pylist()
    assert {(r["record"], r["n_rows"]) for r in found if r["codeset"] == "phq-9"} == {("measurement", 1), ("answer", 9)}


@pytest.mark.parametrize(("form", "day"), [(omop, ""), (csv_folder, "2300-01-01"), (fhir, "2015")])
def test_an_excluding_diagnosis_without_a_day_is_not_none(tmp_path, form, day):
    """Bipolar disorder excludes: "met" would say that there is none."""
    place = form(tmp_path / "records", day)
    result = stepwell.run(place, tmp_path / "out", definitions=["fabbri-2021"], stagings=())
    row = result.table("determination").to_pyarrow().to_pylist()[0]
    assert row["who.never"] is None
    told = " ".join(CliRunner().invoke(app, ["why", str(tmp_path / "out"), "1"]).output.split())
    assert "1 diagnosis of this person has no usable day" in told
    checked = " ".join(CliRunner().invoke(app, ["check", str(place)]).output.split())
    assert "diagnoses of what is looked for, without a usable day" in checked


def test_why_says_that_a_drug_without_a_day_may_move_a_trial(tmp_path):
    """A third row of a drug has a month only: every criterion that rests on the days of a trial says so."""
    place = omop(tmp_path / "records", "2019-05-01")
    drugs = place / "drug_exposure.csv"
    drugs.write_text(f"{drugs.read_text()}9,1,{SERTRALINE},2016-03,60\n")
    stepwell.run(place, tmp_path / "out", definitions=["li-2019"], stagings=())
    told = " ".join(CliRunner().invoke(app, ["why", str(tmp_path / "out"), "1"]).output.split())
    assert "1 of the 3 drug rows of this person have no day" in told
    assert "; a drug of this person has no day, so no first or last day of a trial is certain" in told
