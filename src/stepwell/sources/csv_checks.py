"""What is wrong with the lines of stepwell's own folder: empty cells, unreadable cells and unknown words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from ..errors import Problem
from ..knowledge.forms import Knowledge
from .answers import answer_problems, with_known
from .cells import CLOCK, Cells, is_whole
from .csvform import FILES, Field
from .declared_lines import declared_problems
from .drugs import NamedDrugs
from .identify import OWN
from .source_value import SHAPES
from .vitals import is_percent, vital_names

LINES_SHOWN = 5
_OWN = OWN.lower()

_Check = tuple[pl.Expr, str, str]
"""When a line is wrong, what was found, what was expected."""


@dataclass(frozen=True)
class Wrong:
    """How many lines of a file, or of a part of it, fail one check, and the numbers of the first of them."""

    what: str
    expected: str
    n_lines: int
    lines: tuple[int, ...]


def find_wrong(name: str, lines: pl.DataFrame, drugs: NamedDrugs | None, knowledge: Knowledge) -> list[Wrong]:
    """What the checks of a file find in the lines of some people: one entry a check, always in the same order."""
    rows = with_known(lines, knowledge) if name == "answer" else lines
    checks = [*_cell_checks(rows, FILES[name]), *_word_checks(name, rows, drugs, knowledge)]
    marked = rows.select("line", **{str(n): when.fill_null(False) for n, (when, *_words) in enumerate(checks)})
    counts = marked.select(pl.exclude("line").sum()).row(0)
    found = []
    for n, (_when, what, expected) in enumerate(checks):
        first = marked.filter(pl.col(str(n)))["line"].sort().head(LINES_SHOWN) if counts[n] else ()
        found.append(Wrong(what, expected, counts[n], tuple(first)))
    return found


def problems_of(where: str, parts: Iterable[Sequence[Wrong]]) -> list[Problem]:
    """The problems of a file, from what was found in all parts of it."""
    problems = []
    for of_check in zip(*parts, strict=True):
        if n_lines := sum(wrong.n_lines for wrong in of_check):
            lines = sorted(line for wrong in of_check for line in wrong.lines)[:LINES_SHOWN]
            first = of_check[0]
            place = _in_lines(where, lines, n_lines)
            problems.append(Problem(place, first.what, first.expected, "correct or remove them"))
    return problems


def _in_lines(where: str, lines: list[int], n: int) -> str:
    more = f" and {n - len(lines)} more" if n > len(lines) else ""
    return f"{where}, {'line' if n == 1 else 'lines'} {', '.join(map(str, lines))}{more}"


def _cell_checks(rows: pl.DataFrame, form: Sequence[Field]) -> list[_Check]:
    """Cells that are empty or cannot be read, by what the form says of each column."""
    cells, checks = Cells(rows), []
    for field in form:
        name = "source_id" if field.name == "person_id" else field.name
        if field.is_required:
            checks.append((pl.col(name).is_null(), f"{field.name} is empty", field.explanation))
        if field.kind in _READABLE:
            is_readable, what = _READABLE[field.kind]
            unread = pl.col(name).is_not_null() & ~is_readable(cells, field).fill_null(False)
            checks.append((unread, f"{field.name} is {what}", field.explanation))
    return checks


_READABLE = {
    "date": (lambda cells, field: ~cells.day(field.name).is_unreadable, "no usable date"),
    "birth": (lambda cells, field: cells.span(field.name)[0].is_not_null(), "no usable date"),
    "whole": (lambda cells, field: is_whole(cells.number(field.name)), "no whole number"),
    "number": (lambda cells, field: cells.number(field.name).is_not_null(), "no number"),
    "time": (lambda cells, field: pl.col(field.name).str.contains(CLOCK), "no time such as 09:30"),
    "word": (lambda cells, field: pl.col(field.name).str.to_lowercase().is_in(field.words), "none of the words known"),
}


def _word_checks(name: str, rows: pl.DataFrame, drugs: NamedDrugs | None, knowledge: Knowledge) -> list[_Check]:
    """People who are not in person.csv, and what else each file may name."""
    checks: list[_Check] = []
    if name != "person":
        strangers = pl.col("source_id").is_not_null() & pl.col("person_id").is_null()
        expected = "a person_id of person.csv, written in the same way: `1` and `1.0` are two ids"
        checks.append((strangers, "a person who is not in person.csv", expected))
    if name in ("condition", "procedure"):
        checks += _code_checks(name, knowledge)
    if name == "medication":
        checks += declared_problems(rows, drugs, knowledge)
    if name == "measurement":
        labels = ", ".join(sorted(knowledge.instruments))
        is_known = pl.col("instrument").str.to_lowercase().is_in(list(score_names(knowledge)))
        checks.append((~is_known, "an unknown instrument", f"one of {labels}"))
    if name == "vital":
        called = pl.col("vital").str.to_lowercase()
        expected = f"one of {', '.join(sorted(knowledge.vitals))}"
        checks.append((~called.is_in(list(vital_names(knowledge))), "an unknown vital sign", expected))
        misplaced = pl.when(is_percent(called, knowledge)).then("mmhg").otherwise("percent").is_not_null()
        expected = "a pressure in mmhg, a saturation in percent"
        checks.append((misplaced, "a reading in the column of another unit", expected))
    if name == "answer":
        checks += answer_problems(rows, knowledge)
    return checks


def _code_checks(name: str, knowledge: Knowledge) -> list[_Check]:
    vocabulary, known = pl.col("vocabulary").str.to_uppercase(), (*SHAPES, "OMOP", _OWN)
    is_known = vocabulary.is_in([v.upper() for v in known])
    sets = [s.id for s in knowledge.codesets.values() if name in s.records]
    is_stranger = (vocabulary == OWN) & ~pl.col("code").str.to_lowercase().is_in(sets)
    return [
        (~is_known, "an unknown vocabulary", f"one of {', '.join(known)}"),
        (is_stranger, "an unknown code set", f"one of {', '.join(sorted(sets))}"),
    ]


def score_names(knowledge: Knowledge) -> dict[str, str]:
    """The ids of the instruments of measurement.csv by every name under which it may write them, in lower case."""
    return {name.lower(): i.id for i in knowledge.instruments.values() for name in (i.id, i.label, *i.names)}
