"""Brand names of drugs, so that somebody can be helped to find the ingredient that they took."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import Problem
from .cited import Cited
from .definition import Id


class Brand(Cited):
    """One row of `brand.csv`: a brand name and the ingredient it stands for. It only proposes: a person chooses the ingredient,
    and no record is read by it."""

    brand: str
    ingredient: Id
    """Of `ingredient.csv` or of `interacting.csv`."""


def check_brands(entries: Iterable, known: Iterable[str], problems: list[Problem]) -> None:
    """Add a problem for every brand whose ingredient no file of drugs has. `entries` are those of the folder reader."""
    known = set(known)
    for entry in entries:
        if isinstance(entry.form, Brand) and entry.form.ingredient not in known:
            found = f"the ingredient {entry.form.ingredient!r} is in neither file of drugs"
            problems.append(
                Problem(entry.written.at(), found, "one of ingredient.csv or interacting.csv", "correct the name")
            )
