"""DuckDB, inside this process: the engine that is always there."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import cached_property
from weakref import WeakSet

import duckdb
import ibis
import pyarrow as pa

_AT_WORK: WeakSet[DuckDB] = WeakSet()
_CLOSING = threading.Lock()


def interrupt_queries() -> None:
    """Stops the queries at work in this process. DuckDB looks for Ctrl-C itself only between tasks of the calling thread."""
    with _CLOSING:
        for engine in tuple(_AT_WORK):
            with suppress(duckdb.Error):
                engine.interrupt()


class DuckDB:
    """Temporary tables on a DuckDB connection. They stay until they are replaced."""

    kind = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection):
        self._con = connection
        _AT_WORK.add(self)
        # DuckDB draws a bar of its own under long queries, across whatever the terminal or the notebook shows.
        # `SET enable_progress_bar = false` fails in a notebook without ipywidgets.
        connection.execute("PRAGMA disable_progress_bar")

    def __enter__(self) -> DuckDB:
        return self

    def __exit__(self, *raised) -> None:
        with _CLOSING:  # a connection must not be closed while it is interrupted
            _AT_WORK.discard(self)

    def interrupt(self) -> None:
        """Stops the query at work; called from another thread."""
        self._con.interrupt()

    @cached_property
    def tables(self) -> ibis.BaseBackend:
        """The engine as Ibis sees it, for the readers of sources."""
        return ibis.duckdb.from_connection(self._con)

    def side_by_side(self, memory_each: int) -> list[DuckDB]:
        """Engines for as many buckets at a time as there are cores, and memory (in bytes) for each. This one is the first.

        A bucket's queries are small: sharing one between two cores costs half as much again as running two beside each other.
        """
        threads, memory = self._con.execute(
            "SELECT current_setting('threads'), current_setting('memory_limit')"
        ).fetchone()
        n = max(1, min(threads, _bytes(memory) // memory_each))
        self._con.execute(f"SET threads = {threads - n + 1}")
        return [self, *(DuckDB(self._con.cursor()) for _ in range(n - 1))]

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


def _bytes(shown: str) -> int:
    """What DuckDB shows of a size, such as `18.6 GiB`."""
    number, unit = shown.split()
    return int(float(number) * 1024 ** ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"].index(unit))
