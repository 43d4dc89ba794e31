"""The work folder of a run: the records laid down by buckets of people, and how far the run has come.

A run that was killed (a power cut, a machine out of memory) left its work folder behind; the next run of the same question
continues there. A mark is written after what it stands for, so whatever has no mark is simply done again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path

import ibis
import polars as pl

from stepwell.engines import DuckDB, Engine, write_parquet
from stepwell.errors import Problem, QuestionError
from stepwell.folder_lock import hold_lock
from stepwell.paths import pattern
from stepwell.sources.laid_down import all_files, lay_down, part_folder
from stepwell.sources.parts import PEOPLE_PER_FOLDER
from stepwell.sources.source import Source
from stepwell.sources.stored import forget_stored
from stepwell.tables import RECORDS, Table

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
    n_buckets = 0 if is_stored else _n_buckets(source.tables, people_per_bucket)
    stored = {}
    for number, (name, rows) in enumerate(source.tables.items()):
        progress("reading", number, len(source.tables))
        target = folder / name
        if is_stored:
            pass
        elif name in source.frames:
            _write(_RECORDS[name], source.frames[name], target, people_per_bucket)
        elif source.scratch is not None and people_per_bucket == PEOPLE_PER_FOLDER:
            _take(source.scratch.made(name), target)
        else:
            typed = _typed(_RECORDS[name], lambda c: f'"{c}"')
            lay_down(con, f"SELECT {typed} FROM ({con.compile(rows)})", target, people_per_bucket, n_buckets)
        stored[name] = _open(con, target, _RECORDS[name])
    forget_stored(con)
    progress("reading", len(source.tables), len(source.tables))

    def select(name: str, bucket: int) -> str:
        part = part_folder(folder / name, bucket)
        columns = ", ".join(f'"{c.name}"' for c in _RECORDS[name].columns)
        if part.is_dir():
            return f"SELECT {columns} FROM {all_files(part)}"
        return f"SELECT {_typed(_RECORDS[name], lambda c: 'NULL')} WHERE false"

    return StoredRecords(replace(source, tables=stored), _n_buckets(stored, people_per_bucket), select)


def _write(table: Table, rows: pl.DataFrame, target: Path, people_per_bucket: int) -> None:
    """Writes rows in memory, one folder per bucket."""
    target.mkdir()
    bucket = (pl.col("person_id") - 1) // people_per_bucket
    for (number,), of_bucket in rows.group_by(bucket):
        folder = part_folder(target, number)
        folder.mkdir()
        write_parquet([of_bucket.to_arrow()], table.arrow_schema, folder / "part.parquet")


def _take(made: Path, target: Path) -> None:
    """Takes over the files of a table that were made bucket by bucket."""
    if made.is_dir():
        made.rename(target)
    else:
        target.mkdir()


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
