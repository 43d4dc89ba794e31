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
from ..history.records import PERSON_ID, hidden_drugs
from ..sessions.records import hidden_doses, person_records


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


def judge(
    person, lines: Sequence, definitions: Sequence[str], stagings: Sequence[str], day=None, sheets: Sequence = ()
) -> Judged:
    """Judges a person's lines (`history.lines.current`) and session sheets (`sessions.sheets`). `definitions` and `stagings` are
    ids; `day` is the day asked about by candidacy, by default the last one recorded. A signed sheet is confirmed."""
    name = str(person.pk)
    lines, given = in_use(lines), [sheet for sheet in sheets if sheet.is_given]
    sure, signed = confirmed(lines), [sheet for sheet in given if sheet.is_signed]
    result = explain(person, lines, given, definitions, stagings)
    if (len(sure), len(signed)) == (len(lines), len(given)):
        of_confirmed = result
    else:
        unsure = [line for line in lines if line.state != "confirmed"]
        hidden = [*hidden_drugs(unsure), *hidden_doses(sheet for sheet in given if not sheet.is_signed)]
        of_confirmed = explain(person, sure, signed, definitions, stagings, hidden)
    try:
        chart, assessments = assess(result, name, day=day)
    except QuestionError:
        chart, assessments = None, ()
    return Judged(name, result, of_confirmed, chart, tuple(assessments))


def explain(
    person,
    lines: Sequence,
    sheets: Sequence,
    definitions: Sequence[str],
    stagings: Sequence[str],
    hidden: Sequence[dict] = (),
) -> stepwell.Result:
    """The result of these lines and sheets. `hidden` are rows of `incomplete_medication` of lines and sheets that were left out:
    that their drugs are not among the records says nothing."""
    records, has = person_records(person, lines, sheets)
    for row in hidden:
        rows = records.setdefault("incomplete_medication", [])
        if all((row["reason"], row["ingredient"]) != (r["reason"], r["ingredient"]) for r in rows):
            rows.append(row)
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
