"""A folder of FHIR gives the same result on Spark; orders and their dispensings are told apart alike on every engine."""

from __future__ import annotations

import json

import pytest
from cdm import load_into_postgres
from same_folders import assert_same_folders, manifest_of

from stepwell.runner import run
from stepwell.simulate import simulate

FORM = """\
id: supplied
version: 1
status: draft
title: Two drugs taken
summary: Two antidepressants.
who: {}
trials:
  medication_evidence: {is: supplied, choice: For a test.}
branch:
  - trial:
      role: {is: antidepressant, choice: For a test.}
      use: {is: any, choice: For a test.}
    failure:
      taken: {choice: For a test.}
    count: {at_least: 2 trials, distinct: ingredient, choice: For a test.}
    within: {is: ever, choice: For a test.}
    dated: {at: trial start, choice: For a test.}
"""
SERTRALINE, FLUOXETINE, ORDERED, FILLED = 739138, 755695, 32838, 32825
ROWS = [
    (1, SERTRALINE, "2020-01-01", ORDERED), (1, SERTRALINE, "2020-01-02", FILLED), (1, FLUOXETINE, "2020-03-01", ORDERED),
    (2, SERTRALINE, "2022-01-01", ORDERED), (2, SERTRALINE, "2015-01-02", FILLED), (3, FLUOXETINE, "2020-03-01", 0),
]  # fmt: skip
PEOPLE = ((1, "1980"), (2, "1981"), (3, "1982"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Simulated people as FHIR."""
    place = tmp_path_factory.mktemp("fhir") / "export"
    simulate(20, 5, place, format="fhir", noise="realistic")
    return place


@pytest.mark.long
def test_fhir_is_read_on_spark_as_on_duckdb(folder, spark, tmp_path):
    here = run(folder, tmp_path / "here", definitions=["us-label", "cepeda-2018"])
    there = run(folder, tmp_path / "there", connection=spark, definitions=["us-label", "cepeda-2018"])
    assert_same_folders(here.folder, there.folder)
    assert manifest_of(here.folder) == manifest_of(there.folder)
    assert there.manifest["rows"]["exposure"] > 40


@pytest.fixture(scope="module")
def cdm(tmp_path_factory):
    import pyarrow as pa
    import pyarrow.parquet as pq

    place = tmp_path_factory.mktemp("orders") / "cdm"
    place.mkdir()
    pq.write_table(
        pa.table({"person_id": [p for p, _ in PEOPLE], "year_of_birth": [int(y) for _, y in PEOPLE]}),
        place / "person.parquet",
    )
    columns = ("person_id", "drug_concept_id", "day", "drug_type_concept_id")
    drugs = {name: [row[n] for row in ROWS] for n, name in enumerate(columns)}
    days = pa.array(drugs.pop("day")).cast(pa.date32())
    n = len(ROWS)
    pq.write_table(
        pa.table(
            {"drug_exposure_id": list(range(n)), **drugs, "drug_exposure_start_date": days, "days_supply": [30] * n}
        ),
        place / "drug_exposure.parquet",
    )
    return place


def test_orders_are_told_from_fills_alike(cdm, spark, server, tmp_path):
    form = tmp_path / "supplied.yaml"
    form.write_text(FORM, "utf-8")
    asked = {"definition_files": [form], "definitions": ()}
    here = run(cdm, tmp_path / "here", **asked)
    exposures = here.table("exposure").to_pyarrow().to_pylist()
    assert sorted((e["person_id"], e["ingredient"], str(e["is_supplied"])) for e in exposures) == [
        (1, "fluoxetine", "False"), (1, "sertraline", "True"),
        (2, "sertraline", "None"), (2, "sertraline", "True"),
        (3, "fluoxetine", "None"),
    ]  # fmt: skip
    on_spark = run(cdm, tmp_path / "spark", connection=spark, **asked)
    with server.connect() as connection:
        load_into_postgres(cdm, connection, "orders", ["person", "drug_exposure"])
    in_postgres = run(server.address(schema="orders"), tmp_path / "postgres", **asked)
    for there in (on_spark, in_postgres):
        assert_same_folders(here.folder, there.folder)
        assert json.loads((there.folder / "run.json").read_text("utf-8"))["definitions"]
