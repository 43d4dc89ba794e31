"""Small hand-made results for the report's tests, declared exactly as `stepwell.tables.derived` declares them."""

from __future__ import annotations

from datetime import date

import ibis
import pyarrow as pa
import pytest

from stepwell import tables

BY_NAME = {t.name: t for t in (*tables.DERIVED, *tables.RECORDS)}


def _table_of(name: str, rows: list[dict]):
    """Rows as an Ibis table with the declared columns; columns not given are NULL, unknown columns are an error."""
    declared = BY_NAME[name]
    stray = {key for row in rows for key in row} - set(declared.by_name)
    assert not stray, f"{name} has no column {sorted(stray)}"
    full = [{c.name: row.get(c.name) for c in declared.columns} for row in rows]
    return ibis.memtable(pa.Table.from_pylist(full, schema=declared.schema.to_pyarrow()), schema=declared.schema)


def _steps_of(
    person_id: int, *rungs: tuple[str, str], episode_number: int = 1, intolerant: tuple[int, ...] = ()
) -> list[dict]:
    """One person's rungs as (outcome, how it ended); outcome is remission, response, no response or unscored."""
    known = {
        "remission": (True, True),
        "response": (False, True),
        "no response": (False, False),
        "unscored": (None, None),
    }
    return [
        {
            "person_id": person_id,
            "episode_number": episode_number,
            "step_number": k,
            "kind": "start" if k == 1 else "switch",
            "ingredients": "sertraline",
            "start_date": date(2020, k, 1),
            "end_date": date(2020, k, 28),
            "n_days": 28,
            "is_remission": known[outcome][0],
            "is_response": known[outcome][1],
            "is_intolerance": k in intolerant,
            "ended": ended,
        }
        for k, (outcome, ended) in enumerate(rungs, start=1)
    ]


@pytest.fixture
def table_of():
    return _table_of


@pytest.fixture
def steps_of():
    return _steps_of
