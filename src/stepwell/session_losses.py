"""What had to be said about the records of treatments given in sessions, counted in the tables of a run: lines of `attrition`."""

from __future__ import annotations

from pathlib import Path

import duckdb

from stepwell.paths import patterns
from stepwell.sources.source import Loss

_FOUND = (
    ("days of treatment before birth or after death", "left out", 'NOT "session.alive"'),
    (
        "days of a drug that was given for something else, by its route, its dose, what else was done that day or the diagnoses",
        "left out",
        'NOT is_session AND "session.alive" IS NOT FALSE',
    ),
    ("days of which nobody can tell whether they are sessions", "kept", "is_session IS NULL"),
    ("days with several records, which are one session", "corrected", "n_records > 1"),
    ("days with rows that are alike, sent twice or two doses: the dose is a range", "kept",
     "n_repeated_records > 0 AND mg IS NULL AND mg_at_least < mg_at_most"),
    ("days with a dose that no session has (another unit?)", "read as unknown", "is_dose_impossible"),
    ("days whose records contradict each other in the dose", "read as unknown", "is_dose_contradictory"),
    ("days with a billing code used outside its dates", "read as unknown", "is_code_out_of_date"),
)  # fmt: skip


def find_session_losses(folder: Path) -> list[Loss]:
    """The findings among the tables `session` and `monitoring` of a result that is being written."""
    sessions, readings = (list((folder / name).glob("*.parquet")) for name in ("session", "monitoring"))
    if not sessions:
        return []
    with duckdb.connect() as con:
        con.read_parquet(patterns(sessions), hive_partitioning=False).create_view("session")
        counts = ", ".join(
            f"count(*) FILTER (WHERE {when}), count(DISTINCT person_id) FILTER (WHERE {when})" for _, _, when in _FOUND
        )
        numbers = con.execute(f"SELECT {counts} FROM session").fetchone()
        losses = [
            Loss("session", what, effect, numbers[2 * n], numbers[2 * n + 1])
            for n, (what, effect, _when) in enumerate(_FOUND)
            if numbers[2 * n]
        ]
        con.read_parquet(patterns(readings), hive_partitioning=False).create_view("monitoring")
        stray, people = con.execute(
            "SELECT count(*), count(DISTINCT person_id) FROM monitoring ANTI JOIN session USING (person_id, session_date)"
        ).fetchone()
    if stray:
        losses.append(Loss("monitoring", "readings of a day without a session", "left out", stray, people))
    return losses
