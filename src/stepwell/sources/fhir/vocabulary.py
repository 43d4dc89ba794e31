"""OMOP's vocabulary tables beside FHIR files: they say what codes mean that stepwell does not know, of drugs above all."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ..files import RawTable
from ..stored import store
from ..values import concept, text

_COLUMNS = ("concept_name", "domain_id", "vocabulary_id", "concept_code", "concept_class_id")


def with_vocabulary(con: ibis.BaseBackend, tables: dict[str, ir.Table], given: RawTable) -> dict[str, ir.Table]:
    """The tables of the CDM with OMOP's own concept in the place of each coding that `given` (a `concept` table) holds, and with
    all its concepts. A code that it does not hold stays a concept of the source's own."""
    official = given.rows.select(
        concept_id=concept(given.rows.concept_id), **{c: text(given.column(c)) for c in _COLUMNS}
    ).filter(ibis._.concept_id.notnull())
    own = tables["concept"]
    same = [own.vocabulary_id == official.vocabulary_id, own.concept_code == official.concept_code]
    found = own.join(official.select("vocabulary_id", "concept_code", official_id="concept_id"), same)
    known = store(con, found.group_by("concept_id").agg(official_id=found.official_id.min()), given.where)
    rows = {name: _replaced(table, known) for name, table in tables.items() if name != "concept"}
    left = own.anti_join(known, "concept_id").anti_join(official, "concept_id")
    return {**rows, "concept": official.union(left.select(*official.columns))}


def _replaced(table: ir.Table, known: ir.Table) -> ir.Table:
    for column in [c for c in table.columns if c.endswith("concept_id")]:
        names = known.select(_own="concept_id", _official="official_id")
        table = table.left_join(names, table[column] == names["_own"])
        table = table.mutate(**{column: ibis.coalesce(table["_official"], table[column])}).drop("_own", "_official")
    return table
