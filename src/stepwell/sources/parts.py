"""Rows of a source, some people at a time: brought here from the engine, read there, and given back as tables.

What a row means is worked out in Polars, on all rows of some people together. A source of few people is one part, which stays in
memory. A larger one is laid down by people first: the engine that reads it says of each row whose it is, and nothing else.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from math import ceil
from types import MappingProxyType

import ibis
import ibis.expr.types as ir
import polars as pl
import pyarrow as pa

from ..engines import write_parquet
from ..paths import pattern
from ..tables import RECORDS, Table
from .counts import Counts, add_counts, count_records
from .findings import SHARED, add_up, occurring
from .laid_down import Scratch, lay_down, part_folder
from .people import People
from .repeats import any_repeated, count_shared
from .source import Loss
from .stored import fetch, in_our_words, keep

PEOPLE_PER_PART = 12_500
"""Large enough that what a part costs by itself is small beside its rows, small enough for a few hundred megabytes of memory."""
PEOPLE_PER_FOLDER = 2 * PEOPLE_PER_PART
"""The parts of so many people lie in one folder."""

PEOPLE = "people"

_KINDS = {
    "condition": ["codeset"],
    "procedure": ["procedure"],
    "medication": ["ingredient"],
    "dose": ["ingredient"],
    "measurement": ["instrument"],
    "answer": ["instrument", "item"],
    "vital": ["vital"],
    "monitoring": ["kind"],
}
"""The columns that tell rows of one address apart."""

_SCHEMAS = {table.name: table.arrow_schema for table in RECORDS}


@dataclass(frozen=True)
class Read:
    """What was made of the rows of some people: rows of tables, and for each section of the findings one line per finding, also
    of those that count nothing."""

    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    losses: dict[str, list[Loss]] = field(default_factory=dict)


@dataclass(frozen=True)
class ReadTables:
    """The record tables of a source, on its engine, its findings added up, and how many rows the tables have."""

    tables: dict[str, ir.Table]
    losses: dict[str, list[Loss]]
    counts: Counts
    frames: dict[str, pl.DataFrame]
    """The tables of a source of few people, which are in memory too; else none."""
    scratch: Scratch | None = None
    """What holds the files of the tables, as long as it lives."""


class Parts:
    """The raw rows of a source (`rows`: by name, each with `person_id`), some people at a time, in the order of their numbers.
    Rows of people who are not in the source are in the first part. Each part has the people themselves too, as `people`. `ids`:
    for each record table the tables that hold the `id` of each row that it may be made of."""

    def __init__(
        self,
        con: ibis.BaseBackend,
        rows: Mapping[str, ir.Table],
        where: Mapping[str, str],
        people: People,
        ids: Mapping[str, Sequence[ir.Table]] = MappingProxyType({}),
    ):
        self._ids = ids
        self._con, self._where = con, {**where, PEOPLE: where.get("person", "")}
        self._rows = {**rows, PEOPLE: people.numbers.select("person_id", "source_person_id")}
        self.n = max(1, ceil(people.n / PEOPLE_PER_PART))
        self._scratch = Scratch(con) if self.n > 1 and con.name == "duckdb" else None
        self._first: dict[str, pl.DataFrame] | None = None
        self._is_laid_down = False

    def __iter__(self) -> Iterator[dict[str, pl.DataFrame]]:
        if self.n == 1:
            if self._first is None:
                self._first = {name: fetch(rows, self._where[name]) for name, rows in self._rows.items()}
            yield self._first
            return
        with self._scratch.told_when_full() if self._scratch else nullcontext():
            self._lay_down()
        for number in range(self.n):
            yield {name: self._part(name, number) for name in self._rows}

    def read(self, read: Callable[[dict[str, pl.DataFrame]], Read]) -> ReadTables:
        """Reads all parts, and gives all record tables that were made of them."""
        said: list[tuple[dict[str, list[Loss]], Counts]] = []
        frames: dict[str, pl.DataFrame] = {}
        if self._con.name == "pyspark" and self.n > 1:
            tables, said = self._read_in_workers(read)
        else:
            kept: dict[str, list[ir.Table]] = {t.name: [] for t in RECORDS}
            for number, part in enumerate(self):
                declared, losses, counts = read_whole(read, part)
                said.append((losses, counts))
                frames = declared if self.n == 1 else {}
                for name, rows in declared.items():
                    if self.n == 1 or rows.height:
                        kept[name] += self._keep(name, rows, number)
            tables = {t.name: self._whole(t, kept[t.name]) for t in RECORDS}
            if self._scratch is not None:
                self._scratch.forget_raw()
        losses = {section: add_up(of[section] for of, _counts in said) for section in said[0][0]}
        if self.n > 1:
            losses = self._with_shared_ids(losses, tables)
        losses = {section: occurring(lines) for section, lines in losses.items()}
        return ReadTables(tables, losses, add_counts(counts for _losses, counts in said), frames, self._scratch)

    def _with_shared_ids(self, losses: dict[str, list[Loss]], tables: dict[str, ir.Table]) -> dict[str, list[Loss]]:
        """The lines with the rows that share their id with a row of another part, which no part sees."""
        # Several record tables may be made of one table of the source.
        asked = {of.op(): of for ids in self._ids.values() for of in ids}
        repeated = {op for op, of in asked.items() if any_repeated(of, self._where[PEOPLE])}
        waiting = {
            table: count_shared(tables[table], _KINDS[table], PEOPLE_PER_PART)
            for table, ids in self._ids.items()
            if any(of.op() in repeated for of in ids)
        }

        def with_shared(line: Loss) -> Loss:
            if line.what != SHARED or line.table not in waiting:
                return line
            return replace(line, n_rows=line.n_rows + waiting.pop(line.table))

        return {section: [with_shared(line) for line in lines] for section, lines in losses.items()}

    def _read_in_workers(self, read: Callable[[dict[str, pl.DataFrame]], Read]) -> tuple[dict[str, ir.Table], list]:
        """Spark's workers read the parts, so that no rows come here."""
        from ..engines.spark_buckets import read_in_workers

        selects = [(self._con.compile(rows), rows.schema().to_pyarrow()) for rows in self._rows.values()]
        views, said = read_in_workers(
            self._con.engine,
            selects,
            PEOPLE_PER_PART,
            self.n,
            partial(_read_tables, read=read, names=tuple(self._rows)),
            {t.name: t.arrow_schema for t in RECORDS},
        )
        return {t.name: self._con.named(views[t.name], t.schema) for t in RECORDS}, [pickle.loads(s) for s in said]

    def _lay_down(self) -> None:
        if self._is_laid_down:
            return
        for name, rows in self._rows.items():
            with in_our_words(self._where[name]):
                if self._con.name == "duckdb":
                    lay_down(self._con, self._con.compile(rows), self._scratch.raw(name), PEOPLE_PER_PART, self.n)
                else:
                    self._con.engine.create(_relation(name), self._con.compile(rows))
        self._is_laid_down = True

    def _part(self, name: str, number: int) -> pl.DataFrame:
        if self._con.name == "duckdb":
            folder = part_folder(self._scratch.raw(name), number)
            if folder.is_dir():
                return pl.read_parquet(folder / "*.parquet", hive_partitioning=False)
            return fetch(self._rows[name].limit(0), self._where[name])
        rows = self._con.named(_relation(name), self._rows[name].schema())
        first = number * PEOPLE_PER_PART + 1
        of_part = rows.person_id.between(first, first + PEOPLE_PER_PART - 1)
        return fetch(rows.filter(of_part | rows.person_id.isnull() if number == 0 else of_part), self._where[name])

    def _keep(self, name: str, rows: pl.DataFrame, number: int) -> list[ir.Table]:
        """The rows on the engine; DuckDB reads those of all parts at once."""
        if self.n == 1 or self._con.name != "duckdb":
            return [keep(self._con, rows)]
        folder = part_folder(self._scratch.made(name), number * PEOPLE_PER_PART // PEOPLE_PER_FOLDER)
        with self._scratch.told_when_full():
            folder.mkdir(parents=True, exist_ok=True)
            write_parquet([rows.to_arrow()], _SCHEMAS[name], folder / f"part-{number}.parquet")
        return []

    def _whole(self, table: Table, kept: list[ir.Table]) -> ir.Table:
        if kept:
            return reduce(lambda a, b: a.union(b), kept)
        made = self._scratch.made(table.name) if self._scratch else None
        if made is None or not made.is_dir():
            return keep(self._con, _declared(table, None))
        found = self._con.read_parquet(pattern(made, "*/*.parquet"), hive_partitioning=False)
        return found.select(*table.schema)


def read_whole(
    read: Callable[[dict[str, pl.DataFrame]], Read], part: dict[str, pl.DataFrame]
) -> tuple[dict[str, pl.DataFrame], dict[str, list[Loss]], Counts]:
    """All record tables of a part, its findings, and how many rows the tables have."""
    made = read(part)
    declared = {t.name: _declared(t, made.tables.get(t.name)) for t in RECORDS}
    return declared, made.losses, count_records(declared)


def _read_tables(
    rows: Sequence[pa.Table], read: Callable[[dict[str, pl.DataFrame]], Read], names: Sequence[str]
) -> dict[str, pa.Table | bytes]:
    """`read_whole` in a worker, whose rows are Arrow tables: the record tables, and the rest as bytes."""
    part = {name: pl.from_arrow(of) for name, of in zip(names, rows, strict=True)}
    declared, *said = read_whole(read, part)
    made = {t.name: declared[t.name].to_arrow().cast(t.arrow_schema) for t in RECORDS}
    return {**made, "": pickle.dumps(said)}


def _relation(name: str) -> str:
    return f"stepwell_raw_{name}"


def _declared(table: Table, rows: pl.DataFrame | None) -> pl.DataFrame:
    """The rows with the columns of the table, in its types; none where nothing was made."""
    schema = pl.from_arrow(table.arrow_schema.empty_table()).schema
    return schema.to_frame() if rows is None else rows.select(pl.col(c).cast(t) for c, t in schema.items())
