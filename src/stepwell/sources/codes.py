"""Which rows carry a code of which set: diagnoses and procedures by code set, score rows by instrument.

A row is looked at by its standard concept, its source concept and, where the vocabulary tables do not hold the source concept,
its source value. The sets are first resolved into small maps (concept id -> sets, source value -> sets), so that the rows
themselves are read once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from ibis import _

from ..knowledge.forms import Codeset, Instrument
from .files import RawTable
from .source_value import SHAPES, is_of, with_code
from .stored import store
from .values import concept, text

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
        for vocabulary, codes in (("LOINC", i.totals_in_loinc), ("SNOMED", i.snomed), ("OMOP", i.omop), (NAME, i.names))
        for code in codes
    ]


class Codes:
    """The codes of one CDM: how its tables are coded, and which of their rows belong to which sets.

    Each way of coding a table is worked out once, however many sets are looked for in it, and the concepts of each list of codes
    once, however many tables are searched for them: vocabulary tables hold millions of rows.
    """

    def __init__(self, con: ibis.BaseBackend, vocabulary: dict[str, RawTable]):
        self._con = con
        self._vocabulary = vocabulary
        self._keys: dict[tuple, ir.Table] = {}
        self._sets: dict[tuple[SetCode, ...], tuple[ir.Table, ir.Table]] = {}

    def find(self, raw: RawTable, columns: Columns, codes: Iterable[SetCode]) -> ir.Table:
        """The raw rows that belong to a set, once per set, with `set_id`, `vocabulary` and `code` added.

        A code that is taken out of a set wins over one that belongs to it, whichever column holds it. The code as recorded
        (source value, source concept) is named before the standard concept.
        """
        codes = tuple(codes)
        if codes not in self._sets:
            table = store(self._con, _as_table(codes), "code sets")
            self._sets[codes] = table, _concept_map(self._con, table, self._vocabulary)
        sets = _sets_of_keys(self._con, self.keys(raw, columns), *self._sets[codes])
        return rows_of_keys(raw, columns, store(self._con, sets, raw.where))

    def keys(self, raw: RawTable, columns: Columns) -> ir.Table:
        """One row per way in which rows are coded: the cells as recorded (`_0` standard concept, `_1` source concept, `_2` source
        value), how many rows have them (`n_rows`), the concepts as numbers (`standard`, `source`) with their vocabularies in the
        `concept` table (NULL where it does not hold them), and the source `value` with its `stated` vocabulary and `bare` code.

        `value` is NULL where the vocabulary tables hold the source concept, which then tells what the value is. A source concept
        that they do not hold tells nothing, and the value must speak for itself.
        """
        of = raw.rows.op(), columns
        if of not in self._keys:
            self._keys[of] = self._find_keys(raw, columns)
        return self._keys[of]

    def _find_keys(self, raw: RawTable, columns: Columns) -> ir.Table:
        rows = _with_places(raw, columns)
        keys = store(self._con, rows.group_by("_0", "_1", "_2").agg(n_rows=rows.count()), raw.where)
        keys = keys.mutate(standard=concept(keys["_0"]), source=concept(keys["_1"]), value=text(keys["_2"]).upper())
        for place in ("standard", "source"):
            keys = _with_vocabulary(self._con, keys, place, self._vocabulary.get("concept"))
        keys = keys.mutate(value=keys.source_vocabulary.isnull().ifelse(keys.value, ibis.null("string")))
        keys = with_code(keys)
        return store(self._con, keys.mutate(key=ibis.row_number().over(order_by=["_0", "_1", "_2"])), "codes")


def rows_of_keys(raw: RawTable, columns: Columns, keys: ir.Table) -> ir.Table:
    """The raw rows coded as one of these keys (`Codes.keys`), with the further columns of the keys."""
    rows = _with_places(raw, columns)
    keys = keys.rename({f"{p}_of_key": p for p in _PLACES})
    # As recorded, and NULL equal to NULL: cells are cleaned once per key, not once per row.
    found = rows.join(keys, [rows[p].identical_to(keys[f"{p}_of_key"]) for p in _PLACES])
    return found.drop(*_PLACES, *(f"{p}_of_key" for p in _PLACES))


def _as_table(codes: Iterable[SetCode]) -> ir.Table:
    schema = {"set_id": "string", "vocabulary": "string", "code": "string", "match": "string", "is_included": "boolean"}
    written = [(c.set_id, c.vocabulary, plain_code(c), c.match, c.is_included) for c in codes]
    return ibis.memtable([dict(zip(schema, values, strict=True)) for values in written], schema=schema)


_PLACES = ("_0", "_1", "_2")
_ADDED = ("set_id", "vocabulary", "code")


def _with_places(raw: RawTable, columns: Columns) -> ir.Table:
    """The rows with the cells that hold codes; a column of the source's own with the name of an added one gives way to it."""
    named = zip(_PLACES, (columns.standard, columns.source, columns.value), strict=True)
    rows = raw.rows.mutate(**{place: raw.column(name) for place, name in named})
    return rows.drop(*(c for c in raw.rows.columns if c in _ADDED))


def _with_vocabulary(con: ibis.BaseBackend, keys: ir.Table, place: str, concepts: RawTable | None) -> ir.Table:
    """Adds `standard_vocabulary` or `source_vocabulary`."""
    name = f"{place}_vocabulary"
    if concepts is None:
        return keys.mutate(**{name: ibis.null("string")})
    raw = concepts.rows
    held = raw.select(held_id=concept(raw.concept_id), held=text(raw.vocabulary_id))
    held = held.semi_join(keys, held.held_id == keys[place])
    held = held.group_by("held_id").agg(**{name: held.held.min()})
    return store(con, keys.left_join(held, keys[place] == held.held_id).drop("held_id"), "concept")


def _sets_of_keys(con: ibis.BaseBackend, keys: ir.Table, codes: ir.Table, of_concept: ir.Table) -> ir.Table:
    """One row per key (`_0` standard concept, `_1` source concept, `_2` source value) and set."""
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
        *_PLACES,
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
    values = keys.select("value", "stated", "bare").distinct().filter(_.value.notnull())
    values = values.mutate(plain=values.bare.replace(".", ""))
    exact = values.join(codes, values.plain == codes.code)
    named = values.join(codes.filter(codes.vocabulary == NAME), values.value == codes.code)
    prefixes = codes.filter(codes.match == "prefix")
    prefixed = values.join(prefixes, values.plain.startswith(prefixes.code))
    hits = ibis.union(exact, named, prefixed)
    shapes = [((hits.vocabulary == v) & is_of(hits, v), True) for v in SHAPES]
    found = hits.filter(ibis.cases((hits.vocabulary == NAME, True), *shapes, else_=False))
    meant = found.group_by("value").agg(vocabulary=found.vocabulary.min(), code=found.bare.min())
    found = found.select("value", "set_id", "is_included").distinct().join(meant, "value")
    return store(con, found.select("set_id", "is_included", "vocabulary", "code", of="value"), "source values")
