"""What a published program answers for one person, and what the three transcriptions share of reading the records."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from stepwell.knowledge.loader import load

ROLE = {i.ingredient: i.role for i in load().ingredients.values()}


class Answer(NamedTuple):
    """Programs know no unknown: a person is in or out, with a date where the program gives one."""

    is_trd: bool
    date: date | None = None


def antidepressants(medication: list[dict]) -> list[dict]:
    """The rows of drugs that are antidepressants here. What the house sets aside is no record of a source (tryptophan, which
    Fabbri's script drops as well, and viloxazine, which it does not)."""
    return [row for row in medication if ROLE[row["ingredient"]] == "antidepressant"]


def day(value: date) -> int:
    return value.toordinal()
