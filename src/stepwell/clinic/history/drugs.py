"""Finds a drug by its generic or brand name, in the knowledge files. A name that is not found stays as it was written."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache

import stepwell

OTHER = "other"
"""A drug that is known to be none of those looked for."""
UNIDENTIFIED = ""
_SHOWN = 8
_CLOSE = 0.75
_FEWEST_LETTERS = 3


@dataclass(frozen=True)
class Drug:
    """One drug that can be chosen: its id in the knowledge files, its generic name, and the brand by which it was found."""

    ingredient: str
    label: str
    brand: str = ""

    @property
    def words(self) -> str:
        """`sertraline (Zoloft)`."""
        return f"{self.label} ({self.brand})" if self.brand else self.label


@cache
def all_drugs() -> tuple[Drug, ...]:
    """Every drug by its generic name and by each brand, in the order of the names."""
    knowledge = stepwell.load_knowledge()
    generic = {i: knowledge.label_of_drug(i) for i in (*knowledge.ingredients, *knowledge.interacting)}
    named = [Drug(i, label) for i, label in generic.items()]
    named += [Drug(b.ingredient, generic[b.ingredient], name) for name, b in knowledge.brands.items()]
    return tuple(sorted(named, key=lambda drug: ((drug.brand or drug.label).lower(), drug.ingredient)))


def label_of(ingredient: str) -> str:
    """The generic name; of none, what is said in its place."""
    if ingredient in (UNIDENTIFIED, OTHER):
        return "not identified" if ingredient == UNIDENTIFIED else "another medicine"
    return stepwell.load_knowledge().label_of_drug(ingredient)


def is_known(ingredient: str) -> bool:
    """Whether it may stand as the ingredient of a line."""
    knowledge = stepwell.load_knowledge()
    return (
        ingredient in (UNIDENTIFIED, OTHER)
        or ingredient in knowledge.ingredients
        or ingredient in knowledge.interacting
    )


def search(written: str) -> list[Drug]:
    """The drugs whose generic or brand name begins with what was written, then those that hold it, then those spelt much alike;
    each ingredient once, the closest first. Needs three letters."""
    wanted = " ".join(written.lower().split())
    if len(wanted) < _FEWEST_LETTERS:
        return []
    ranked = []
    for drug in all_drugs():
        name = (drug.brand or drug.label).lower()
        alike = SequenceMatcher(None, wanted, name[: len(wanted) + 2]).ratio()
        rank = 0 if name == wanted else 1 if name.startswith(wanted) else 2 if wanted in name else 3
        if rank < 3 or alike >= _CLOSE:
            ranked.append((rank, -alike, name, drug))
    found: dict[str, Drug] = {}
    for *_rank, drug in sorted(ranked, key=lambda entry: entry[:3]):
        found.setdefault(drug.ingredient, drug)
    return list(found.values())[:_SHOWN]


def identify(written: str) -> str:
    """The ingredient whose generic or brand name is exactly what was written; else unidentified."""
    wanted = " ".join(written.lower().split())
    if wanted == OTHER:
        return OTHER
    names = {(drug.brand or drug.label).lower(): drug.ingredient for drug in all_drugs()}
    return names.get(wanted) or next((d.ingredient for d in all_drugs() if d.ingredient == wanted), UNIDENTIFIED)
