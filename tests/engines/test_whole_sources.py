"""A CDM that lives in PostgreSQL or in Spark gives the result folder that the same records give as files."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pytest
from cdm import load_into_postgres
from same_folders import assert_same_folders, manifest_of
from untidy_cdm import VOCABULARY, make_untidy

from stepwell.errors import QuestionError
from stepwell.runner import run
from stepwell.simulate import simulate

DEFINITIONS = ("clinic-two-classes", "cepeda-2018")
BUCKET = 150
PARTS = (12_500, 100)
"""How many people are read at a time: all of them, and a part of them."""


@pytest.fixture(scope="session")
def records(tmp_path_factory):
    """Simulated people, some of them there again with records that are untidy in every way."""
    folder = tmp_path_factory.mktemp("cdm")
    simulate(120, 5, folder / "tidy", noise="realistic")
    make_untidy(folder / "tidy", folder / "untidy")
    return folder / "untidy"


@pytest.fixture(scope="session")
def here(records, tmp_path_factory):
    """The result of DuckDB, from the files."""
    return run(records, tmp_path_factory.mktemp("here") / "result", definitions=DEFINITIONS, people_per_bucket=BUCKET)


@pytest.fixture(scope="module")
def cdm(server, records):
    """The records in PostgreSQL, with the vocabularies in a schema of their own. Gives the server."""
    with server.connect() as connection:
        names = [f.stem for f in records.glob("*.parquet")]
        load_into_postgres(records, connection, "cdm", [n for n in names if n not in VOCABULARY])
        load_into_postgres(records, connection, "words", VOCABULARY)
    yield server
    with server.connect() as connection:  # other tests look for the one schema that holds vocabularies
        connection.execute("DROP SCHEMA cdm CASCADE; DROP SCHEMA words CASCADE")


@pytest.mark.parametrize("people_per_part", PARTS)
def test_postgres_gives_the_folder_that_files_give(cdm, here, tmp_path, monkeypatch, people_per_part):
    monkeypatch.setattr("stepwell.sources.parts.PEOPLE_PER_PART", people_per_part)
    there = run(cdm.address(schema="cdm"), tmp_path / "out", definitions=DEFINITIONS, people_per_bucket=BUCKET)
    assert_same_folders(here.folder, there.folder)
    assert manifest_of(here.folder) == manifest_of(there.folder)
    assert here.table("determination").count().execute() > 300


def test_the_records_are_untidy_enough(here):
    attrition = here.table("attrition").to_pyarrow().to_pylist()
    assert len({row["what"] for row in attrition}) > 15


def test_a_psycopg_connection_is_given_back_as_it_was(cdm, here, tmp_path):
    with cdm.connect() as connection:
        connection.execute("CREATE TEMP TABLE theirs (kept text)")
        connection.execute("SET search_path = public")
        connection.commit()
        before = left_on(connection)
        there = run(
            "cdm?vocabulary=words",
            tmp_path / "out",
            connection=connection,
            definitions=DEFINITIONS,
            people_per_bucket=BUCKET,
        )
        assert_same_folders(here.folder, there.folder)
        assert left_on(connection) == before
        assert not connection.autocommit


@pytest.mark.parametrize("name", ["kept_person", "kept_medication"])
def test_a_temporary_table_of_the_callers_is_not_replaced(cdm, tmp_path, name):
    with cdm.connect() as connection:
        connection.execute(f"CREATE TEMP TABLE {name} AS SELECT 'kept' AS theirs")
        connection.commit()
        with pytest.raises(QuestionError, match=f"a temporary table of its own called '{name}'"):
            run("cdm?vocabulary=words", tmp_path / "out", connection=connection, definitions=DEFINITIONS)
        assert connection.execute(f"SELECT theirs FROM pg_temp.{name}").fetchall() == [("kept",)]
    assert list(tmp_path.iterdir()) == []


def test_a_connection_with_an_open_transaction_is_told(cdm, tmp_path):
    with cdm.connect() as connection:
        connection.execute("SELECT 1")
        with pytest.raises(QuestionError, match="a transaction is open"):
            run("cdm?vocabulary=words", tmp_path / "out", connection=connection)


def test_a_closed_connection_is_told(cdm, tmp_path):
    closed = cdm.connect(password="not-to-be-shown")
    closed.close()
    with pytest.raises(QuestionError) as failed:
        run("cdm?vocabulary=words", tmp_path / "out", connection=closed, definitions=DEFINITIONS)
    assert "not-to-be-shown" not in str(failed.value)


def test_something_that_is_no_connection_is_told(tmp_path):
    with pytest.raises(QuestionError, match=r"is of type builtins\.str"):
        run("cdm?vocabulary=words", tmp_path / "out", connection="postgresql://name:secret@host/database")


def test_postgres_sorts_text_its_own_way(server):
    """Otherwise the tests of equality would not show that stepwell's order is its own."""
    with server.connect() as connection:
        assert connection.execute("SELECT 'a' < 'B'").fetchone() == (True,)


def left_on(connection) -> list:
    tables = "SELECT relname FROM pg_class WHERE relnamespace >= 16384 AND relkind IN ('r', 'v', 'i') ORDER BY 1"
    settings = "SELECT current_setting('search_path'), current_setting('jit'), current_setting('timezone')"
    functions = "SELECT proname FROM pg_proc WHERE pronamespace = pg_my_temp_schema()"
    rows = [connection.execute(sql).fetchall() for sql in (tables, settings, functions)]
    connection.commit()
    return rows


@pytest.mark.long
def test_a_killed_run_leaves_nothing_and_goes_on(cdm, here, tmp_path):
    """Killed with its temporary tables full: the server drops them, and the next run takes the finished buckets over."""
    code = (
        "import os, sys\n"
        "from stepwell.runner import run\n"
        "stop = lambda what, done, total: os._exit(9) if what == 'judging' and done == 1 else None\n"
        f"run(sys.argv[1], sys.argv[2], definitions={DEFINITIONS}, people_per_bucket={BUCKET}, progress=stop)\n"
    )
    address = cdm.address(schema="cdm", vocabulary="words")
    done = subprocess.run([sys.executable, "-c", code, address, str(tmp_path / "out")], check=False)
    assert done.returncode == 9
    partial = tmp_path / "out.partial"
    finished = [mark.name.removeprefix("done-") for mark in (partial / "work").glob("done-*")]
    written = {n: (partial / "trial" / f"part-{n}.parquet").stat().st_mtime_ns for n in finished}
    assert written
    there = run(address, tmp_path / "out", definitions=DEFINITIONS, people_per_bucket=BUCKET)
    assert {n: (there.folder / "trial" / f"part-{n}.parquet").stat().st_mtime_ns for n in finished} == written
    assert_same_folders(here.folder, there.folder)
    with cdm.connect() as connection:
        assert temporary_tables(connection) == []


def temporary_tables(connection) -> list:
    return connection.execute("SELECT relname FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'").fetchall()


@pytest.mark.long
def test_other_records_are_judged_afresh(cdm, tmp_path):
    """What changed in the database since the run was stopped changes the digest of the records as read."""
    address, out = cdm.address(schema="cdm", vocabulary="words"), tmp_path / "out"
    first = run(address, out, definitions=["fabbri-2021"]).manifest["source"]["fingerprint"]
    with cdm.connect() as connection:
        connection.execute("UPDATE cdm.drug_exposure SET days_supply = days_supply + 1 WHERE person_id = 1")
    try:
        second = run(address, out, definitions=["fabbri-2021"], replace_existing=True).manifest["source"]["fingerprint"]
    finally:
        with cdm.connect() as connection:
            connection.execute("UPDATE cdm.drug_exposure SET days_supply = days_supply - 1 WHERE person_id = 1")
    third = run(address, out, definitions=["fabbri-2021"], replace_existing=True).manifest["source"]["fingerprint"]
    assert first == third != second


@pytest.mark.long
@pytest.mark.parametrize("people_per_part", PARTS)
def test_spark_gives_the_folder_that_files_give(spark, records, here, tmp_path, monkeypatch, people_per_part):
    monkeypatch.setattr("stepwell.sources.parts.PEOPLE_PER_PART", people_per_part)
    spark.createDataFrame(pa.table({"theirs": ["kept"]})).createOrReplaceTempView("person")
    zone = spark.conf.get("spark.sql.session.timeZone")
    there = run(str(records), tmp_path / "out", connection=spark, definitions=DEFINITIONS, people_per_bucket=BUCKET)
    assert spark.getActiveSession() is spark
    assert [row.tableName for row in spark.sql("SHOW TABLES").collect()] == ["person"]
    assert spark.table("person").toArrow().to_pylist() == [{"theirs": "kept"}]
    assert spark.conf.get("spark.sql.session.timeZone") == zone != "UTC"
    spark.catalog.dropTempView("person")
    assert_same_folders(here.folder, there.folder)
    assert manifest_of(here.folder) == manifest_of(there.folder)
    assert there.manifest["engine"] == "spark"
