"""In words: rows of a person whose codes nobody could identify, so that the absence of a code says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepwell.result import Result

_NOUNS = {
    "condition": ("diagnosis row", "diagnosis rows"),
    "procedure": ("procedure row", "procedure rows"),
    "answer": ("measurement or observation", "measurements and observations"),
}


def gaps_of(result: Result, person_id: int) -> list[dict]:
    """The person's rows of `code_gap`; none where the result has no such table, or its source no gaps."""
    return result.rows_of("code_gap", person_id) if "code_gap" in result.tables else []


def hidden_in(gaps: Iterable[Mapping], record: str, sets: Iterable[str]) -> list[Mapping]:
    """The gaps of the record table that may hide a code of these sets."""
    sets = set(sets)
    return [g for g in gaps if g["record"] == record and (g["codeset"] is None or g["codeset"] in sets)]


def say_hidden(gaps: Iterable[Mapping], record: str, sets: Iterable[str]) -> str:
    """`; 3 diagnosis rows of this person could not be read ...`, or nothing."""
    hidden = hidden_in(gaps, record, sets)
    if not hidden:
        return ""
    n = max(g["n_rows"] for g in hidden)
    one, many = _NOUNS[record]
    if n == 0:
        return f"; too many {many} of this source could not be read to say that there is none"
    return f"; {n:,} {one if n == 1 else many} of this person could not be read, and may hold one"
