"""The work folder of a run: the records laid down by buckets of people, and how far the run has come.

A run that was killed (a power cut, a machine out of memory) left its work folder behind; the next run of the same question
continues there. A mark is written after what it stands for, so whatever has no mark is simply done again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import ibis

from stepwell.errors import Problem, QuestionError
from stepwell.sources.source import Source
from stepwell.tables import RECORDS, Table

try:
    import fcntl
except ImportError:  # Windows: two runs into one folder at a time are then the user's to avoid
    fcntl = None

_RECORDS = {table.name: table for table in RECORDS}
_SQL_TYPE = {"int64": "BIGINT", "string": "VARCHAR", "date": "DATE", "float64": "DOUBLE"}


class WorkFolder:
    """Where one run keeps its marks. `question` is everything that the answer depends on; another question starts afresh."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = (folder / "lock").open("w")
        if fcntl is not None:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                self._lock.close()
                raise QuestionError(
                    "Another run is writing this result.",
                    [Problem(str(folder), "locked", "one run at a time", "wait for it, or name another folder")],
                ) from None

    def close(self) -> None:
        """Lets other runs in."""
        self._lock.close()

    def is_of(self, question: dict) -> bool:
        """Whether the records lie here already, for the same question."""
        try:
            return json.loads((self.folder / "stored.json").read_text("utf-8")) == question
        except (OSError, json.JSONDecodeError):
            return False

    def mark_stored(self, question: dict) -> None:
        """All records are laid down."""
        (self.folder / "stored.json").write_text(json.dumps(question), "utf-8")

    def is_done(self, bucket: int) -> bool:
        """Whether all tables of the bucket are written."""
        return self._mark(bucket).exists()

    def mark_done(self, bucket: int) -> None:
        """All tables of the bucket are written."""
        self._mark(bucket).touch()

    def _mark(self, bucket: int) -> Path:
        return self.folder / f"done-{bucket:05d}"


@dataclass(frozen=True)
class StoredRecords:
    """The records on disk, one Parquet folder per record table and bucket of people."""

    source: Source
    folder: Path
    n_buckets: int

    def select(self, name: str, bucket: int) -> str:
        """The SELECT of one record table of one bucket."""
        folder = self.folder / name / f"bucket={bucket}"
        columns = ", ".join(f'"{c.name}"' for c in _RECORDS[name].columns)
        if folder.is_dir():
            return f"SELECT {columns} FROM read_parquet('{folder}/*.parquet', hive_partitioning = false)"
        return f"SELECT {_typed(_RECORDS[name], lambda c: 'NULL')} WHERE false"

    def ordered_select(self, name: str, bucket: int) -> str:
        """The same, ordered by every column, so that equal rows give equal files."""
        return f"{self.select(name, bucket)} ORDER BY ALL"


def store_records(
    source: Source,
    con: ibis.BaseBackend,
    folder: Path,
    people_per_bucket: int,
    is_stored: bool,
    progress: Callable[[str, int, int], None],
) -> StoredRecords:
    """Lays the records down by buckets of people, unless they lie there already."""
    stored = {}
    for number, (name, rows) in enumerate(source.tables.items()):
        progress("reading", number, len(source.tables))
        target = folder / name
        if not is_stored:
            target.mkdir(parents=True)
            typed = _typed(_RECORDS[name], lambda c: f'"{c}"')
            sql = f"SELECT {typed}, (person_id - 1) // {people_per_bucket} AS bucket FROM ({con.compile(rows)})"
            # Written in whatever order the threads deliver: every reader of these files puts the rows in order itself.
            con.con.execute(f"COPY ({sql}) TO '{target}' (FORMAT parquet, PARTITION_BY (bucket), OVERWRITE_OR_IGNORE)")
        stored[name] = _open(con, target, _RECORDS[name])
    progress("reading", len(source.tables), len(source.tables))
    n_people = stored["person"].person_id.max().execute()
    return StoredRecords(replace(source, tables=stored), folder, -(-int(n_people or 0) // people_per_bucket))


def _typed(table: Table, value: Callable[[str], str]) -> str:
    # The declared types in the engine's own words: Ibis may believe of a column that it has the type already.
    return ", ".join(f'CAST({value(c.name)} AS {_SQL_TYPE[c.type]}) AS "{c.name}"' for c in table.columns)


def _open(con: ibis.BaseBackend, folder: Path, table: Table):
    if not any(folder.glob("*/*.parquet")):
        return ibis.memtable(table.schema.to_pyarrow().empty_table(), schema=table.schema)
    return con.read_parquet(f"{folder}/*/*.parquet", hive_partitioning=False).select([c.name for c in table.columns])
