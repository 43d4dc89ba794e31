"""Which engine belongs to a connection."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeAlias

import duckdb

from stepwell.errors import Problem, QuestionError

from .duckdb import DuckDB

if TYPE_CHECKING:
    import psycopg
    import pyspark.sql

    from .postgres import Postgres
    from .spark import Spark

Connection: TypeAlias = "duckdb.DuckDBPyConnection | psycopg.Connection | pyspark.sql.SparkSession"
Engine: TypeAlias = "DuckDB | Postgres | Spark"


def engine_on(connection: Connection, *, in_pieces: bool = False) -> Engine:
    """The engine that works on this connection; `in_pieces` is for work of hours. Raises `QuestionError` for what is none."""
    if isinstance(connection, duckdb.DuckDBPyConnection):
        return DuckDB(connection)
    # Optional packages: whoever holds a connection of theirs has imported them.
    if "psycopg" in sys.modules and isinstance(connection, sys.modules["psycopg"].Connection):
        from .postgres import Postgres

        return Postgres(connection, in_pieces=in_pieces)
    if "pyspark.sql" in sys.modules and isinstance(connection, sys.modules["pyspark.sql"].SparkSession):
        from .spark import Spark

        return Spark(connection)
    problem = Problem(
        "connection",
        f"is of type {type(connection).__module__}.{type(connection).__name__}",
        "a DuckDB connection, a psycopg connection (not an asynchronous one) or a Spark session (not Spark Connect)",
        "leave it out to let DuckDB do the work inside this process",
    )
    raise QuestionError("stepwell cannot work on this connection.", [problem])
