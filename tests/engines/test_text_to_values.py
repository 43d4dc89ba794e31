"""Text that may be a number or a day is read alike everywhere, and never makes a database fail."""

from __future__ import annotations

import ibis
import polars as pl
import pyarrow as pa
import pytest

from stepwell.engines import engine_on
from stepwell.sources.cells import Cells
from stepwell.sources.values import number, text, whole

# fmt: off
CELLS = (
    "17", " 17 ", "+4", "-3", "-2.5", "2.5", "17.5", ".5", "5.", "1e3", "", " ", "NULL", "n/a", "none", "17 points", "x",
    "1e400", "9" * 30, "2020-02-29", "2021-02-29", "2020-13-01", "2020-1-5", "20200131", "2020-01-31 10:00", "0000-01-01",
    "0x10", "1_0", "3e20", "1e300", "-9223372036854775808", "9223372036854775807", "-0", "epoch", "infinity", "-infinity",
    "2020-06-15 (BC)", "2020-01-31abc", "2020/01/31", "12020-01-01", "2020-01-31T25", "2020-01-31T10:00:00.5+02:00",
    "9999-12-31", "venlafaxine", "fluoxetine\f", "\vf33.1", None,
)
# fmt: on


@pytest.fixture(scope="module")
def here():
    return _read(ibis.duckdb.connect())


def _read(con) -> dict:
    rows = ibis.memtable(pa.table({"n": range(len(CELLS)), "cell": pa.array(CELLS, pa.string())}))
    stored = con.create_table(f"cells_{con.name}", rows, temp=True)
    cell = stored.cell
    read = stored.select("n", text=text(cell), number=number(cell), whole=whole(cell))
    return {CELLS[row.pop("n")]: row for row in con.to_pyarrow(read).to_pylist()}


def test_text_is_read_as_duckdb_reads_it(elsewhere, here):
    with engine_on(elsewhere) as engine:
        there = _read(engine.tables)
    assert {c: (here[c], there[c]) for c in CELLS if here[c] != there[c]} == {}


@pytest.fixture(scope="module")
def in_rows():
    cells = Cells(pl.DataFrame({"cell": CELLS}, {"cell": pl.String}))
    values = {"text": cells.text("cell"), "number": cells.number("cell"), "whole": cells.whole("cell")}
    read = cells.rows.select(n=pl.int_range(pl.len()), **values, day=cells.day("cell").value)
    return {CELLS[row.pop("n")]: row for row in read.to_dicts()}


def test_rows_are_read_as_the_engine_reads_what_they_are_found_by(here, in_rows):
    assert {c: {name: row[name] for name in here[c]} for c, row in in_rows.items()} == here
    assert {c for c, row in in_rows.items() if row["day"] is not None} == {
        "2020-02-29", "2020-1-5", "20200131", "2020-01-31 10:00", "2020/01/31", "2020-01-31T10:00:00.5+02:00",
    }  # fmt: skip


def test_what_is_read(here):
    assert {c: row["number"] for c, row in here.items() if row["number"] is not None} == {
        "17": 17, " 17 ": 17, "+4": 4, "-3": -3, "-2.5": -2.5, "2.5": 2.5, "17.5": 17.5, ".5": 0.5, "5.": 5, "1e3": 1000,
        "9" * 30: 1e30, "20200131": 20200131, "3e20": 3e20, "1e300": 1e300, "-0": 0,
        "-9223372036854775808": -(2.0**63), "9223372036854775807": 2.0**63,
    }  # fmt: skip
    assert here["venlafaxine"]["text"] == "venlafaxine"
    assert here["\vf33.1"]["text"] == "f33.1"
