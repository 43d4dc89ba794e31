"""Spark, by way of a SparkSession: temporary views in a session of our own beside the caller's."""

from __future__ import annotations

import pyarrow as pa
from ibis.backends.pyspark import Backend
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from stepwell.errors import Problem, QuestionError

# Ibis compiles for Spark only once its options are there, which otherwise happens on connecting.
Backend.register_options()

_SETTINGS = {
    # A day turns into a date by way of a timestamp, which has no missing or doubled hours only in UTC.
    "spark.sql.session.timeZone": "UTC",
    # A value that does not fit its type is an error, as on the other engines, and neither NULL nor another value.
    "spark.sql.ansi.enabled": "true",
}


class Spark:
    """Temporary views in a new session on the caller's Spark, which neither sees nor changes the caller's views and settings.

    What Spark says when it fails may quote a value of a patient, so errors carry the name of the condition and not its words.
    """

    dialect = "pyspark"

    def __init__(self, session: SparkSession):
        self._callers = session

    def __enter__(self) -> Spark:
        try:
            self._active = SparkSession.getActiveSession() or self._callers
            self._spark = self._callers.newSession()
            for name, value in _SETTINGS.items():
                self._spark.conf.set(name, value)
        except (PySparkException, Py4JError, OSError) as error:
            raise _in_our_words(error) from None
        return self

    def __exit__(self, kind, error, trace) -> None:
        if isinstance(error, PySparkException | Py4JError | OSError):
            raise _in_our_words(error) from None
        # Making a frame makes its session the active one, which the caller's code may then be handed. Give theirs back.
        self._active.createDataFrame([], "nothing int")

    def store(self, name: str, rows: pa.Table) -> None:
        """Makes the rows readable under a name, in place of what had it."""
        self._spark.createDataFrame(rows).createOrReplaceTempView(name)

    def create(self, name: str, sql: str) -> None:
        """Keeps the rows of a SELECT under a name, in place of what had it."""
        # Computed now and cut off from what it was made of: Spark would otherwise plan, and perhaps run, every stage again
        # within each that follows.
        self._spark.sql(sql).localCheckpoint(eager=True).createOrReplaceTempView(name)

    def name(self, name: str, sql: str) -> None:
        """Gives a SELECT a name; it is run where the name is read."""
        self._spark.sql(sql).createOrReplaceTempView(name)

    def read(self, sql: str, schema: pa.Schema) -> pa.Table:
        """The rows of a SELECT, in the types of the schema."""
        return self._spark.sql(sql).toArrow().cast(schema)


def _in_our_words(error: Exception) -> QuestionError:
    condition = error.getCondition() if isinstance(error, PySparkException) else None
    found = ", ".join(filter(None, [type(error).__name__, condition]))
    remedy = "see that the Spark session is running and has room, and look into Spark's own log"
    return QuestionError("Spark could not do the work.", [Problem("Spark", found, "a live Spark session", remedy)])
