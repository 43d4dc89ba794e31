"""A path is a path: no name of a folder is read as a pattern, as SQL or as an address, for records and for results."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stepwell.knowledge.loader import load
from stepwell.output import write_table
from stepwell.paths import literal, pattern
from stepwell.result import Result
from stepwell.runner import run
from stepwell.simulate import simulate
from stepwell.sources import open_source

SIBLINGS = (
    "rec[1]",
    "rec1",
    "a?b",
    r"a\b[1]",
    "a]b[1]",
    "axb",
    "d*",
    "it's",
    "new\nline",
    "site=3",
    "s3:",
    "~",
    "-x",
    r"a\b",
)
"""Each stands beside all others, so that a pattern would find a sibling."""

NAMES = (
    *SIBLINGS, "a*b", "**", '"q"', r"\*", "[!a]", "[a-z]", "b", "[", "{a,b}", "a", "tab\t", "trailing ", " leading", "--",
    "a;b", "#h", "$HOME", "%20", "file:", "ünï", "́", "日本", "\x01", "a'; DROP TABLE x; --",
)  # fmt: skip

pytestmark = pytest.mark.skipif(os.name != "posix", reason="these names are not allowed elsewhere")


@pytest.fixture(scope="module")
def siblings(tmp_path_factory, own_folder):
    """A folder of records for each name, the n-th with n people."""
    home = tmp_path_factory.mktemp("siblings")
    return [own_folder(home / name, range(n)) for n, name in enumerate(SIBLINGS, 1)]


def n_people(source, con) -> int:
    return con.to_pyarrow(source.tables["person"].count()).as_py()


def test_the_pattern_of_a_path_matches_nothing_else(tmp_path):
    con = ibis.duckdb.connect()
    for name in NAMES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "t.csv").write_text(f"x\n{name.encode().hex()}\n", "utf-8")
    for name in NAMES:
        file = tmp_path / name / "t.csv"
        found = con.con.execute("SELECT file FROM glob(?)", [pattern(file)]).fetchall()
        assert found == [(str(file),)]
        told = f"read_csv({literal(pattern(file))}, all_varchar = true, hive_partitioning = false)"
        rows = con.con.execute(f"SELECT * FROM {told}").fetchall()
        assert rows == [(name.encode().hex(),)]


def test_a_name_alone_is_neither_an_address_nor_a_home_folder(siblings, asked, tmp_path, monkeypatch):
    con = ibis.duckdb.connect()
    monkeypatch.chdir(siblings[0].parent)
    for name in ("s3:", "~"):
        assert n_people(open_source(name, con, load()), con) == SIBLINGS.index(name) + 1
    simulate(3, 1, tmp_path / "s3:", noise="off")
    monkeypatch.chdir(tmp_path)
    assert n_people(open_source("s3:", con, load()), con) == 3
    run("s3:", "s3:out", **asked)
    assert Result.open("s3:out").evidence("1")
    write_table(Path("s3:x.parquet"), pa.table({"x": [1]}))
    assert pq.read_table(tmp_path / "s3:x.parquet", partitioning=None).num_rows == 1


def test_parquet_parts_and_databases_are_read_from_where_they_are_named(tmp_path):
    simulate(3, 1, tmp_path / "parquet", noise="off")
    simulate(3, 1, tmp_path / "base", format="omop-duckdb", noise="off")
    people = pq.read_table(tmp_path / "parquet" / "person.parquet", partitioning=None)
    names = SIBLINGS[:2]
    for n, name in enumerate(names, 1):
        folder = tmp_path / "all" / name
        for file in (tmp_path / "parquet").glob("*.parquet"):
            (folder / file.stem).mkdir(parents=True)
            os.link(file, folder / file.stem / f"{name}.parquet")
        for part in range(n):
            row = people.slice(0, 1).set_column(0, "person_id", pa.array([part + 1], pa.int64()))
            pq.write_table(row, folder / "person" / f"{name}{part}.parquet")
        (folder / "person" / f"{name}.parquet").unlink()
    shutil.copy(tmp_path / "base" / "records.duckdb", tmp_path / "all" / "it's.duckdb")
    con = ibis.duckdb.connect()
    for n, name in enumerate(names, 1):
        assert n_people(open_source(tmp_path / "all" / name, con, load()), con) == n, name
    assert n_people(open_source(tmp_path / "all" / "it's.duckdb", con, load()), con) == 3


def test_a_result_is_written_where_it_is_named_and_answers_for_itself_alone(siblings, asked, tmp_path):
    chosen = {SIBLINGS.index(name): siblings[SIBLINGS.index(name)] for name in ("rec[1]", "rec1", "it's", r"a\b")}
    for folder in chosen.values():
        run(folder, tmp_path / folder.name, people_per_bucket=3, **asked)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(folder.name for folder in chosen.values())
    columns = Result.open(tmp_path / "rec1").table("person").columns
    for n, folder in chosen.items():
        opened = Result.open(tmp_path / folder.name)
        assert opened.table("person").count().to_pyarrow().as_py() == n + 1, folder.name
        assert opened.table("person").columns == columns
        assert opened.manifest["source"]["label"] == folder.name
        assert opened.person_id(str(n)) > 0
