"""What shows only in the tables of a run, as lines of `attrition`: births that give no age, records of treatments given in
sessions."""

from __future__ import annotations

from pathlib import Path

import duckdb

from stepwell.paths import patterns
from stepwell.sources.source import Loss
from stepwell.tables.ranges import AGE

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


def find_age_losses(folder: Path) -> list[Loss]:
    """People whose recorded birth gives no age on the index day of a definition, counted in a result that is being written."""
    people, determined = (list((folder / name).glob("*.parquet")) for name in ("person", "determination"))
    if not people or not determined:
        return []
    with duckdb.connect() as con:
        con.read_parquet(patterns(people), hive_partitioning=False).create_view("person")
        con.read_parquet(patterns(determined), hive_partitioning=False).create_view("determination")
        n = con.execute(
            "SELECT count(DISTINCT person_id) FROM person JOIN determination USING (person_id) "
            f"WHERE birth_earliest_date > index_date OR date_sub('year', birth_latest_date, index_date) > {AGE.at_most}"
        ).fetchone()[0]
    what = f"people whose recorded birth gives no age from {AGE} on the index day of a definition: the age is unknown"
    return [Loss("person", what, "read as unknown", n, n)] if n else []


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
