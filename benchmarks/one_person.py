"""How long one person takes, warm, as a web page would ask: python benchmarks/one_person.py [definition ...]"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import ibis

from stepwell import determine_records, load_knowledge
from stepwell.simulate import simulate
from stepwell.sources import open_source


def main() -> None:
    """Prints the median and the range over 20 people, one at a time."""
    knowledge = load_knowledge()
    asked = [knowledge.definitions[i] for i in sys.argv[1:]] or list(knowledge.definitions.values())
    with tempfile.TemporaryDirectory() as folder:
        simulate(20, 1, Path(folder) / "records")
        con = ibis.duckdb.connect()
        source = open_source(Path(folder) / "records", con, knowledge)
        people = [
            {name: rows.filter(rows.person_id == n).to_pyarrow() for name, rows in source.tables.items()}
            for n in range(1, 21)
        ]
        seconds = []
        for records in [people[0], *people]:
            started = time.perf_counter()
            determine_records(records, asked, knowledge, has=source.has)
            seconds.append(time.perf_counter() - started)
    first, *warm = (1000 * s for s in seconds)
    print(f"{len(asked)} definitions, ms per person: first {first:.0f}, then median {statistics.median(warm):.0f}")
    print(f"range {min(warm):.0f} to {max(warm):.0f}")


if __name__ == "__main__":
    main()
