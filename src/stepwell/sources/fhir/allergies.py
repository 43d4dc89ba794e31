"""Allergies. Which substance an AllergyIntolerance is about is not read: that no allergy to an anaesthetic is found among the
diagnoses then says nothing."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ...knowledge.forms import Knowledge
from ...tables import CODE_GAP
from ..source import Source
from .reading import Place, Reading, person_of
from .shapes import codes, part, words_of

_UNREAD = CODE_GAP.by_name["reason"].values[0]


def read_allergy(r: dict, at: Place, reading: Reading) -> str | None:
    """An allergy that was not refuted."""
    if "refuted" in codes(part(r, "verificationStatus")):
        return "allergies that were refuted"
    reading.rows.add("allergy", at.seq, person_of(r), words_of(part(r, "code")))
    return None


def mark_allergies(source: Source, allergies: ir.Table, knowledge: Knowledge) -> Source:
    """The source in which the code sets of allergies have a gap for everybody with an AllergyIntolerance (`person_id`, the id of
    the source)."""
    people = source.tables["person"]
    named = allergies.inner_join(people.select("source_person_id", number="person_id"),
                                 allergies.person_id == people.source_person_id)  # fmt: skip
    counted = named.group_by("number").agg(n_rows=named.count())
    kept = source.tables[CODE_GAP.name]
    for name in sorted(s.id for s in knowledge.codesets.values() if s.among_allergies):
        added = {"record": "condition", "codeset": name, "reason": _UNREAD}
        columns = {c: ibis.literal(added.get(c), kind) for c, kind in kept.schema().items()}
        columns |= {"person_id": counted.number, "n_rows": counted.n_rows.cast("int64")}
        rows = counted.select(**{c: columns[c] for c in kept.columns})
        kept = kept.anti_join(rows, ["person_id", "record", "codeset", "reason"]).union(rows)
    return source.with_table(CODE_GAP.name, kept)
