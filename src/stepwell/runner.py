"""The main job: a source in, a result folder out, in bounded memory, with nothing half-written.

The records are read once and laid down by buckets of people, in the work folder or where they were read; the rules then judge
one bucket after another. Whatever the size of the source, only one bucket's tables are in memory. All work happens in a
folder beside the result, which takes the result's name when everything is done. It is removed when anything fails or the user
stops; when the run is killed, the disk is full or the database gone it stays, and the next run of the same question continues
there.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import weakref
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from queue import SimpleQueue

import pyarrow as pa
import pyarrow.parquet as pq

from stepwell.asked import KEPT_RECORDS, RESULT_TABLES, Asked, choose, describe_request, find_asked
from stepwell.bucket import judge_bucket
from stepwell.engines import Connection, DuckDB, Engine, Place, connect, write_parquet
from stepwell.errors import Problem, QuestionError, UnfinishedError
from stepwell.folder import clear_away, partial_folder, put_in_place, remove_own, told_when_full
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.loader import load
from stepwell.memory import give_back_what_is_freed
from stepwell.result import Result, keep_definitions, write_manifest
from stepwell.result_losses import find_age_losses, find_session_losses
from stepwell.rules import Question, holds_sessions, translate
from stepwell.sources import open_source
from stepwell.sources.coverage import find_coverage
from stepwell.sources.parts import PEOPLE_PER_FOLDER
from stepwell.sources.source import Loss
from stepwell.store import Progress, StoredRecords, WorkFolder, store_in_engine, store_in_folder
from stepwell.tables import ATTRITION, RECORDS, SESSIONS
from stepwell.version import __version__

_MEMORY_PER_PERSON = 19_000
"""Bytes that one more bucket beside the others takes at its peak, measured with 29 drug records a person."""

_MOST_THREADS = 1024

_DECLARED = {table.name: table for table in RECORDS}


def run(
    location: str | Path,
    out: str | Path | None = None,
    *,
    definitions: Sequence[str] = (),
    stagings: Sequence[str] = (),
    definition_files: Sequence[Path] = (),
    tables: Sequence[str] = (),
    knowledge: Knowledge | None = None,
    replace_existing: bool = False,
    engine: str | None = None,
    connection: Connection | None = None,
    memory: str | None = None,
    threads: int | None = None,
    people_per_bucket: int | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Result:
    """Reads a source, judges everybody by every definition asked, and returns the result (kept in `out`, or in a temporary
    folder that goes with it).

    `location` is a path, the address of a database (`postgresql://user@host/db?schema=cdm`, `spark://host:7077/schema`) or,
    with a `connection` (psycopg's, or a Spark session), the name of a schema there. `engine` is `spark` to read a path by Spark.
    `definitions` are ids; none means the definitions that are run by default and those of `definition_files`, `all` means every
    definition, both as far as the data can answer them; `stagings` name staging models in the same way. `tables` names the tables
    to write, besides `person`, `determination`, `session`, `monitoring` and `attrition`; none means all. A result of some tables
    is for reading, not for explaining: no command opens it. `memory` is DuckDB's limit, such as `2GB`.
    On Linux, the process gives large blocks of freed memory back to the system from then on.
    Raises `SourceError` for records that cannot be read, `QuestionError` for a definition that does not exist or that this data
    cannot answer, for a folder that cannot be written and for an engine that cannot be reached, `UnfinishedError` when the disk
    is full or the database goes away: what was done by then is kept, and the same run continues there.
    """
    started = time.monotonic()
    give_back_what_is_freed()
    knowledge = knowledge or load(tuple(definition_files))
    asked = find_asked(definitions, stagings, knowledge, tables)
    temporary = Path(tempfile.mkdtemp(prefix="stepwell-")) if out is None else None
    out = Path(out) if out is not None else temporary / "result"
    with partial_folder(out, replace_existing) as partial:
        work = None
        try:
            with told_when_full(partial):
                work = WorkFolder(partial / "work")
            settings = _duckdb_settings(work.folder, memory, threads)
            with (
                told_when_full(partial),
                connect(str(location), engine=engine, connection=connection, settings=settings) as place,
            ):
                size = people_per_bucket or PEOPLE_PER_FOLDER
                manifest = _run_into(partial, work, place, asked, knowledge, size, progress)
            work.close()
            with told_when_full(partial):
                keep_definitions(partial, definition_files)
                write_manifest(partial, manifest, seconds=time.monotonic() - started)
                put_in_place(partial, out, replace_existing)
        except UnfinishedError as error:
            if work is None:
                raise
            n_done = work.n_done()
            work.close()
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)
                raise
            found = f"{n_done} {'bucket' if n_done == 1 else 'buckets'} of people done and kept"
            kept = Problem(
                str(partial), found, remedy="run the same command again: it continues there (or remove the folder)"
            )
            raise type(error)(error.title, [*error.problems, kept]) from None
        except BaseException:
            if work is None:
                # Stopped before the folder was this run's: it is if no other run is at work in it.
                with suppress(QuestionError, OSError):
                    work = WorkFolder(partial / "work")
            if work is not None:
                work.close()
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)
            elif work is not None:
                remove_own(partial)
            raise
    result = Result.open(out, knowledge=knowledge, is_whole=False)
    if temporary is not None:
        weakref.finalize(result, shutil.rmtree, temporary, ignore_errors=True)
    return result


def _run_into(
    partial: Path,
    work: WorkFolder,
    place: Place,
    asked: Asked,
    knowledge: Knowledge,
    people_per_bucket: int,
    progress: Progress,
) -> dict:
    progress("reading", 0, 1)
    engine = place.engine
    if engine.kind == "spark":
        from stepwell.spark_workers import check_workers

        check_workers(engine)
    stored = _store(partial, work, place, asked, knowledge, people_per_bucket, progress)
    source = stored.source
    coverage = find_coverage(source, knowledge)
    chosen = choose(asked, coverage)
    n_given = sum(t.n_rows for t in coverage.tables if t.table in ("dose", "declared_session"))
    has_sessions = holds_sessions(n_given, (c.codeset for c in coverage.codesets), knowledge)
    stagings = tuple(asked.stagings)
    question = translate(tuple(chosen), stagings, knowledge, frozenset(source.has), has_sessions)
    made = {*KEPT_RECORDS, *question.results, *(t.name for t in SESSIONS)}
    tables = tuple(name for name in asked.tables if name in made)
    for name in tables:
        (partial / name).mkdir(exist_ok=True)
    _judge(stored, question, engine, people_per_bucket, partial, frozenset(tables), work, progress)
    (partial / "attrition").mkdir(exist_ok=True)
    _write_attrition(
        (*source.losses, *find_age_losses(partial), *find_session_losses(partial)),
        partial / "attrition" / "part-00000.parquet",
    )
    return {
        "stepwell": __version__,
        "source": {
            "label": source.label,
            "location": place.shown or source.location,
            "fingerprint": source.fingerprint,
        },
        "definitions": [d.name for d in chosen],
        "not_answerable": {d.name: coverage.missing_for(d) for d in asked.offered if d not in chosen},
        **describe_request(chosen, stagings, knowledge),
        "has": sorted(source.has),
        "knowledge": knowledge.digest,
        "engine": engine.kind,
        "coverage": coverage.as_dict(),
        "rows": {name: _count(partial / name) for name in (*tables, "attrition")},
        **({} if asked.tables == RESULT_TABLES else {"only": list(tables)}),
    }


def _judge(
    stored: StoredRecords,
    question: Question,
    engine: Engine,
    people_per_bucket: int,
    partial: Path,
    wanted: frozenset[str],
    work: WorkFolder,
    progress: Progress,
) -> None:
    """Judges the buckets that are not done yet, several at a time, and writes their tables."""
    waiting = [bucket for bucket in range(stored.n_buckets) if not work.is_done(bucket)]
    n_done = stored.n_buckets - len(waiting)
    progress("judging", n_done, stored.n_buckets)
    if engine.kind == "spark":
        from stepwell.spark_workers import judge_buckets

        n_buckets = stored.n_buckets
        buckets = judge_buckets(engine, stored.relations, question, n_buckets, people_per_bucket, waiting, wanted)
        done = _write_files(buckets, partial, work)
    else:
        engines = engine.side_by_side(memory_each=people_per_bucket * _MEMORY_PER_PERSON)
        done = _judge_here(stored, question, engines, partial, wanted, work, waiting)
    with closing(done):  # when the progress is stopped no judging goes on
        for n_more, _ in enumerate(done, 1):
            progress("judging", n_done + n_more, stored.n_buckets)


def _write_files(buckets: Generator[tuple[int, dict[str, bytes]]], partial: Path, work: WorkFolder) -> Iterator[int]:
    """Writes the files of buckets that were judged elsewhere; gives each bucket that is done."""
    with closing(buckets):
        for bucket, files in buckets:
            for name, file in files.items():
                _part(partial, name, bucket).write_bytes(file)
            work.mark_done(bucket)
            yield bucket


def _judge_here(
    stored: StoredRecords,
    question: Question,
    engines: Sequence[Engine],
    partial: Path,
    wanted: frozenset[str],
    work: WorkFolder,
    waiting: Sequence[int],
) -> Iterator[int]:
    """Judges the buckets in this process, as many at a time as there are engines to read them; gives each bucket that is done."""
    idle = SimpleQueue()
    for engine in engines:
        idle.put(engine)

    def judge_one(bucket: int) -> int:
        engine = idle.get()
        try:
            tables = {name: _read(engine, stored, name, bucket) for name in _DECLARED}
            for name, rows in judge_bucket(question, tables, wanted):
                write_parquet([rows], rows.schema, _part(partial, name, bucket))
            work.mark_done(bucket)
            return bucket
        finally:
            idle.put(engine)

    with ThreadPoolExecutor(len(engines)) as pool:
        # A single engine works in this thread, to which its connection may be bound.
        yield from (pool.map if len(engines) > 1 else map)(judge_one, waiting)


def _read(engine: Engine, stored: StoredRecords, name: str, bucket: int) -> pa.Table:
    schema = _DECLARED[name].arrow_schema
    return engine.read(stored.select(name, bucket), schema).cast(schema)


def _part(partial: Path, name: str, bucket: int) -> Path:
    return partial / name / f"part-{bucket:05d}.parquet"


def _store(
    partial: Path,
    work: WorkFolder,
    place: Place,
    asked: Asked,
    knowledge: Knowledge,
    people_per_bucket: int,
    progress: Progress,
) -> StoredRecords:
    """Opens the source and lays its records down. What another question left in the folder is cleared away."""
    source = open_source(place.location, place.engine.tables, knowledge, place.vocabulary)
    is_in_process = isinstance(place.engine, DuckDB)
    stored = None if is_in_process else store_in_engine(source, place.engine, people_per_bucket, progress)
    question = {
        "stepwell": __version__,
        "source": (stored.source if stored else source).fingerprint,
        "knowledge": knowledge.digest,
        "asked": [d.name for d in (*asked.named, *asked.offered, *asked.stagings)],
        "engine": place.engine.kind,
        "people_per_bucket": people_per_bucket,
        "tables": list(asked.tables),
    }
    is_stored = work.is_of(question)
    if not is_stored:
        clear_away(partial, keep=work.folder)
    if stored is None:
        stored = store_in_folder(source, place.engine, work.folder, people_per_bucket, is_stored, progress)
    work.mark_stored(question)
    return stored


def _duckdb_settings(work: Path, memory: str | None, threads: int | None) -> dict:
    shutil.rmtree(work / "spill", ignore_errors=True)  # what a run that was killed left there
    # Buckets come in any order and every table is ordered when it is written, so the engine need not keep the order of rows.
    settings = {"temp_directory": str(work / "spill"), "preserve_insertion_order": False}
    # The system keeps the files that were read in memory as long as there is room; a copy of our own would be held beside it.
    settings["enable_external_file_cache"] = False
    if memory:
        settings["memory_limit"] = memory
    if threads is not None and not 1 <= threads <= _MOST_THREADS:
        problem = Problem("threads", str(threads), f"1 to {_MOST_THREADS:,}", "leave it out to use all cores")
        raise QuestionError("DuckDB cannot work with that many threads.", [problem])
    if threads:
        settings["threads"] = threads
    return settings


def _write_attrition(losses: Sequence[Loss], path: Path) -> None:
    rows = [
        {
            "number": number,
            "table": loss.table,
            "what": loss.what,
            "effect": loss.effect,
            "n_rows": loss.n_rows,
            "n_people": loss.n_people,
            "n_remaining": loss.n_remaining,
        }
        for number, loss in enumerate(losses, 1)
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=ATTRITION.arrow_schema), path)


def _count(folder: Path) -> int:
    return sum(pq.read_metadata(part).num_rows for part in folder.glob("*.parquet"))
