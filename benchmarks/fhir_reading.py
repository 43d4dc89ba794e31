"""How fast FHIR is read, beside DuckDB's bare read of the same files, measured in rounds on this machine.

    python benchmarks/fhir_reading.py [FOLDER] [--people 2000] [--rounds 3]

FOLDER holds NDJSON; without it, people are simulated. In each round three things are timed one after the other, in CPU seconds of
the whole process: DuckDB's `read_json` of every file with every top-level element as JSON, written as Parquet (the floor);
stepwell, which reads the same files into its record tables; stepwell, which judges the bundle of one patient in memory.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

import stepwell
from stepwell.engines import connect
from stepwell.knowledge.loader import load
from stepwell.simulate import simulate
from stepwell.sources import open_source


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of this process, all its threads together."""
    start = time.process_time()
    work()
    return time.process_time() - start


def read_bare(files: list[Path], place: Path) -> None:
    """DuckDB's reader alone: nothing is understood."""
    con = duckdb.connect()
    for file in files:
        names = dict.fromkeys(name for line in _first(file, 1000) for name in json.loads(line))
        columns = ", ".join(f"'{name}': 'JSON'" for name in names)
        source = (
            f"read_json('{file}', format='newline_delimited', columns={{{columns}}}, maximum_object_size=134217728)"
        )
        con.execute(f"COPY (SELECT * FROM {source}) TO '{place / file.stem}.parquet'")


def read_records(folder: Path) -> None:
    """stepwell reads the files into its record tables."""
    with connect(str(folder)) as at_work:
        open_source(at_work.location, at_work.engine.tables, load(), at_work.vocabulary)


def one_bundle(files: list[Path]) -> dict:
    """The first patient of the folder as a bundle."""
    patient = json.loads(next(_first(next(f for f in files if f.name.startswith("Patient")), 1)))
    named = f'"Patient/{patient["id"]}"'
    resources = [patient]
    for file in files:
        resources += [json.loads(line) for line in _first(file, None) if named in line]
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


def _first(file: Path, n: int | None):
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if n is not None and number >= n:
                return
            if line.strip():
                yield line


def main() -> None:
    """Prints the median of each, and the ratio to the floor of the same round."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = asked.folder or Path(work) / "people"
        if asked.folder is None:
            simulate(asked.people, 1, folder, format="fhir")
        files = sorted(folder.glob("*.ndjson"))
        n = sum(1 for file in files for _line in _first(file, None))
        size = sum(file.stat().st_size for file in files) / 1e6
        bundle = one_bundle(files)
        stepwell.determine_bundle(bundle, ["us-label"])  # what is compiled once is not timed
        rounds = []
        for _ in range(asked.rounds):
            bare = cpu(lambda: read_bare(files, Path(work)))
            whole = cpu(lambda: read_records(folder))
            one = cpu(lambda: stepwell.determine_bundle(bundle, ["us-label"]))
            rounds.append((bare, whole, one, whole / bare))
    bare, whole, one, ratio = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"{n:,} resources, {size:,.0f} MB, {asked.rounds} rounds, CPU seconds, medians")
    print(f"DuckDB's bare read   {bare:8.2f}")
    print(f"stepwell, to records {whole:8.2f}   {ratio:.1f} times the bare read")
    print(f"one bundle, warm     {one:8.2f}   of {len(bundle['entry'])} resources")


if __name__ == "__main__":
    main()
