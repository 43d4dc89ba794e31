"""What goes wrong between stepwell and a database, a Spark or a disk: one clear message, its exit code, and nothing half done.

Messages are those of the real thing. They say what was found and what to do, never a password and never what a record holds.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from cdm import load_into_postgres
from typer.testing import CliRunner

from stepwell.cli.app import app
from stepwell.engines import read_address
from stepwell.errors import UnfinishedError
from stepwell.runner import run
from stepwell.simulate import simulate

ONE = ("clinic-two-classes",)


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small") / "records"
    simulate(120, 9, folder)
    return folder


@pytest.fixture(scope="module")
def small(server, records):
    """A server with the records in the schema `small`, which the user `guarded` may read."""
    with server.connect() as connection:
        load_into_postgres(records, connection, "small")
        connection.execute(
            "GRANT USAGE ON SCHEMA small TO guarded; GRANT SELECT ON ALL TABLES IN SCHEMA small TO guarded"
        )
    yield server
    with server.connect() as connection:
        connection.execute("DROP SCHEMA small CASCADE; REVOKE ALL ON DATABASE postgres FROM guarded")


def told(*arguments, code: int) -> str:
    """What the command line says, in one line; it ends with this exit code."""
    done = CliRunner().invoke(app, [str(a) for a in arguments])
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    return " ".join(done.output.split())


def test_a_server_that_is_not_there(server, tmp_path):
    said = told("check", f"postgresql://me:not-to-be-shown@/clinic?host={tmp_path}&schema=cdm", code=12)
    assert "There is no connection to PostgreSQL." in said
    assert "see that the server is running" in said
    assert "not-to-be-shown" not in said


def test_a_wrong_password_and_none(server):
    said = told("check", server.address("guarded", "wrong-one", schema="cdm"), code=12)
    assert "does not let this user in with this password" in said
    assert "wrong-one" not in said
    said = told("check", server.address("guarded", schema="cdm"), code=12)
    assert "the server asks for a password" in said
    assert "set PGPASSWORD or write it into ~/.pgpass" in said


def test_an_address_that_no_client_understands(server):
    said = told("check", server.address(hostess="3"), code=12)
    assert "write postgresql://user@host:5432/database?schema=cdm" in said


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://me:secret@host:5432/db?schema=cdm", "postgresql://me@host:5432/db?schema=cdm"),
        ("postgresql://me:sec@ret@host/db", "postgresql://me@host/db"),
        ("postgresql://me@host/db?password=secret&sslpassword=secret&schema=cdm", "postgresql://me@host/db?schema=cdm"),
        ("postgresql:///db", "postgresql:///db"),
    ],
)
def test_an_address_is_shown_without_a_password(address, shown):
    assert read_address(address).shown == shown


def test_a_password_is_kept_nowhere(small, tmp_path, monkeypatch):
    address = small.address("guarded", small.guarded, schema="small")
    said = told("run", address, "--out", tmp_path / "out", "--definition", *ONE, code=0)
    assert small.guarded not in said
    held = [f.name for f in (tmp_path / "out").rglob("*") if f.is_file() and small.guarded.encode() in f.read_bytes()]
    assert held == []
    assert "guarded@" in (tmp_path / "out" / "run.json").read_text("utf-8")


def test_no_such_schema_and_none_that_can_be_told(small):
    said = told("check", small.address(schema="nowhere"), code=11)
    assert "there is no schema 'nowhere'" in said
    assert "'small'" in said
    with small.connect() as connection:
        connection.execute(
            "CREATE SCHEMA another; CREATE TABLE another.person (); CREATE TABLE another.drug_exposure ()"
        )
    try:
        said = told("check", small.address(), code=11)
    finally:
        with small.connect() as connection:
            connection.execute("DROP SCHEMA another CASCADE")
    assert "another, " in said
    assert "name the schema" in said


def test_a_table_that_may_not_be_read(small, tmp_path):
    with small.connect() as connection:
        connection.execute("REVOKE SELECT ON small.drug_exposure, small.death FROM guarded")
    try:
        address = small.address("guarded", small.guarded, schema="small")
        said = told("run", address, "--out", tmp_path / "out", code=11)
    finally:
        with small.connect() as connection:
            connection.execute("GRANT SELECT ON small.drug_exposure, small.death TO guarded")
    assert "small.drug_exposure: this user may not read it" in said
    assert "small.death: this user may not read it" in said
    assert 'GRANT SELECT ON "small"."drug_exposure"' in said
    assert list(tmp_path.iterdir()) == []


def test_no_right_to_make_temporary_tables(small):
    with small.connect() as connection:
        connection.execute("REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC")
    try:
        said = told("check", small.address("guarded", small.guarded, schema="small"), code=12)
    finally:
        with small.connect() as connection:
            connection.execute("GRANT TEMPORARY ON DATABASE postgres TO PUBLIC")
    assert 'GRANT TEMPORARY ON DATABASE "postgres"' in said


def test_columns_of_the_wrong_type_and_missing_ones(small):
    """Everything at once: table, column, the type found, the type expected, what to do."""
    with small.connect() as connection:
        connection.execute("CREATE SCHEMA wrong")
        connection.execute("CREATE TABLE wrong.person AS SELECT person_id, year_of_birth::text FROM small.person")
        changed = "drug_exposure_start_date::text, quantity::text, days_supply = 1 AS days_supply"
        kept = "drug_exposure_id, person_id, drug_concept_id"
        connection.execute(f"CREATE TABLE wrong.drug_exposure AS SELECT {kept}, {changed} FROM small.drug_exposure")
    try:
        said = told("check", small.address(schema="wrong"), code=11)
        with small.connect() as connection:
            connection.execute("ALTER TABLE wrong.drug_exposure DROP COLUMN quantity, DROP COLUMN days_supply")
            connection.execute("ALTER TABLE wrong.drug_exposure DROP COLUMN drug_exposure_start_date")
            connection.execute("ALTER TABLE wrong.person DROP COLUMN year_of_birth")
        missing = told("check", small.address(schema="wrong"), code=11)
    finally:
        with small.connect() as connection:
            connection.execute("DROP SCHEMA wrong CASCADE")
    assert "wrong.person, column year_of_birth: is of type text expected: a whole number" in said
    assert "column drug_exposure_start_date: is of type text expected: a date or a timestamp" in said
    assert "column quantity: is of type text expected: a number" in said
    assert "column days_supply: is of type boolean expected: a whole number" in said
    assert "wrong.person: no column 'year_of_birth'" in missing
    assert "wrong.drug_exposure: no column 'drug_exposure_start_date'" in missing


@pytest.mark.long
def test_a_database_that_goes_away_in_the_middle(small, records, tmp_path):
    """The session is ended by another; the run says so, keeps what it has, and goes on when it is asked again."""

    def end_it(what: str, done: int, total: int) -> None:
        if what == "judging" and done == 2:
            with small.connect() as other:
                others = "pid <> pg_backend_pid() AND backend_type = 'client backend' AND usename = 'guarded'"
                other.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")

    address, out = small.address("guarded", small.guarded, schema="small"), tmp_path / "out"
    with pytest.raises(UnfinishedError) as failed:
        run(address, out, definitions=ONE, people_per_bucket=40, progress=end_it)
    said = str(failed.value)
    assert "the connection was lost" in said
    assert "2 buckets of people done and kept" in said
    assert "run the same command again: it continues there" in said
    assert small.guarded not in said
    assert failed.value.__suppress_context__
    first = tmp_path / "out.partial" / "trial" / "part-00000.parquet"
    written = first.stat().st_mtime_ns
    resumed = run(address, out, definitions=ONE, people_per_bucket=40)
    assert (resumed.folder / "trial" / first.name).stat().st_mtime_ns == written
    undisturbed = run(records, tmp_path / "undisturbed", definitions=ONE, people_per_bucket=40)
    assert tables_of(resumed.folder) == tables_of(undisturbed.folder)


def tables_of(folder: Path) -> dict:
    return {str(f.relative_to(folder)): pq.read_table(f) for f in sorted(folder.rglob("*.parquet"))}


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX limits")
def test_a_disk_that_fills_up(records, tmp_path):
    """No file may grow beyond a few kilobytes, as on a full disk: the folder is named, kept, and the run goes on later."""

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    command = [sys.executable, "-m", "stepwell", "run", records, "--out", tmp_path / "out", "--definition", *ONE]
    quiet = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}  # or a file of bytecode would be cut off
    done = subprocess.run(
        command, capture_output=True, text=True, preexec_fn=no_room, env=quiet, check=False, timeout=120
    )
    said = " ".join(done.stderr.split())
    assert done.returncode == 12, said
    assert f"{tmp_path / 'out.partial'}: this user may not write files of that size" in said
    assert "make room there, or name a folder on another disk with --out" in said
    assert "it continues there" in said
    assert [p.name for p in tmp_path.iterdir()] == ["out.partial"]
    assert not list((tmp_path / "out.partial" / "work").glob("done-*"))
    resumed = run(records, tmp_path / "out", definitions=ONE)
    undisturbed = run(records, tmp_path / "undisturbed", definitions=ONE)
    assert tables_of(resumed.folder) == tables_of(undisturbed.folder)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "undisturbed"]


def test_spark_without_java(records, tmp_path):
    """In a process of its own: a Spark that runs already would be taken."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: pip install 'stepwell[spark]'")
    environment = {**os.environ, "JAVA_HOME": str(tmp_path / "nowhere"), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "stepwell", "check", "--engine", "spark", records]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120)
    assert done.returncode == 12, done.stderr
    assert "Spark could not be started." in done.stderr
    assert "install Java 17 or 21 and see that JAVA_HOME names it" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("package", "arguments", "extra"),
    [
        ("psycopg", ["postgresql://me@host/db"], "postgres"),
        ("pyspark", ["spark:///cdm"], "spark"),
    ],
)
def test_a_package_that_is_not_installed(package, arguments, extra, monkeypatch):
    for name in [n for n in sys.modules if n.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    said = told("check", *arguments, code=12)
    assert f"{package}: is not installed" in said
    assert f'pip install "stepwell[{extra}]"' in said


def test_an_engine_that_does_not_go_with_the_records(records, server):
    assert "one of duckdb, postgres, spark" in told("check", "--engine", "oracle", records, code=12)
    assert "these records are not in PostgreSQL" in told("check", "--engine", "postgres", records, code=12)
    assert "leave --engine out" in told("check", "--engine", "duckdb", server.address(), code=12)
