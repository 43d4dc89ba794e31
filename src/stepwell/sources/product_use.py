"""For what use a product is labelled, where it is not that of its ingredient: by its code, its form, its route."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis import _

from ..knowledge.forms import Knowledge
from .files import RawTable
from .stored import store
from .values import concept, text

NOT_KNOWN = "not known"
"""The use of a product whose form or route would say it, where neither is recorded."""


def with_product_use(
    con: ibis.BaseBackend, products: ir.Table, vocabulary: dict[str, RawTable], knowledge: Knowledge
) -> ir.Table:
    """Adds `labelled_use`, `product_mg_per_unit` and `product_days_per_unit`, by the product's code and by the words of its name;
    `labelled_use` is `not known` where only a row's route can say it (`by_route`). Needs the names' `words`, and drops them."""
    return _with_forms(_with_codes(con, products, vocabulary, knowledge), knowledge)


def by_route(labelled_use: ir.StringValue, ingredient: ir.StringValue, route: ir.StringValue, knowledge: Knowledge):
    """The use of a product of which it is not known, by the route recorded in the row."""
    cases = [
        ((ingredient == form.ingredient) & route.isin(form.routes), form.labelled_use)
        for form in knowledge.product_forms
        if form.routes
    ]
    cases = [(when, ibis.null("string") if use is None else ibis.literal(use)) for when, use in cases]
    if not cases:
        return labelled_use
    return (labelled_use == NOT_KNOWN).fill_null(False).ifelse(ibis.cases(*cases, else_=NOT_KNOWN), labelled_use)


def by_words(ingredient: ir.StringValue, words: ir.StringValue, knowledge: Knowledge) -> ir.StringValue:
    """The use that the words of a name tell, each between single blanks."""
    cases = [
        ((ingredient == form.ingredient) & _any_word(words, form.words), form.labelled_use)
        for form in knowledge.product_forms
    ]
    only = sorted({form.ingredient for form in knowledge.product_forms if form.labelled_use is None})
    cases = [(when, ibis.null("string") if use is None else ibis.literal(use)) for when, use in cases]
    return ibis.cases(*cases, (ingredient.isin(only), ibis.literal(NOT_KNOWN)), else_=ibis.null("string"))


def _any_word(words: ir.StringValue, named: tuple[str, ...]) -> ir.BooleanValue:
    return ibis.or_(*(words.contains(f" {word} ") for word in named)).fill_null(False)


def _with_forms(products: ir.Table, knowledge: Knowledge) -> ir.Table:
    """What the form says where the code says nothing."""
    if not knowledge.product_forms:
        return products.drop("words", "is_listed")
    # Only a patch gives so much an hour.
    words = (products.per == "hour").fill_null(False).ifelse(" transdermal ", products.words.fill_null(" "))
    use = by_words(products.ingredient, words, knowledge)
    use = products.is_listed.ifelse(products.labelled_use, use)
    return products.mutate(labelled_use=use).drop("words", "is_listed")


def _with_codes(
    con: ibis.BaseBackend, products: ir.Table, vocabulary: dict[str, RawTable], knowledge: Knowledge
) -> ir.Table:
    """Adds what `product_use.csv` says about the very product: found by its RxNorm code, and by what is below it."""
    schema = {"code": "string", "use_of": "string", "use": "string", "mg": "float64", "days": "float64"}
    uses = [
        dict(zip(schema, (p.rxnorm, p.ingredient, p.labelled_use, p.mg_per_unit, p.days_per_unit), strict=True))
        for p in knowledge.product_uses
    ]
    uses = ibis.memtable(uses, schema=schema)
    concepts, ancestors = vocabulary.get("concept"), vocabulary.get("concept_ancestor")
    if concepts is None:
        return products.mutate(
            is_listed=ibis.literal(False),
            labelled_use=ibis.null("string"),
            product_mg_per_unit=ibis.null("float64"),
            product_days_per_unit=ibis.null("float64"),
        )
    raw = concepts.rows
    ids = raw.filter(text(raw.vocabulary_id) == "RxNorm").select(
        id=concept(raw.concept_id), rxcui=text(raw.concept_code)
    )
    uses = store(con, ids.join(uses, ids.rxcui == uses.code).drop("rxcui", "code"), "concept")
    if ancestors is not None:
        raw = ancestors.rows
        below = raw.select(above=concept(raw.ancestor_concept_id), below=concept(raw.descendant_concept_id))
        under = uses.join(below, uses.id == below.above).select("use_of", "use", "mg", "days", id="below")
        uses = uses.union(under.select(*uses.columns))
        place = ibis.row_number().over(group_by=["id", "use_of"], order_by=["use", "mg", "days"])
        uses = uses.mutate(place=place).filter(_.place == 0).drop("place")
    joined = products.left_join(uses, [products.looked_up == uses.id, products.ingredient == uses.use_of])
    return joined.select(
        *products.columns,
        is_listed=joined.use_of.notnull(),
        labelled_use=joined.use,
        product_mg_per_unit=joined.mg,
        product_days_per_unit=joined.days,
    )
