"""Where the time of a run goes: wall clock and CPU of every step, on one bucket of people.

    python benchmarks/profile_stages.py --folder FOLDER [--people 25000] [--definition ID ...] [--explain STAGE] [--write FILE]

Simulates the people (or takes those in the folder), runs stepwell on them as anyone would, and prints a Markdown table in the
order of the work, or writes it into its place in a document. `--explain` adds DuckDB's own profile of a stage: operator by
operator, with rows and seconds.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import stepwell.runner
import stepwell.session
from stepwell.bench.question import DEFINITION
from stepwell.bench.tables import write_into
from stepwell.engines.duckdb import DuckDB
from stepwell.runner import run
from stepwell.simulate import simulate
from stepwell.tables import RECORDS


@dataclass
class Step:
    """One step of the work, with what it has taken so far."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    times: int = 0


class Profile:
    """Adds up what each step takes. Steps follow one another; `around` puts a step inside another, which is then stopped."""

    def __init__(self):
        self.steps: dict[str, Step] = {}
        self._running = "loading stepwell's knowledge"
        self._since = time.perf_counter(), time.process_time()

    def go_on_to(self, name: str) -> str:
        """Ends the running step and begins another; gives back the name of the one that ended."""
        wall, cpu = time.perf_counter(), time.process_time()
        step = self.steps.setdefault(self._running, Step())
        step.wall_s += wall - self._since[0]
        step.cpu_s += cpu - self._since[1]
        step.times += 1
        ended, self._running, self._since = self._running, name, (wall, cpu)
        return ended

    def around(self, of: object, method: str, name: Callable[..., str]) -> None:
        """Makes every call of a method, or of a function of a module, a step."""
        original = getattr(of, method)

        def watched(engine, *arguments):
            interrupted = self.go_on_to(name(*arguments))
            try:
                return original(engine, *arguments)
            finally:
                self.go_on_to(interrupted)

        setattr(of, method, watched)

    def progress(self, what: str, done: int, total: int) -> None:
        """The run's own progress tells where it is between the stages."""
        if what == "reading" and total == len(RECORDS):
            self.go_on_to(f"reading {RECORDS[done].name}" if done < total else "coverage, planning, the rest")
        elif what == "reading":
            self.go_on_to("looking at the source")
        elif done == 0:
            self.go_on_to("coverage, planning, the rest")

    def table(self) -> str:
        """All steps as Markdown, in the order in which they began."""
        total = sum(step.wall_s for step in self.steps.values())
        lines = ["| step | wall | CPU | share of wall |", "|---|--:|--:|--:|"]
        for name, step in self.steps.items():
            lines.append(f"| {name} | {step.wall_s:.3f} s | {step.cpu_s:.3f} s | {100 * step.wall_s / total:.1f} % |")
        cpu = sum(step.cpu_s for step in self.steps.values())
        return "\n".join([*lines, f"| all | {total:.3f} s | {cpu:.3f} s | |"])


def profile(records: Path, result: Path, definitions: list[str], explain: str | None = None) -> Profile:
    """Runs stepwell on the records, watched."""
    watch = Profile()
    record_names = {table.name for table in RECORDS}

    def creating(name: str, sql: str) -> str:
        return f"loading {name}" if name in record_names else f"stage {name}"

    create, write = DuckDB.create, stepwell.session.write_parquet

    def explained(engine: DuckDB, name: str, sql: str) -> None:
        if name == explain:
            print(engine._con.execute(f"EXPLAIN ANALYZE {sql}").fetchall()[0][1])
        create(engine, name, sql)

    try:
        DuckDB.create = explained
        watch.around(DuckDB, "create", creating)
        for module in (stepwell.session, stepwell.runner):
            watch.around(module, "write_parquet", lambda *arguments: f"writing {Path(arguments[-1]).parent.name}")
        run(records, result, definitions=definitions, replace_existing=True, progress=watch.progress)
    finally:
        DuckDB.create = create
        stepwell.session.write_parquet = stepwell.runner.write_parquet = write
    watch.go_on_to("")
    return watch


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--folder", type=Path, required=True, help="where records and result lie; `stepwell bench`'s will do"
    )
    parser.add_argument("--people", type=int, default=25_000)
    parser.add_argument("--definition", nargs="*", default=[DEFINITION], help="ids; none means all")
    parser.add_argument("--explain", metavar="STAGE", help="a stage, by the name that follows `stage` in the table")
    parser.add_argument("--write", type=Path, help="a Markdown document with a place for it: <!-- bench profile -->")
    asked = parser.parse_args()
    records, result = asked.folder / f"records-{asked.people}", asked.folder / "result"
    if not records.exists():
        simulate(asked.people, 1, records)
    table = profile(records, result, asked.definition, asked.explain).table()
    shutil.rmtree(result)
    if asked.write is None:
        print(table)
    else:
        of = f"--definition {' '.join(asked.definition)}".strip()
        command = f"`python benchmarks/profile_stages.py --folder FOLDER --people {asked.people} {of}`"
        write_into(asked.write, {"profile": f"{command}\n\n{table}"})


if __name__ == "__main__":
    main()
