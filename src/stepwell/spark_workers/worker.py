"""What a worker of Spark runs: rows of one bucket in, the Parquet files of its result tables out."""

from __future__ import annotations

import io
import pickle
from collections.abc import Collection, Iterable, Iterator
from functools import cache

import pyarrow as pa

from stepwell.bucket import judge_bucket
from stepwell.engines import write_parquet
from stepwell.engines.spark_buckets import as_tables, without_text
from stepwell.errors import StepwellError
from stepwell.machine_code import one_compiles
from stepwell.rules import Question, judge
from stepwell.tables import RECORDS

REFUSED = ""
"""Stands in place of a table's name where a bucket could not be judged; the bytes are then the pickled error."""


def judge_blobs(
    bucket: int, blobs: Iterable[tuple[int, bytes]], question: bytes, wanted: Collection[str]
) -> Iterator[tuple[int, str, bytes]]:
    """The number of the bucket, and name and Parquet file of each wanted table. `blobs` are record batches in bytes, each with
    the number of its table in `RECORDS`.

    The same rows give the same bytes, so Spark may run a task twice. What stepwell refuses becomes a row that the driver raises:
    the worker did not fail. Any other error is raised without its text.
    """
    try:
        with without_text(f"judge bucket {bucket}"):
            asked = _ready(question)
            for name, rows in judge_bucket(asked, _records(blobs), wanted):
                file = io.BytesIO()
                write_parquet([rows], rows.schema, file)
                yield bucket, name, file.getvalue()
    except StepwellError as error:
        yield bucket, REFUSED, pickle.dumps(error)


def _records(blobs: Iterable[tuple[int, bytes]]) -> dict[str, pa.Table]:
    rows = as_tables(blobs, [table.arrow_schema for table in RECORDS])
    return {table.name: of for table, of in zip(RECORDS, rows, strict=True)}


@cache
def _ready(question: bytes) -> Question:
    """The question, and the rules compiled for it."""
    asked = pickle.loads(question)
    with one_compiles():
        judge(asked, _records([]))
    return asked
