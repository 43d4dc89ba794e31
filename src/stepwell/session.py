"""Runs a plan on an engine: records in, result tables out. Compiled once, run as often as there are people to ask about."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import duckdb
import ibis
import ibis.expr.operations as ops
import pyarrow as pa

from stepwell.engine.intervals import in_days
from stepwell.engine.sheet import Sheet
from stepwell.engines import Connection, Engine, engine_on, write_parquet
from stepwell.knowledge.definition import Definition
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.staging import Staging
from stepwell.pipeline import Plan, known_tables, plan
from stepwell.tables import DERIVED, RECORDS, Table

_DERIVED = {table.name: table for table in DERIVED}


@dataclass(frozen=True)
class CompiledPlan:
    """A plan in the SQL of an engine: what is asked, how records are taken in, and what is run and read off."""

    plan: Plan
    load: Mapping[str, str]
    read_once: frozenset[str]
    """What a single stage reads need not be kept: above all the medication records, the most rows that there are."""
    stages: tuple[tuple[str, str], ...]
    results: Mapping[str, tuple[tuple[Sheet, str], ...]]


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Pauses garbage collection. An expression is millions of small objects, which all stay as long as it does: looking through
    them again and again takes a quarter of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@lru_cache(maxsize=16)
@_without_collecting()
def compile_plan(
    definitions: tuple[Definition, ...],
    knowledge: Knowledge,
    has: frozenset[str],
    stagings: tuple[Staging, ...],
    has_sessions: bool,
    dialect: str,
) -> CompiledPlan:
    """The plan of these definitions and staging models. Writing it down takes seconds, so a process keeps the last few."""

    def sql(expression: ibis.Table) -> str:
        return str(ibis.to_sql(expression, dialect=dialect))

    what = plan(definitions, knowledge, has, stagings, has_sessions=has_sessions)
    load = {table.name: sql(in_days(table, table.unbound("incoming"))) for table in RECORDS}
    readers = Counter(table.name for s in what.stages for table in s.expression.op().find(ops.UnboundTable))
    return CompiledPlan(
        plan=what,
        load=load,
        read_once=frozenset(name for name in load if readers[name] <= 1),
        stages=tuple((s.name, sql(s.expression)) for s in what.stages),
        results={name: tuple((s, sql(s.rows)) for s in sheets) for name, sheets in what.results.items()},
    )


class Session:
    """A compiled plan on an engine that has been entered.

    `load` takes the records of some people, `execute` runs all stages on them, `fetch` reads a result table. The tables
    of the people before are replaced, so a session can go through any number of buckets in bounded memory.
    """

    def __init__(self, engine: Engine, compiled: CompiledPlan, knowledge: Knowledge):
        self.engine = engine
        self.plan = compiled.plan
        self._compiled = compiled
        self._known = known_tables(knowledge)
        self._tell_known()

    def on(self, engine: Engine) -> Session:
        """The same compiled plan on another engine of the same kind."""
        session = copy(self)
        session.engine = engine
        session._tell_known()
        return session

    def _tell_known(self) -> None:
        for name, rows in self._known.items():
            self.engine.store("given", rows)
            self.engine.create(name, "SELECT * FROM given")

    def load(self, incoming: Mapping[str, str]) -> None:
        """Reads the records: for every record table a SELECT that gives its declared columns."""
        for name, select in incoming.items():
            take = self.engine.name if name in self._compiled.read_once else self.engine.create
            take(name, f"WITH incoming AS ({select}) {self._compiled.load[name]}")

    def execute(self) -> None:
        """Runs every stage, in order, each into a table of its own name."""
        for name, sql in self._compiled.stages:
            self.engine.create(name, sql)

    def fetch(self, name: str) -> pa.Table:
        """A result table in its declared order of columns, ordered by its key."""
        return pa.concat_tables([_DERIVED[name].schema.to_pyarrow().empty_table(), *self._read(name)])

    def write(self, name: str, path: Path) -> None:
        """Writes a result table as Parquet, ordered by its key: the same rows always give the same bytes."""
        write_parquet(self._read(name), _DERIVED[name].schema.to_pyarrow(), path)

    def _read(self, name: str) -> Iterator[pa.Table]:
        """The parts of a result table, one sheet at a time."""
        schema = _DERIVED[name].schema.to_pyarrow()
        for sheet, sql in self._compiled.results[name]:
            yield from sheet.read_off(self.engine.read(sql, sheet.schema, sheet.order), schema)

    def judge(self, records: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
        """The result tables of these people: every record table is given, with its declared columns."""
        for name, rows in records.items():
            self.engine.store(f"given_{name}", rows)
        self.load({name: f"SELECT * FROM given_{name}" for name in records})
        self.execute()
        return {name: self.fetch(name) for name in self._compiled.results}


def determine_records(
    records: Mapping[str, pa.Table | Sequence[Mapping]],
    definitions: Sequence[Definition],
    knowledge: Knowledge,
    *,
    has: Iterable[str] | None = None,
    stagings: Sequence[Staging] = (),
    connection: Connection | None = None,
) -> dict[str, pa.Table]:
    """Judges records held in memory, for one person or a few thousand: the same engine as a run over a whole source.

    `records` maps record tables to Arrow tables or lists of rows with the declared columns; a table that is left out does
    not exist in the source (its absence says nothing), unless `has` says otherwise. `stagings` are models to stage them by; each
    takes about as long as judging by one definition more. The work is done by DuckDB inside this process, or on `connection`,
    a psycopg connection or a Spark session, in tables that are gone afterwards. Returns the result tables by name, the same
    wherever they were made.
    """
    has = frozenset(records if has is None else has)
    given = {table.name: _declared(table, records.get(table.name, [])) for table in RECORDS}
    has_sessions = holds_sessions(given["dose"].num_rows, set(given["procedure"]["procedure"].to_pylist()), knowledge)
    asked = (tuple(definitions), knowledge, has, tuple(stagings), has_sessions)
    if connection is None:
        return _embedded(*asked).judge(given)
    with engine_on(connection) as engine:
        return Session(engine, compile_plan(*asked, engine.dialect), knowledge).judge(given)


def holds_sessions(n_doses: int, procedures: Iterable[str], knowledge: Knowledge) -> bool:
    """Whether records with so many doses and procedures of these sets can speak of a treatment given in sessions."""
    asked = {name for t in knowledge.treatments.values() for name in t.procedures}
    return bool(knowledge.treatments) and (n_doses > 0 or not asked.isdisjoint(procedures))


def _declared(table: Table, rows: pa.Table | Sequence[Mapping]) -> pa.Table:
    """The rows as an Arrow table with exactly the declared columns."""
    schema = table.schema.to_pyarrow()
    if isinstance(rows, pa.Table):
        return rows.select(schema.names).cast(schema)
    return pa.Table.from_pylist([dict(r) for r in rows], schema=schema)


@lru_cache(maxsize=16)
def _embedded(
    definitions: tuple[Definition, ...],
    knowledge: Knowledge,
    has: frozenset[str],
    stagings: tuple[Staging, ...],
    has_sessions: bool,
) -> Session:
    con = duckdb.connect()
    con.execute("SET threads = 1")  # a person's few rows are not worth a second thread
    engine = engine_on(con)
    compiled = compile_plan(definitions, knowledge, has, stagings, has_sessions, engine.dialect)
    return Session(engine, compiled, knowledge)
