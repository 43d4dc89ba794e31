"""From what the user names to an engine at work: a path, an address of a database, or a connection of their own.

An address may hold a password. It is handed to the database's client and to nobody else: what is shown and kept is the address
without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

import duckdb

from stepwell.errors import Problem, QuestionError

from .choose import Connection, Engine, engine_on
from .duckdb import DuckDB

ENGINES = ("duckdb", "postgres", "spark")
_SCHEMES = {"postgresql": "postgres", "postgres": "postgres", "spark": "spark"}


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
    scheme = location.partition("://")[0] if "://" in location else ""
    named = _SCHEMES.get(scheme)
    if engine and (engine not in ENGINES or (named and named != engine) or (engine == "postgres" and not named)):
        raise QuestionError("There is no such engine for these records.", [_wrong_engine(engine, named)])
    if connection is not None:
        with _callers(connection, location) as place:
            yield place
    elif named == "postgres":
        with _postgres(location) as place:
            yield place
    elif named == "spark" or engine == "spark":
        with _spark(location) as place:
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
        return duckdb.connect(config=settings)
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
    schema, _, options = location.partition("?")
    with chosen as at_work:
        if isinstance(at_work, DuckDB):
            yield Place(at_work, location)
        else:
            vocabulary = dict(parse_qsl(options)).get("vocabulary", "")
            yield Place(at_work, schema, vocabulary, f"{at_work.kind}:{location}")


@contextmanager
def _postgres(address: str) -> Iterator[Place]:
    try:
        import psycopg
    except ImportError:
        raise _not_installed("psycopg", "postgres") from None
    from .postgres import Postgres
    from .postgres_errors import not_connected

    parts = urlsplit(address)
    options = dict(parse_qsl(parts.query))
    schema, vocabulary = options.pop("schema", ""), options.pop("vocabulary", "")
    shown = without_password(address)
    try:
        connection = psycopg.connect(_joined(parts, parts.netloc, options), autocommit=True)
    except psycopg.Error as error:
        raise not_connected(error, shown) from None
    try:
        with Postgres(connection, in_pieces=True) as at_work:
            yield Place(at_work, schema, vocabulary, shown)
    finally:
        connection.close()


@contextmanager
def _spark(location: str) -> Iterator[Place]:
    try:
        import py4j.protocol
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        raise _not_installed("pyspark", "spark") from None
    from .spark import Spark

    parts = urlsplit(location)
    is_address = parts.scheme == "spark"
    builder = SparkSession.builder.appName("stepwell")
    if is_address and parts.netloc:
        builder = builder.master(f"spark://{parts.netloc}")
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
            if is_address:
                vocabulary = dict(parse_qsl(parts.query)).get("vocabulary", "")
                yield Place(at_work, unquote(parts.path.strip("/")), vocabulary, location)
            else:
                yield Place(at_work, location)
    finally:
        if was_active is None:
            session.stop()


def without_password(address: str) -> str:
    """The address of a database as it may be shown: without a password, wherever it was put."""
    parts = urlsplit(address)
    credentials, at, host = parts.netloc.rpartition("@")
    options = {k: v for k, v in parse_qsl(parts.query, keep_blank_values=True) if "password" not in k.lower()}
    return _joined(parts, credentials.partition(":")[0] + at + host, options)


def _joined(parts: SplitResult, host: str, options: dict[str, str]) -> str:
    query = urlencode(options, quote_via=quote)
    return f"{parts.scheme}://{host}{parts.path}" + (f"?{query}" if query else "")


def _not_installed(package: str, extra: str) -> QuestionError:
    problem = Problem(package, "is not installed", remedy=f'pip install "stepwell[{extra}]"')
    return QuestionError(f"Working on {extra.capitalize()} needs a package that is not here.", [problem])
