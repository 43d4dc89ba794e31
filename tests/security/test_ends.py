"""However a command ends, there is one message and a documented exit code, without a traceback and without a patient's value."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import ibis
import pytest
from typer.testing import CliRunner

from stepwell import runner
from stepwell.cli import app, net
from stepwell.errors import QuestionError, SourceError
from stepwell.knowledge.loader import load
from stepwell.runner import run
from stepwell.sources import open_source

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals, pipes and users")
VALUE = "Jane Doe"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ValueError(f"Could not convert {VALUE!r}"), 13, "ValueError"),
        (KeyError(VALUE), 13, "KeyError"),
        (RecursionError(VALUE), 13, "RecursionError"),
        (duckdb.ConversionException(VALUE), 13, "ConversionException"),
        (PermissionError(errno.EACCES, VALUE, VALUE), 13, "PermissionError"),
        (OSError(errno.ENOSPC, "No space left on device", VALUE), 12, "No space left on device"),
        (MemoryError(VALUE), 12, "not enough"),
        (KeyboardInterrupt(), 130, "Stopped."),
    ],
)
def test_what_nobody_expected_ends_with_its_type_and_no_value(monkeypatch, tmp_path, error, code, said):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(runner, "run", fails)
    done = CliRunner().invoke(app, ["run", str(tmp_path), "--out", str(tmp_path / "out")])
    assert done.exit_code == code, done.output
    assert said in done.stderr
    assert VALUE not in done.output
    assert "Traceback" not in done.output
    assert ("report it" in done.stderr) == (code == 13)


def test_the_place_of_an_unknown_error_is_told(monkeypatch, records):
    monkeypatch.setattr("stepwell.sources.opening.read_csv_folder", lambda *_: {}["x"])
    done = CliRunner().invoke(app, ["check", str(records)])
    assert done.exit_code == 13
    assert "stepwell/sources/opening.py, line " in done.stderr


@pytest.mark.parametrize(
    "error", [RuntimeError("Query interrupted"), SourceError("cannot be read"), QuestionError("x")]
)
def test_whatever_an_interrupt_becomes_is_an_interrupt(monkeypatch, tmp_path, error):
    def fails(*_, **__):
        net._stopped.set()
        raise error

    monkeypatch.setattr(runner, "run", fails)
    monkeypatch.setattr(net, "_stopped", type(net._stopped)())
    done = CliRunner().invoke(app, ["run", str(tmp_path), "--out", str(tmp_path / "out")])
    assert done.exit_code == 130
    assert "Stopped." in done.stderr


NO_TERMINAL = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "TTY_COMPATIBLE")}
"""A bar of progress would be drawn over what is printed."""

LONG_QUERY = """
import sys
import stepwell.cli as cli, stepwell.runner as runner
from stepwell.engines import connect
def endless(*_, **__):
    with connect("") as place:
        print("at work", flush=True)
        place.engine.read(query, None)
query = sys.argv.pop(1)
runner.run = endless
cli.main()
"""
QUERIES = (
    "SELECT sum(a.range * b.range % 7) FROM range(1000000) a, range(1000000) b",
    "SELECT count(*) FROM range(100000000000) t WHERE md5(range::varchar) = chr(1)",
)


def stop_at_work(code: str, arguments: list, wait: float) -> tuple[int, str]:
    """The exit code and the errors of a program that is sent Ctrl-C so many seconds after it said that it is at work."""
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=NO_TERMINAL,
        # A test suite run in the background ignores Ctrl-C, and so would what it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        try:
            assert process.stdout.readline() == "at work\n"
            time.sleep(wait)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    return process.returncode, errors


@pytest.mark.parametrize("query", QUERIES)
def test_ctrl_c_during_a_query_is_130(tmp_path, query):
    """At once, whichever thread of the database is at work."""
    # The query must have begun, on a busy machine too.
    code, errors = stop_at_work(LONG_QUERY, [query, "run", str(tmp_path), "--out", str(tmp_path / "out")], wait=2)
    assert code == 130, errors
    assert "Traceback" not in errors
    assert "Stopped." in errors


BETWEEN_QUERIES = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
import stepwell.cli as cli, stepwell.runner as runner
from stepwell.engines import connect
def endless(*_, **__):
    with connect("") as place, ThreadPoolExecutor(1) as pool:
        def work():
            print("at work", flush=True)
            time.sleep(2)
            place.engine.read("SELECT sum(a.range * b.range % 7) FROM range(1000000) a, range(1000000) b", None)
        pool.submit(work).result()
runner.run = endless
cli.main()
"""


def test_ctrl_c_between_two_queries_stops_the_next_one(tmp_path):
    """DuckDB forgets an interrupt when a query begins."""
    code, errors = stop_at_work(BETWEEN_QUERIES, ["run", str(tmp_path), "--out", str(tmp_path / "out")], wait=0)
    assert code == 130, errors
    assert "Nothing half-written is left" in errors  # an orderly end, not the last resort


def test_a_full_standard_output_is_said(stepwell):
    command = f"{sys.executable} -m stepwell knowledge list > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 12, done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_as_many_threads_as_no_machine_has(records, tmp_path, asked):
    with pytest.raises(QuestionError, match="threads: 9999999999"):
        run(records, tmp_path / "out", threads=9_999_999_999, **asked)
    done = CliRunner().invoke(app, ["run", str(records), "--out", str(tmp_path / "out"), "--threads", "9999999999"])
    assert done.exit_code == 2
    assert list(tmp_path.iterdir()) == []


# --- what is no file, and what may not be read -----------------------------------------------------------------------


def pipe_in_place_of(path: Path) -> Path:
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("name", ["person.csv", "medication.csv", "person.parquet"])
def test_a_pipe_among_the_records_is_said_and_waits_for_nobody(own_folder, tmp_path, name):
    folder = own_folder(tmp_path / "records", range(2))
    if name.endswith("parquet"):
        (folder / "person.csv").unlink()
    pipe_in_place_of(folder / name)
    with pytest.raises(SourceError, match="is a pipe or a device"):
        open_source(folder, ibis.duckdb.connect(), load())


def test_pipes_in_every_other_place_are_said(tmp_path):
    pipe = pipe_in_place_of(tmp_path / "pipe.yaml")
    (tmp_path / "result").mkdir()
    pipe_in_place_of(tmp_path / "result" / "run.json")
    commands = {
        ("check", pipe): 11,
        ("score", "phq-9", pipe): 11,
        ("definition", "check", pipe): 10,
        ("why", tmp_path / "result", "1"): 12,
        ("run", tmp_path, "--out", tmp_path / "out", "--definition-file", pipe): 10,
    }
    for arguments, code in commands.items():
        done = CliRunner().invoke(app, [str(a) for a in arguments])
        assert done.exit_code == code, (arguments, done.output, done.exception)


@pytest.fixture
def nobody():
    """Works as a user without rights, where the tests run as one with all of them."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.mark.parametrize("hidden", [".", "medication.csv", "measurement", "measurement/deep"])
def test_a_folder_that_may_not_be_read_is_said_and_not_passed_over(own_folder, tmp_path, request, hidden):
    folder = own_folder(tmp_path / "records", range(2))
    (folder / "measurement" / "deep").mkdir(parents=True)
    (folder / "measurement" / "deep" / "x.parquet").touch()
    knowledge, con = load(), ibis.duckdb.connect()
    for above in folder.parents:
        if above.is_relative_to(tempfile.gettempdir()) and above != Path(tempfile.gettempdir()):
            above.chmod(0o755)
    (folder / hidden).chmod(0)
    request.getfixturevalue("nobody")
    try:
        with pytest.raises(SourceError, match="Permission denied"):
            open_source(folder, con, knowledge)
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        (folder / hidden).chmod(0o755)


def test_names_that_are_none(tmp_path):
    for name in ("x" * 300, "", "nowhere", os.fsdecode(b"latin-\xe9")):
        with pytest.raises(SourceError):
            open_source(name, ibis.duckdb.connect(), load())
        done = CliRunner().invoke(app, ["check", name])
        assert done.exit_code == 11, (name, done.output, done.exception)


def test_mixed_line_ends_and_ids_written_in_two_ways_are_said(own_folder, tmp_path):
    folder = own_folder(tmp_path / "mixed", range(3))
    drugs = (folder / "medication.csv").read_bytes()
    (folder / "medication.csv").write_bytes(drugs.replace(b"\n", b"\r\n", 2))
    with pytest.raises(SourceError, match="its lines end in several ways"):
        open_source(folder, ibis.duckdb.connect(), load())
    folder = own_folder(tmp_path / "ids", range(3))
    people = (folder / "person.csv").read_text("utf-8")
    (folder / "person.csv").write_text(people.replace(",1980", ".0,1980"), "utf-8")
    with pytest.raises(SourceError, match=r"`1` and `1\.0` are two ids"):
        open_source(folder, ibis.duckdb.connect(), load())
