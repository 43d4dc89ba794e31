"""DuckDB, inside this process: the engine that is always there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa


class DuckDB:
    """Temporary tables on a DuckDB connection. They stay until they are replaced, so that a plan can be run again and again."""

    kind = "duckdb"
    dialect = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection):
        self._con = connection

    def __enter__(self) -> DuckDB:
        return self

    def __exit__(self, *raised) -> None:
        pass

    @cached_property
    def tables(self) -> ibis.BaseBackend:
        """The engine as Ibis sees it, for the readers of sources."""
        return ibis.duckdb.from_connection(self._con)

    def store(self, name: str, rows: pa.Table) -> None:
        """Makes the rows readable under a name, without copying them."""
        self._con.register(name, rows)

    def create(self, name: str, sql: str) -> None:
        """Keeps the rows of a SELECT in a table, in place of what had the name."""
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")

    def name(self, name: str, sql: str) -> None:
        """Gives a SELECT a name; it is run where the name is read."""
        self._con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")

    def read(self, sql: str, schema: pa.Schema) -> pa.Table:
        """The rows of a SELECT."""
        return self._con.execute(sql).to_arrow_table()

    def write(self, sql: str, schema: pa.Schema, order: Sequence[str], path: Path) -> None:
        """Writes the rows of a SELECT as a Parquet file, in the order of these columns."""
        write_parquet(self._con, f"SELECT * FROM ({sql}) AS result", order, path)


def quoted(name: str) -> str:
    """A name between double quotes."""
    return '"' + name.replace('"', '""') + '"'


def write_parquet(con: duckdb.DuckDBPyConnection, select: str, order: Sequence[str], path: Path) -> None:
    """Writes the rows of a SELECT in order: the same rows give the same bytes, whichever engine they came from."""
    con.execute("SET preserve_insertion_order = true")
    con.execute(
        f"COPY ({select} ORDER BY {', '.join(map(quoted, order))}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
    )
    con.execute("SET preserve_insertion_order = false")
