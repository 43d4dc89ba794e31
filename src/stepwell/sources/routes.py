"""Recorded routes of administration, by stepwell's own names."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from .files import RawTable
from .records import empty
from .stored import store
from .values import concept, text

ROUTES = {
    "nasal": ("nasal", "intranasal", "in", "nasal route"),
    "intravenous": ("intravenous", "intravenous route", "iv", "i.v.", "infusion", "intravenous infusion"),
    "intramuscular": ("intramuscular", "intramuscular route", "im", "i.m."),
    "subcutaneous": ("subcutaneous", "subcutaneous route", "sc", "s.c.", "subcut"),
    "oral": ("oral", "oral route", "po", "p.o.", "by mouth", "sublingual", "sublingual route", "buccal"),
    "transdermal": ("transdermal", "transdermal route", "patch", "td"),
    "topical": ("topical", "topical route", "cutaneous", "cutaneous route"),
}
"""Whole entries, compared without case; any other entry is `other`."""


def route(column: ir.Column) -> ir.StringValue:
    """The recorded route as one of the declared words; NULL where nothing is recorded."""
    entry = text(column).lower()
    known = ((entry.isin(words), name) for name, words in ROUTES.items())
    return ibis.cases(*known, (entry.notnull(), "other"))


def concept_names(con: ibis.BaseBackend, ids: ir.Table, concepts: RawTable | None, where: str) -> ir.Table:
    """The names (`called`) of the concepts whose ids (`concept_id`) occur."""
    if concepts is None:
        return empty(con, ibis.schema({"concept_id": "int64", "called": "string"}))
    raw = concepts.rows
    known = raw.select(id=concept(raw.concept_id), called=text(raw.concept_name))
    ids = ids.select("concept_id").distinct()
    found = known.join(ids, known.id == ids.concept_id).group_by("concept_id").agg(called=known.called.min())
    return store(con, found, where)
