"""Runs a plan on a DuckDB connection: records in, result tables out. Compiled once, run as often as there are people to ask
about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import duckdb
import ibis
import pyarrow as pa

from stepwell.engine.intervals import in_days
from stepwell.knowledge.definition import Definition
from stepwell.knowledge.forms import Knowledge
from stepwell.pipeline import Plan, known_tables, plan
from stepwell.tables import DERIVED, RECORDS

_RECORDS = {table.name: table for table in RECORDS}
_KEYS = {table.name: table.key for table in DERIVED}


class Session:
    """A compiled plan on a connection.

    `load` takes the records of some people, `execute` runs all stages on them, `fetch` reads a result table. The tables
    of the people before are replaced, so a session can go through any number of buckets in bounded memory.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, what: Plan, knowledge: Knowledge):
        self.con = con
        self.plan = what
        self._load = {
            table.name: str(ibis.to_sql(in_days(table, table.unbound("incoming")), dialect="duckdb"))
            for table in RECORDS
        }
        self._stages = [(s.name, str(ibis.to_sql(s.expression, dialect="duckdb"))) for s in what.stages]
        self.result_sql = {name: str(ibis.to_sql(e, dialect="duckdb")) for name, e in what.results.items()}
        for name, rows in known_tables(knowledge).items():
            con.register("known_rows", rows)
            con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM known_rows")
            con.unregister("known_rows")

    def load(self, incoming: Mapping[str, str]) -> None:
        """Reads the records: for every record table a SELECT that gives its declared columns."""
        for name, select in incoming.items():
            self.con.execute(f"CREATE OR REPLACE TEMP VIEW incoming AS {select}")
            self.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {self._load[name]}")

    def execute(self) -> None:
        """Runs every stage, in order, each into a table of its own name."""
        for name, sql in self._stages:
            self.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")

    def fetch(self, name: str) -> pa.Table:
        """A result table in its declared order of columns, ordered by its key."""
        return self.con.execute(self.ordered_sql(name)).to_arrow_table()

    def ordered_sql(self, name: str) -> str:
        """The SELECT of a result table, ordered by its key: the same rows always come in the same order."""
        return f"SELECT * FROM ({self.result_sql[name]}) ORDER BY {', '.join(_KEYS[name])}"


def determine_records(
    records: Mapping[str, pa.Table | Sequence[Mapping]],
    definitions: Sequence[Definition],
    knowledge: Knowledge,
    *,
    has: Iterable[str] | None = None,
) -> dict[str, pa.Table]:
    """Judges records held in memory, for one person or a few thousand: the same engine as a run over a whole source.

    `records` maps record tables to Arrow tables or lists of rows with the declared columns; a table that is left out does
    not exist in the source (its absence says nothing), unless `has` says otherwise. Returns the result tables by name.
    """
    has = frozenset(records if has is None else has)
    session = _session(tuple(definitions), knowledge, has)
    for name, table in _RECORDS.items():
        rows = records.get(name, [])
        if not isinstance(rows, pa.Table):
            rows = pa.Table.from_pylist([dict(r) for r in rows], schema=table.schema.to_pyarrow())
        session.con.register(f"given_{name}", rows)
    session.load({name: f"SELECT * FROM given_{name}" for name in _RECORDS})
    session.execute()
    return {name: session.fetch(name) for name in session.result_sql}


@lru_cache(maxsize=16)
def _session(definitions: tuple[Definition, ...], knowledge: Knowledge, has: frozenset[str]) -> Session:
    con = duckdb.connect()
    con.execute("SET threads = 1")  # a person's few rows are not worth a second thread
    return Session(con, plan(definitions, knowledge, has), knowledge)
