"""What the recorded drugs are: their ingredients, for what use their products are labelled, and how much one unit of them holds.

The engine counts the rows by what identifies the drug: some thousands of keys for any number of rows. Everything here is worked
out per key; the rows of a part are joined to the result. A drug is looked up by its concept. Where nothing says what the concept
is, the rows' source concepts and source values are looked up (`entry`); what they do not say either is an unidentified drug.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import polars as pl

from ..knowledge.forms import Knowledge
from .drug_concepts import DrugConcepts, DrugVocabulary
from .files import SOURCE_ADDRESS, RawTable
from .ingredients import BY_ENTRY, BY_NAME, ingredients_of, resolve_combinations, settled_keys, with_names
from .people import People
from .product_use import uses_by_words, with_product_use
from .stored import fetch, keep
from .strength import with_strength
from .values import concept, text
from .vocabulary import Vocabulary

_OTHER = "other"
"""What a person with an own folder writes for a drug that is known to be none of those looked for."""


DRUG_CELLS = (
    "drug_exposure_id",
    "drug_type_concept_id",
    "drug_exposure_start_date",
    "drug_exposure_start_datetime",
    "drug_exposure_end_date",
    "verbatim_end_date",
    "days_supply",
    "quantity",
    "stop_reason",
    "route_concept_id",
    "route_source_value",
    "drug_source_value",
    "dose_unit_source_value",
    "units_per_day",
    "stated_mg_per_day",
    "valid_from",
    "valid_until",
    "of_order",
    SOURCE_ADDRESS,
)
"""The columns of `drug_exposure` that are read in parts."""


@dataclass(frozen=True)
class Drugs:
    """What the recorded drugs are. `products`: one row per drug and ingredient looked for, found by its `concept_id` or by its
    `entry`, with `ingredient`, `labelled_use`, `mg_per_unit`, `per` (`unit`, `ml`, `hour`), `strength_basis`,
    `product_mg_per_unit`, `product_days_per_unit`. `keys`: one row per way of identifying a drug, by `concept_id` or by `entry`,
    with `n_rows`, `way`, `has_concept` and `kind`: `known`, `set aside`, `combination` (one that counts as nothing), `other`,
    `unidentified`. `unsettled`: the concepts of which nothing says what they are; None where there are none, nor rows without
    one."""

    products: pl.DataFrame
    keys: pl.DataFrame
    unsettled: pl.Series | None

    def rows_of(self, rows: pl.DataFrame, ingredients: Iterable[str] | None = None) -> pl.DataFrame:
        """The rows of `select_drug_rows` that are of these products, or of those with these ingredients: one row for each row
        and ingredient, with the columns of the product."""
        products = self.products
        if ingredients is not None:
            products = products.filter(pl.col("ingredient").is_in(list(ingredients)))
        found = rows.join(products.drop("entry"), "concept_id")
        more = self._unsettled_rows(rows).join(products.drop("concept_id"), "entry")
        return pl.concat([found, more.select(found.columns)])

    def unidentified_rows(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of `select_drug_rows` of drugs that nobody could identify."""
        return self._unsettled_rows(rows).join(self.keys.filter(pl.col("kind") == "unidentified"), "entry", how="semi")

    def _unsettled_rows(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows whose concept says nothing or is missing."""
        if self.unsettled is None:
            return rows.clear()
        id_ = pl.col("concept_id")
        return rows.filter(id_.is_null() | id_.is_in(self.unsettled.implode()))


def select_drug_rows(raw: RawTable, con: ibis.BaseBackend, people: People, *drugs: Drugs) -> ir.Table:
    """The rows of a `drug_exposure` table that are of these products or of drugs that nobody could identify: the columns of
    `DRUG_CELLS` that the source has, `person_id` (the number of the person), `concept_id`, and `entry` where the concept says
    nothing.

    Rows of other drugs, which are most rows of most sources, stay on the engine.
    """
    cells = [c for c in DRUG_CELLS if raw.has(c)]
    rows = raw.rows.select(*cells, id="person_id", concept_id=concept(raw.rows.drug_concept_id), entry=_entry(raw))
    ids = pl.concat([d.products["concept_id"] for d in drugs]).drop_nulls().unique()
    unsettled = [d.unsettled for d in drugs if d.unsettled is not None]
    if not unsettled:
        rows = rows.semi_join(keep(con, ids.to_frame()), "concept_id").mutate(entry=ibis.null("string"))
    else:
        # A concept may be one that is looked for and, among the drugs that only interact, one of which nothing is known.
        marks = pl.concat([*unsettled, ids]).unique().alias("of").to_frame()
        marks = marks.with_columns(
            is_looked_for=pl.col("of").is_in(ids.implode()),
            is_unsettled=pl.col("of").is_in(pl.concat(unsettled).implode()),
        )
        of_concept = keep(con, marks)
        entries = [d.products["entry"] for d in drugs]
        entries += [d.keys.filter(pl.col("kind") == "unidentified")["entry"] for d in drugs]
        of_entry = keep(con, pl.concat(entries).drop_nulls().unique().alias("wanted").to_frame())
        rows = rows.left_join(of_concept, rows.concept_id == of_concept.of)
        says_nothing = rows.concept_id.isnull() | rows.is_unsettled
        rows = rows.mutate(entry=says_nothing.ifelse(rows.entry, ibis.null("string")))
        rows = rows.left_join(of_entry, rows.entry == of_entry.wanted)
        rows = rows.filter(rows.is_looked_for | rows.wanted.notnull())
    return people.attach(rows, "id").select("person_id", *cells, "concept_id", "entry")


def count_drug_rows(raw: RawTable) -> pl.DataFrame:
    """How many rows (`n_rows`) of a `drug_exposure` table have each `concept_id`, `type_id` and `route_id`."""
    rows = raw.rows.select(
        concept_id=concept(raw.rows.drug_concept_id),
        type_id=concept(raw.column("drug_type_concept_id", "int64")),
        route_id=concept(raw.column("route_concept_id", "int64")),
    )
    return fetch(rows.group_by(*rows.columns).agg(n_rows=rows.count()), raw.where).cast(pl.Int64)


def find_drugs(
    raw: RawTable, counted: pl.DataFrame, vocabulary: Vocabulary, *knowledges: Knowledge
) -> tuple[Drugs, ...]:
    """Works out the ingredient, use and strength of every drug that occurs in a `drug_exposure` table, by each body of knowledge,
    from the counts of `count_drug_rows`. The concepts are looked up once."""
    of_drugs = DrugVocabulary(vocabulary, knowledges)
    counted = counted.group_by("concept_id").agg(pl.col("n_rows").sum())
    keys = counted.filter(pl.col("concept_id").is_not_null()).select(
        "concept_id",
        "n_rows",
        looked_up="concept_id",
        value=pl.lit(None, pl.String),
        entry=pl.lit(None, pl.String),
        has_concept=pl.lit(True),
    )
    concepts = of_drugs.look_up(keys["looked_up"])
    found = [_resolve(keys, concepts, knowledge, BY_NAME) for knowledge in knowledges]
    unsettled = [drugs.keys.filter(pl.col("kind") == "unidentified")["concept_id"] for drugs in found]
    if keys.height == counted.height and all(ids.is_empty() for ids in unsettled):
        return tuple(found)
    entries = _count_entries(vocabulary.con, raw, pl.concat(unsettled).unique())
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
    more = _resolve(keys, concepts, knowledge, BY_ENTRY)
    settled = drugs.keys.filter(pl.col("kind") != "unidentified")
    return Drugs(pl.concat([drugs.products, more.products]), pl.concat([settled, more.keys]), unsettled)


def _resolve(keys: pl.DataFrame, concepts: DrugConcepts, knowledge: Knowledge, way: int) -> Drugs:
    """What these keys are, which say what is to be looked up; `way` is that of a name."""
    keys, looked_for = _identify(keys, concepts, knowledge, way)
    products = looked_for.join(keys.select("key", "words", "entry", "looked_up", "concept_id"), on="key")
    products = with_product_use(products, concepts, knowledge).drop("key", "way", "words", "looked_up")
    return Drugs(products, keys.select("n_rows", "way", "has_concept", "concept_id", "entry", "kind"), None)


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

    products: pl.DataFrame
    kinds: pl.DataFrame


def named(drug: pl.Expr) -> pl.Expr:
    """The name of a drug as it is compared: in lower case."""
    # Engines have one letter for the small form of the Turkish capital I, Polars has two.
    return drug.str.replace_all("İ", "i", literal=True).str.to_lowercase()


def find_named_drugs(names: pl.DataFrame, knowledge: Knowledge) -> NamedDrugs:
    """What the drugs with these names are (`called`, lower case, with `n_rows`)."""
    concepts = DrugVocabulary(Vocabulary(None, {}), [knowledge]).look_up([])
    no_id = pl.lit(None, pl.Int64)
    keys, looked_for = _identify(names.with_columns(value="called", looked_up=no_id), concepts, knowledge, BY_NAME)
    is_other = (pl.col("kind") == "unidentified") & (pl.col("value") == _OTHER)
    kinds = keys.with_columns(kind=pl.when(is_other).then(pl.lit("other")).otherwise("kind"))
    products = looked_for.join(keys.select("key", "words", called="value"), on="key")
    products = products.with_columns(labelled_use=uses_by_words(products, knowledge)).drop("key", "way", "words")
    return NamedDrugs(products, kinds.select("n_rows", "kind", called="value"))


def _count_entries(con: ibis.BaseBackend, raw: RawTable, unsettled: pl.Series) -> pl.DataFrame:
    """How many rows (`n_rows`) each `entry` has with each of these concepts, or with none; with the source concept to look up and
    the source `value`."""
    rows = raw.rows.select(
        concept_id=concept(raw.rows.drug_concept_id),
        entry=_entry(raw),
        looked_up=concept(raw.column("drug_source_concept_id", "int64")),
        value=text(raw.column("drug_source_value")).lower(),
    )
    keys, of = rows.columns, keep(con, unsettled.alias("of").to_frame())
    rows = rows.left_join(of, rows.concept_id == of.of)
    rows = rows.filter(rows.concept_id.isnull() | rows.of.notnull())
    return fetch(rows.group_by(*keys).agg(n_rows=rows.count()), raw.where)


def _entry(raw: RawTable) -> ir.StringValue:
    """All that identifies the drug of a row but its concept: whether there is a concept, the source concept, the source value."""
    id_ = concept(raw.rows.drug_concept_id)
    source_id = concept(raw.column("drug_source_concept_id", "int64")).cast("string").fill_null("")
    value = text(raw.column("drug_source_value")).lower().fill_null("")
    return id_.isnull().ifelse("0 ", "") + source_id + " " + value
