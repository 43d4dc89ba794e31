"""From what the user names to an engine at work: a path, an address of a database, or a connection of their own.

An address may hold a password. It is handed to the database's client and to nobody else: what is shown and kept is
`Address.shown`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

import duckdb

from stepwell.errors import Problem, QuestionError

from .address import Address, is_name_of_schema, read_address
from .choose import Connection, Engine, engine_on
from .duckdb import DuckDB

ENGINES = ("duckdb", "postgres", "spark")


@dataclass(frozen=True)
class Place:
    """An engine at work, and the records that it is to read: a path, or a schema with where its vocabularies are."""

    engine: Engine
    location: str
    vocabulary: str = ""
    shown: str = ""
    """The address of a database as it may be shown and kept, without a password; empty for a path."""


@contextmanager
def connect(
    location: str, *, engine: str | None = None, connection: Connection | None = None, settings: dict | None = None
) -> Iterator[Place]:
    """The engine for a location, ready to work until the block ends.

    `location` is a path, `postgresql://user@host/db?schema=cdm`, `spark://host:7077/schema`, `spark:///schema`, or with a
    `connection` the name of a schema (`cdm`, `cdm?vocabulary=words`). `settings` are DuckDB's. Raises `QuestionError` where
    there is no such engine, server or connection.
    """
    address = None if os.path.exists(location) else read_address(location)
    named = address.engine if address else None
    if engine and (engine not in ENGINES or (named and named != engine) or (engine == "postgres" and not named)):
        raise QuestionError("There is no such engine for these records.", [_wrong_engine(engine, named)])
    if connection is not None:
        with _callers(connection, location) as place:
            yield place
    elif named == "postgres":
        with _postgres(address) as place:
            yield place
    elif named == "spark" or engine == "spark":
        with _spark(address, location) as place:
            yield place
    else:
        con = _embedded(settings or {})
        try:
            with DuckDB(con) as at_work:
                yield Place(at_work, location)
        finally:
            con.close()


def _embedded(settings: dict) -> duckdb.DuckDBPyConnection:
    try:
        # DuckDB would fetch and load an extension that a view in somebody's database file asks for.
        return duckdb.connect(
            config={**settings, "autoinstall_known_extensions": False, "autoload_known_extensions": False}
        )
    except (duckdb.ParserException, duckdb.OutOfMemoryException):
        problem = Problem(
            "--memory", f"{settings.get('memory_limit')!r}", "a number and its unit, such as 2GB or 800MB"
        )
        raise QuestionError("DuckDB cannot work within that memory.", [problem]) from None


def _wrong_engine(engine: str, named: str | None) -> Problem:
    if engine not in ENGINES:
        return Problem("--engine", f"{engine!r}", f"one of {', '.join(ENGINES)}")
    if named:
        return Problem("--engine", f"{engine}, but the records are on {named}", named, "leave --engine out")
    return Problem("--engine", "postgres, but these records are not in PostgreSQL", "postgresql://user@host/database")


@contextmanager
def _callers(connection: Connection, location: str) -> Iterator[Place]:
    if "://" in location:
        problem = Problem("location", "an address beside a connection", "the name of a schema", "give one of the two")
        raise QuestionError("The records are named twice.", [problem])
    chosen = engine_on(connection, in_pieces=True)
    with chosen as at_work:
        if isinstance(at_work, DuckDB):
            yield Place(at_work, location)
            return
        if os.path.isdir(location):  # Spark reads files too
            yield Place(at_work, location, shown=f"{at_work.kind}:{location}")
            return
        schema, _, options = location.partition("?")
        vocabulary = dict(parse_qsl(options)).get("vocabulary", "")
        if not is_name_of_schema(schema) or not is_name_of_schema(vocabulary):
            problem = Problem("location", "is no name of a schema", "such as cdm or cdm?vocabulary=words")
            raise QuestionError("The records are not named in a way that can be told.", [problem])
        query = f"?vocabulary={vocabulary}" if vocabulary else ""
        yield Place(at_work, schema, vocabulary, f"{at_work.kind}:{schema}{query}")


@contextmanager
def _postgres(address: Address) -> Iterator[Place]:
    try:
        import psycopg
    except ImportError:
        raise _not_installed("psycopg", "postgres") from None
    from .postgres import Postgres
    from .postgres_errors import not_connected

    try:
        connection = psycopg.connect(address.for_client, autocommit=True)
    except psycopg.Error as error:
        raise not_connected(error, address.shown) from None
    try:
        with Postgres(connection, in_pieces=True) as at_work:
            yield Place(at_work, address.schema, address.vocabulary, address.shown)
    finally:
        connection.close()


@contextmanager
def _spark(address: Address | None, path: str) -> Iterator[Place]:
    try:
        import py4j.protocol
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        raise _not_installed("pyspark", "spark") from None
    from .spark import Spark

    builder = SparkSession.builder.appName("stepwell")
    if address is not None and address.hosts:
        builder = builder.master(f"spark://{address.hosts}")
    was_active = SparkSession.getActiveSession()
    try:
        session = builder.getOrCreate()
        if was_active is None:  # Spark's log quotes the values that a query fails on
            session.sparkContext.setLogLevel("OFF")
    except (PySparkException, py4j.protocol.Py4JError, OSError) as error:
        remedy = "install Java 17 or 21 and see that JAVA_HOME names it, or that java is on the PATH; see also Spark's own log"
        problem = Problem(
            "Spark", f"it does not start ({type(error).__name__})", "Java 17 or 21, a master that answers", remedy
        )
        raise QuestionError("Spark could not be started.", [problem]) from None
    try:
        with Spark(session) as at_work:
            if address is None:
                yield Place(at_work, path)
            else:
                yield Place(at_work, unquote(address.database), address.vocabulary, address.shown)
    finally:
        if was_active is None:
            session.stop()


def _not_installed(package: str, extra: str) -> QuestionError:
    problem = Problem(package, "is not installed", remedy=f'pip install "stepwell[{extra}]"')
    return QuestionError(f"Working on {extra.capitalize()} needs a package that is not here.", [problem])
