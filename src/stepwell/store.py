"""The work folder of a run: the records laid down by buckets of people, and how far the run has come.

A run that was killed (a power cut, a machine out of memory) left its work folder behind; the next run of the same question
continues there. A mark is written after what it stands for, so whatever has no mark is simply done again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import ceil, sqrt
from pathlib import Path

import ibis

from stepwell.engines import DuckDB, Engine
from stepwell.errors import Problem, QuestionError
from stepwell.folder_lock import hold_lock
from stepwell.paths import literal, pattern
from stepwell.sources.source import Source
from stepwell.sources.stored import forget_stored
from stepwell.tables import RECORDS, Table

_MOST_PARTS = 64
"""Folders written at a time."""

_ROWS_WAITING = 20_480
"""Rows that wait for each folder before they are written. DuckDB's own are six times as many; those, and the Bloom filters of all
that has been written, which nobody asks, took more memory than any reading."""

_RECORDS = {table.name: table for table in RECORDS}
_SQL_TYPE = {
    "int64": "BIGINT",
    "int32": "INTEGER",
    "float64": "DOUBLE",
    "string": "VARCHAR",
    "date": "DATE",
    "boolean": "BOOLEAN",
}


class WorkFolder:
    """Where one run keeps its marks. `question` is everything that the answer depends on; another question starts afresh."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        held = Problem(str(folder), "locked", "one run at a time", "wait for it, or name another folder")
        self._lock = hold_lock(folder / "lock", QuestionError("Another run is writing this result.", [held]))

    def close(self) -> None:
        """Lets other runs in."""
        self._lock.release()

    def is_of(self, question: dict) -> bool:
        """Whether the records have been read already, for the same question."""
        try:
            return json.loads((self.folder / "stored.json").read_text("utf-8")) == question
        except (OSError, json.JSONDecodeError):
            return False

    def mark_stored(self, question: dict) -> None:
        """All records have been read."""
        (self.folder / "stored.json").write_text(json.dumps(question), "utf-8")

    def is_done(self, bucket: int) -> bool:
        """Whether all tables of the bucket are written."""
        return self._mark(bucket).exists()

    def mark_done(self, bucket: int) -> None:
        """All tables of the bucket are written."""
        self._mark(bucket).touch()

    def n_done(self) -> int:
        """How many buckets are done."""
        return sum(1 for _ in self.folder.glob("done-*"))

    def _mark(self, bucket: int) -> Path:
        return self.folder / f"done-{bucket:05d}"


@dataclass(frozen=True)
class StoredRecords:
    """The records where the buckets are taken from. `source` reads them there; `select` gives the SELECT of the declared columns
    of one record table of one bucket."""

    source: Source
    n_buckets: int
    select: Callable[[str, int], str]
    relations: Mapping[str, str] = field(default_factory=dict)
    """In a database, the relation that holds each record table, all buckets of it."""


Progress = Callable[[str, int, int], None]


def store_in_folder(
    source: Source, engine: DuckDB, folder: Path, people_per_bucket: int, is_stored: bool, progress: Progress
) -> StoredRecords:
    """Lays the records down as Parquet, one folder per record table and bucket of people, unless they lie there already."""
    con = engine.tables
    # How many rows wait for all folders together, in each thread.
    con.con.execute(f"SET partitioned_write_flush_threshold = {4 * _ROWS_WAITING}")
    n_buckets = 0 if is_stored else _n_buckets(source.tables, people_per_bucket)
    stored = {}
    for number, (name, rows) in enumerate(source.tables.items()):
        progress("reading", number, len(source.tables))
        target = folder / name
        if not is_stored:
            typed = _typed(_RECORDS[name], lambda c: f'"{c}"')
            _lay_down(engine, f"SELECT {typed} FROM ({con.compile(rows)})", target, people_per_bucket, n_buckets)
        stored[name] = _open(con, target, _RECORDS[name])
    forget_stored(con)
    progress("reading", len(source.tables), len(source.tables))

    def select(name: str, bucket: int) -> str:
        part = folder / name / f"bucket={bucket}"
        columns = ", ".join(f'"{c.name}"' for c in _RECORDS[name].columns)
        if part.is_dir():
            return f"SELECT {columns} FROM {_parts(part)}"
        return f"SELECT {_typed(_RECORDS[name], lambda c: 'NULL')} WHERE false"

    return StoredRecords(replace(source, tables=stored), _n_buckets(stored, people_per_bucket), select)


def _lay_down(engine: DuckDB, rows: str, target: Path, people_per_bucket: int, n_buckets: int) -> None:
    """Writes rows into a folder per bucket: where the buckets are many, into groups of buckets first.

    Every folder that is written at a time has a file open and rows waiting for it: hundreds of them take the memory, and
    end as thousands of files.
    """
    target.mkdir(parents=True)
    if n_buckets <= _MOST_PARTS:
        return _write_parts(engine, rows, target, people_per_bucket)
    groups = target.with_name(f"{target.name}.groups")
    groups.mkdir()
    _write_parts(engine, rows, groups, people_per_bucket * ceil(sqrt(n_buckets)))
    for group in sorted(groups.iterdir()):
        rows = f"SELECT * FROM {_parts(group)}"
        _write_parts(engine, rows, target, people_per_bucket)
        shutil.rmtree(group)
    groups.rmdir()


def _parts(folder: Path) -> str:
    """All Parquet files of a folder, as SQL reads them."""
    return f"read_parquet({literal(pattern(folder, '*.parquet'))}, hive_partitioning = false)"


def _write_parts(engine: DuckDB, rows: str, target: Path, people_in_each: int) -> None:
    rows = f"SELECT *, (person_id - 1) // {people_in_each} AS bucket FROM ({rows})"
    # Written in whatever order the threads deliver: every reader of these files puts the rows in order itself.
    engine.tables.con.execute(
        f"COPY ({rows}) TO {literal(target.absolute())} (FORMAT parquet, PARTITION_BY (bucket), OVERWRITE_OR_IGNORE, "
        f"ROW_GROUP_SIZE {_ROWS_WAITING}, WRITE_BLOOM_FILTER false)"
    )


def store_in_engine(source: Source, engine: Engine, people_per_bucket: int, progress: Progress) -> StoredRecords:
    """Keeps the records where they were read. They go with the session, so a run that continues reads them again: their
    digest, and that of what was said about them, is the source's fingerprint."""
    relations = {name: f"kept_{name}" for name in source.tables}
    stored, digest = {}, hashlib.sha256(repr((sorted(source.has), source.losses)).encode())
    for number, (name, rows) in enumerate(source.tables.items()):
        progress("reading", number, len(source.tables))
        schema = _RECORDS[name].schema
        kept = engine.keep(relations[name], engine.tables.compile(rows), schema.to_pyarrow(), "person_id")
        digest.update(f"{name} {kept}".encode())
        stored[name] = engine.tables.named(relations[name], schema)
    progress("reading", len(source.tables), len(source.tables))

    def select(name: str, bucket: int) -> str:
        first = bucket * people_per_bucket + 1
        people = f"person_id BETWEEN {first} AND {first + people_per_bucket - 1}"
        return f"SELECT {', '.join(c.name for c in _RECORDS[name].columns)} FROM {relations[name]} WHERE {people}"

    source = replace(source, tables=stored, fingerprint=digest.hexdigest()[:16])
    return StoredRecords(source, _n_buckets(stored, people_per_bucket), select, relations)


def _n_buckets(records: dict, people_per_bucket: int) -> int:
    return ceil(int(records["person"].person_id.max().to_pyarrow().as_py() or 0) / people_per_bucket)


def _typed(table: Table, value: Callable[[str], str]) -> str:
    # The declared types in the engine's own words: Ibis may believe of a column that it has the type already.
    return ", ".join(f'CAST({value(c.name)} AS {_SQL_TYPE[c.type]}) AS "{c.name}"' for c in table.columns)


def _open(con: ibis.BaseBackend, folder: Path, table: Table):
    if not any(folder.glob("*/*.parquet")):
        return con.create_table(ibis.util.gen_name("stepwell_empty"), schema=table.schema, temp=True)
    return con.read_parquet(pattern(folder, "*/*.parquet"), hive_partitioning=False).select(
        [c.name for c in table.columns]
    )
