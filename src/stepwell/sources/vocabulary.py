"""The vocabulary tables of a CDM: of `concept`, `concept_ancestor` and `drug_strength`, only the rows that are asked for.

A site's vocabulary holds millions of concepts, its records name some thousands. What those mean is worked out here, in Polars,
alike for every engine; the engine itself is asked for a few rows only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import polars as pl

from .files import RawTable
from .stored import fetch, keep
from .values import concept, number, text

CONCEPT, ANCESTOR, STRENGTH = VOCABULARY = ("concept", "concept_ancestor", "drug_strength")

_NUMBERS = ("amount_value", "numerator_value", "denominator_value")
_UNITS = ("amount_unit_concept_id", "numerator_unit_concept_id", "denominator_unit_concept_id")


@dataclass(frozen=True)
class Vocabulary:
    """The vocabulary tables that hold rows, by name, on the connection `con` (None where there are no tables)."""

    con: ibis.BaseBackend | None
    tables: dict[str, RawTable]

    @property
    def states_units(self) -> bool:
        """Whether there is a `drug_strength` that says what its numbers are."""
        units = "amount_unit_concept_id", "numerator_unit_concept_id"
        return STRENGTH in self.tables and self.tables[STRENGTH].has(*units)

    def concepts(self, ids: Iterable[int]) -> pl.DataFrame:
        """The rows of `concept` with these ids: `concept_id`, `name`, `domain`, `vocabulary`, `class`, `code`. No two are
        alike; an id may have several. No rows where there is no such table."""
        return self._concepts("concept_id", _ids(ids))

    def names(self, ids: pl.Series) -> pl.DataFrame:
        """The names (`called`) and the `domain` of the concepts with these ids: `concept_id`; an id may have several rows."""
        return self.concepts(ids).select("concept_id", "domain", called="name").unique()

    def concepts_coded(self, codes: pl.DataFrame) -> pl.DataFrame:
        """The rows of `concept`, as those of `concepts`, with one of these codes (`vocabulary`, and `plain`: the code in
        capitals, without dots)."""
        return self._concepts(("vocabulary", "plain"), codes.select("vocabulary", "plain").unique())

    def _concepts(self, by: str | tuple[str, ...], wanted: pl.DataFrame) -> pl.DataFrame:
        schema = {"concept_id": pl.Int64, **dict.fromkeys(("name", "domain", "vocabulary", "class", "code"), pl.String)}
        if CONCEPT not in self.tables or wanted.is_empty():
            return pl.DataFrame(schema=schema)
        raw = self.tables[CONCEPT]
        rows = raw.rows.select(
            concept_id=concept(raw.rows.concept_id),
            name=text(raw.rows.concept_name),
            domain=text(raw.rows.domain_id),
            vocabulary=text(raw.rows.vocabulary_id),
            **{"class": text(raw.column("concept_class_id"))},
            code=text(raw.rows.concept_code),
        )
        if by != "concept_id":
            rows = rows.mutate(plain=rows.code.upper().replace(".", ""))
        rows = rows.filter(rows.concept_id.notnull()).semi_join(keep(self.con, wanted), by)
        return fetch(rows.select(*schema), raw.where).unique().cast(schema)

    def below(self, tops: Iterable[int], ids: Iterable[int]) -> pl.DataFrame:
        """The pairs of `concept_ancestor` of which one of `tops` is `above` and one of `ids` is `below` it (or is the same)."""
        return self._pairs(ANCESTOR, "ancestor_concept_id", "descendant_concept_id", ids, tops)

    def with_ancestors(self, ids: Iterable[int]) -> pl.Series:
        """Those of `ids` that have another concept above them in `concept_ancestor`."""
        return self._pairs(ANCESTOR, "ancestor_concept_id", "descendant_concept_id", ids)["below"]

    def _pairs(
        self, name: str, above: str, below: str, ids: Iterable[int], tops: Iterable[int] | None = None
    ) -> pl.DataFrame:
        """The pairs that are asked for; without `tops`, those that have any other concept above them, each once."""
        columns = {"above": pl.Int64, "below": pl.Int64} if tops is not None else {"below": pl.Int64}
        wanted = _ids(ids)
        if name not in self.tables or wanted.is_empty():
            return pl.DataFrame(schema=columns)
        raw = self.tables[name]
        pairs = raw.rows.select(above=concept(raw.rows[above]), below=concept(raw.rows[below]))
        if tops is None:
            pairs = pairs.filter(pairs.above != pairs.below)
        else:
            over = keep(self.con, _ids(tops).rename({"concept_id": "top"}))
            pairs = pairs.semi_join(over, pairs.above == over.top)
        asked = keep(self.con, wanted)
        pairs = pairs.semi_join(asked, pairs.below == asked.concept_id)
        return fetch(pairs.select(*columns).distinct(), raw.where).cast(columns)

    def strengths(self, ids: Iterable[int]) -> pl.DataFrame:
        """The rows of `drug_strength` of the drugs with these ids: `drug_concept_id`, `ingredient_concept_id`, `is_valid`, and
        the amount, numerator and denominator with their units, named as in OMOP (NULL where the table has no such column)."""
        ints = ("drug_concept_id", "ingredient_concept_id", *_UNITS)
        schema = {**dict.fromkeys(ints, pl.Int64), **dict.fromkeys(_NUMBERS, pl.Float64), "is_valid": pl.Boolean}
        wanted = _ids(ids)
        if STRENGTH not in self.tables or wanted.is_empty():
            return pl.DataFrame(schema=schema)
        raw = self.tables[STRENGTH]
        rows = raw.rows.select(
            **{name: concept(raw.column(name, "int64")) for name in ints},
            **{name: number(raw.column(name, "float64")) for name in _NUMBERS},
            is_valid=text(raw.column("invalid_reason")).isnull(),
        )
        asked: ir.Table = keep(self.con, wanted)
        rows = rows.semi_join(asked, rows.drug_concept_id == asked.concept_id)
        return fetch(rows, raw.where).unique().cast(schema)


def _ids(ids: Iterable[int]) -> pl.DataFrame:
    """The different ids, in one column `concept_id`."""
    found = ids if isinstance(ids, pl.Series) else pl.Series(list(ids), dtype=pl.Int64)
    return found.alias("concept_id").cast(pl.Int64).drop_nulls().unique().to_frame()
