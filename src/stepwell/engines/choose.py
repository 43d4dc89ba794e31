"""Which engine belongs to a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepwell.errors import Problem, QuestionError

from .duckdb import DuckDB

if TYPE_CHECKING:
    from .postgres import Postgres
    from .spark import Spark

    Engine = DuckDB | Postgres | Spark
else:
    Engine = Any

Connection = Any
"""A `duckdb.DuckDBPyConnection`, a `psycopg.Connection` or a `pyspark.sql.SparkSession`; only the first is always installed."""


def engine_on(connection: Connection) -> Engine:
    """The engine that works on this connection. Raises `QuestionError` for anything else.

    psycopg and pyspark are imported only for a connection that is theirs.
    """
    owner = type(connection).__module__.partition(".")[0].lstrip("_")
    if owner == "duckdb":
        return DuckDB(connection)
    if owner == "psycopg":
        from .postgres import Postgres

        return Postgres(connection)
    if owner == "pyspark":
        from .spark import Spark

        return Spark(connection)
    raise QuestionError(
        "stepwell cannot work on this connection.",
        [
            Problem(
                "connection",
                f"a {type(connection).__name__}",
                "a DuckDB connection, a psycopg connection or a Spark session",
                "open one and pass it, or leave it out to use DuckDB",
            )
        ],
    )
