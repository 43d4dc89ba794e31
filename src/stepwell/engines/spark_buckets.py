"""Rows of several SELECTs of Spark, brought together by buckets of people: all rows of one bucket come to one task.

Functions that Spark sends to the workers are made inside other functions and import what they need when they run. Spark then
sends their code, not their name, so that a worker without stepwell can say so in our words.
"""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from stepwell.errors import StepwellError

if TYPE_CHECKING:
    from pyspark import RDD

    from .spark import Spark

_ROWS_HELD = 500_000
"""Rows that a task holds before it sends them to their buckets."""


def rows_by_bucket(
    engine: Spark, selects: Sequence[tuple[str, pa.Schema]], people_in_each: int, waiting: Sequence[int]
) -> RDD:
    """The rows of SELECTs with a `person_id`, each in the types of its schema, as (bucket, (number of the SELECT, rows)), `rows`
    being an Arrow record batch in bytes. Rows without a person are in bucket 0. Rows of buckets that do not wait are left out."""
    frames = []
    for number, (select, schema) in enumerate(selects):
        bucket = f"CAST(coalesce((person_id - 1) DIV {people_in_each}, 0) AS INT) AS stepwell_bucket"
        frame = engine.session.sql(f"SELECT *, {bucket} FROM ({select})")
        split = _splitting(number, schema, waiting)
        frames.append(frame.mapInArrow(split, "bucket int, number int, rows binary"))
    return reduce(lambda a, b: a.union(b), frames).rdd.map(lambda row: (row[0], (row[1], row[2])))


def _splitting(number: int, schema: pa.Schema, waiting: Sequence[int]) -> Callable:
    """A function that takes rows with their bucket apart by bucket."""
    rows_held, waiting = _ROWS_HELD, list(waiting)

    def split(batches):
        import numpy as np
        import pyarrow as pa

        def apart(held):
            rows = pa.Table.from_batches(held)
            bucket = rows["stepwell_bucket"].to_numpy()
            order = np.argsort(bucket, kind="stable")
            rows, bucket = rows.select(schema.names).take(order).cast(schema).combine_chunks(), bucket[order]
            found, first = np.unique(bucket, return_index=True)
            ends = [*first[1:].tolist(), len(bucket)]
            blobs = []
            for one, begin, end in zip(found.tolist(), first.tolist(), ends, strict=True):
                if one in wanted:
                    (batch,) = rows.slice(begin, end - begin).to_batches()
                    blobs.append((one, number, batch.serialize().to_pybytes()))
            return pa.RecordBatch.from_pylist([dict(zip(sent.names, blob, strict=True)) for blob in blobs], sent)

        wanted, held, n = set(waiting), [], 0
        sent = pa.schema({"bucket": pa.int32(), "number": pa.int32(), "rows": pa.binary()})
        for batch in batches:
            held.append(batch)
            n += batch.num_rows
            if n >= rows_held:
                yield apart(held)
                held, n = [], 0
        if n:
            yield apart(held)

    return split


def as_tables(blobs: Iterable[tuple[int, bytes]], schemas: Sequence[pa.Schema]) -> list[pa.Table]:
    """The rows of one bucket, one table per SELECT."""
    batches: list[list[pa.RecordBatch]] = [[] for _ in schemas]
    for number, blob in blobs:
        batches[number].append(pa.ipc.read_record_batch(pa.py_buffer(blob), schemas[number]))
    return [pa.Table.from_batches(parts, schema) for parts, schema in zip(batches, schemas, strict=True)]


@contextmanager
def without_text(doing: str) -> Iterator[None]:
    """Raises an error of a worker again without its text, which may quote a record and which Spark logs."""
    try:
        yield
    except StepwellError:
        raise
    except Exception as error:
        _here, *places = traceback.extract_tb(error.__traceback__)
        lines = [f"{Path(at.filename).name}, line {at.lineno}" for at in places]
        said = f"{type(error).__name__} in {' > '.join(lines)}"
        raise RuntimeError(f"stepwell could not {doing}: {said}") from None


def read_in_workers(
    engine: Spark,
    selects: Sequence[tuple[str, pa.Schema]],
    people_in_each: int,
    n_buckets: int,
    read: Callable[[list[pa.Table]], dict[str, pa.Table | bytes]],
    made: dict[str, pa.Schema],
) -> tuple[dict[str, str], list[bytes]]:
    """Has the workers make tables of the rows of each bucket. `read` must be known to them by its name (pickle). Gives the view
    that holds each table of `made`, and what else was made, as bytes, in the order of the buckets."""
    schemas = [schema for _select, schema in selects]
    sent, names, buckets = pickle.dumps((read, schemas)), list(made), list(range(n_buckets))

    def read_bucket(bucket, blobs):
        import pickle

        from stepwell.engines.spark_buckets import as_tables, without_text

        with without_text(f"read bucket {bucket}"):
            read, schemas = pickle.loads(sent)
            tables = read(as_tables([blob for _, blob in blobs], schemas))
        for name, rows in tables.items():
            if name in names:
                for batch in rows.combine_chunks().to_batches():
                    yield bucket, name, batch.serialize().to_pybytes()
            else:
                yield bucket, "", rows

    blobs = rows_by_bucket(engine, selects, people_in_each, buckets)
    rows = blobs.partitionBy(n_buckets, int).mapPartitionsWithIndex(read_bucket)
    frame = engine.session.createDataFrame(rows, "bucket int, name string, rows binary").localCheckpoint(eager=True)
    views = {}
    for name, schema in made.items():
        views[name] = f"stepwell_read_{name}"
        of_table = frame.where(frame.name == name).select("rows")
        of_table.mapInArrow(_unpacking(schema), _ddl(schema)).createOrReplaceTempView(views[name])
    said = frame.where(frame.name == "").select("bucket", "rows").collect()
    return views, [bytes(row[1]) for row in sorted(said, key=lambda row: row[0])]


def _unpacking(schema: pa.Schema) -> Callable:
    def unpack(batches):
        import pyarrow as pa

        for batch in batches:
            for rows in batch.column(0):
                yield pa.ipc.read_record_batch(rows.as_buffer(), schema)

    return unpack


def _ddl(schema: pa.Schema) -> str:
    from pyspark.sql.pandas.types import from_arrow_type

    return ", ".join(f"{field.name} {from_arrow_type(field.type).simpleString()}" for field in schema)
