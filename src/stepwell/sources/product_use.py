"""For what use a product is labelled, where it is not that of its ingredient: by its code, its form, its route."""

from __future__ import annotations

import polars as pl

from ..knowledge.forms import Knowledge
from .cells import chosen
from .drug_concepts import DrugConcepts

NOT_KNOWN = "not known"
"""The use of a product whose form or route would say it, where neither is recorded."""


def with_product_use(products: pl.DataFrame, concepts: DrugConcepts, knowledge: Knowledge) -> pl.DataFrame:
    """Adds `labelled_use`, `product_mg_per_unit` and `product_days_per_unit`, by the product's code and by the words of its name;
    `labelled_use` is `not known` where only a row's route can say it (`by_route`). Needs `looked_up`, the names' `words`, and
    `per`."""
    listed = _listed_products(concepts, knowledge).with_columns(is_listed=True)
    products = products.join(listed, on=["looked_up", "ingredient"], how="left")
    # Only a patch gives so much an hour.
    told = pl.when(pl.col("per") == "hour").then(pl.lit(" transdermal ")).otherwise(pl.col("words").fill_null(" "))
    products = products.with_columns(by_form=uses_by_words(products.with_columns(words=told), knowledge))
    use = pl.when("is_listed").then("labelled_use").otherwise("by_form")
    return products.with_columns(labelled_use=use).drop("is_listed", "by_form")


def uses_by_words(products: pl.DataFrame, knowledge: Knowledge) -> pl.Series:
    """The use that the words of each product's name tell."""
    named = products.select("ingredient", "words").iter_rows()
    return pl.Series([_use_by_words(ingredient, words, knowledge) for ingredient, words in named], dtype=pl.String)


def _use_by_words(ingredient: str, words: str, knowledge: Knowledge) -> str | None:
    """The use that the words of a name tell, each between single blanks."""
    forms = [form for form in knowledge.product_forms if form.ingredient == ingredient]
    for form in forms:
        if any(f" {word} " in words for word in form.words):
            return form.labelled_use
    return NOT_KNOWN if any(form.labelled_use is None for form in forms) else None


def by_route(labelled_use: pl.Expr, ingredient: pl.Expr, route: pl.Expr, knowledge: Knowledge) -> pl.Expr:
    """The use of a product of which it is not known, by the route recorded in the row."""
    cases = [
        ((ingredient == form.ingredient) & route.is_in(form.routes), form.labelled_use)
        for form in knowledge.product_forms
        if form.routes
    ]
    if not cases:
        return labelled_use
    return pl.when(labelled_use == NOT_KNOWN).then(chosen(*cases, otherwise=NOT_KNOWN)).otherwise(labelled_use)


def _listed_products(concepts: DrugConcepts, knowledge: Knowledge) -> pl.DataFrame:
    """What `product_use.csv` says about the very products, found by their RxNorm codes, and about what is below them. One row per
    concept (`looked_up`) and `ingredient`."""
    said = {
        "code": pl.String,
        "ingredient": pl.String,
        "labelled_use": pl.String,
        "product_mg_per_unit": pl.Float64,
        "product_days_per_unit": pl.Float64,
    }
    rows = [(p.rxnorm, p.ingredient, p.labelled_use, p.mg_per_unit, p.days_per_unit) for p in knowledge.product_uses]
    uses = pl.DataFrame(rows, said, orient="row").join(concepts.coded, on="code").drop("code")
    below = uses.join(concepts.ancestors, left_on="concept_id", right_on="above").drop("concept_id")
    uses = pl.concat([uses.rename({"concept_id": "looked_up"}), below.rename({"below": "looked_up"})], how="diagonal")
    uses = uses.sort("labelled_use", "product_mg_per_unit", "product_days_per_unit", nulls_last=True)
    return uses.unique(["looked_up", "ingredient"], keep="first", maintain_order=True)
