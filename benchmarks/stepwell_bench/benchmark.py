"""The benchmark: stepwell's whole run beside a floor and its rivals, its growth, and one person on a screen.

Everything is measured in one sitting, in processes of their own, in turns; what is compared is ratios within a round.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import pyarrow.parquet as pq

import stepwell
from stepwell.errors import Problem, QuestionError
from stepwell.folder import MARK, make_own, remove_own
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.loader import load
from stepwell.output import write_text
from stepwell.paths import pattern
from stepwell.simulate import simulate

from . import cardinal
from .measure import Measured, Progress, measure, take_turns
from .question import DEFINITION, write_question

JOBS = Path(__file__).parent / "jobs"
_SQL = {"floor": "floor.sql", "eras": "drug_era.sql"}
RIVALS = ("floor", "eras", "polars", "pandas", "cardinal")
"""What stands beside stepwell's whole run in every round."""

PARTS = (*RIVALS, "one-person", "growth")
BY_DEFAULT = ("floor", "eras", "polars", "pandas", "one-person")
"""The others are asked for by name: one fetches packages, the other takes long."""

_SEED = 1
_ON_A_SCREEN = 20
"""People judged one at a time."""


def run_bench(
    folder: Path,
    *,
    people: int,
    pairs: int,
    only: Sequence[str] = BY_DEFAULT,
    growth: Sequence[int] = (),
    memory: str | None = None,
    progress: Progress = lambda what, done, total: None,
) -> dict:
    """Makes what is missing of the records in `folder`, measures the parts asked for, and returns what was measured.

    The keys are `machine`, and by part `beside` (stepwell and its rivals, `pairs` rounds), `cardinal`, `one_person`, `growth`
    (one run a size). `memory` bounds stepwell's whole runs, as `run` is told it, and no rival. Seconds, bytes, and milliseconds
    where a name says so. What is known so far is always in the folder's `measured.json`.
    Raises `QuestionError` for an unknown part, a missing package, or a folder that cannot be written.
    """
    asked = [*dict.fromkeys(only), *(["growth"] if growth and "growth" not in only else [])]
    _check(asked, growth)
    _make(folder)
    # Of a benchmark that was stopped: a run would go on with it, and take less than it does.
    remove_own(folder / "result.partial")
    knowledge = load()
    found: dict = {"machine": _machine()}
    if rivals := [name for name in RIVALS if name in asked]:
        found |= _beside(folder, people, pairs, rivals, memory, knowledge, progress)
        _keep(folder, found)
    if "one-person" in asked:
        found["one_person"] = {"pairs": pairs, "by": _one_person(folder, pairs, knowledge, progress)}
        _keep(folder, found)
    for size in sorted(set(growth)):
        found.setdefault("growth", []).append(_grown(folder, size, memory, progress))
        _keep(folder, found)
    return found


def tables_of(parts: Iterable[str], growth: Sequence[int]) -> set[str]:
    """The keys of `run_bench`'s answer that these parts give, without `machine`."""
    own = {"cardinal": "cardinal", "one-person": "one_person", "growth": "growth"}
    return {own.get(part, "beside") for part in parts} | ({"growth"} if growth else set())


def _keep(folder: Path, found: dict) -> None:
    write_text(folder / "measured.json", json.dumps(found, indent=2) + "\n", replace=True)


def _beside(
    folder: Path,
    people: int,
    pairs: int,
    rivals: list[str],
    memory: str | None,
    knowledge: Knowledge,
    progress: Progress,
) -> dict:
    records, result = _records(folder, people, progress), folder / "result"
    question, answer, named = folder / "question.json", folder / "answer.parquet", folder / "named.jsonl"
    write_question(records, knowledge, question)
    commands = {"stepwell": _whole_run(records, result, memory)}
    for name in rivals:
        if name == "cardinal":
            python, sample = cardinal.environment(folder), _records(folder, cardinal.PEOPLE, progress)
            cardinal.write_mentions(sample, knowledge, folder / "mentions.csv")
            named.unlink(missing_ok=True)
            commands[name] = [python, JOBS / "in_cardinal.py", folder / "mentions.csv", named]
        elif name in _SQL:
            commands[name] = _job("run_sql.py", JOBS / _SQL[name], pattern(records))
        else:
            commands[name] = _job(f"in_{name}.py", question, records, answer)
    _read_through(records)
    taken = take_turns(commands, pairs, progress)
    remove_own(result)
    about = {"people": people, "pairs": pairs, "memory": memory, "definition": DEFINITION}
    found: dict = {}
    if set(rivals) - {"cardinal"}:
        found["beside"] = {
            **about,
            "drug_exposures": pq.read_metadata(records / "drug_exposure.parquet").num_rows,
            "runs": {name: [asdict(m) for m in runs] for name, runs in taken.items() if name != "cardinal"},
        }
    if "cardinal" in rivals:
        told = [json.loads(line) for line in named.read_text("utf-8").splitlines()]
        found["cardinal"] = {
            **about,
            "sample": told[-1]["n_people"],
            "function_s": [t["seconds"] for t in told],
            "stepwell_s": [m.wall_s for m in taken["stepwell"]],
            "answers": cardinal.compare_answers(sample, set(told[-1]["named"]), folder),
        }
    return found


def _one_person(folder: Path, pairs: int, knowledge: Knowledge, progress: Progress) -> dict:
    """By how many definitions: the first person's milliseconds of each process, and everybody else's of all."""
    records, out = _records(folder, _ON_A_SCREEN, progress), folder / "one-person.json"
    found = {}
    usual = [d.id for d in knowledge.definitions.values() if d.by_default]
    for name, ids in ((DEFINITION, [DEFINITION]), ("those run by default", usual)):
        first, warm = [], []
        for turn in range(pairs):
            progress(f"one person, {name}", turn, pairs)
            measure(_job("one_person.py", records, out, *ids))
            told = json.loads(out.read_text("utf-8"))
            first.append(told["first_ms"])
            warm.append(told["warm_ms"])
        progress(f"one person, {name}", pairs, pairs)
        found[name] = {"definitions": len(ids), "first_ms": first, "warm_ms": warm}
    return found


def _grown(folder: Path, people: int, memory: str | None, progress: Progress) -> dict:
    records, result = _records(folder, people, progress), folder / "result"
    progress(f"running {people:,} people", 0, 1)
    _read_through(records)
    took: Measured = measure(_whole_run(records, result, memory))
    remove_own(result)
    progress(f"running {people:,} people", 1, 1)
    return {"people": people, "memory": memory, "definition": DEFINITION, **asdict(took)}


def _whole_run(records: Path, result: Path, memory: str | None) -> list[str | Path]:
    return _job("whole_run.py", records, result, DEFINITION, *([memory] if memory else []))


def _job(name: str, *arguments: str | Path) -> list[str | Path]:
    return [sys.executable, JOBS / name, *arguments]


def _records(folder: Path, people: int, progress: Progress) -> Path:
    """Simulated records of so many people with realistic noise, as Parquet: made once, used again."""
    records = folder / f"records-{people}"
    if not records.exists():
        what = f"simulating {people:,} people"
        simulate(people, _SEED, records, progress=lambda done, total: progress(what, done, total))
    return records


def _read_through(records: Path) -> None:
    """Reads the files once, so that nobody pays for being the first to."""
    for file in sorted(records.glob("*.parquet")):
        with file.open("rb") as opened:
            while opened.read(1 << 24):
                pass


def _check(asked: Sequence[str], growth: Sequence[int]) -> None:
    problems = [
        Problem(name, "is nothing that is measured", f"one of {', '.join(PARTS)}")
        for name in asked
        if name not in PARTS
    ]
    if "growth" in asked and not growth:
        problems.append(Problem("growth", "no sizes", "numbers of people", "add --growth 10000,100000"))
    problems += [Problem("growth", f"{n} people", "1 or more") for n in growth if n < 1]
    problems += [
        Problem(name, "is not installed", f"the package {name}", 'pip install -e ".[bench]"')
        for name in ("pandas", "polars")
        if name in asked and importlib.util.find_spec(name) is None
    ]
    if problems:
        raise QuestionError("Nothing was measured.", problems)


def _make(folder: Path) -> None:
    try:
        if folder.exists() and not (folder / MARK).is_file() and any(folder.iterdir()):
            found, remedy = "holds what no benchmark wrote", "name another folder with --folder"
            raise QuestionError("Nothing was measured.", [Problem(str(folder), found, "a new folder", remedy)])
        make_own(folder)
    except OSError as error:
        found, remedy = error.strerror or "not writable", "name another folder with --folder"
        raise QuestionError(
            "Nothing was measured.", [Problem(str(folder), found, "a folder to write to", remedy)]
        ) from None


def _machine() -> dict:
    packages = ("duckdb", "ibis-framework", "pandas", "polars", "pyarrow")
    return {
        "system": platform.system(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "python": platform.python_version(),
        "stepwell": stepwell.__version__,
        **{name: version(name) for name in packages if importlib.util.find_spec(name.split("-")[0])},
    }
