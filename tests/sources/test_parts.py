"""A source that is read some people at a time says what it says when all people are read together."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import ibis
import pyarrow.parquet as pq
import pytest
from untidy_cdm import make_untidy

from stepwell.knowledge.loader import load
from stepwell.simulate import simulate
from stepwell.sources import open_source, parts
from stepwell.tables import RECORDS

if os.name == "posix":
    import resource

KNOWLEDGE = load()


@pytest.fixture
def few(monkeypatch):
    """Reads at most seven people at a time."""
    monkeypatch.setattr(parts, "PEOPLE_PER_PART", 7)
    monkeypatch.setattr(parts, "PEOPLE_PER_FOLDER", 14)


def _read(location: Path) -> dict:
    con = ibis.duckdb.connect()
    source = open_source(location, con, KNOWLEDGE)
    rows = {
        t.name: source.tables[t.name].order_by(list(dict.fromkeys((*t.key, *t.schema)))).to_pyarrow().to_pylist()
        for t in RECORDS
    }
    said = {name: getattr(source, name) for name in ("has", "losses", "counts", "drug_rows")}
    return rows | said


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("parts")
    simulate(40, 5, home / "omop")
    simulate(40, 5, home / "own", format="csv-folder")
    simulate(16, 5, home / "fhir", format="fhir")
    make_untidy(home / "omop", home / "untidy", people=1)
    return home


@pytest.mark.parametrize("name", ["omop", "untidy", "own", "fhir"])
def test_people_are_read_in_any_number_of_parts(folders, name, few, monkeypatch):
    in_parts = _read(folders / name)
    monkeypatch.undo()
    assert in_parts == _read(folders / name)


def test_files_of_parts_go_with_the_source(folders, few):
    con = ibis.duckdb.connect()
    source = open_source(folders / "omop", con, KNOWLEDGE)
    made = source.scratch.made("person")
    assert len(list(made.glob("bucket=*/*.parquet"))) == 6
    assert not source.scratch.raw("person").exists()
    assert not source.frames
    del source
    gc.collect()
    assert not made.exists()


IN_PARTS = "from stepwell.sources import parts; parts.PEOPLE_PER_PART = 7; from stepwell.cli import main; main()"


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX limits")
def test_a_temporary_directory_without_room_is_named(folders, tmp_path):
    """No file may grow beyond a few hundred bytes, as on a full disk."""

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))

    done = subprocess.run(
        [sys.executable, "-c", IN_PARTS, "check", folders / "omop"],
        capture_output=True,
        text=True,
        preexec_fn=no_room,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
        timeout=120,
    )
    said = " ".join(done.stderr.split())
    assert done.returncode, said
    assert f"{tmp_path}: this user may not write files of that size" in said
    assert "make room there, or name another folder in TMPDIR" in said
    assert not list(tmp_path.iterdir())


def test_an_own_folder_may_hold_parquet(folders, tmp_path):
    con = ibis.duckdb.connect()
    for file in (folders / "own").glob("*.csv"):
        rows = con.read_csv(file, all_varchar=True)
        pq.write_table(rows.to_pyarrow(), tmp_path / f"{file.stem}.parquet")
    as_text, as_parquet = _read(folders / "own"), _read(tmp_path)
    counted = [table.name for table in RECORDS]
    assert {name: len(as_parquet[name]) for name in counted} == {name: len(as_text[name]) for name in counted}
    assert as_parquet["counts"] == as_text["counts"]
