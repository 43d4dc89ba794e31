"""Judges a small crowd and writes every row of every table as text: `python judge_in_plain_python.py FILE`."""

from __future__ import annotations

import sys
from random import Random

import pyarrow as pa
from clinic import FORMS, KNOWLEDGE
from untidy import untidy_crowd

from stepwell.rules import judge_records
from stepwell.rules.person import judge_people
from stepwell.tables import RECORDS


def main(file: str) -> None:
    assert not hasattr(judge_people, "overloads"), "compiled: set NUMBA_DISABLE_JIT=1"
    crowd = untidy_crowd(Random("plain"), 40, KNOWLEDGE)
    tables = {t.name: pa.Table.from_pylist(crowd.get(t.name, []), schema=t.schema.to_pyarrow()) for t in RECORDS}
    found = judge_records(tables, FORMS, KNOWLEDGE, frozenset(crowd))
    names = [name for name, table in found.items() for _ in range(table.num_rows)]
    rows = [repr(row) for table in found.values() for row in table.to_pylist()]
    whole = pa.table({"table": names, "row": rows})
    with pa.OSFile(file, "wb") as sink, pa.ipc.new_file(sink, whole.schema) as writer:
        writer.write_table(whole)


if __name__ == "__main__":
    main(sys.argv[1])
