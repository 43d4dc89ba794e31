"""Whose drug records are incomplete: there the absence of a drug says nothing (docs/engine.md, 0)."""

from __future__ import annotations

import ibis.expr.types as ir

from stepwell.knowledge.incomplete_words import OF_INTERACTING
from stepwell.three_values import MET, NOT_MET


def add_incomplete(people: ir.Table, incomplete_medication: ir.Table | None) -> ir.Table:
    """The people with `may_lack_drugs`: whether they may have taken drugs that the records do not show. Without the table,
    nobody."""
    if incomplete_medication is None:
        return people.mutate(may_lack_drugs=NOT_MET)
    of_trials = incomplete_medication.filter(incomplete_medication.reason != OF_INTERACTING)
    incomplete = of_trials.select("person_id").distinct().mutate(may_lack_drugs=MET)
    people = people.left_join(incomplete, "person_id").drop("person_id_right")
    return people.mutate(may_lack_drugs=people.may_lack_drugs.fill_null(NOT_MET))
