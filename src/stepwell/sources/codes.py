"""Which rows carry a code of which set: diagnoses and procedures by code set, score rows by instrument.

A row is looked at by its standard concept, its source concept and, where that says nothing, its source value. The sets are
first resolved into small maps (concept id -> sets, source value -> sets), so that the rows themselves are read once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from ibis import _

from ..knowledge.forms import Codeset, Instrument
from .files import RawTable, store
from .values import concept, text

SHAPES = {
    "ICD10CM": r"^[A-Z][0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?$",
    "ICD10": r"^[A-Z][0-9][0-9](\.?[0-9]{1,2})?$",
    "ICD9CM": r"^([0-9]{3}(\.[0-9]{1,2}|[0-9]{0,2})|[EV][0-9]{2,3}(\.?[0-9]{1,2})?)$",
    "SNOMED": r"^[0-9]{6,18}$",
    "HCPCS": r"^[A-Z][0-9]{4}$",
    "CPT4": r"^[0-9]{4}[0-9A-Z]$",
    "ICD10PCS": r"^[0-9A-HJ-NP-Z]{7}$",
    "ICD9Proc": r"^[0-9]{2}(\.[0-9]{1,2}|[0-9]{0,2})$",
    "LOINC": r"^[0-9]{1,5}-[0-9]$",
}
"""What a bare source value must look like to be read as a code of the vocabulary. It keeps the ICD-9-CM prefix 296 from
matching a SNOMED number that begins with the same digits."""

NAME = "name"
"""The vocabulary of local names ("phq-9 total"), which are compared without case."""


@dataclass(frozen=True)
class SetCode:
    """One code of one set, or one that is taken out of it (`is_included` false)."""

    set_id: str
    vocabulary: str
    code: str
    match: str
    is_included: bool = True


@dataclass(frozen=True)
class Columns:
    """The columns of a raw table that may hold a code."""

    standard: str
    source: str
    value: str


def codeset_codes(codesets: Iterable[Codeset]) -> list[SetCode]:
    """The codes of code sets, with those taken out again."""
    return [
        SetCode(s.id, c.vocabulary, c.code, c.match, is_included)
        for s in codesets
        for codes, is_included in ((s.codes, True), (s.excluded, False))
        for c in codes
    ]


def instrument_codes(instruments: Iterable[Instrument]) -> list[SetCode]:
    """The codes and names of the instruments' totals."""
    return [
        SetCode(i.id, vocabulary, str(code), "exact")
        for i in instruments
        for vocabulary, codes in (("LOINC", i.loinc), ("SNOMED", i.snomed), ("OMOP", i.omop), (NAME, i.names))
        for code in codes
    ]


def find_coded(
    con: ibis.BaseBackend, raw: RawTable, columns: Columns, codes: Iterable[SetCode], vocabulary: dict[str, RawTable]
) -> ir.Table:
    """The raw rows that belong to a set, once per set, with `set_id`, `vocabulary` and `code` added.

    A code that is taken out of a set wins over one that belongs to it, whichever column holds it. The code as recorded
    (source value, source concept) is named before the standard concept.
    """
    schema = {"set_id": "string", "vocabulary": "string", "code": "string", "match": "string", "is_included": "boolean"}
    written = [(c.set_id, c.vocabulary, plain_code(c), c.match, c.is_included) for c in codes]
    table = ibis.memtable([dict(zip(schema, values, strict=True)) for values in written], schema=schema)
    table = store(con, table, "code sets")
    places = {f"_{n}": raw.column(c) for n, c in enumerate((columns.standard, columns.source, columns.value))}
    rows = raw.rows.mutate(**places)
    keys = store(con, rows.select(*places).distinct(), raw.where)
    sets = store(con, _sets_of_keys(con, keys, table, vocabulary), raw.where)
    # As recorded, and NULL equal to NULL: cells are cleaned once per key, not once per row.
    found = rows.join(sets.rename({f"{p}_of_set": p for p in places}), [rows[p].identical_to(sets[p]) for p in places])
    return found.select(*raw.rows.columns, "set_id", "vocabulary", "code")


def _sets_of_keys(con: ibis.BaseBackend, keys: ir.Table, codes: ir.Table, vocabulary: dict[str, RawTable]) -> ir.Table:
    """One row per key (`_0` standard concept, `_1` source concept, `_2` source value) and set."""
    keys = keys.mutate(standard=concept(keys["_0"]), source=concept(keys["_1"]), value=text(keys["_2"]).upper())
    # A source concept tells the vocabulary; without one, the shape of the source value must.
    if "concept" in vocabulary:
        keys = keys.mutate(value=keys.source.isnull().ifelse(keys.value, ibis.null("string")))
    keys = store(con, keys.mutate(key=ibis.row_number().over(order_by=["_0", "_1", "_2"])), "codes")
    of_concept = _concept_map(con, codes, vocabulary)
    sides = (("value", _value_map(con, keys, codes)), ("source", of_concept), ("standard", of_concept))
    hits = []
    for rank, (side, found) in enumerate(sides):
        right = found.rename(set_vocabulary="vocabulary", set_code="code")
        joined = keys.join(right, keys[side] == right.of)
        hits.append(
            joined.select("key", "set_id", "is_included", "set_vocabulary", "set_code", rank=ibis.literal(rank))
        )
    hits = store(con, ibis.union(*hits), "codes")
    sets = hits.group_by("key", "set_id").agg(is_in=hits.is_included.ifelse(1, 0).min())
    # The code is named as it stands in the first place that says anything, whichever set that place is in.
    named = hits.group_by("key").agg(
        **{f"vocabulary_{n}": hits.set_vocabulary.max(where=hits["rank"] == n) for n, _side in enumerate(sides)},
        **{f"code_{n}": hits.set_code.max(where=hits["rank"] == n) for n, _side in enumerate(sides)},
    )
    found = keys.join(sets.filter(sets.is_in == 1), "key").join(named, "key")
    return found.select(
        "_0",
        "_1",
        "_2",
        "set_id",
        vocabulary=ibis.coalesce(*(found[f"vocabulary_{n}"] for n, _side in enumerate(sides))),
        code=ibis.coalesce(*(found[f"code_{n}"] for n, _side in enumerate(sides))),
    )


def plain_code(code: SetCode) -> str:
    """The code as it is compared: upper case, without dots."""
    return code.code.strip().upper() if code.vocabulary == NAME else code.code.upper().replace(".", "")


def _concept_map(con: ibis.BaseBackend, codes: ir.Table, vocabulary: dict[str, RawTable]) -> ir.Table:
    """One row per concept (`of`) and set that it is in or taken out of, with the concept's vocabulary and code."""
    ids = codes.filter(codes.vocabulary == "OMOP")
    found = ids.select("set_id", "is_included", "match", concept_id=ids.code.cast("int64"))
    concepts = vocabulary.get("concept")
    if concepts is not None:
        raw = concepts.rows
        known = raw.select(
            concept_id=concept(raw.concept_id), vocabulary=text(raw.vocabulary_id), code=text(raw.concept_code)
        ).mutate(plain=_.code.upper().replace(".", ""))
        others = codes.filter(~codes.vocabulary.isin(["OMOP", NAME])).rename(
            set_vocabulary="vocabulary", set_code="code"
        )
        exact = known.join(others, [known.vocabulary == others.set_vocabulary, known.plain == others.set_code])
        prefixes = others.filter(others.match == "prefix")
        prefixed = known.join(
            prefixes, [known.vocabulary == prefixes.set_vocabulary, known.plain.startswith(prefixes.set_code)]
        )
        for hits in (exact, prefixed):
            found = found.union(hits.select("set_id", "is_included", "match", "concept_id"))
    ancestors = vocabulary.get("concept_ancestor")
    if ancestors is not None:
        raw = ancestors.rows
        below = raw.select(above=concept(raw.ancestor_concept_id), below=concept(raw.descendant_concept_id))
        tops = found.filter(found.match == "descendants")
        under = tops.join(below, tops.concept_id == below.above)
        found = found.union(under.select("set_id", "is_included", "match", concept_id="below"))
    found = found.filter(found.concept_id.notnull()).select("set_id", "is_included", of="concept_id").distinct()
    if concepts is None:
        found = found.mutate(vocabulary=ibis.literal("OMOP"), code=found.of.cast("string"))
    else:
        named = known.group_by("concept_id").agg(vocabulary=known.vocabulary.min(), code=known.code.min())
        found = found.left_join(named, found.of == named.concept_id).select(
            "set_id",
            "is_included",
            "of",
            vocabulary=_.vocabulary.fill_null("OMOP"),
            code=_.code.fill_null(_.of.cast("string")),
        )
    return store(con, found, "vocabulary tables")


def _value_map(con: ibis.BaseBackend, keys: ir.Table, codes: ir.Table) -> ir.Table:
    """One row per source value (`of`) and set that it is in or taken out of."""
    values = keys.select("value").distinct().filter(_.value.notnull())
    values = values.mutate(plain=values.value.replace(".", ""))
    exact = values.join(codes, values.plain == codes.code)
    named = values.join(codes.filter(codes.vocabulary == NAME), values.value == codes.code)
    prefixes = codes.filter(codes.match == "prefix")
    prefixed = values.join(prefixes, values.plain.startswith(prefixes.code))
    hits = ibis.union(exact, named, prefixed)
    shapes = [((hits.vocabulary == v) & hits.value.re_search(shape), True) for v, shape in SHAPES.items()]
    found = hits.filter(ibis.cases((hits.vocabulary == NAME, True), *shapes, else_=False))
    vocabulary = found.group_by("value").agg(vocabulary=found.vocabulary.min())
    found = found.select("value", "set_id", "is_included").distinct().join(vocabulary, "value")
    return store(con, found.select("set_id", "is_included", "vocabulary", of="value", code="value"), "source values")
