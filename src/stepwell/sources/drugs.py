"""What the recorded drugs are: their ingredients, for what use their products are labelled, and how much one unit of them holds.

Drugs are first gathered by what identifies them: some thousands of keys for any number of rows. Everything here is worked
out per key; the rows are joined to the result once. A drug is looked up by its concept. Where nothing says what the concept is,
the rows' source concepts and source values are looked up (`entry`); what they do not say either is an unidentified drug.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import ibis
import ibis.expr.types as ir
import polars as pl

from ..knowledge.forms import Knowledge
from .drug_concepts import DrugConcepts, DrugVocabulary
from .files import RawTable
from .ingredients import BY_ENTRY, BY_NAME, ingredients_of, resolve_combinations, settled_keys, with_names
from .product_use import uses_by_words, with_product_use
from .stored import fetch, keep
from .strength import with_strength
from .values import concept, text
from .vocabulary import Vocabulary

_OTHER = "other"
"""What a person with an own folder writes for a drug that is known to be none of those looked for."""


@dataclass(frozen=True)
class Drugs:
    """What the recorded drugs are. `products`: one row per drug and ingredient looked for, found by its `concept_id` or by its
    `entry`, with `ingredient`, `labelled_use`, `mg_per_unit`, `per` (`unit`, `ml`, `hour`), `strength_basis`,
    `product_mg_per_unit`, `product_days_per_unit`. `keys`: one row per way of identifying a drug, by `concept_id` or by `entry`,
    with `n_rows`, `way`, `has_concept` and `kind`: `known`, `set aside`, `combination` (one that counts as nothing), `other`,
    `unidentified`. `unsettled`: the concepts of which nothing says what they are; None where there are none, nor rows without
    one."""

    con: ibis.BaseBackend
    products: pl.DataFrame
    keys: pl.DataFrame
    unsettled: pl.Series | None

    @cached_property
    def by_concept(self) -> ir.Table:
        """The products found by their concept, on the engine."""
        return keep(self.con, self.products.filter(pl.col("concept_id").is_not_null()).drop("entry"))

    @cached_property
    def _by_entry(self) -> ir.Table | None:
        found = self.products.filter(pl.col("entry").is_not_null()).drop("concept_id")
        return None if found.is_empty() else keep(self.con, found)

    def rows_of(self, raw: RawTable, columns: Iterable[str], ingredients: Iterable[str] | None = None) -> RawTable:
        """The rows of a `drug_exposure` table that are of these products, once per ingredient: with these columns of theirs, as
        far as there are any, and those of the product.

        Most rows of most sources are of drugs that nobody looks for; they are left behind before any cell is looked into.
        """
        columns = [c for c in columns if raw.has(c)]

        def wanted(products: ir.Table) -> ir.Table:
            return products if ingredients is None else products.filter(products.ingredient.isin(list(ingredients)))

        rows = raw.rows.select(*columns, concept_id=concept(raw.rows.drug_concept_id))
        rows = rows.join(wanted(self.by_concept), "concept_id")
        if self._by_entry is not None:
            more = self.unsettled_rows(raw, columns).join(wanted(self._by_entry), "entry")
            rows = rows.union(more.select(rows.columns))
        return RawTable(raw.name, raw.where, rows)

    def unsettled_rows(self, raw: RawTable, columns: Iterable[str]) -> ir.Table:
        """The rows whose concept says nothing, with their `concept_id` and `entry`."""
        return _with_entry(raw, self._unsettled, columns)

    def unidentified_rows(self, raw: RawTable, columns: Iterable[str]) -> ir.Table:
        """The rows of drugs that nobody could identify."""
        entries = keep(self.con, self.keys.filter(pl.col("kind") == "unidentified").select("entry"))
        return self.unsettled_rows(raw, columns).semi_join(entries, "entry")

    @cached_property
    def _unsettled(self) -> ir.Table | None:
        return _kept_ids(self.con, self.unsettled)


def find_drugs(
    con: ibis.BaseBackend, raw: RawTable, vocabulary: Vocabulary, *knowledges: Knowledge
) -> tuple[Drugs, ...]:
    """Works out the ingredient, use and strength of every drug that occurs in a `drug_exposure` table, by each body of knowledge.
    The rows are counted once, and their concepts looked up once."""
    of_drugs = DrugVocabulary(vocabulary, knowledges)
    counted = raw.rows.select(concept_id=concept(raw.rows.drug_concept_id))
    counted = fetch(counted.group_by("concept_id").agg(n_rows=counted.count()), raw.where)
    keys = counted.filter(pl.col("concept_id").is_not_null()).select(
        "concept_id",
        "n_rows",
        looked_up="concept_id",
        value=pl.lit(None, pl.String),
        entry=pl.lit(None, pl.String),
        has_concept=pl.lit(True),
    )
    concepts = of_drugs.look_up(keys["looked_up"])
    found = [_resolve(con, keys, concepts, knowledge, BY_NAME) for knowledge in knowledges]
    unsettled = [drugs.keys.filter(pl.col("kind") == "unidentified")["concept_id"] for drugs in found]
    if keys.height == counted.height and all(ids.is_empty() for ids in unsettled):
        return tuple(found)
    entries = _count_entries(con, raw, pl.concat(unsettled).unique())
    concepts = of_drugs.look_up(entries["looked_up"])
    return tuple(
        _add_entries(drugs, ids, entries, concepts, knowledge)
        for drugs, ids, knowledge in zip(found, unsettled, knowledges, strict=True)
    )


def _add_entries(
    drugs: Drugs, unsettled: pl.Series, entries: pl.DataFrame, concepts: DrugConcepts, knowledge: Knowledge
) -> Drugs:
    """The drugs, with what the entries of rows without a concept and of unsettled concepts are in the place of these concepts."""
    entries = entries.filter(pl.col("concept_id").is_null() | pl.col("concept_id").is_in(unsettled.implode()))
    if entries.is_empty():
        return drugs
    keys = entries.group_by("entry", "looked_up", "value").agg(
        pl.col("n_rows").sum(),
        concept_id=pl.lit(None, pl.Int64),
        has_concept=pl.col("concept_id").is_not_null().any(),
    )
    more = _resolve(drugs.con, keys, concepts, knowledge, BY_ENTRY)
    settled = drugs.keys.filter(pl.col("kind") != "unidentified")
    products = pl.concat([drugs.products, more.products])
    return Drugs(drugs.con, products, pl.concat([settled, more.keys]), unsettled)


def _resolve(
    con: ibis.BaseBackend, keys: pl.DataFrame, concepts: DrugConcepts, knowledge: Knowledge, way: int
) -> Drugs:
    """What these keys are, which say what is to be looked up; `way` is that of a name."""
    keys, looked_for = _identify(keys, concepts, knowledge, way)
    products = looked_for.join(keys.select("key", "words", "entry", "looked_up", "concept_id"), on="key")
    products = with_product_use(products, concepts, knowledge).drop("key", "way", "words", "looked_up")
    return Drugs(con, products, keys.select("n_rows", "way", "has_concept", "concept_id", "entry", "kind"), None)


def _identify(
    keys: pl.DataFrame, concepts: DrugConcepts, knowledge: Knowledge, way: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The keys, numbered, with their names, `way` and `kind`; and one row per `key` and `ingredient` looked for, with its
    strength."""
    keys = with_names(keys.with_row_index("key"), concepts, knowledge)
    found = ingredients_of(keys, concepts, knowledge, way)
    settled = settled_keys(keys, found, concepts, knowledge)
    found, combined = resolve_combinations(keys, found, knowledge)
    wanted = [i for i, form in knowledge.ingredients.items() if form.role != "set-aside"]
    looked_for = found.filter(pl.col("ingredient").is_in(wanted))
    key = pl.col("key")
    keys = keys.join(looked_for.group_by("key").agg(pl.col("way").min()), on="key", how="left").with_columns(
        kind=pl.when(key.is_in(looked_for["key"].implode()))
        .then(pl.lit("known"))
        .when(key.is_in(found["key"].implode()))
        .then(pl.lit("set aside"))
        .when(key.is_in(combined["key"].implode()))
        .then(pl.lit("combination"))
        .when(key.is_in(settled.implode()))
        .then(pl.lit("other"))
        .otherwise(pl.lit("unidentified"))
    )
    return keys, with_strength(keys, looked_for, concepts, knowledge)


def rows_by_kind(keys: pl.DataFrame) -> dict[str, int]:
    """How many rows are of each kind of drug."""
    return dict(keys.group_by("kind").agg(pl.col("n_rows").sum()).iter_rows())


@dataclass(frozen=True)
class NamedDrugs:
    """What drugs are that have a name only. `products`: one row per name (`called`, lower case) and ingredient looked for, with
    `ingredient`, `mg_per_unit`, `per`, `strength_basis` (where the name spells out a strength) and `labelled_use`. `kinds`: one
    row per name, with `kind` as in `Drugs` and `n_rows`."""

    con: ibis.BaseBackend
    products: pl.DataFrame
    kinds: pl.DataFrame

    @cached_property
    def on_engine(self) -> ir.Table:
        """The products, on the engine."""
        return keep(self.con, self.products)

    @cached_property
    def kinds_on_engine(self) -> ir.Table:
        """The kinds, on the engine."""
        return keep(self.con, self.kinds)


def find_named_drugs(con: ibis.BaseBackend, names: pl.DataFrame, knowledge: Knowledge) -> NamedDrugs:
    """What the drugs with these names are (`called`, lower case, with `n_rows`)."""
    concepts = DrugVocabulary(Vocabulary(con, {}), [knowledge]).look_up([])
    no_id = pl.lit(None, pl.Int64)
    keys, looked_for = _identify(names.with_columns(value="called", looked_up=no_id), concepts, knowledge, BY_NAME)
    is_other = (pl.col("kind") == "unidentified") & (pl.col("value") == _OTHER)
    kinds = keys.with_columns(kind=pl.when(is_other).then(pl.lit("other")).otherwise("kind"))
    products = looked_for.join(keys.select("key", "words", called="value"), on="key")
    products = products.with_columns(labelled_use=uses_by_words(products, knowledge)).drop("key", "way", "words")
    return NamedDrugs(con, products, kinds.select("n_rows", "kind", called="value"))


def _count_entries(con: ibis.BaseBackend, raw: RawTable, unsettled: pl.Series) -> pl.DataFrame:
    """How many rows (`n_rows`) each `entry` has with each of these concepts, or with none; with the source concept to look up and
    the source `value`."""
    rows = _with_entry(raw, _kept_ids(con, unsettled), ("drug_source_concept_id", "drug_source_value"))
    told = RawTable(raw.name, raw.where, rows)
    rows = rows.select(
        "entry",
        "concept_id",
        looked_up=concept(told.column("drug_source_concept_id", "int64")),
        value=text(told.column("drug_source_value")).lower(),
    )
    return fetch(rows.group_by(*rows.columns).agg(n_rows=rows.count()), raw.where)


def _kept_ids(con: ibis.BaseBackend, ids: pl.Series) -> ir.Table | None:
    return None if ids.is_empty() else keep(con, ids.alias("concept_id").to_frame())


def _with_entry(raw: RawTable, unsettled: ir.Table | None, columns: Iterable[str]) -> ir.Table:
    """The rows whose concept says nothing or is missing, with these columns, their `concept_id`, and `entry`: whether there is a
    concept, and all else that identifies the drug."""
    columns = [c for c in columns if raw.has(c)]
    id_ = concept(raw.rows.drug_concept_id)
    source_id = concept(raw.column("drug_source_concept_id", "int64")).cast("string").fill_null("")
    value = text(raw.column("drug_source_value")).lower().fill_null("")
    entry = id_.isnull().ifelse("0 ", "") + source_id + " " + value
    rows = raw.rows.select(*columns, concept_id=id_, entry=entry)
    without = rows.filter(rows.concept_id.isnull())
    return without if unsettled is None else without.union(rows.semi_join(unsettled, "concept_id"))
