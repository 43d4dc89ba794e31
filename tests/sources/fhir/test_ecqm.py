"""Test patients of measures of CMS (QI-Core), which the measures' authors wrote by hand: depression screening and the assessment
of suicide risk. What is expected is counted by a plain loop over the JSON."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta

import ibis
import pytest

from stepwell.knowledge.loader import load
from stepwell.sources.fhir.documents import read_bundle
from stepwell.sources.fhir.reading import Reading
from stepwell.sources.fhir.resources import READERS, read_resources
from stepwell.sources.fhir.rows import Rows

INGREDIENT_OF = {"1000048": "doxepin", "1190110": "fluoxetine"}
"""The two codes of drugs that occur, by the names that stand beside them."""


@pytest.fixture(scope="module")
def cases(real_data):
    file = real_data / "fhir_ecqm_cases" / "cases.ndjson"
    if not file.is_file():
        pytest.skip("fhir_ecqm_cases is not there")
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def read(cases, tmp_path_factory, open_once):
    """All cases as one source. Authors copied cases with their ids: here each resource but the patient has an id of its own."""
    folder = tmp_path_factory.mktemp("ecqm") / "bundles"
    folder.mkdir()
    for n, case in enumerate(cases):
        bundle = json.loads(json.dumps(case["bundle"]))
        for place, entry in enumerate(bundle["entry"]):
            if entry["resource"]["resourceType"] != "Patient":
                entry["resource"]["id"] = f"r{n}-{place}"
        (folder / f"{n}.json").write_text(json.dumps(bundle), "utf-8")
    return open_once(folder)


def of_type(cases, *types: str) -> list[dict]:
    return [e["resource"] for c in cases for e in c["bundle"]["entry"] if e["resource"]["resourceType"] in types]


def test_each_case_is_read_by_itself(cases):
    """Nothing is taken for another version or another shape, and every resource of a type that is read is read."""
    con, knowledge = ibis.duckdb.connect(), load()
    for case in cases:
        reading = Reading(Rows(con), knowledge)
        losses, types = read_resources(read_bundle(case["bundle"], case["case"]), reading)
        assert not [loss for loss in losses if "another shape" in loss.what], case["case"]
        assert types == {r["resourceType"] for r in of_type([case], *READERS)}
        assert reading.rows.count("person") == 1
        assert reading.rows.count("resource") == len(of_type([case], *READERS))


def test_people_and_drugs(cases, read):
    patients = of_type(cases, "Patient")
    assert len(read.rows("person", "person_id")) == len({p["id"] for p in patients}) == 132
    expected = []
    for r in of_type(cases, "MedicationRequest"):
        start = date.fromisoformat(r["authoredOn"][:10])
        days = r.get("dispenseRequest", {}).get("expectedSupplyDuration", {}).get("value")
        (code,) = (c["code"] for c in r["medicationCodeableConcept"]["coding"])
        end = start + timedelta(days=days - 1) if days else None
        expected.append((r["subject"]["reference"].removeprefix("Patient/"), INGREDIENT_OF[code], start, end))
    names = dict(read.rows("person", "person_id", "source_person_id"))
    found = read.rows("medication", "person_id", "ingredient", "start_date", "end_date")
    assert Counter((names[p], *rest) for p, *rest in found) == Counter(expected)
    assert len(found) == 10
    assert read.source.drug_rows.n_unidentified == 0


def test_diagnoses_that_no_code_set_holds_are_gaps_and_never_absent(cases, read):
    """Without OMOP's tables a SNOMED code may lie below one that a code set names: nobody can say. ICD-10-CM codes are known."""
    names = dict(read.rows("person", "person_id", "source_person_id"))
    coded = [
        (r["subject"]["reference"].removeprefix("Patient/"), coding)
        for r in of_type(cases, "Condition")
        for coding in r["code"]["coding"]
    ]
    known = {(who, c["code"]) for who, c in coded if c["system"].endswith("icd-10-cm")}
    found = read.rows("condition", "person_id", "code", "codeset")
    assert {(names[p], code) for p, code, _set in found if not code.isdigit()} == known
    assert len(known) > 1
    seen = {names[p] for p, _code, _set in found}
    con = read.con.to_pyarrow(read.source.tables["code_gap"]).to_pylist()
    hidden = {names[g["person_id"]] for g in con if g["record"] == "condition"}
    assert {who for who, _c in coded} <= hidden | seen


def test_screening_results_are_no_scores_of_an_instrument(cases, read):
    """The measures ask whether a screening was positive, and record no questionnaire: no score is made of that."""
    observations = of_type(cases, "Observation")
    cancelled = [o for o in observations if o["status"] == "cancelled"]
    assert read.lost("observations with the status cancelled") == [("left out", len(cancelled))]
    assert read.rows("measurement", "total") == []
    assert len(observations) > len(cancelled) > 0
