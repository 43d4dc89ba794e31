"""Spark, by way of a SparkSession: temporary views of a session of our own beside the caller's."""

from __future__ import annotations

import pyarrow as pa
from ibis.backends.pyspark import Backend
from pyspark.sql import SparkSession

# Ibis compiles for Spark only once its options are there, which otherwise happens on connecting.
Backend.register_options()

_SETTINGS = {
    # A day turns into a date by way of a timestamp, which has no missing or doubled hours only in UTC.
    "spark.sql.session.timeZone": "UTC",
    # A value that does not fit its type is an error, as it is on the other engines, not a NULL or another value.
    "spark.sql.ansi.enabled": "true",
}


class Spark:
    """Temporary views in a new session on the caller's Spark: the caller's own views and settings are neither seen nor changed."""

    dialect = "pyspark"

    def __init__(self, session: SparkSession):
        self._spark = session.newSession()
        self._names: set[str] = set()

    def __enter__(self) -> Spark:
        for name, value in _SETTINGS.items():
            self._spark.conf.set(name, value)
        return self

    def __exit__(self, *raised) -> None:
        for name in self._names:
            self._spark.catalog.dropTempView(name)

    def store(self, name: str, rows: pa.Table) -> None:
        """Makes the rows readable under a name."""
        self._view(name, self._spark.createDataFrame(rows))

    def create(self, name: str, sql: str) -> None:
        """Keeps the rows of a SELECT under a name, in place of what had it."""
        # Computed now and cut off from what it was made of: Spark would otherwise plan, and perhaps run, every stage again
        # within each that follows.
        self._view(name, self._spark.sql(sql).localCheckpoint(eager=True))

    def read(self, sql: str, schema: pa.Schema) -> pa.Table:
        """The rows of a SELECT, in the types of the schema."""
        return self._spark.sql(sql).toArrow().cast(schema)

    def _view(self, name: str, frame) -> None:
        frame.createOrReplaceTempView(name)
        self._names.add(name)
