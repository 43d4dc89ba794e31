"""A CDM in the tables of Spark's catalogue, and one in files that a Spark of our own reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stepwell.engines import connect
from stepwell.errors import SourceError
from stepwell.knowledge.loader import load
from stepwell.simulate import simulate
from stepwell.sources import find_coverage, open_source
from stepwell.sources.files import open_file

pytest.importorskip("pyspark", reason="pyspark is not installed: pip install 'stepwell[spark]'")

KNOWLEDGE = load()
VOCABULARY = ("concept", "concept_ancestor", "drug_strength")


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("catalogue") / "records"
    simulate(60, 4, folder, noise="realistic")
    return folder


@pytest.fixture(scope="module")
def catalogue(spark, records):
    """The records as tables of the schema `clinic`, in the types that Spark gives them; the vocabularies in `words`."""
    for schema in ("clinic", "words"):
        spark.sql(f"CREATE SCHEMA {schema}")
    for file in sorted(records.glob("*.parquet")):
        schema = "words" if file.stem in VOCABULARY else "clinic"
        spark.createDataFrame(pq.read_table(file)).write.saveAsTable(f"{schema}.{file.stem.upper()}")
    yield spark
    for schema in ("clinic", "words"):
        spark.sql(f"DROP SCHEMA {schema} CASCADE")


def here(records):
    con = ibis.duckdb.connect()
    source = open_source(records, con, KNOWLEDGE)
    return source, find_coverage(source, KNOWLEDGE)


@pytest.mark.long
def test_the_tables_of_a_schema_give_what_files_give(catalogue, records):
    source, coverage = here(records)
    before = {row.tableName for row in catalogue.sql("SHOW TABLES").collect()}
    with connect("", connection=catalogue) as place:
        there = open_source(place.location, place.engine.tables, KNOWLEDGE, place.vocabulary)
        assert find_coverage(there, KNOWLEDGE) == coverage
        assert there.losses == source.losses
        assert there.label == "clinic"
        rows = place.engine.tables.to_pyarrow(there.tables["medication"]).to_pylist()
    expected = source.tables["medication"].to_pyarrow().to_pylist()
    assert sorted(map(str, rows)) == sorted(map(str, expected))
    assert {row.tableName for row in catalogue.sql("SHOW TABLES").collect()} == before


def test_a_column_of_the_wrong_type_is_named(catalogue):
    from pyspark.sql.functions import col

    catalogue.sql("CREATE SCHEMA wrong")
    try:
        catalogue.table("clinic.person").write.saveAsTable("wrong.person")
        drugs = catalogue.table("clinic.drug_exposure")
        day = col("drug_exposure_start_date").cast("string")
        drugs.withColumn("drug_exposure_start_date", day).write.saveAsTable("wrong.drug_exposure")
        with pytest.raises(SourceError) as failed, connect("wrong?vocabulary=words", connection=catalogue) as place:
            open_source(place.location, place.engine.tables, KNOWLEDGE, place.vocabulary)
    finally:
        catalogue.sql("DROP SCHEMA wrong CASCADE")
    assert "wrong.drug_exposure, column drug_exposure_start_date: is of type string" in str(failed.value)
    assert "a date or a timestamp" in str(failed.value)


def test_a_schema_that_is_not_there_is_named(catalogue):
    with (
        pytest.raises(SourceError, match="there is no schema 'nowhere'"),
        connect("nowhere", connection=catalogue) as place,
    ):
        open_source(place.location, place.engine.tables, KNOWLEDGE, place.vocabulary)


def test_a_folder_of_stepwells_own_is_left_to_duckdb(spark, tmp_path):
    (tmp_path / "person.csv").write_text("person_id\np1\n")
    (tmp_path / "medication.csv").write_text("person_id,drug,start_date\np1,sertraline,2020-01-01\n")
    with (
        pytest.raises(SourceError, match="DuckDB reads such folders"),
        connect(str(tmp_path), connection=spark) as place,
    ):
        open_source(place.location, place.engine.tables, KNOWLEDGE, place.vocabulary)


@pytest.mark.long
def test_a_spark_of_our_own_reads_a_folder(spark, records, tmp_path):
    """As a user asks for it on the command line, with Java as these tests found it."""
    quiet = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_DIRS": str(tmp_path), "PYSPARK_SUBMIT_ARGS": SMALL}
    command = [sys.executable, "-m", "stepwell", "check", "--json", "--engine", "spark", str(records)]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **quiet}, cwd=tmp_path, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["answer"] == json.loads(json.dumps(here(records)[1].as_dict()))


SMALL = (
    "--master local[2] --conf spark.sql.shuffle.partitions=2 --conf spark.ui.enabled=false "
    "--conf spark.driver.host=127.0.0.1 pyspark-shell"
)


def test_a_path_is_a_path_for_spark_too(spark, tmp_path):
    """Spark takes `[1]`, `{a,b}`, `*` and `?` for patterns, and `site=3` for a partition."""
    names = ("rec[1]", "rec1", "{a,b}", "a", r"x\y*?", "site=3")
    for n, name in enumerate(names, 1):
        (tmp_path / name).mkdir()
        pq.write_table(pa.table({"id": range(n)}), tmp_path / name / "person.parquet")
        (tmp_path / name / "death.csv").write_text("id\n" + "1\n" * n, "utf-8")
    with connect("", connection=spark) as place:
        con = place.engine.tables
        for n, name in enumerate(names, 1):
            for file in ("person.parquet", "death.csv"):
                raw, problems = open_file(con, tmp_path / name / file, ["id"])
                assert (raw.rows.columns, problems) == (("id",), []), name
                assert con.to_pyarrow(raw.rows.count()).as_py() == n, name
