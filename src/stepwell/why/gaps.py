"""In words: rows of a person whose codes nobody could identify, or that have no usable day, so that an absence says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from stepwell.knowledge.definition import DEPRESSION, Definition
from stepwell.tables import CODE_GAP

if TYPE_CHECKING:
    from stepwell.result_tables import ResultTables

WITHOUT_DAY = CODE_GAP.by_name["reason"].values[-1]
_NOUNS = {
    "condition": ("diagnosis row", "diagnosis rows"),
    "procedure": ("procedure row", "procedure rows"),
    "answer": ("measurement or observation", "measurements and observations"),
    "measurement": ("score", "scores"),
}
_UNDATED = {
    "condition": ("diagnosis", "diagnoses"),
    "procedure": ("procedure", "procedures"),
    "answer": ("answer", "answers"),
    "measurement": ("score", "scores"),
    "vital": ("vital sign", "vital signs"),
}
_BY_SCORE = (
    "trial.still_ill",
    "failure.improvement",
    "failure.not_remitted",
    "failure.switched",
    "failure.added_to",
)
"""The criteria that rest on scores, or on there being none."""


def gaps_of(result: ResultTables, person_id: int) -> list[dict]:
    """The person's rows of `code_gap`; none where the result has no such table, or its source no gaps."""
    return result.rows_of("code_gap", person_id) if "code_gap" in result.tables else []


def hidden_in(gaps: Iterable[Mapping], record: str, sets: Iterable[str]) -> list[Mapping]:
    """The gaps of the record table that may hide a code of these sets."""
    sets = set(sets)
    return [g for g in gaps if g["record"] == record and (g["codeset"] is None or g["codeset"] in sets)]


def say_hidden(gaps: Iterable[Mapping], record: str, sets: Iterable[str]) -> str:
    """`; 3 diagnosis rows of this person could not be read ...`, `; 1 diagnosis of this person has no usable day`, or nothing."""
    hidden = hidden_in(gaps, record, sets)
    unread = [g for g in hidden if not _is_undated(g)]
    return (_say_unread(max(g["n_rows"] for g in unread), record) if unread else "") + _say_undated(hidden)


def say_count_hidden(gaps: Iterable[Mapping], definition: Definition) -> str:
    """What may hide a day from which, or up to which, trials are counted, or make one episode of two; or nothing."""
    said = ""
    within = [branch.within for branch in definition.branch]
    if any(w.after == "first diagnosis" for w in within):
        said += say_hidden(gaps, "condition", definition.who.diagnosis.any_of)
    elif any(w.is_ == "episode" for w in within):
        said += _say_undated(hidden_in(gaps, "condition", DEPRESSION))
    return said + say_hidden(gaps, "procedure", [name for w in within for name in w.before or ()])


def with_undated_scores(rows: Iterable[dict], gaps: Sequence[Mapping]) -> Iterator[dict]:
    """The rows of evidence, which say where a criterion is unknown that scores have no usable day, or are not all there."""
    said = say_hidden(gaps, "measurement", {g["codeset"] for g in gaps})
    for row in rows:
        if said and row["verdict"] == "unknown" and row["criterion"] in _BY_SCORE:
            found = row["found"] + said
            row = row | {"found": found, "sentence": row["sentence"].replace(row["found"], found, 1)}
        yield row


def _is_undated(gap: Mapping) -> bool:
    return gap.get("reason") == WITHOUT_DAY


def _say_unread(n: int, record: str) -> str:
    one, many = _NOUNS[record]
    if n == 0:
        return f"; not all {many} of this source could be had or read, so nobody can say that there is none"
    return f"; {n:,} {one if n == 1 else many} of this person could not be read, and may hold one"


def _say_undated(gaps: Iterable[Mapping]) -> str:
    undated = [g for g in gaps if _is_undated(g)]
    if not undated:
        return ""
    n, (one, many) = sum(g["n_rows"] for g in undated), _UNDATED[undated[0]["record"]]
    return f"; {n:,} {one if n == 1 else many} of this person {'has' if n == 1 else 'have'} no usable day"
