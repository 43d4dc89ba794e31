"""A whole run beside the least that any run must do: read the same drug records and put them in order.

    python benchmarks/against_floor.py --people 1000000 --folder /tmp/stepwell-bench --pairs 3

Simulates the people once (kept in the folder), then takes the floor and the run in turn, each in a process of its own, and
prints the seconds, the peak memory and the ratio of every pair, with medians. The floor is plain DuckDB: the drug exposures
of the same Parquet files, sorted by person and day into a table.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

FLOOR = """
import duckdb, sys
con = duckdb.connect()
con.execute(f"SET temp_directory = '{sys.argv[2]}'")
con.execute(
    f"CREATE TEMP TABLE sorted AS SELECT * FROM read_parquet('{sys.argv[1]}') ORDER BY person_id, drug_exposure_start_date"
)
"""
RUN = """
import sys
from stepwell.runner import run
definitions = sys.argv[4].split(",") if sys.argv[4] else ()
run(sys.argv[1], sys.argv[2], replace_existing=True, memory=sys.argv[3] or None, definitions=definitions)
"""


def measure(code: str, *arguments: str) -> tuple[float, float]:
    """Seconds and peak memory in GB of a process that runs the code."""
    wrapper = (
        "import json, resource, subprocess, sys, time\n"
        "start = time.monotonic()\n"
        "subprocess.run([sys.executable, '-c', *sys.argv[1:]], check=True)\n"
        "peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss\n"
        "print(json.dumps([time.monotonic() - start, peak / 1e6]))\n"
    )
    done = subprocess.run([sys.executable, "-c", wrapper, code, *arguments], check=True, capture_output=True, text=True)
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Prints one line per pair and the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--memory", default="", help="DuckDB's memory limit for the run, such as 1GB")
    parser.add_argument("--definitions", default="", help="ids, separated by commas (default: all)")
    asked = parser.parse_args()

    records = asked.folder / f"records-{asked.people}-{asked.seed}"
    if not records.exists():
        from stepwell.simulate import simulate

        started = time.monotonic()
        simulate(asked.people, asked.seed, records)
        print(f"simulated {asked.people:,} people in {time.monotonic() - started:.0f} s", flush=True)
    drugs = next(str(p) for p in (records / "drug_exposure.parquet", records / "drug_exposure") if p.exists())
    drugs = drugs if drugs.endswith(".parquet") else drugs + "/*.parquet"
    ratios, floors, runs = [], [], []
    for pair in range(1, asked.pairs + 1):
        floors.append(measure(FLOOR, drugs, str(asked.folder / "spill")))
        runs.append(measure(RUN, str(records), str(asked.folder / "result"), asked.memory, asked.definitions))
        ratios.append(runs[-1][0] / floors[-1][0])
        print(
            f"pair {pair}: floor {floors[-1][0]:.1f} s {floors[-1][1]:.2f} GB, "
            f"run {runs[-1][0]:.1f} s {runs[-1][1]:.2f} GB, ratio {ratios[-1]:.2f}",
            flush=True,
        )
    print(
        f"median ratio of time {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); "
        f"of peak memory {statistics.median(r[1] for r in runs) / statistics.median(f[1] for f in floors):.2f}"
    )
    shutil.rmtree(asked.folder / "spill", ignore_errors=True)


if __name__ == "__main__":
    main()
