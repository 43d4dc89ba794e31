"""What lies around the sessions of a result, read off its tables when it is asked for."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from stepwell.engine.around import find_concern, find_therapy, find_trajectory
from stepwell.engine.intervals import in_dates, in_days
from stepwell.result import Result
from stepwell.tables import DERIVED, RECORDS
from stepwell.tables.around import CONCERN, THERAPY, TRAJECTORY

_TABLES = {table.name: table for table in (*RECORDS, *DERIVED)}


def around(result: Result, person_id: int | None = None) -> dict[str, ir.Table]:
    """The tables `trajectory`, `therapy` and `concern` of one person, or of everybody, in the order of their keys."""
    read = {
        name: _read(result, name, person_id) for name in ("series", "session", "measurement", "answer", "procedure")
    }
    knowledge = result.knowledge
    instruments = tuple(knowledge.all_instruments.values())
    series, session = read["series"], read["session"]
    made = {
        TRAJECTORY: find_trajectory(
            series, session, read["measurement"], read["answer"], instruments, knowledge.following
        ),
        THERAPY: find_therapy(series, session, read["procedure"], knowledge.around.therapy, knowledge.following),
        CONCERN: find_concern(read["measurement"], read["answer"], series, instruments),
    }
    return {table.name: in_dates(table.columns, rows).order_by(list(table.key)) for table, rows in made.items()}


def _read(result: Result, name: str, person_id: int | None) -> ir.Table:
    """One table with days as integers; empty where a result of an earlier version does not have it."""
    table = _TABLES[name]
    rows = (
        result.table(name)
        if name in result.tables
        else ibis.memtable(table.arrow_schema.empty_table(), schema=table.schema)
    )
    return in_days(table, rows if person_id is None else rows.filter(rows.person_id == person_id))
