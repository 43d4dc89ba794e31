"""Simulated people written as FHIR and as OMOP are judged alike, person by person; real bundles hold what a plain loop counts."""

from __future__ import annotations

import json
import tarfile
from collections import Counter

import pytest

import stepwell
from stepwell.simulate import simulate

SET = "smart_synthea_r4"
SUBSET = "subset_antidepressant_or_depression"
ANTIDEPRESSANTS = ("sertraline", "fluoxetine")
"""All that the set holds, by its own README."""


def told(result, table: str, *columns: str) -> Counter:
    """The rows of a table with the people's own ids, without what the form of the source decides (addresses)."""
    people = dict(result.table("person").select("person_id", "source_person_id").to_pyarrow().to_pandas().values)
    rows = result.table(table).select("person_id", *columns).to_pyarrow().to_pylist()
    return Counter((people[row.pop("person_id")], *map(str, row.values())) for row in rows)


@pytest.mark.parametrize("n", [300, pytest.param(2_000, marks=pytest.mark.long)])
def test_simulated_people_are_judged_alike_as_fhir_and_as_omop(tmp_path, n):
    for form in ("fhir", "omop-parquet"):
        simulate(n, 5, tmp_path / form, format=form, noise="off", scored="doses")
    fhir, omop = (stepwell.run(tmp_path / form) for form in ("fhir", "omop-parquet"))
    assert fhir.manifest["definitions"] == omop.manifest["definitions"]
    assert fhir.manifest["rows"]["person"] == n
    for table, columns in {
        "determination": ("definition", "verdict", "index_date"),
        "trial": ("setting", "trial_number", "ingredient", "start_date", "end_date", "is_end_known"),
        "measurement": ("instrument", "measured_date", "total"),
        "condition": ("codeset", "condition_date"),
        "answer": ("instrument", "item", "answered_date", "value"),
        "session": ("treatment", "session_date"),
        "observation_period": ("start_date", "end_date"),
    }.items():
        found = told(fhir, table, *columns)
        assert found == told(omop, table, *columns), table
        assert found, table
    assert fhir.table("exposure").count().execute() == omop.table("exposure").count().execute()


def counted(bundles) -> Counter:
    """What a plain loop over the JSON finds."""
    n: Counter = Counter()
    for bundle in bundles:
        for entry in bundle["entry"]:
            r = entry["resource"]
            n[r["resourceType"]] += 1
            words = json.dumps(r.get("medicationCodeableConcept", "")).lower()
            n["antidepressants"] += any(name in words for name in ANTIDEPRESSANTS)
            codes = {c["code"] for c in r.get("code", {}).get("coding", ())} if r["resourceType"] == "Condition" else ()
            n["major depression"] += bool({"370143000", "36923009"} & set(codes))
    return n


def check(opened, n: Counter) -> None:
    rows = opened.rows("medication", "address", "ingredient")
    assert len([i for _address, i in rows if i in ANTIDEPRESSANTS]) == n["antidepressants"]
    assert all(address.startswith("MedicationRequest/") for address, _ingredient in rows)
    assert [c for c in opened.rows("condition", "codeset") if c == "major-depression"] == n["major depression"] * [
        "major-depression"
    ]
    assert len(opened.rows("person", "address")) == n["Patient"]
    drugs = opened.source.drug_rows
    assert drugs.n_rows == n["MedicationRequest"]


def test_the_subset_of_smart(real_data, opened):
    place = real_data / SET / SUBSET
    if not place.is_dir():
        pytest.skip(f"{SET} is not there")
    bundles = [json.loads(f.read_text("utf-8")) for f in sorted(place.iterdir()) if f.suffix == ".json"]
    n = counted(bundles)
    assert (n["Patient"], n["antidepressants"], n["major depression"]) == (8, 8, 3)
    check(opened(place), n)


@pytest.mark.long
def test_the_whole_of_smart(real_data, opened, tmp_path):
    archive = real_data / SET / "R4_SYNTHEA_bundles.tar.xz"
    if not archive.is_file():
        pytest.skip(f"{SET} is not there")
    with tarfile.open(archive) as file:
        file.extractall(tmp_path, filter="data")
    n = counted(json.loads(f.read_text("utf-8")) for f in sorted(tmp_path.rglob("*.json")))
    check(opened(tmp_path), n)
