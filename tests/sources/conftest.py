"""Tiny folders of records, and the real ones that nobody here wrote."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import ibis
import pytest

from stepwell.knowledge.loader import load
from stepwell.sources import open_source

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode leaves it out; cdm_headers lives here


class Opened:
    """An opened source with its tables as lists of rows."""

    def __init__(self, location: Path, settings: dict | None = None, knowledge=None):
        self.con = ibis.duckdb.connect(**(settings or {}))
        self.knowledge = knowledge or load()
        self.source = open_source(location, self.con, self.knowledge)

    def rows(self, table: str, *columns: str) -> list:
        """The rows in the order of the table's address, as values of one column or tuples of several."""
        expr = self.source.tables[table]
        found = self.con.to_pyarrow(expr.order_by(*dict.fromkeys(("address", *columns))).select(*columns)).to_pylist()
        return [next(iter(r.values())) if len(columns) == 1 else tuple(r.values()) for r in found]

    def lost(self, words: str) -> list[tuple[str, int]]:
        """Effect and rows of the findings whose text holds these words."""
        return [(loss.effect, loss.n_rows) for loss in self.source.losses if words in loss.what]


@pytest.fixture
def folder(tmp_path):
    """Writes files into a new folder: `folder(person=[header, line, ...])` or, with another suffix, `{"PERSON.csv": [...]}`."""

    def write(files: dict[str, list[str]] | None = None, **tables: list[str]) -> Path:
        for name, lines in {**(files or {}), **{f"{n}.csv": rows for n, rows in tables.items()}}.items():
            (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def opened():
    return Opened


@pytest.fixture(scope="session")
def open_once():
    """The same, for a source that several tests share."""
    return Opened


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with records that nobody here wrote."""
    named = os.environ.get("STEPWELL_DATA")
    place = Path(named) if named else Path(__file__).parents[3] / "shared" / "data"
    if not place.is_dir():
        pytest.skip("no real data: set STEPWELL_DATA to the folder with synpuf50_omop52 and the others")
    return place
