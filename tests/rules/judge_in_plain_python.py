"""Judges a small crowd and writes every row of every table as text: `python judge_in_plain_python.py STAGES FILE`, where STAGES
is definitions, staging or sessions."""

from __future__ import annotations

import sys
from random import Random

import pyarrow as pa
from clinic import FORMS, KNOWLEDGE
from session_clinic import SESSION_CLINIC
from staged import CLINIC, MODELS
from untidy import untidy_crowd, without_days
from untidy_sessions import untidy_sessions

from stepwell.rules import judge_records
from stepwell.rules.person import judge_people
from stepwell.tables import RECORDS


def crowd_of(stages: str) -> tuple:
    """People, the definitions and the knowledge that they are judged by, and the staging models."""
    if stages == "sessions":
        return untidy_sessions(Random("plain sessions"), 20), FORMS[:1], SESSION_CLINIC, ()
    if stages == "staging":
        crowd = untidy_crowd(Random("plain staging"), 20, KNOWLEDGE)
        return without_days(Random("plain staging"), crowd), FORMS[:1], CLINIC, MODELS
    return untidy_crowd(Random("plain"), 15, KNOWLEDGE), FORMS, KNOWLEDGE, ()


def judged(stages: str) -> list[tuple[str, str]]:
    """(table, row) of every row of every table of these stages."""
    crowd, definitions, knowledge, models = crowd_of(stages)
    tables = {t.name: pa.Table.from_pylist(crowd.get(t.name, []), schema=t.schema.to_pyarrow()) for t in RECORDS}
    found = judge_records(tables, definitions, knowledge, frozenset(crowd), models)
    return [(name, repr(row)) for name, table in found.items() for row in table.to_pylist()]


def main(stages: str, file: str) -> None:
    assert not hasattr(judge_people, "overloads"), "compiled: set NUMBA_DISABLE_JIT=1"
    names, rows = zip(*judged(stages), strict=True)
    whole = pa.table({"table": names, "row": rows})
    with pa.OSFile(file, "wb") as sink, pa.ipc.new_file(sink, whole.schema) as writer:
        writer.write_table(whole)


if __name__ == "__main__":
    main(*sys.argv[1:])
