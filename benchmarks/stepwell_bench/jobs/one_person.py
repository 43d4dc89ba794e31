"""One person at a time, as a web page would ask: python one_person.py RECORDS OUT.json [DEFINITION ...]

Writes the milliseconds of the first person, for whom the rules are loaded, and of every one after.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import ibis

from stepwell import determine_records, load_knowledge
from stepwell.sources import open_source


def main(records: str, out: str, *ids: str) -> None:
    """Judges everybody in the records, one after another, by the definitions."""
    knowledge = load_knowledge()
    asked = [knowledge.definitions[i] for i in ids]
    source = open_source(records, ibis.duckdb.connect(), knowledge)
    n_people = source.tables["person"].count().to_pyarrow().as_py()
    people = [
        {name: rows.filter(rows.person_id == n).to_pyarrow() for name, rows in source.tables.items()}
        for n in range(1, n_people + 1)
    ]
    took = []
    for person in (people[0], *people):
        began = time.perf_counter()
        determine_records(person, asked, knowledge, has=source.has)
        took.append(1000 * (time.perf_counter() - began))
    first, *warm = took
    Path(out).write_text(json.dumps({"first_ms": first, "warm_ms": warm}), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
