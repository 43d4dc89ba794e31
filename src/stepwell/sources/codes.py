"""Which rows carry a code of which set: diagnoses and procedures by code set, score rows by instrument.

A row is looked at by its standard concept, its source concept and, where the vocabulary tables do not hold the source concept,
its source value. Tables have millions of rows, coded in some thousands of ways: each way is a key. What a key means is worked out
here, in Polars; then the engine is asked once for the rows with the keys that anything is looked for by.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import ibis.expr.types as ir
import polars as pl

from ..knowledge.forms import Codeset, Instrument, Knowledge
from .files import RawTable
from .source_value import SHAPES, is_of, with_code
from .stored import fetch, keep
from .values import concept, text
from .vocabulary import Vocabulary

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


def _columns(stem: str) -> Columns:
    return Columns(f"{stem}_concept_id", f"{stem}_source_concept_id", f"{stem}_source_value")


PLACES = ("_0", "_1", "_2")
"""The columns of a key: the cells of the standard concept, the source concept and the source value."""

CODED = {
    "condition_occurrence": _columns("condition"),
    "procedure_occurrence": _columns("procedure"),
    "measurement": _columns("measurement"),
    "observation": _columns("observation"),
}
"""The tables whose rows have one code each."""


def visit_columns(visit: RawTable) -> list[tuple[Columns, str]]:
    """Where a table of visits says what a visit was and where it was followed by another, each with the column of its day."""
    found = [(Columns("visit_concept_id", "visit_source_concept_id", ""), "visit_start_date")]
    # CDM 5.4 and 5.3 name it differently.
    ends = [c for c in ("discharged_to_concept_id", "discharge_to_concept_id") if visit.has(c, "visit_end_date")]
    return found + [(Columns(end, "", ""), "visit_end_date") for end in ends]


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
    """How the tables of one CDM are coded, and which of their rows belong to which sets."""

    def __init__(self, vocabulary: Vocabulary, filled: dict[str, RawTable], knowledge: Knowledge):
        self._vocabulary = vocabulary
        found = {(name, columns): _find_keys(filled[name], columns) for name, columns in coded_columns(filled)}
        places = [keys[place] for keys in found.values() for place in ("standard", "source")]
        ids = pl.concat(places).drop_nulls().unique() if places else []
        named = vocabulary.concepts(ids).with_columns(plain=_plain(pl.col("code")))
        self._concepts = named.select("concept_id", "vocabulary", "code", "plain")
        self._keys = {of: _with_vocabularies(keys, self._concepts) for of, keys in found.items()}
        deep = _as_frame(c for c in codeset_codes(knowledge.codesets.values()) if c.match == "descendants")
        coded = vocabulary.concepts_coded(deep.rename({"code": "plain"}))
        tops = _concepts_in(coded.with_columns(plain=_plain(pl.col("code"))), deep)
        self._below = vocabulary.below(tops["concept_id"], ids)
        self._tops = tops.select("vocabulary", "code", above="concept_id").unique()

    def hits(self, name: str, columns: Columns, codes: Iterable[SetCode]) -> pl.DataFrame:
        """The keys of a table whose rows belong to a set, once per set: `key`, `set_id`, `vocabulary` and `code`.

        A code that is taken out of a set wins over one that belongs to it, whichever column holds it. The code as recorded
        (source value, source concept) is named before the standard concept.
        """
        keys, codes = self.keys(name, columns), _as_frame(codes)
        of_concept = self._sets_of_concepts(codes)
        sides = (("value", _sets_of_values(keys, codes)), ("source", of_concept), ("standard", of_concept))
        hits = pl.concat(
            [
                keys.select("key", of=side).join(found, "of").drop("of").select("key", *_HIT, rank=pl.lit(rank))
                for rank, (side, found) in enumerate(sides)
            ]
        )
        sets = hits.group_by("key", "set_id").agg(pl.col("is_included").all()).filter("is_included")
        # The code is named as it stands in the first place that says anything, whichever set that place is in.
        first = hits.filter(pl.col("rank") == pl.col("rank").min().over("key"))
        named = first.group_by("key").agg(pl.col("vocabulary", "code").max())
        return sets.join(named, "key").select("key", "set_id", "vocabulary", "code")

    def keys(self, name: str, columns: Columns) -> pl.DataFrame:
        """One row per way in which the rows of a table are coded, numbered (`key`): the cells as recorded (`_0` standard concept,
        `_1` source concept, `_2` source value), how many rows have them (`n_rows`), the concepts as numbers (`standard`,
        `source`) with their vocabularies in the `concept` table (NULL where it does not hold them), and the source `value` with
        its `stated` vocabulary and `bare` code.

        `value` is NULL where the vocabulary tables hold the source concept, which then tells what the value is. A source concept
        that they do not hold tells nothing, and the value must speak for itself.
        """
        return self._keys[name, columns]

    def rows_of(self, raw: RawTable, columns: Columns, keys: Iterable[int], cells: Iterable[str]) -> ir.Table:
        """The raw rows that are coded as one of these keys: their `key` and these cells of theirs, as far as there are any."""
        wanted = pl.DataFrame({"key": pl.Series(keys, dtype=pl.Int64).unique().sort()})
        told = self.keys(raw.name, columns).join(wanted, "key")
        on_engine = keep(self._vocabulary.con, told.select("key", **{f"{p}_of_key": p for p in PLACES}))
        rows = _with_places(raw, columns).select(*PLACES, *(c for c in cells if raw.has(c)))
        # As recorded, and NULL equal to NULL: cells are cleaned once per key, not once per row.
        found = rows.join(on_engine, [rows[p].identical_to(on_engine[f"{p}_of_key"]) for p in PLACES])
        return found.drop(*PLACES, *(f"{p}_of_key" for p in PLACES))

    def _sets_of_concepts(self, codes: pl.DataFrame) -> pl.DataFrame:
        """One row per concept that occurs (`of`) and set that it is in or taken out of, with its vocabulary and code."""
        direct = _concepts_in(self._concepts, codes).select("concept_id", "set_id", "is_included")
        deep = codes.filter(pl.col("match") == "descendants").join(self._tops, ["vocabulary", "code"])
        under = deep.join(self._below, "above").select("set_id", "is_included", concept_id="below")
        found = pl.concat([direct, under.select(direct.columns)]).unique()
        named = self._concepts.group_by("concept_id").agg(pl.col("vocabulary", "code").min())
        own_name = pl.col("concept_id").cast(pl.String)
        return found.join(named, "concept_id", "left").select(
            "set_id",
            "is_included",
            of="concept_id",
            vocabulary=pl.col("vocabulary").fill_null("OMOP"),
            code=pl.col("code").fill_null(own_name),
        )


def coded_columns(filled: dict[str, RawTable]) -> list[tuple[str, Columns]]:
    """The tables that may hold a code that is looked for, each with the columns of the code."""
    found = [(name, columns) for name, columns in CODED.items() if name in filled]
    if "visit_occurrence" in filled:
        found += [("visit_occurrence", columns) for columns, _day in visit_columns(filled["visit_occurrence"])]
    return found


_HIT = ("set_id", "is_included", "vocabulary", "code")


def _with_places(raw: RawTable, columns: Columns) -> ir.Table:
    """The rows with the cells that hold codes."""
    named = zip(PLACES, (columns.standard, columns.source, columns.value), strict=True)
    return raw.rows.mutate(**{place: raw.column(name) for place, name in named})


def _find_keys(raw: RawTable, columns: Columns) -> pl.DataFrame:
    rows = _with_places(raw, columns).select(*PLACES)
    keys = rows.group_by(*PLACES).agg(n_rows=rows.count())
    keys = keys.mutate(standard=concept(keys["_0"]), source=concept(keys["_1"]), value=text(keys["_2"]).upper())
    return fetch(keys, raw.where).cast(
        {"n_rows": pl.Int64, "standard": pl.Int64, "source": pl.Int64, "value": pl.String}
    )


def _with_vocabularies(keys: pl.DataFrame, concepts: pl.DataFrame) -> pl.DataFrame:
    """The keys with the vocabularies of their concepts, and with what their value says where no source concept says it."""
    held = concepts.group_by("concept_id").agg(pl.col("vocabulary").min())
    for place in ("standard", "source"):
        of_place = held.rename({"concept_id": place, "vocabulary": f"{place}_vocabulary"})
        keys = keys.join(of_place, place, "left")
    is_told = pl.col("source_vocabulary").is_not_null()
    keys = keys.with_columns(value=pl.when(is_told).then(None).otherwise("value"))
    return with_code(keys).with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("key"))


def _as_frame(codes: Iterable[SetCode]) -> pl.DataFrame:
    """One row per code, as codes are compared, with the columns of `SetCode`."""
    schema = {**dict.fromkeys(("set_id", "vocabulary", "code", "match"), pl.String), "is_included": pl.Boolean}
    rows = [(c.set_id, c.vocabulary, plain_code(c), c.match, c.is_included) for c in codes]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _plain(code: pl.Expr) -> pl.Expr:
    return code.str.to_uppercase().str.replace_all(".", "", literal=True)


def _concepts_in(concepts: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    """The codes that name one of these concepts (`concept_id`, `vocabulary`, `plain`), or any concept by its id, with that id."""
    rows = concepts.select("concept_id", "vocabulary", code="plain")
    by_id = codes.filter(pl.col("vocabulary") == "OMOP").with_columns(concept_id=pl.col("code").cast(pl.Int64))
    coded = codes.filter(~pl.col("vocabulary").is_in(("OMOP", NAME)))
    exact = coded.join(rows, ["vocabulary", "code"])
    prefixed = _by_prefix(rows, coded.filter(pl.col("match") == "prefix"), ["vocabulary", "code"])
    return pl.concat([exact, prefixed.select(exact.columns), by_id.select(exact.columns)])


def _by_prefix(rows: pl.DataFrame, codes: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """The codes with which the `code` of a row begins, once per row, with the further columns of the row; what else is in `on`
    must be alike."""
    of_length = codes.with_columns(n=pl.col("code").str.len_chars()).partition_by("n", include_key=True)
    begun = [
        part.drop("n").join(rows.with_columns(pl.col("code").str.slice(0, part["n"][0])), on) for part in of_length
    ]
    more = [c for c in rows.columns if c not in on]
    return pl.concat(begun) if begun else codes.join(rows.clear(), on).select(*codes.columns, *more)


def _sets_of_values(keys: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    """One row per source value (`of`) and set that it is in or taken out of, with the vocabulary and the code that it names."""
    values = keys.select("value", "stated", "bare").unique().drop_nulls("value")
    plain = values.with_columns(code=pl.col("bare").str.replace_all(".", "", literal=True))
    exact = codes.join(plain, "code")
    named = codes.filter(pl.col("vocabulary") == NAME).join(values.with_columns(code="value"), "code")
    prefixed = _by_prefix(plain, codes.filter(pl.col("match") == "prefix"), ["code"])
    hits = pl.concat([part.select(exact.columns) for part in (exact, named, prefixed)])
    is_code = [(pl.col("vocabulary") == v) & is_of(v) for v in SHAPES]
    found = hits.filter(pl.any_horizontal(pl.col("vocabulary") == NAME, *is_code))
    meant = found.group_by("value").agg(pl.col("vocabulary").min(), code=pl.col("bare").min())
    sets = found.select("value", "set_id", "is_included").unique().join(meant, "value")
    return sets.select("set_id", "is_included", "vocabulary", "code", of="value")


def plain_code(code: SetCode) -> str:
    """The code as it is compared: upper case, without dots."""
    return code.code.strip().upper() if code.vocabulary == NAME else code.code.upper().replace(".", "")
