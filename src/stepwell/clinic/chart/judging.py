"""One person's lines judged by stepwell: all of them, and the confirmed ones alone. Nothing clinical is decided here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import stepwell
from stepwell.candidacy import Assessment, Chart, assess
from stepwell.errors import QuestionError
from stepwell.tables import RECORDS

from ..history.lines import confirmed, in_use
from ..history.records import PERSON_ID, hidden_drugs, records_of


@dataclass(frozen=True)
class Judged:
    """What stepwell says of one person on one day."""

    person: str
    """The person's id in the result."""
    result: stepwell.Result
    """By all lines that were not rejected or struck."""
    confirmed: stepwell.Result
    """By confirmed lines alone; the same result where every line is confirmed."""
    chart: Chart | None
    """None where the lines hold no day at all."""
    assessments: tuple[Assessment, ...]


def judge(person, lines: Sequence, definitions: Sequence[str], stagings: Sequence[str], day=None) -> Judged:
    """Judges a person's lines (`history.lines.current`). `definitions` and `stagings` are ids; `day` is the day asked about by
    candidacy, by default the last one recorded."""
    name = str(person.pk)
    lines = in_use(lines)
    sure = confirmed(lines)
    result = _explain(person, lines, definitions, stagings)
    if len(sure) == len(lines):
        of_confirmed = result
    else:
        unsure = [line for line in lines if line.state != "confirmed"]
        of_confirmed = _explain(person, sure, definitions, stagings, unsure)
    try:
        chart, assessments = assess(result, name, day=day)
    except QuestionError:
        chart, assessments = None, ()
    return Judged(name, result, of_confirmed, chart, tuple(assessments))


def _explain(
    person, lines: Sequence, definitions: Sequence[str], stagings: Sequence[str], left_out: Sequence = ()
) -> stepwell.Result:
    """The result of these lines. That a drug of a line that was `left_out` is not among the records says nothing."""
    records, has = records_of(lines, person)
    if hidden := hidden_drugs(left_out):
        rows = records.setdefault("incomplete_medication", [])
        known = {(row["reason"], row["ingredient"]) for row in rows}
        rows += [row for row in hidden if (row["reason"], row["ingredient"]) not in known]
        has = has | {"incomplete_medication"}
    return stepwell.explain_records(records, definitions, knowledge(), has=has, stagings=stagings, label="this clinic")


@lru_cache(maxsize=1)
def knowledge():
    """The packaged knowledge, read once per process."""
    return stepwell.load_knowledge()


def warm_up() -> None:
    """Judges a made-up person once, so that the first one of a process does not wait while the rules are loaded; after an
    installation, while they are compiled."""
    known, day = knowledge(), date(2020, 1, 1)
    ingredient = next(i for t in known.treatments.values() for i in t.ingredients)
    given = {"given_date": day, "ingredient": ingredient, "kind": "administration"}
    tables = {"person": {"source_person_id": "nobody"}, "dose": given}
    records = {
        table.name: [dict.fromkeys(table.by_name) | {"person_id": PERSON_ID, "address": ""} | tables[table.name]]
        for table in RECORDS
        if table.name in tables
    }
    result = stepwell.explain_records(records, list(known.definitions), known, stagings=list(known.stagings))
    assess(result, "nobody")
