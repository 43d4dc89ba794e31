"""The constants of docs/scale.md, measured on this machine.

    python benchmarks/spark_scale.py bucket FOLDER [--people 25000]     bytes of a bucket, and what judging it costs
    python benchmarks/spark_scale.py heavy                              one person with more and more rows
    python benchmarks/spark_scale.py judge FOLDER [--master local[2]]   judging on Spark alone: DuckDB has read the records
    python benchmarks/spark_scale.py run FOLDER [--master local[2]]     a whole run on Spark, by phase

FOLDER is an OMOP CDM as Parquet (`stepwell simulate --people 100000 --out FOLDER`). All ask for `sforzini-2022`. CPU seconds are
those of the process, or of the process and all its children (Java, Python workers), as Linux says them.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stepwell.asked import KEPT_RECORDS
from stepwell.bucket import judge_bucket
from stepwell.engines import connect, write_parquet
from stepwell.in_memory import as_tables
from stepwell.knowledge.chosen import find_forms
from stepwell.knowledge.loader import load
from stepwell.rules import translate
from stepwell.sources import open_source
from stepwell.sources.parts import PEOPLE_PER_FOLDER
from stepwell.tables import RECORDS

DEFINITION = "sforzini-2022"
TICK = os.sysconf("SC_CLK_TCK")


def question(has):
    knowledge = load()
    forms, models = find_forms([DEFINITION], [], knowledge)
    return translate(tuple(forms), tuple(models), knowledge, frozenset(has), True)


def as_parquet(rows: pa.Table) -> int:
    file = io.BytesIO()
    write_parquet([rows], rows.schema, file)
    return len(file.getvalue())


def measure_bucket(folder: str, people: int) -> None:
    with connect(folder) as place:
        source = open_source(place.location, place.engine.tables, load(), place.vocabulary)
        schemas = {table.name: table.arrow_schema for table in RECORDS}
        of_first = {name: rows.filter(rows.person_id <= people) for name, rows in source.tables.items()}
        records = {n: rows.to_pyarrow().cast(schemas[n]).combine_chunks() for n, rows in of_first.items()}
    n_people = records["person"].num_rows
    print(
        f"{n_people:,} people\n\n| record table | rows | a person | sent, bytes a row | the same in LZ4 | as Parquet |"
    )
    print("|---|--:|--:|--:|--:|--:|")
    sums = [0, 0, 0, 0]
    for name, rows in records.items():
        sent = b"".join(batch.serialize().to_pybytes() for batch in rows.to_batches())
        sizes = [len(sent), len(pa.compress(sent, "lz4", asbytes=True)) if sent else 0, as_parquet(rows)]
        sums = [a + b for a, b in zip(sums, [rows.num_rows, *sizes], strict=True)]
        if rows.num_rows:
            print(f"| {name} | {rows.num_rows:,} | {rows.num_rows / n_people:.2f} | " + per_row(sizes, rows.num_rows))
    print(f"| all | {sums[0]:,} | {sums[0] / n_people:.2f} | " + per_row(sums[1:], sums[0]))
    print(f"\na person: {sums[1] / n_people:,.0f} bytes sent, {sums[2] / n_people:,.0f} in LZ4")
    asked = question(source.has)
    wanted = {*asked.results, *KEPT_RECORDS}
    judge_and_write(asked, {n: rows.slice(0, 0) for n, rows in records.items()}, wanted)  # compiled
    for _ in range(3):
        begun = time.process_time()
        n_rows, n_bytes = judge_and_write(asked, records, wanted)
        print(
            f"judged and written in {time.process_time() - begun:.2f} CPU s: {n_rows:,} rows, "
            f"{n_bytes / n_people:,.0f} bytes a person"
        )
    for n_rows in (100_000, 125):
        begun = time.process_time()
        sent = {name: in_pieces(rows, n_rows) for name, rows in records.items()}
        cut = time.process_time()
        judge_and_write(asked, {name: from_pieces(pieces, schemas[name]) for name, pieces in sent.items()}, wanted)
        n_bytes = sum(len(piece) for pieces in sent.values() for piece in pieces)
        print(
            f"in pieces of at most {n_rows:,} rows: {n_bytes / n_people:,.0f} bytes a person, cut in {cut - begun:.2f}, "
            f"put together, judged and written in {time.process_time() - cut:.2f} CPU s"
        )
    print(f"peak memory of this process {peak_mb()} MB, with the records that it read and three judgements")


def in_pieces(rows: pa.Table, n_rows: int) -> list[bytes]:
    return [batch.serialize().to_pybytes() for batch in rows.to_batches(max_chunksize=n_rows)]


def from_pieces(pieces: list[bytes], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_batches([pa.ipc.read_record_batch(pa.py_buffer(piece), schema) for piece in pieces], schema)


def per_row(sizes: list[int], n_rows: int) -> str:
    return " | ".join(f"{size / n_rows:.1f}" for size in sizes) + " |"


def judge_and_write(asked, records, wanted) -> tuple[int, int]:
    made = [(rows.num_rows, as_parquet(rows)) for _, rows in judge_bucket(asked, records, wanted)]
    return sum(n for n, _ in made), sum(size for _, size in made)


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def measure_heavy() -> None:
    asked = question(t.name for t in RECORDS)
    print(
        "| supplies of one person | as many scores | judged, CPU s | trials | peak memory of the process |\n|--:|--:|--:|--:|--:|"
    )
    for n in (0, 100, 1_000, 10_000, 100_000, 1_000_000):
        records = heavy_person(n)
        begun = time.process_time()
        trials = dict(judge_bucket(asked, records, {"trial"}))["trial"].num_rows
        if n:  # the first one compiles
            print(f"| {n:,} | {n:,} | {time.process_time() - begun:.3f} | {trials:,} | {peak_mb()} MB |", flush=True)


def heavy_person(n: int) -> dict[str, pa.Table]:
    """A person with n supplies of 30 days of four drugs in turn, 40 on each day from 1950 on, and n scores."""
    first, drugs = date(1950, 1, 1), ("sertraline", "venlafaxine", "bupropion", "mirtazapine")
    days = [first + timedelta(days=i // 40) for i in range(n)]
    supplies = {
        "person_id": [1] * n,
        "ingredient": [drugs[(i // 2000) % 4] for i in range(n)],
        "start_date": days,
        "end_date": [day + timedelta(days=29) for day in days],
        "mg_per_day": [100.0] * n,
        "is_supplied": [True] * n,
        "address": [f"drug_exposure/{i}" for i in range(n)],
    }
    scores = {"person_id": [1] * n, "measured_date": days, "instrument": ["phq9"] * n, "total": [15.0] * n}
    told = {"person": {"person_id": [1]}, "medication": supplies, "measurement": scores}
    tables = as_tables({})
    for name, columns in told.items():
        schema = tables[name].schema
        rows = len(columns["person_id"])
        whole = [pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(rows, f.type) for f in schema]
        tables[name] = pa.table(whole, schema=schema)
    return tables


def cpu_by_part() -> dict[str, float]:
    """CPU seconds of this process and of its children, those that ended too: the driver, Java, Python workers."""
    children, cpu, name = {}, {}, {}
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            said = Path("/proc", process, "stat").read_text("utf-8")
        except OSError:
            continue
        fields = said[said.rindex(")") + 2 :].split()
        children.setdefault(int(fields[1]), []).append(int(process))
        name[int(process)] = said[said.index("(") + 1 : said.rindex(")")]
        cpu[int(process)] = sum(map(int, fields[11:15])) / TICK
    parts, left = {"driver": 0.0, "java": 0.0, "workers": 0.0}, [os.getpid()]
    while left:
        one = left.pop()
        part = "driver" if one == os.getpid() else "java" if name.get(one) == "java" else "workers"
        parts[part] += cpu.get(one, 0.0)
        left += children.get(one, [])
    return parts


def peak_of_a_worker() -> int:
    """The greatest resident memory that any Python worker of Spark has had, in megabytes."""
    peaks = [0]
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            if b"pyspark.daemon" in Path("/proc", process, "cmdline").read_bytes():
                status = Path("/proc", process, "status").read_text("utf-8")
                peaks.append(int(status.split("VmHWM:")[1].split()[0]) >> 10)
        except OSError:
            continue
    return max(peaks)


def start_spark(place: Path, master: str):
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    from pyspark.sql import SparkSession

    (place / "events").mkdir()
    settings = {
        "spark.driver.memory": "3g",
        "spark.ui.enabled": "false",
        "spark.log.level": os.environ.get("SPARK_LOG", "OFF"),
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(place / "local"),
        "spark.sql.warehouse.dir": str(place / "warehouse"),
        "spark.sql.shuffle.partitions": "8",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": f"file://{place / 'events'}",
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
    }
    if master.startswith("local-cluster"):
        settings["spark.executorEnv.PYTHONPATH"] = os.environ.get("PYTHONPATH", "")
    builder = SparkSession.builder.master(master).appName("spark_scale")
    for setting in settings.items():
        builder = builder.config(*setting)
    return builder.getOrCreate()


class Marks:
    """Wall clock and CPU at each step."""

    def __init__(self):
        self.steps = []
        self("begun", 0, 0)

    def __call__(self, what: str, done: int, total: int) -> None:
        self.steps.append((f"{what} {done}/{total}", time.time(), cpu_by_part()))

    def show(self) -> None:
        for what, when, cpu in self.steps:
            parts = ", ".join(f"{part} {seconds:.1f}" for part, seconds in cpu.items())
            wall = when - self.steps[0][1]
            print(f"{what:16} {wall:8.1f} s wall, {sum(cpu.values()):8.1f} CPU s ({parts})")

    @property
    def judging(self) -> float:
        return next(when for what, when, _ in self.steps if what.startswith("judging")) * 1000


def measure_judging(folder: str, master: str, people_per_bucket: int) -> None:
    from stepwell.engines import engine_on
    from stepwell.spark_workers import check_workers, judge_buckets

    place = Path(tempfile.mkdtemp(prefix="spark-scale-"))
    with connect(folder) as at_work:
        source = open_source(at_work.location, at_work.engine.tables, load(), at_work.vocabulary)
        for table in RECORDS:
            rows = source.tables[table.name].to_pyarrow().cast(table.arrow_schema)
            pq.write_table(rows, place / f"{table.name}.parquet")
    n_people = pq.read_metadata(place / "person.parquet").num_rows
    asked = question(source.has)
    wanted = {*asked.results, *KEPT_RECORDS}
    spark = start_spark(place, master)
    with engine_on(spark) as engine:
        for table in RECORDS:
            engine.session.read.parquet(str(place / f"{table.name}.parquet")).createOrReplaceTempView(table.name)
        relations = {table.name: table.name for table in RECORDS}
        n_buckets = -(-n_people // people_per_bucket)
        for turn in ("the first time", "again"):
            marks, sent = Marks(), 0
            check_workers(engine)
            marks("judging", 0, n_buckets)
            buckets = judge_buckets(engine, relations, asked, n_buckets, people_per_bucket, range(n_buckets), wanted)
            for done, (_, files) in enumerate(buckets, 1):
                sent += sum(map(len, files.values()))
                marks("judging", done, n_buckets)
            print(
                f"\n{n_people:,} people, {turn}; {sent:,} bytes of files came to the driver; "
                f"peak of a worker {peak_of_a_worker()} MB"
            )
            marks.show()
    spark.stop()
    print(f"shuffle of both: {shuffled(place / 'events', 0)['judging']:,} bytes")
    shutil.rmtree(place, ignore_errors=True)


def measure_run(folder: str, master: str, people_per_bucket: int | None) -> None:
    from stepwell.runner import run

    place = Path(tempfile.mkdtemp(prefix="spark-scale-"))
    spark = start_spark(place, master)
    marks = Marks()
    asked = {"definitions": [DEFINITION], "people_per_bucket": people_per_bucket}
    run(folder, place / "out", connection=spark, progress=marks, **asked)
    marks("end", 0, 0)
    spark.stop()
    marks.show()
    for name, sent in shuffled(place / "events", marks.judging).items():
        print(f"shuffle of the {name}: {sent:,} bytes")
    shutil.rmtree(place, ignore_errors=True)


def shuffled(events: Path, judging: float) -> dict[str, int]:
    """Bytes that tasks wrote for a shuffle, before and after the judging began (milliseconds since 1970)."""
    sent = {"reading": 0, "judging": 0}
    for line in next(events.iterdir()).read_text("utf-8").splitlines():
        event = json.loads(line)
        if event["Event"] == "SparkListenerTaskEnd" and event.get("Task Metrics"):
            when = "judging" if event["Task Info"]["Launch Time"] >= judging else "reading"
            sent[when] += event["Task Metrics"]["Shuffle Write Metrics"]["Shuffle Bytes Written"]
    return sent


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["bucket", "heavy", "judge", "run"])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--people", type=int, default=25_000)
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--people-per-bucket", type=int)
    given = parser.parse_args()
    if given.what == "bucket":
        measure_bucket(given.folder, given.people)
    elif given.what == "heavy":
        measure_heavy()
    elif given.what == "judge":
        measure_judging(given.folder, given.master, given.people_per_bucket or PEOPLE_PER_FOLDER)
    else:
        measure_run(given.folder, given.master, given.people_per_bucket)
