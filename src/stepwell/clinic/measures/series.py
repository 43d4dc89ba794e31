"""The scores of a person over time, as the history has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from stepwell.clinic.history import lines, partial_dates
from stepwell.clinic.history.models import Line
from stepwell.clinic.people.models import Person


@dataclass(frozen=True)
class Score:
    """One questionnaire on one day. `items` are the answers; None: asked and not answered."""

    day: date
    total: float | None
    items: dict[str, float | None]
    line: Line


def scores(person: Person, instrument: str) -> list[Score]:
    """The scores of the instrument, the oldest first; rejected and struck lines are left out. Of `own-questions` and
    `side-effects` the items are what each question is about, and there is no total."""
    return by_instrument(person).get(instrument, [])


def by_instrument(person: Person) -> dict[str, list[Score]]:
    """All scores whose day is known, by instrument."""
    found: dict[str, list[Score]] = {}
    for line in lines.in_use(lines.current(person)):
        content = line.content
        if line.kind != "score" or not partial_dates.is_day(content.get("day")):
            continue
        day = partial_dates.first_day(content["day"])
        if name := content.get("instrument", ""):
            found.setdefault(name, []).append(Score(day, content.get("total"), content.get("items", {}), line))
            continue
        items: dict[str, dict[str, float | None]] = {}
        for record in content.get("records", ()):
            row = record["row"]
            if record["table"] == "answer" and row.get("item"):
                items.setdefault(_form_of(row), {})[row["item"]] = row["value"]
        for name, said in items.items():
            found.setdefault(name, []).append(Score(day, None, said, line))
    return {name: sorted(some, key=lambda s: (s.day, s.line.at)) for name, some in found.items()}


def _form_of(row: dict) -> str:
    """The questionnaire that asks this of the clinic's own questions; `own` where none does."""
    from . import library

    for form in library.questionnaires().values():
        if any(q.better and q.item == row["item"] for part in form.parts for q in part.questions):
            return form.id
    return "own"
