"""What lies around the sessions of a result, read off its tables when it is asked for."""

from __future__ import annotations

from stepwell.on_request.around import find_concern, find_therapy, find_trajectory
from stepwell.on_request.rows import rows_in_dates
from stepwell.result import Result
from stepwell.tables.around import AROUND, CONCERN, THERAPY, TRAJECTORY

from .rows import people_in_parts, read_rows


def around(result: Result, person_id: int | None = None) -> dict[str, list[dict]]:
    """The rows of `trajectory`, `therapy` and `concern` of one person, or of everybody, in the order of their keys."""
    found: dict[str, list[dict]] = {table.name: [] for table in AROUND}
    for people in people_in_parts(result) if person_id is None else [(person_id, person_id)]:
        for name, rows in _around(result, people).items():
            found[name] += rows
    return found


def _around(result: Result, people: tuple[int, int]) -> dict[str, list[dict]]:
    series, session, measurement, answer, procedure = (
        read_rows(result, name, people) for name in ("series", "session", "measurement", "answer", "procedure")
    )
    knowledge = result.knowledge
    following, instruments = knowledge.following, tuple(knowledge.all_instruments.values())
    made = {
        TRAJECTORY: find_trajectory(series, session, measurement, answer, instruments, following),
        THERAPY: find_therapy(series, session, procedure, knowledge.around.therapy, following),
        CONCERN: find_concern(measurement, answer, series, instruments),
    }
    return {table.name: rows_in_dates(table, rows).to_pylist() for table, rows in made.items()}
