"""The driver's side: brings the records of each bucket together in one task, and gathers the files that the tasks made.

Functions that Spark sends to the workers are made inside other functions and import what they need when they run. Spark then
sends their code, not their name, so that a worker without stepwell can say so in our words.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from itertools import count, islice
from math import ceil
from typing import TYPE_CHECKING

from stepwell.bucket import build
from stepwell.engines.spark_buckets import rows_by_bucket
from stepwell.errors import Problem, QuestionError
from stepwell.rules import Question
from stepwell.tables import RECORDS
from stepwell.version import __version__

from .worker import REFUSED

if TYPE_CHECKING:
    from pyspark import RDD, SparkContext

    from stepwell.engines.spark import Spark

_MOST_JOBS = 32
"""Jobs that run at a time. One job has one bucket; where there are more cores than jobs, several."""

_tags = count()


def check_workers(engine: Spark) -> None:
    """Raises `QuestionError` where a worker cannot run this version of stepwell. Asks as many tasks as there are cores."""
    from py4j.protocol import Py4JJavaError

    context, expected = engine.session.sparkContext, build()
    n_tasks = context.defaultParallelism

    def ask(_):
        try:
            from stepwell.bucket import build
        except ImportError as error:
            return [f"cannot import {error.name or 'what it needs'}"]
        return [build()]

    try:
        said = context.parallelize(range(n_tasks), n_tasks).mapPartitions(ask).distinct().collect()
    except Py4JJavaError:
        said = ["cannot run Python"]
    wrong = sorted(set(said) - {expected})
    if wrong:
        raise _not_ready(wrong, expected)


def _not_ready(said: Sequence[str], expected: str) -> QuestionError:
    found = "; ".join(f"a worker {s}" if s.startswith("cannot") else f"a worker has stepwell {s}" for s in said)
    remedy = (
        f'on every worker: pip install "stepwell[spark]=={__version__}" into the Python that PYSPARK_PYTHON names, of the same '
        "version as this one; or write the records to Parquet and run stepwell on them without Spark"
    )
    problem = Problem("Spark", found, f"stepwell {expected} on every worker, where the people are judged", remedy)
    return QuestionError("The workers of Spark cannot judge.", [problem])


def judge_buckets(
    engine: Spark,
    relations: Mapping[str, str],
    question: Question,
    n_buckets: int,
    people_per_bucket: int,
    waiting: Sequence[int],
    wanted: Collection[str],
) -> Iterator[tuple[int, dict[str, bytes]]]:
    """Judges the waiting ones of `n_buckets` buckets. Gives the number of each bucket and the Parquet files of its wanted tables
    as soon as it is done.

    `relations` names the relation that holds each record table. Raises what judging raises, such as `SourceError`.
    """
    context = engine.session.sparkContext
    selects = [(f"SELECT * FROM {relations[table.name]}", table.arrow_schema) for table in RECORDS]
    blobs = rows_by_bucket(engine, selects, people_per_bucket, waiting)
    made = blobs.partitionBy(n_buckets, int).mapPartitionsWithIndex(
        _judging(question, wanted), preservesPartitioning=True
    )
    n_cores = context.defaultParallelism
    in_one_job = ceil(n_cores / _MOST_JOBS)
    groups = (waiting[n : n + in_one_job] for n in range(0, len(waiting), in_one_job))
    # One more than are busy, so that no core waits while a bucket is written.
    for gathered in _run_jobs(context, made, groups, ceil(n_cores / in_one_job) + 1):
        files: dict[int, dict[str, bytes]] = {}
        for bucket, name, file in gathered:
            if name == REFUSED:
                raise _as_error(file)
            files.setdefault(bucket, {})[name] = file
        yield from files.items()


def _as_error(sent: bytes) -> Exception:
    error = pickle.loads(sent)
    return error if isinstance(error, Exception) else _not_ready([error], build())


def _judging(question: Question, wanted: Collection[str]) -> Callable:
    """A function that judges the bucket whose number is that of the partition. The question goes as bytes, which a worker without
    stepwell can hold."""
    sent, expected, names, refused = pickle.dumps(question), build(), tuple(wanted), REFUSED

    def judge_partition(bucket, blobs):
        import pickle

        try:
            from stepwell.bucket import build
            from stepwell.spark_workers.worker import judge_blobs
        except ImportError as error:
            return [(bucket, refused, pickle.dumps(f"cannot import {error.name or 'what it needs'}"))]
        if build() != expected:
            return [(bucket, refused, pickle.dumps(build()))]
        return judge_blobs(bucket, (blob for _, blob in blobs), sent, names)

    return judge_partition


def _run_jobs(context: SparkContext, rows: RDD, groups: Iterator[Sequence[int]], n_jobs: int) -> Iterator[list]:
    """Runs one job for each group of partitions, `n_jobs` at a time, and gives the rows of each as soon as it is done."""
    tag = f"stepwell-{next(_tags)}"

    def run(group: Sequence[int]) -> list:
        context.addJobTag(tag)
        return context.runJob(rows, list, list(group))

    with ThreadPoolExecutor(n_jobs) as pool:
        running = {pool.submit(run, group) for group in islice(groups, n_jobs)}
        try:
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                running |= {pool.submit(run, group) for group in islice(groups, len(done))}
                for job in done:
                    yield job.result()
        finally:
            for job in running:
                job.cancel()
            with suppress(Exception):  # a Spark that is gone has nothing to cancel
                context.cancelJobsWithTag(tag)
