"""The workers of Spark judge: the same files as here, task by task, and clear words where a worker cannot."""

from __future__ import annotations

import io
import os
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stepwell.bucket import judge_bucket
from stepwell.engines import engine_on, write_parquet
from stepwell.engines.spark_buckets import without_text
from stepwell.errors import QuestionError, SourceError, UnfinishedError
from stepwell.knowledge.chosen import find_forms
from stepwell.knowledge.loader import load
from stepwell.machine_code import one_compiles
from stepwell.reading import read_records
from stepwell.rules import translate
from stepwell.runner import _judge
from stepwell.simulate import simulate
from stepwell.store import StoredRecords, WorkFolder

pytest.importorskip("pyspark", reason="pyspark is not installed: pip install 'stepwell[spark]'")

N_BUCKETS, SIZE = 4, 40
SECRET = "4711-patient"


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Record tables of 150 people, among them sessions with scores."""
    folder = tmp_path_factory.mktemp("workers") / "records"
    simulate(150, 3, folder, noise="realistic", scored="doses")
    return read_records(folder)


@pytest.fixture(scope="module")
def question(records):
    knowledge = load()
    forms, models = find_forms(["us-label", "cepeda-2018"], ["thase-rush"], knowledge)
    return translate(tuple(forms), tuple(models), knowledge, records.has, True)


@pytest.fixture
def kept(spark, records):
    """An engine that keeps the records, and the relations that hold them."""
    with engine_on(spark) as engine:
        for name, rows in records.tables.items():
            engine.session.createDataFrame(rows).coalesce(1).createOrReplaceTempView(f"kept_{name}")
        yield engine, {name: f"kept_{name}" for name in records.tables}


@pytest.fixture
def on_spark(kept):
    """Judges these buckets in the workers; gives the files of each."""
    from stepwell.spark_workers import judge_buckets

    def judged(question, wanted, buckets=range(N_BUCKETS)):
        return dict(judge_buckets(*kept, question, N_BUCKETS, SIZE, buckets, wanted))

    return judged


def judged_here(records, question, wanted, bucket: int) -> dict[str, bytes]:
    first = bucket * SIZE + 1
    of_bucket = {
        name: rows.filter(pc.is_in(rows["person_id"], pa.array(range(first, first + SIZE), pa.int64())))
        for name, rows in records.tables.items()
    }
    files = {}
    for name, rows in judge_bucket(question, of_bucket, wanted):
        file = io.BytesIO()
        write_parquet([rows], rows.schema, file)
        files[name] = file.getvalue()
    return files


def test_workers_make_the_files_that_are_made_here(on_spark, records, question, monkeypatch):
    """Every table, in several buckets; and again two of them alone, as in a run that continues or a task that is tried again."""
    wanted = {*question.results, "person", "medication"}
    here = {bucket: judged_here(records, question, wanted, bucket) for bucket in range(N_BUCKETS)}
    assert len(here[0]["determination"]) > 1000
    assert {"session", "series", "person", "medication"} <= here[0].keys() == wanted

    def not_here(*_):
        raise AssertionError("the driver judges")

    monkeypatch.setattr("stepwell.rules.judging.judge", not_here)
    monkeypatch.setattr("stepwell.bucket.judge", not_here)
    monkeypatch.setattr("stepwell.engines.spark_buckets._ROWS_HELD", 50)  # so that a task sends its rows in many pieces
    assert on_spark(question, wanted) == here
    assert on_spark(question, wanted, [3, 1]) == {1: here[1], 3: here[3]}


PYTHON = """\
#!/bin/sh
PYTHONPATH="{folder}:$PYTHONPATH" exec "{python}" "$@"
"""
WITHOUT_STEPWELL = """\
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] == 'stepwell':
            raise ModuleNotFoundError(f"No module named {name!r}", name='stepwell')
sys.meta_path.insert(0, Missing())
"""
ANOTHER_VERSION = """\
import stepwell.version
stepwell.version.__version__ = '0.0.9'
"""
FAILING = f"""\
import stepwell.spark_workers.worker as worker
from stepwell.errors import Problem, SourceError
def judge_bucket(question, records, wanted):
    if 'trial' in wanted:
        raise ValueError('{SECRET}')
    raise SourceError('These rows are too many.', [Problem('medication', '9 rows of one person')])
    yield
worker._ready = lambda question: None
worker.judge_bucket = judge_bucket
"""


@pytest.fixture
def workers_python(spark, tmp_path, monkeypatch):
    """Gives the workers a Python that begins with this code."""

    def begins_with(code: str) -> None:
        folder = tmp_path / "begins"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(code, "utf-8")
        python = tmp_path / "python"
        python.write_text(PYTHON.format(folder=folder, python=sys.executable), "utf-8")
        python.chmod(0o755)
        monkeypatch.setenv("PYSPARK_PYTHON", str(python))
        monkeypatch.setattr(spark.sparkContext, "pythonExec", str(python))

    return begins_with


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (WITHOUT_STEPWELL, "a worker cannot import stepwell"),
        (ANOTHER_VERSION, "a worker has stepwell 0.0.9 ("),
    ],
    ids=["missing", "another version"],
)
def test_workers_without_this_stepwell_are_told_before_anything_is_read(spark, workers_python, code, said, tmp_path):
    from stepwell.runner import run

    workers_python(code)
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    with pytest.raises(QuestionError, match="The workers of Spark cannot judge") as failed:
        run(nothing, tmp_path / "out", connection=spark)
    assert said in str(failed.value)
    assert 'on every worker: pip install "stepwell[spark]==' in str(failed.value)
    assert not (tmp_path / "out").exists()


def test_a_worker_that_came_later_without_stepwell_is_told_too(on_spark, question, workers_python):
    workers_python(WITHOUT_STEPWELL)
    with pytest.raises(QuestionError, match="a worker cannot import stepwell"):
        on_spark(question, {"determination"}, [0])


def test_what_fails_in_a_worker_is_told_without_a_record(on_spark, question, workers_python):
    from py4j.protocol import Py4JJavaError

    workers_python(FAILING)
    with pytest.raises(SourceError, match="9 rows of one person"):
        on_spark(question, {"determination"}, [0])
    with pytest.raises(Py4JJavaError) as failed:  # which the engine says in our words
        on_spark(question, {"trial"}, [0])
    logged = str(failed.value)
    assert re.search(
        r"could not judge bucket 0: ValueError in worker\.py, line \d+ > sitecustomize\.py, line 5\n", logged
    )
    assert SECRET not in logged


def test_an_error_of_a_worker_is_raised_without_its_text():
    with pytest.raises(RuntimeError, match="stepwell could not read bucket 3: ValueError in ") as raised:  # noqa: SIM117
        with without_text("read bucket 3"):
            raise ValueError(SECRET)
    assert SECRET not in str(raised.value)
    assert raised.value.__suppress_context__


def test_a_run_that_was_stopped_judges_the_buckets_that_are_left(kept, records, question, tmp_path):
    engine, relations = kept
    stored, name = StoredRecords(None, N_BUCKETS, None, relations), "trial"
    (tmp_path / name).mkdir()

    def judged(progress) -> dict[str, int]:
        work = WorkFolder(tmp_path / "work")
        try:
            _judge(stored, question, engine, SIZE, tmp_path, frozenset([name]), work, progress)
        finally:
            work.close()
        return {file.name: file.stat().st_mtime_ns for file in (tmp_path / name).iterdir()}

    def stop(what, done, total):
        if done == 2:
            raise UnfinishedError("The disk is full.")

    with pytest.raises(UnfinishedError):
        judged(stop)
    jobs, until = engine.session.sparkContext.statusTracker(), time.monotonic() + 30
    while len(jobs.getActiveJobsIds()):  # Spark counts them a moment late
        assert time.monotonic() < until
        time.sleep(0.05)
    first = {file.name: file.stat().st_mtime_ns for file in (tmp_path / name).iterdir()}
    assert len(first) == 2
    seen = []
    assert judged(lambda *step: seen.append(step)).items() >= first.items()
    assert seen == [("judging", n, N_BUCKETS) for n in (2, 3, 4)]
    for bucket in range(N_BUCKETS):
        here = judged_here(records, question, {name}, bucket)[name]
        assert (tmp_path / name / f"part-{bucket:05d}.parquet").read_bytes() == here


def test_the_python_of_the_workers_is_given_back(spark, monkeypatch):
    monkeypatch.delenv("PYSPARK_PYTHON", raising=False)
    before = spark.sparkContext.pythonExec
    with engine_on(spark):
        assert spark.sparkContext.pythonExec == sys.executable
    assert spark.sparkContext.pythonExec == before


def _hold(started, go_on) -> None:
    with one_compiles():
        started.set()
        go_on.wait(30)


def _enter(_) -> float:
    with one_compiles():
        return time.monotonic()


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_one_process_compiles_and_the_others_wait(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    fork = get_context("fork")
    started, go_on = fork.Event(), fork.Event()
    first = fork.Process(target=_hold, args=(started, go_on))
    first.start()
    assert started.wait(30)
    with ProcessPoolExecutor(2, mp_context=fork) as others:
        entered = others.map(_enter, range(2))
        time.sleep(0.3)
        let_go = time.monotonic()
        go_on.set()
        assert min(entered) >= let_go
    first.join()
    os.chmod(next(tmp_path.iterdir()), 0o000)
    with one_compiles():  # where there can be no lock, nobody waits
        pass
