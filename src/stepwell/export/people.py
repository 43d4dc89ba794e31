"""Whom an export is about."""

from __future__ import annotations

from collections.abc import Sequence

from stepwell.errors import Problem, QuestionError
from stepwell.result import Result


def chosen(result: Result, people: Sequence[str]) -> list[int] | None:
    """The numbers of the people asked for; None for everybody. Raises `QuestionError` where any of them is unknown."""
    if not people:
        return None
    person = result.table("person")
    rows = (
        person.filter(person.source_person_id.isin(list(people))).select("person_id", "source_person_id").to_pyarrow()
    )
    missing = len(set(people) - set(rows.column("source_person_id").to_pylist()))
    if missing:
        problem = Problem(
            "--person",
            f"{missing} of the {len(set(people))} ids given belong to nobody in {result.folder}",
            "ids of people as the source writes them",
            "look them up in the column source_person_id of the table person",
        )
        raise QuestionError("Nothing was exported.", [problem])
    return sorted(rows.column("person_id").to_pylist())
