"""One person's lines judged by stepwell: all of them, and the confirmed ones alone. Nothing clinical is decided here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import stepwell
from stepwell.candidacy import Assessment, Chart, assess
from stepwell.errors import QuestionError

from ..history.lines import confirmed, in_use
from ..history.records import records_of


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
    of_confirmed = result if len(sure) == len(lines) else _explain(person, sure, definitions, stagings)
    try:
        chart, assessments = assess(result, name, day=day)
    except QuestionError:
        chart, assessments = None, ()
    return Judged(name, result, of_confirmed, chart, tuple(assessments))


def _explain(person, lines: Sequence, definitions: Sequence[str], stagings: Sequence[str]) -> stepwell.Result:
    records, has = records_of(lines, person)
    return stepwell.explain_records(records, definitions, knowledge(), has=has, stagings=stagings, label="this clinic")


@lru_cache(maxsize=1)
def knowledge():
    """The packaged knowledge, read once per process."""
    return stepwell.load_knowledge()


def warm_up() -> None:
    """Judges nobody once, so that the first person of a process does not wait for the rules to be loaded."""
    stepwell.explain_records(
        {}, list(knowledge().definitions)[:1], knowledge(), stagings=list(knowledge().stagings)[:1]
    )
