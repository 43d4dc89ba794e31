"""Rows on disk, one folder for the rows of some people each, so that they can be read some people at a time in little memory."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil, sqrt
from pathlib import Path
from tempfile import mkdtemp

import duckdb
import ibis

from ..errors import Problem, SourceError
from ..folder import say_full
from ..paths import literal, pattern

_MOST_FOLDERS = 64
"""Folders written at a time."""

_ROWS_WAITING = 20_480
"""Rows that wait for each folder before they are written. By default six times as many wait in DuckDB; they, and Bloom filters
that are never read, took more memory than all else."""


class Scratch:
    """A folder of its own for the rows of a source, gone with the object: raw rows, and what was made of them, by table."""

    def __init__(self, con: ibis.BaseBackend):
        # Where DuckDB puts what does not fit into memory, if somebody said so; else where the system does.
        named = Path(con.con.execute("SELECT current_setting('temp_directory')").fetchone()[0] or ".")
        self._is_named = named.is_absolute()
        if self._is_named:
            named.mkdir(parents=True, exist_ok=True)
        self._folder = Path(mkdtemp(prefix="stepwell-", dir=named if self._is_named else None))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    @contextmanager
    def told_when_full(self) -> Iterator[None]:
        """Turns a write that found no room into a `SourceError`, unless whoever named the folder says it."""
        try:
            yield
        except (OSError, duckdb.IOException, duckdb.FatalException) as error:
            found = None if self._is_named else say_full(error)
            if found is None:
                raise
            remedy = "make room there, or name another folder in TMPDIR"
            problem = Problem(str(self._folder.parent), found, "room for the rows that are read", remedy)
            raise SourceError("These records cannot be read here.", [problem]) from None

    def raw(self, name: str) -> Path:
        """The folder of raw rows."""
        return self._folder / "raw" / name

    def made(self, name: str) -> Path:
        """The folder of a table that was made."""
        return self._folder / "made" / name

    def forget_raw(self) -> None:
        """Removes the raw rows."""
        shutil.rmtree(self._folder / "raw")


def lay_down(con: ibis.BaseBackend, rows: str, target: Path, people_in_each: int, n_folders: int) -> None:
    """Writes the rows of a SELECT, by their `person_id`, into a folder for each so many people; those without one into the first.
    Where the folders are many, it writes groups of them first.

    Every folder that is written at a time has a file open and rows waiting for it: hundreds of them take the memory, and
    end as thousands of files.
    """
    # How many rows wait for all folders together, in each thread.
    con.con.execute(f"SET partitioned_write_flush_threshold = {4 * _ROWS_WAITING}")
    target.mkdir(parents=True)
    if n_folders <= _MOST_FOLDERS:
        return _write_parts(con, rows, target, people_in_each)
    groups = target.with_name(f"{target.name}.groups")
    groups.mkdir()
    _write_parts(con, rows, groups, people_in_each * ceil(sqrt(n_folders)))
    for group in sorted(groups.iterdir()):
        _write_parts(con, f"SELECT * FROM {all_files(group)}", target, people_in_each)
        shutil.rmtree(group)
    groups.rmdir()


def part_folder(target: Path, number: int) -> Path:
    """The folder of one part of the people."""
    return target / f"bucket={number}"


def all_files(folder: Path) -> str:
    """All Parquet files of a folder, as SQL reads them."""
    return f"read_parquet({literal(pattern(folder, '*.parquet'))}, hive_partitioning = false)"


def _write_parts(con: ibis.BaseBackend, rows: str, target: Path, people_in_each: int) -> None:
    rows = f"SELECT *, coalesce((person_id - 1) // {people_in_each}, 0) AS bucket FROM ({rows})"
    # Written in whatever order the threads deliver: every reader of these files puts the rows in order itself.
    con.con.execute(
        f"COPY ({rows}) TO {literal(target.absolute())} (FORMAT parquet, PARTITION_BY (bucket), OVERWRITE_OR_IGNORE, "
        f"ROW_GROUP_SIZE {_ROWS_WAITING}, WRITE_BLOOM_FILTER false)"
    )
