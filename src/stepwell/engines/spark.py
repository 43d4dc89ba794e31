"""Spark, by way of a SparkSession: temporary views in a session of our own beside the caller's."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cached_property

import pyarrow as pa
from ibis.backends.pyspark import Backend
from py4j.protocol import Py4JError, Py4JNetworkError
from pyspark.errors import PySparkException
from pyspark.logger import PySparkLogger
from pyspark.sql import SparkSession
from pyspark.sql import functions as f
from pyspark.sql.pandas.types import from_arrow_type

from stepwell.errors import Problem, QuestionError, SourceError, UnfinishedError

from .spark_types import kind_of

# Ibis compiles for Spark only once its options are there, which otherwise happens on connecting.
Backend.register_options()

_SETTINGS = {
    # A day turns into a date by way of a timestamp, which has no missing or doubled hours only in UTC.
    "spark.sql.session.timeZone": "UTC",
    # A value that does not fit its type is an error, as on the other engines, and neither NULL nor another value.
    "spark.sql.ansi.enabled": "true",
    # What is known of the rows of a checkpoint may name columns that it no longer has, and a union of it then fails.
    "spark.sql.constraintPropagation.enabled": "false",
    # Rows that are handed to Python at a time.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
}
_TELL_VALUES = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")
"""PySpark's own loggers, which print every failure with the value that it failed on."""


class Spark:
    """Temporary views in a new session on the caller's Spark, which neither sees nor changes the caller's views and settings.

    What Spark says when it fails may quote a value of a patient, so errors carry the name of the condition and not its words.
    """

    kind = "spark"

    def __init__(self, session: SparkSession):
        self._callers = session

    def __enter__(self) -> Spark:
        self._loggers = [PySparkLogger.getLogger(name) for name in _TELL_VALUES]
        self._were_disabled = [logger.disabled for logger in self._loggers]
        for logger in self._loggers:
            logger.disabled = True
        try:
            self._use_this_python()
            self._active = SparkSession.getActiveSession() or self._callers
            self.session = self._callers.newSession()
            for name, value in _SETTINGS.items():
                self.session.conf.set(name, value)
        except (PySparkException, Py4JError, OSError) as error:
            raise _in_our_words(error) from None
        return self

    def __exit__(self, kind, error, trace) -> None:
        for logger, was_disabled in zip(self._loggers, self._were_disabled, strict=True):
            logger.disabled = was_disabled
        self.session.sparkContext.pythonExec = self._callers_python
        with suppress(PySparkException, Py4JError, OSError):  # a Spark that is gone takes nothing back
            # Making a frame makes its session the active one, which the caller's code may then be handed. Give theirs back.
            self._active.createDataFrame([], "nothing int")
        if isinstance(error, PySparkException | Py4JError | ConnectionError):
            raise _in_our_words(error) from None

    def _use_this_python(self) -> None:
        """Where Spark runs on this machine alone, its workers run the Python that runs here, unless the user names another."""
        context = self._callers.sparkContext
        self._callers_python = context.pythonExec
        if context.master.startswith("local") and "PYSPARK_PYTHON" not in os.environ:
            context.pythonExec = sys.executable

    @cached_property
    def tables(self):
        """The engine as Ibis sees it, for the readers of sources."""
        from .spark_sql import SparkTables

        return SparkTables().on(self)

    def side_by_side(self, memory_each: int) -> list:
        """This engine alone: it has cores of its own to share out."""
        return [self]

    def store(self, name: str, rows: pa.Table) -> None:
        """Makes the rows readable under a name, in place of what had it."""
        self.session.createDataFrame(rows).createOrReplaceTempView(name)

    def create(self, name: str, sql: str) -> None:
        """Keeps the rows of a SELECT under a name, in place of what had it."""
        # Computed now and cut off from what it was made of: Spark would otherwise plan, and perhaps run, every step again
        # within each that follows.
        self.session.sql(sql).localCheckpoint(eager=True).createOrReplaceTempView(name)

    def read(self, sql: str, schema: pa.Schema) -> pa.Table:
        """The rows of a SELECT, in the types of the schema."""
        return self.session.sql(sql).toArrow().cast(schema)

    def keep(self, name: str, sql: str, schema: pa.Schema, key: str) -> str:
        """Keeps the rows of a SELECT in these types, and gives a digest of the rows in any order."""
        frame = self.session.sql(sql).select(
            *(f.col(c.name).cast(from_arrow_type(c.type)).alias(c.name) for c in schema)
        )
        frame = frame.localCheckpoint(eager=True)
        frame.createOrReplaceTempView(name)
        row = f.xxhash64(*(f.col(c) for c in schema.names)).cast("decimal(38, 0)")
        n_rows, digest = frame.agg(f.count(f.lit(1)), f.sum(row)).first()
        return f"{n_rows}-{digest}"

    def name(self, name: str, sql: str) -> None:
        """Gives a SELECT a name; it is run where the name is read."""
        self.session.sql(sql).createOrReplaceTempView(name)

    def schemas(self) -> list[str]:
        """The schemas of the current catalogue."""
        return [row[0] for row in self.session.sql("SHOW SCHEMAS").collect()]

    def tables_in(self, schema: str) -> list[str]:
        """The tables and views of a schema, without temporary ones."""
        rows = self.session.sql(f"SHOW TABLES IN {_quoted(schema)}").collect()
        return [row.tableName for row in rows if not row.isTemporary]

    def columns(self, relation: str) -> list[tuple[str, str, str]]:
        """Name, type and kind of type (`whole`, `number`, `date`, `text`, `other`) of the columns of a table."""
        return [(c.name, c.dataType.simpleString(), kind_of(c.dataType)) for c in self.session.table(relation).schema]

    def selected(self, name: str, type_: pa.DataType) -> str:
        """A column of a foreign table in this type, under its name in lower case."""
        return f"CAST({_quoted(name)} AS {from_arrow_type(type_).simpleString()}) AS {_quoted(name.lower())}"

    def relation(self, *names: str) -> str:
        """A table of a schema, as SQL says it."""
        return ".".join(map(_quoted, names))


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _in_our_words(error: Exception) -> QuestionError | SourceError:
    condition = error.getCondition() if isinstance(error, PySparkException) else None
    found = ", ".join(filter(None, [type(error).__name__, condition]))
    if isinstance(error, PySparkException) and (error.getSqlState() or "").startswith("22"):  # "data exception"
        remedy = "look for numbers and dates that are none in the tables"
        problem = Problem("Spark", f"a value is none of its type ({found})", "values that can be read", remedy)
        return SourceError("These records cannot be read.", [problem])
    is_gone = isinstance(error, Py4JNetworkError | ConnectionError)
    kind = UnfinishedError if is_gone or condition is None else QuestionError
    remedy = "see that the Spark session is running and has room, and look into Spark's own log"
    return kind("Spark could not do the work.", [Problem("Spark", found, "a live Spark session", remedy)])
