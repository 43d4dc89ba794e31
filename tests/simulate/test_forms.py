"""The same cohort in every form: OMOP in three kinds of file, FHIR R4 in US Core's shapes, and stepwell's own folder."""

from __future__ import annotations

import json
import re
from collections import Counter

import duckdb
import pytest
from fhir.resources.R4B import get_fhir_model_class

from stepwell.simulate import Noise, record_parameters, simulate

PEOPLE = 60


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The same people in every form."""
    place = tmp_path_factory.mktemp("forms")
    # What goes wrong only in FHIR adds rows and leaves values out: it is off here.
    noise = record_parameters().noise.but(**{n: 0 for n in Noise.model_fields if Noise.is_of_fhir(n)})
    for form in ("omop-parquet", "omop-duckdb", "fhir", "csv-folder"):
        simulate(PEOPLE, 8, place / form, format=form, noise=noise, chunk=25)
    return place


@pytest.fixture(scope="module")
def omop(folders):
    return duckdb.connect(str(folders / "omop-duckdb" / "records.duckdb"), read_only=True)


@pytest.fixture(scope="module")
def fhir(folders):
    """The resources by type."""
    files = (folders / "fhir").glob("*.ndjson")
    return {f.stem: [json.loads(line) for line in f.read_text("utf-8").splitlines()] for f in files}


def ids(omop, table: str, where: str = "true") -> set[str]:
    column = "person_id" if table == "person" else f"{table}_id"
    return {str(n) for (n,) in omop.execute(f"SELECT {column} FROM {table} WHERE {where}").fetchall()}


def test_the_database_holds_what_the_files_hold(folders, omop):
    files = sorted((folders / "omop-parquet").glob("*.parquet"))
    assert len(files) == len(omop.execute("SHOW TABLES").fetchall()) > 10
    for file in files:
        rows = duckdb.read_parquet(str(file)).fetchall()
        assert Counter(rows) == Counter(omop.execute(f"SELECT * FROM {file.stem}").fetchall()), file.stem
    assert not list((folders / "omop-duckdb").glob("*.parquet"))


def test_the_truth_is_the_same_in_every_form(folders):
    for file in (folders / "omop-parquet" / "truth").iterdir():
        for form in ("omop-duckdb", "fhir", "csv-folder"):
            assert (folders / form / "truth" / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("resource", "table", "where"),
    [
        ("Patient", "person", "true"),
        ("Coverage", "observation_period", "true"),
        ("Encounter", "visit_occurrence", "true"),
        ("Condition", "condition_occurrence", "true"),
        ("MedicationRequest", "drug_exposure", "visit_occurrence_id IS NULL"),
        ("MedicationDispense", "drug_exposure", "visit_occurrence_id IS NULL"),
        ("MedicationAdministration", "drug_exposure", "visit_occurrence_id IS NOT NULL"),
        ("Observation", "measurement", "true"),
        ("Procedure", "procedure_occurrence", "true"),
    ],
)
def test_a_resource_has_the_number_of_its_omop_row(fhir, omop, resource, table, where):
    found = [r["id"] for r in fhir[resource]]
    assert len(found) == len(set(found)) > 0
    assert set(found) == ids(omop, table, where)
    assert {r["resourceType"] for r in fhir[resource]} == {resource}


def references(value) -> list[str]:
    if isinstance(value, dict):
        own = [value["reference"]] if "reference" in value else []
        return own + [r for v in value.values() for r in references(v)]
    return [r for v in value for r in references(v)] if isinstance(value, list) else []


def test_every_reference_leads_somewhere(fhir):
    known = {f"{resource}/{r['id']}" for resource, rows in fhir.items() for r in rows}
    found = {reference for rows in fhir.values() for r in rows for reference in references(r)}
    assert found <= known
    assert {reference.split("/")[0] for reference in found} == {"Patient", "Encounter", "MedicationRequest"}


REQUIRED = {
    "Patient": ("identifier", "name", "gender", "birthDate"),
    "Coverage": ("status", "beneficiary", "relationship", "payor", "period"),
    "Encounter": ("status", "class", "type", "subject", "period"),
    "Condition": ("clinicalStatus", "verificationStatus", "category", "code", "subject", "encounter", "recordedDate"),
    "MedicationRequest": ("status", "intent", "medicationCodeableConcept", "subject", "authoredOn"),
    "MedicationDispense": ("status", "medicationCodeableConcept", "subject", "whenHandedOver"),
    "MedicationAdministration": ("status", "medicationCodeableConcept", "subject", "effectiveDateTime", "dosage"),
    "Observation": ("status", "category", "code", "subject", "effectiveDateTime", "valueQuantity"),
    "Procedure": ("status", "code", "subject", "performedDateTime"),
}


@pytest.mark.parametrize("resource", REQUIRED)
def test_resources_have_what_us_core_asks(fhir, resource):
    day = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}Z)?")
    for r in fhir[resource]:
        assert set(REQUIRED[resource]) <= set(r)
        for name in (
            "birthDate",
            "recordedDate",
            "authoredOn",
            "whenHandedOver",
            "effectiveDateTime",
            "performedDateTime",
        ):
            assert name not in r or day.fullmatch(r[name])
        for profile in r.get("meta", {}).get("profile", ()):
            assert profile.startswith("http://hl7.org/fhir/us/core/StructureDefinition/us-core-")


@pytest.mark.parametrize("resource", REQUIRED)
def test_resources_are_fhir(fhir, resource):
    """No element that FHIR does not have, none of another type, none missing: as another project's models of FHIR say."""
    model = get_fhir_model_class(resource)
    for r in fhir[resource]:
        model.model_validate(r)
    with pytest.raises(ValueError, match="nonsense"):
        model.model_validate({**fhir[resource][0], "nonsense": 1})


def test_scores_are_surveys_by_their_loinc_code(fhir, omop):
    scores = [r for r in fhir["Observation"] if "44261-6" in str(r["code"])]
    assert scores
    for r in scores:
        assert r["category"][0]["coding"][0]["code"] == "survey"
        (total,) = omop.execute(
            "SELECT value_as_number FROM measurement WHERE measurement_id = ?", [int(r["id"])]
        ).fetchone()
        assert r["valueQuantity"]["value"] == total


def test_what_is_supplied_is_the_same(fhir, omop):
    rows = {
        str(n): (start.isoformat(), days, quantity)
        for n, start, days, quantity in omop.execute(
            "SELECT drug_exposure_id, drug_exposure_start_date, days_supply, quantity FROM drug_exposure"
        ).fetchall()
    }
    for r in fhir["MedicationDispense"]:
        start, days, quantity = rows[r["id"]]
        assert r["whenHandedOver"] == start
        assert r.get("daysSupply", {}).get("value") == days
        assert r.get("quantity", {}).get("value") == quantity


def test_who_has_died_is_said_in_every_form(fhir, omop, folders):
    died = {str(n): day.isoformat() for n, day in omop.execute("SELECT person_id, death_date FROM death").fetchall()}
    assert {r["id"]: r["deceasedDateTime"] for r in fhir["Patient"] if "deceasedDateTime" in r} == died
    own = duckdb.read_csv(str(folders / "csv-folder" / "person.csv"), all_varchar=True).fetchall()
    assert {row[0]: row[3] for row in own if row[3]} == died


def test_stepwell_reads_its_own_folder_as_it_reads_omop(folders):
    """The same verdicts, dates and sessions, whatever form the records are in."""
    from stepwell.runner import run

    definitions = ("sforzini-2022", "fabbri-2021")
    one, two = (
        run(folders / source, folders / f"result-{n}", definitions=definitions)
        for n, source in enumerate(("omop-parquet", "csv-folder"))
    )
    columns = ["definition", "person_id", "verdict", "met_date"]
    both = [result.table("determination").select(columns).order_by(columns).to_pyarrow() for result in (one, two)]
    assert both[0].equals(both[1])
    sessions = [
        result.table("session")
        .select("person_id", "treatment", "session_date", "is_session", "mg")
        .order_by("person_id", "session_date")
        for result in (one, two)
    ]
    assert sessions[0].to_pyarrow().equals(sessions[1].to_pyarrow())
    assert sessions[0].count().to_pyarrow().as_py() > 10
