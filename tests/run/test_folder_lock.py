"""One process at a time in a folder; a process that was killed keeps nobody out."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import contextmanager

import pytest

from stepwell.errors import Problem, QuestionError
from stepwell.fetch.folder import open_folder
from stepwell.folder import make_own
from stepwell.folder_lock import hold_lock
from stepwell.runner import run
from stepwell.store import WorkFolder

HOLD = """
import sys
from pathlib import Path
from stepwell.errors import QuestionError
from stepwell.folder_lock import hold_lock
lock = hold_lock(Path(sys.argv[1]), QuestionError("held"))
print("held", flush=True)
sys.stdin.read()
"""
REQUEST = {"base": "https://fhir.example.org"}


@contextmanager
def another_process_holding(file):
    """A process that holds the lock on `file` until the block ends, and is then killed (SIGKILL on POSIX)."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            assert process.stdout.readline() == "held\n"
            yield
        finally:
            process.kill()
            process.wait()


def test_a_run_is_refused_while_another_process_writes_and_goes_on_after_it_was_killed(records, tmp_path):
    partial = tmp_path / "out.partial"
    make_own(partial)
    (partial / "work").mkdir()
    with another_process_holding(partial / "work" / "lock"):
        with pytest.raises(QuestionError, match=r"Another run is writing this result\.") as raised:
            run(records, tmp_path / "out")
        assert raised.value.problems == (
            Problem(str(partial / "work"), "locked", "one run at a time", "wait for it, or name another folder"),
        )
        assert (partial / "work" / "lock").exists()
    assert run(records, tmp_path / "out", definitions=["fabbri-2021"]).folder == tmp_path / "out"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]
    assert not list((tmp_path / "out").rglob("*lock*"))


def test_a_fetch_is_refused_while_another_process_works_there_and_goes_on_after_it_was_killed(tmp_path):
    out, partial = tmp_path / "out", tmp_path / "out.partial"
    with open_folder(out, REQUEST) as folder:
        folder.keep_people(["1"])
    with another_process_holding(partial / "lock"):
        with pytest.raises(QuestionError, match="another fetch works there"), open_folder(out, REQUEST):
            pass
        assert (partial / "people.json").exists()
    with open_folder(out, REQUEST) as folder:
        assert folder.people() == ["1"]
        folder.finish()
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]
    assert [entry.name for entry in out.iterdir()] == ["fetch.json"]


def test_a_lock_that_is_a_link_is_not_followed(tmp_path):
    """Opened for writing, the lock would empty the file to which the link leads."""
    (tmp_path / "notes").write_text("mine")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "lock").symlink_to(tmp_path / "notes")
    with pytest.raises(QuestionError, match="cannot be locked"):
        WorkFolder(tmp_path / "work")
    assert (tmp_path / "notes").read_text() == "mine"


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS])
def test_a_disk_without_locks_is_named_as_such(tmp_path, monkeypatch, number):
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(QuestionError, match=r"The folder cannot be locked\.") as raised:
        hold_lock(tmp_path / "lock", QuestionError("held"))
    (problem,) = raised.value.problems
    assert problem.found == f"cannot be locked ({os.strerror(number)})"
