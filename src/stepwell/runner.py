"""The main job: a source in, a result folder out, in bounded memory, with nothing half-written.

The records are read once and laid down by buckets of people; each bucket then goes through the same compiled plan. Whatever the
size of the source, only one bucket's tables are in memory. All work happens in a folder beside the result, which takes the
result's name when everything is done. It is removed when anything fails or the user stops; when the run is killed it stays,
and the next run of the same question continues there.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq

import stepwell
from stepwell.errors import Problem, QuestionError
from stepwell.knowledge.definition import Definition
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.load import load
from stepwell.pipeline import plan
from stepwell.result import Result, write_manifest
from stepwell.session import Session
from stepwell.sources import open_source
from stepwell.sources.coverage import Coverage, find_coverage
from stepwell.sources.source import Source
from stepwell.store import WorkFolder, store_records
from stepwell.tables import ATTRITION

PEOPLE_PER_BUCKET = 25_000
"""Large enough that the fixed cost of a query is small beside its rows, small enough for a few hundred megabytes."""

_KEPT_RECORDS = ("person", "observation_period", "condition", "measurement", "procedure")
"""Record tables that the result keeps; medication records live on in `exposure`, with their addresses."""

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


def run(
    location: str | Path,
    out: str | Path | None = None,
    *,
    definitions: Sequence[str] = (),
    definition_files: Sequence[Path] = (),
    knowledge: Knowledge | None = None,
    replace_existing: bool = False,
    memory: str | None = None,
    threads: int | None = None,
    people_per_bucket: int = PEOPLE_PER_BUCKET,
    progress: Progress = lambda what, done, total: None,
) -> Result:
    """Reads a source, judges everybody by every definition asked, and returns the result (kept in `out`, or in a temporary
    folder that goes with it).

    `definitions` are ids; none means all that the data can answer. `memory` is DuckDB's limit, such as `2GB`.
    Raises `SourceError` for records that cannot be read, `QuestionError` for a definition that does not exist or that this data
    cannot answer, and for a folder that cannot be written.
    """
    started = time.monotonic()
    knowledge = knowledge or load(tuple(definition_files))
    asked = _find_definitions(definitions, knowledge)
    temporary = Path(tempfile.mkdtemp(prefix="stepwell-")) if out is None else None
    out = Path(out) if out is not None else temporary / "result"
    partial = _make_partial(out, replace_existing)
    work = WorkFolder(partial / "work")
    try:
        con = _connect(work.folder, memory, threads)
        try:
            manifest = _run_into(partial, work, con, str(location), asked, knowledge, people_per_bucket, progress)
        finally:
            con.disconnect()
        work.close()
        shutil.rmtree(work.folder)
        write_manifest(partial, manifest, seconds=time.monotonic() - started)
        _put_in_place(partial, out)
    except BaseException:
        work.close()
        shutil.rmtree(temporary or partial, ignore_errors=True)
        raise
    result = Result.open(out, knowledge=knowledge)
    if temporary is not None:
        weakref.finalize(result, shutil.rmtree, temporary, ignore_errors=True)
    return result


def _run_into(
    partial: Path,
    work: WorkFolder,
    con: ibis.BaseBackend,
    location: str,
    asked: tuple[Definition, ...],
    knowledge: Knowledge,
    people_per_bucket: int,
    progress: Progress,
) -> dict:
    progress("reading", 0, 1)
    source = open_source(location, con, knowledge)
    question = {
        "stepwell": stepwell.__version__,
        "source": source.fingerprint,
        "knowledge": knowledge.digest,
        "asked": [d.name for d in asked],
        "people_per_bucket": people_per_bucket,
    }
    is_stored = work.is_of(question)
    if not is_stored:
        _empty(partial, keep=work.folder)
    stored = store_records(source, con, work.folder, people_per_bucket, is_stored, progress)
    work.mark_stored(question)
    coverage = find_coverage(stored.source, con, knowledge)
    chosen = _choose(asked, coverage, knowledge)
    what = plan(chosen, knowledge, source.has)
    session = Session(con.con, what, knowledge)
    tables = (*_KEPT_RECORDS, *what.results)
    for name in tables:
        (partial / name).mkdir(exist_ok=True)
    for bucket in range(stored.n_buckets):
        progress("judging", bucket, stored.n_buckets)
        if work.is_done(bucket):
            continue
        session.load({name: stored.select(name, bucket) for name in stored.source.tables})
        session.execute()
        for name in tables:
            sql = stored.ordered_select(name, bucket) if name in _KEPT_RECORDS else session.ordered_sql(name)
            _write_parquet(con.con, sql, partial / name / f"part-{bucket:05d}.parquet")
        work.mark_done(bucket)
    progress("judging", stored.n_buckets, stored.n_buckets)
    (partial / "attrition").mkdir(exist_ok=True)
    _write_attrition(con.con, source, partial / "attrition" / "part-00000.parquet")
    counts = {name: _count(con.con, partial / name) for name in (*tables, "attrition")}
    return {
        "stepwell": stepwell.__version__,
        "source": {"label": source.label, "location": source.location, "fingerprint": source.fingerprint},
        "definitions": [d.name for d in chosen],
        "not_answerable": {d.name: coverage.missing_for(d) for d in knowledge.definitions.values() if d not in chosen},
        "settings": {
            s: how.model_dump(mode="json", by_alias=True, exclude_none=True) for s, how in what.settings.items()
        },
        "setting_of": dict(what.setting_of),
        "step_setting": what.step_setting,
        "has": sorted(source.has),
        "knowledge": knowledge.digest,
        "engine": "duckdb",
        "coverage": coverage.as_dict(),
        "rows": counts,
    }


def _find_definitions(ids: Sequence[str], knowledge: Knowledge) -> tuple[Definition, ...]:
    unknown = [i for i in ids if i not in knowledge.definitions]
    if unknown:
        raise QuestionError(
            "There is no such definition.",
            [Problem(i, "unknown definition", f"one of {', '.join(sorted(knowledge.definitions))}") for i in unknown],
        )
    return tuple(knowledge.definitions[i] for i in dict.fromkeys(ids))


def _choose(asked: tuple[Definition, ...], coverage: Coverage, knowledge: Knowledge) -> tuple[Definition, ...]:
    """The definitions to run: those asked, all of which the data must be able to answer, or else all that it can."""
    problems = [
        Problem(d.name, f"this data cannot answer it: {missing}", remedy="leave it out, or add the missing records")
        for d in asked
        for missing in coverage.missing_for(d)
    ]
    if problems:
        raise QuestionError("The data cannot answer every definition that was asked.", problems)
    chosen = asked or tuple(
        d for d in knowledge.definitions.values() if d.status != "retired" and not coverage.missing_for(d)
    )
    if not chosen:
        raise QuestionError(
            "The data can answer none of the definitions.",
            [Problem(d.name, "; ".join(coverage.missing_for(d))) for d in knowledge.definitions.values()],
        )
    return tuple(sorted(chosen, key=lambda d: d.name))


def _connect(work: Path, memory: str | None, threads: int | None) -> ibis.BaseBackend:
    # Buckets come in any order and every table is ordered when it is written, so the engine need not keep the order of rows.
    settings = {"temp_directory": str(work / "spill"), "preserve_insertion_order": False}
    if memory:
        settings["memory_limit"] = memory
    if threads:
        settings["threads"] = threads
    return ibis.duckdb.connect(**settings)


def _make_partial(out: Path, replace_existing: bool) -> Path:
    if out.exists() and not replace_existing:
        raise QuestionError(
            "The result folder is already there.",
            [Problem(str(out), "exists", "a new folder", "name another folder with --out, or add --replace")],
        )
    if out.exists() and not (out / "run.json").is_file():
        raise QuestionError(
            "The folder to replace is no stepwell result.",
            [Problem(str(out), "has no run.json", "a folder that stepwell wrote", "name another folder")],
        )
    # One name for every run of the same result: what a killed run left behind is found, and continued or replaced.
    partial = out.with_name(f"{out.name}.partial")
    try:
        (partial / "work").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise QuestionError(
            "The result folder cannot be written.",
            [
                Problem(
                    str(out), error.strerror or "not writable", "a folder that may be written", "name another folder"
                )
            ],
        ) from None
    return partial


def _put_in_place(partial: Path, out: Path) -> None:
    if out.exists():
        old = out.with_name(f"{out.name}.old.partial")
        shutil.rmtree(old, ignore_errors=True)
        out.rename(old)
        partial.rename(out)
        shutil.rmtree(old)
    else:
        partial.rename(out)


def _empty(partial: Path, keep: Path) -> None:
    """Clears away what a killed run of another question left behind; the lock of this run stays."""
    for entry in (*partial.iterdir(), *keep.iterdir()):
        if entry.is_dir() and entry != keep and entry.name != "spill":
            shutil.rmtree(entry)
        elif entry.is_file() and entry.name != "lock":
            entry.unlink()


def _write_parquet(con: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    con.execute("SET preserve_insertion_order = true")
    con.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    con.execute("SET preserve_insertion_order = false")


def _write_attrition(con: duckdb.DuckDBPyConnection, source: Source, path: Path) -> None:
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
        for number, loss in enumerate(source.losses, 1)
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=ATTRITION.schema.to_pyarrow()), path)


def _count(con: duckdb.DuckDBPyConnection, folder: Path) -> int:
    if not any(folder.glob("*.parquet")):
        return 0
    return con.execute(f"SELECT count(*) FROM read_parquet('{folder}/*.parquet')").fetchone()[0]
