"""Drugs that are looked for only because they interact with esketamine or ketamine.

They are found like any drug (by strength, hierarchy, code, name) and kept in a table of their own, so that no trial and no
determination can see them. Those that treat depression too (phenelzine, modafinil) are medication, and stand there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..knowledge.forms import Knowledge


@dataclass(frozen=True)
class _Drug:
    """What finding a drug needs to know of it."""

    label: str
    rxnorm: tuple[str, ...]
    omop: tuple[int, ...]
    role: str = "interacting"


def only_interacting(knowledge: Knowledge) -> Knowledge:
    """The knowledge with the interacting drugs that are no medication in the place of its ingredients."""
    known = knowledge.ingredients
    drugs = {}
    for name, form in knowledge.interacting.items():
        of_file = known.get(name)
        if of_file is None:
            drugs[name] = _Drug(form.label or name, form.rxnorm, form.omop)
        elif of_file.role == "set-aside":
            drugs[name] = _Drug(of_file.label, of_file.rxnorm, of_file.omop)
    of_drugs = dict.fromkeys(("combinations", "product_uses", "product_forms", "rxnorm_products"), ())
    return replace(knowledge, ingredients=drugs, **of_drugs, digest=f"{knowledge.digest}-interacting")
