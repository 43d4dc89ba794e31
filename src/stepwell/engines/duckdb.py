"""DuckDB, inside this process: the engine that is always there."""

from __future__ import annotations

import duckdb
import pyarrow as pa


class DuckDB:
    """Temporary tables on a DuckDB connection. They stay until they are replaced, so that a plan can be run again and again."""

    dialect = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection):
        self._con = connection

    def __enter__(self) -> DuckDB:
        return self

    def __exit__(self, *raised) -> None:
        pass

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
