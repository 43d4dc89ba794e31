"""Which ingredient a recorded drug is, and whether anything says what it is at all.

A drug is a row of `keys`: what identifies it (`looked_up`, the concept id to look up), its `name` and its `words`. Ways of
finding the ingredient, best first: `drug_strength`, `concept_ancestor`, the ingredient's own concept id or RxNorm code, the
concept of a product in `rxnorm_product.csv`, the ingredient's name as whole words in the drug's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl

from ..knowledge.forms import Knowledge
from .drug_concepts import DrugConcepts

WAYS = (
    "drug_strength",
    "concept_ancestor",
    "the ingredient's own concept",
    "the product's concept, which stepwell knows",
    "the ingredient's name in the name of the drug (whole words)",
    "the source's own entry, where no vocabulary table says what the concept is",
)
BY_NAME, BY_ENTRY = 4, 5

_SPELLING_VOCABULARIES = ("RxNorm", "RxNorm Extension", "CVX", "HCPCS")
"""Vocabularies whose names spell out the ingredient. Elsewhere a name may be a brand, which says nothing to anybody who does
not know it."""
_BRAND_CLASSES = ("Brand Name", "Branded Dose Group")
_SAYS_NOTHING = r"(?i)unclassified|not otherwise (specified|classified)|(^| )nos($|[ ,)])"
"""Names of billing codes for any drug without a code of its own."""


def words(name: str) -> str:
    """A name as lower-case words between single blanks."""
    return re.sub(r"[^a-z0-9]+", " ", name.lower()).strip()


def words_in(name: pl.Expr) -> pl.Expr:
    """Names as lower-case words, each between single blanks, also the first and the last."""
    # Engines have one letter for the small form of the Turkish capital I, Polars has two.
    plain = name.str.replace_all("İ", "i", literal=True).str.to_lowercase()
    return " " + plain.str.replace_all("[^a-z0-9]+", " ").str.strip_chars(" ") + " "


def names_of(knowledge: Knowledge) -> dict[str, set[str]]:
    """Names by which vocabularies may call each ingredient: its label with and without a remark in brackets."""
    return {
        key: {words(form.label), words(re.sub(r"\(.*?\)", "", form.label))} - {""}
        for key, form in knowledge.ingredients.items()
    }


def with_names(keys: pl.DataFrame, concepts: DrugConcepts, knowledge: Knowledge) -> pl.DataFrame:
    """Adds the drug's `name` (that of the concept `looked_up`, and the source's entry `value`), `is_drug` and its `words`, each
    between single blanks. A product that stepwell knows has its name where `concept` gives none."""
    named = concepts.rows.group_by("concept_id").agg(
        concept_name=pl.col("name").min(), is_drug=(pl.col("domain") == "Drug").any()
    )
    keys = keys.join(named, left_on="looked_up", right_on="concept_id", how="left")
    known = _known_products(knowledge).select("product_id", "called").unique()
    keys = keys.join(known, left_on="looked_up", right_on="product_id", how="left")
    keys = keys.with_columns(
        concept_name=pl.coalesce("concept_name", "called"), is_drug=pl.col("is_drug").fill_null(True)
    )
    both = pl.col("concept_name") + " / " + pl.col("value")
    keys = keys.with_columns(name=pl.coalesce(both, "concept_name", "value")).drop("concept_name", "called")
    return keys.with_columns(words=words_in(pl.col("name")))


def ingredient_concepts(concepts: DrugConcepts, knowledge: Knowledge) -> pl.DataFrame:
    """One row per ingredient concept: `ingredient_concept_id`, `ingredient`."""
    schema = {"ingredient_concept_id": pl.Int64, "ingredient": pl.String}
    by_id = [(c, k) for k, form in knowledge.ingredients.items() for c in form.omop]
    by_code = [(c, k) for k, form in knowledge.ingredients.items() for c in form.rxnorm]
    codes = pl.DataFrame(by_code, {"code": pl.String, "ingredient": pl.String}, orient="row")
    coded = concepts.coded.join(codes, on="code").select(
        pl.col("concept_id").alias("ingredient_concept_id"), "ingredient"
    )
    return pl.concat([pl.DataFrame(by_id, schema, orient="row"), coded]).unique()


def ingredients_of(
    keys: pl.DataFrame, concepts: DrugConcepts, knowledge: Knowledge, by_name: int = BY_NAME
) -> pl.DataFrame:
    """One row per key and ingredient, with the best way it was found."""
    own = ingredient_concepts(concepts, knowledge)
    below = own.join(concepts.ancestors, left_on="ingredient_concept_id", right_on="above")
    # Every table that says which ingredient a code is of is one way here: a concept and its ingredient.
    tables = (
        concepts.strengths.join(own, on="ingredient_concept_id").select("drug_concept_id", "ingredient"),
        below.select("below", "ingredient"),
        own.select("ingredient_concept_id", "ingredient"),
        _known_products(knowledge).select("product_id", "ingredient"),
    )
    by_code = pl.concat(
        keys.join(table, left_on="looked_up", right_on=table.columns[0]).select("key", "ingredient", way=pl.lit(way))
        for way, table in enumerate(tables)
    )
    names = pl.DataFrame(
        [(f" {name} ", k) for k, called in names_of(knowledge).items() for name in called],
        {"called": pl.String, "ingredient": pl.String},
        orient="row",
    )
    unknown = _held(keys.join(by_code, on="key", how="anti"), names["called"])
    by_words = unknown.join(names, on="called").select("key", "ingredient", way=pl.lit(by_name))
    return pl.concat([by_code, by_words]).group_by("key", "ingredient").agg(pl.col("way").min())


def _held(keys: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """One row per key of a drug and name (`called`, between blanks) that its words hold."""
    drugs = keys.filter("is_drug", pl.col("words").is_not_null())
    # In one pass over each name, for any number of names that are looked for: a source may have 100,000 different entries.
    called = pl.col("words").str.extract_many(sorted(names), overlapping=True).alias("called")
    return drugs.select("key", called).explode("called").unique()


def _known_products(knowledge: Knowledge) -> pl.DataFrame:
    """The products of `rxnorm_product.csv` that have an OMOP concept, one row for each ingredient."""
    rows = [(p.omop, i, p.name) for p in knowledge.rxnorm_products if p.omop is not None for i in p.ingredient]
    return pl.DataFrame(rows, {"product_id": pl.Int64, "ingredient": pl.String, "called": pl.String}, orient="row")


def settled_keys(keys: pl.DataFrame, found: pl.DataFrame, concepts: DrugConcepts, knowledge: Knowledge) -> pl.Series:
    """The keys of which something says what they are: an ingredient was found, or a drug that interacts; a vocabulary table says
    which ingredients are in the drug; or the concept's name spells them out, or says that it is no drug."""
    interacting = knowledge.interacting.items()
    named = _held(keys, {f" {words(form.label or name)} " for name, form in interacting})
    parts = concepts.strengths.filter(pl.col("drug_concept_id") != pl.col("ingredient_concept_id"))
    is_spelt = (
        pl.col("vocabulary").is_in(_SPELLING_VOCABULARIES)
        & ~pl.col("class").is_in(_BRAND_CLASSES).fill_null(False)
        & ~pl.col("name").str.contains(_SAYS_NOTHING)
    )
    said = concepts.rows.filter(is_spelt.fill_null(False) | (pl.col("domain") != "Drug").fill_null(False))
    ids = {c for _name, form in interacting for c in form.omop}
    ids = ids.union(concepts.with_ancestors, parts["drug_concept_id"], said["concept_id"])
    by_id = keys.filter(pl.col("looked_up").is_in(sorted(ids)))
    return pl.concat([found["key"], named.drop_nulls()["key"], by_id["key"]]).unique()


def resolve_combinations(
    keys: pl.DataFrame, found: pl.DataFrame, knowledge: Knowledge
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Replaces the ingredients of products whose components make a combination by what the combination counts as. Also gives the
    combinations: one row per `key` and ingredient that it counts as (`ingredient` NULL where it counts as none).

    A product is a combination when its name holds all the components' names; without a name, when its known ingredients do.
    """
    names = {ingredient: min(called) for ingredient, called in names_of(knowledge).items()}
    called = pl.col("ingredient").replace_strict(names, return_dtype=pl.String)
    listed = found.group_by("key").agg(called.sort().str.join(" ").alias("listed"), pl.col("way").min())
    products = listed.join(keys.select("key", "words"), on="key")
    told = products.select("key", "way", pl.coalesce("words", " " + pl.col("listed") + " "))
    # The largest first; of several of one size the first of the file.
    known = sorted(knowledge.combinations, key=lambda c: -len(c.components))
    known = [(c, [f" {words(part)} " for part in c.components]) for c in known]
    rows = []
    for key, way, text in told.iter_rows():
        combination = next((c for c, parts in known if all(part in text for part in parts)), None)
        if combination is not None:
            rows += [(key, ingredient, way) for ingredient in combination.counts_as or (None,)]
    combined = pl.DataFrame(rows, found.schema, orient="row")
    apart = found.join(combined, on="key", how="anti")
    return pl.concat([apart, combined.filter(pl.col("ingredient").is_not_null())]), combined
