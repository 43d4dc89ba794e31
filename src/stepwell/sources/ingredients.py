"""Which ingredient a recorded drug is, and whether anything says what it is at all.

A drug is a key: what identifies it (`looked_up`, the concept id to look up), its `name` and its `words`. Ways of finding the
ingredient, best first: `drug_strength`, `concept_ancestor`, the ingredient's own concept id or RxNorm code, the concept of a
product in `rxnorm_product.csv`, the ingredient's name as whole words in the drug's name.
"""

from __future__ import annotations

import re

import ibis
import ibis.expr.types as ir
from ibis import _

from ..knowledge.forms import Knowledge
from .files import RawTable
from .stored import store
from .values import concept, text

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


def names_of(knowledge: Knowledge) -> dict[str, set[str]]:
    """Names by which vocabularies may call each ingredient: its label with and without a remark in brackets."""
    return {
        key: {words(form.label), words(re.sub(r"\(.*?\)", "", form.label))} - {""}
        for key, form in knowledge.ingredients.items()
    }


def with_names(keys: ir.Table, concepts: RawTable | None, knowledge: Knowledge) -> ir.Table:
    """Adds the drug's `name` (that of the concept `looked_up`, and the source's entry `value`), `is_drug` and its `words`, each
    between single blanks. A product that stepwell knows has its name where `concept` gives none."""
    if concepts is None:
        keys = keys.mutate(concept_name=ibis.null("string"), is_drug=ibis.literal(True))
    else:
        raw = concepts.rows
        named = raw.select(id=concept(raw.concept_id), called=text(raw.concept_name), domain=text(raw.domain_id))
        named = named.group_by("id").agg(
            concept_name=named.called.min(), is_drug=(named.domain == "Drug").ifelse(1, 0).max() == 1
        )
        keys = keys.left_join(named, keys.looked_up == named.id).drop("id")
    known = _known_products(knowledge).select("product_id", "called").distinct()
    keys = keys.left_join(known, keys.looked_up == known.product_id).drop("product_id")
    keys = keys.mutate(concept_name=ibis.coalesce(keys.concept_name, keys.called)).drop("called")
    both = keys.concept_name.notnull() & keys.value.notnull()
    name = both.ifelse(keys.concept_name + " / " + keys.value, ibis.coalesce(keys.concept_name, keys.value))
    return keys.mutate(
        name=name,
        is_drug=keys.is_drug.fill_null(True),
        words=" " + name.lower().re_replace("[^a-z0-9]+", " ").strip() + " ",
    ).drop("concept_name")


def ingredient_concepts(con: ibis.BaseBackend, concepts: RawTable | None, knowledge: Knowledge) -> ir.Table:
    """One row per ingredient concept: `ingredient_concept_id`, `ingredient`."""
    by_id = [{"id": c, "ingredient": k} for k, form in knowledge.ingredients.items() for c in form.omop]
    found = ibis.memtable(by_id, schema={"id": "int64", "ingredient": "string"})
    if concepts is not None:
        codes = [{"code": c, "ingredient": k} for k, form in knowledge.ingredients.items() for c in form.rxnorm]
        codes = ibis.memtable(codes, schema={"code": "string", "ingredient": "string"})
        raw = concepts.rows
        rxnorm = raw.filter(text(raw.vocabulary_id) == "RxNorm").select(
            id=concept(raw.concept_id), rxcui=text(raw.concept_code)
        )
        looked_up = rxnorm.join(codes, rxnorm.rxcui == codes.code).select("id", "ingredient")
        found = found.union(looked_up).distinct()
    return store(con, found.rename(ingredient_concept_id="id"), "concept")


def ingredients_of(
    keys: ir.Table, ingredients: ir.Table, vocabulary: dict[str, RawTable], knowledge: Knowledge, by_name: int = BY_NAME
) -> ir.Table:
    """One row per key and ingredient, with the best way it was found."""
    # Every table that says which ingredient a code is of is one way here.
    products = _known_products(knowledge)
    ways = [
        *(_by_table(keys, ingredients, vocabulary[t], way) for way, t in enumerate(_PAIRS) if t in vocabulary),
        keys.join(ingredients, keys.looked_up == ingredients.ingredient_concept_id).select(
            "key", "ingredient", way=ibis.literal(2, "int8")
        ),
        keys.join(products, keys.looked_up == products.product_id).select(
            "key", "ingredient", way=ibis.literal(3, "int8")
        ),
    ]
    by_code = ibis.union(*ways)
    names = [{"called": f" {n} ", "ingredient": k} for k, called in names_of(knowledge).items() for n in called]
    names = ibis.memtable(names, schema={"called": "string", "ingredient": "string"})
    unknown = keys.filter(keys.is_drug & keys.words.notnull()).anti_join(by_code, "key")
    by_words = unknown.join(names, unknown.words.contains(names.called)).select(
        "key", "ingredient", way=ibis.literal(by_name, "int8")
    )
    found = by_code.union(by_words)
    return found.group_by("key", "ingredient").agg(way=found.way.min())


def _known_products(knowledge: Knowledge) -> ir.Table:
    """The products of `rxnorm_product.csv` that have an OMOP concept, one row for each ingredient."""
    rows = [
        {"product_id": p.omop, "ingredient": ingredient, "called": p.name}
        for p in knowledge.rxnorm_products
        if p.omop is not None
        for ingredient in p.ingredient
    ]
    return ibis.memtable(rows, schema={"product_id": "int64", "ingredient": "string", "called": "string"})


_PAIRS = {
    "drug_strength": ("ingredient_concept_id", "drug_concept_id"),
    "concept_ancestor": ("ancestor_concept_id", "descendant_concept_id"),
}
"""Vocabulary tables that say which ingredient is in which drug: the columns of the two."""


def _pairs(name: str, raw: RawTable) -> ir.Table:
    above, below = _PAIRS[name]
    return raw.rows.select(above=concept(raw.rows[above]), below=concept(raw.rows[below]))


def _by_table(keys: ir.Table, ingredients: ir.Table, raw: RawTable, way: int) -> ir.Table:
    pairs = _pairs(tuple(_PAIRS)[way], raw)
    pairs = pairs.join(ingredients, pairs.above == ingredients.ingredient_concept_id)
    hits = keys.join(pairs, keys.looked_up == pairs.below)
    return hits.select("key", "ingredient", way=ibis.literal(way, "int8"))


def settled_keys(keys: ir.Table, found: ir.Table, vocabulary: dict[str, RawTable], knowledge: Knowledge) -> ir.Table:
    """The keys (`key`) of which something says what they are: an ingredient was found, or a drug that interacts; a vocabulary
    table says which ingredients are in the drug; or the concept's name spells them out, or says that it is no drug."""
    settled = [found.select("key"), _interacting(keys, knowledge)]
    for name in _PAIRS:
        if name in vocabulary:
            pairs = _pairs(name, vocabulary[name]).filter(_.above != _.below)
            settled.append(keys.semi_join(pairs, keys.looked_up == pairs.below).select("key"))
    if "concept" in vocabulary:
        raw = vocabulary["concept"]
        rows = raw.rows
        is_brand = text(raw.column("concept_class_id")).isin(_BRAND_CLASSES).fill_null(False)
        name = text(rows.concept_name)
        spells = text(rows.vocabulary_id).isin(_SPELLING_VOCABULARIES) & ~is_brand & ~name.re_search(_SAYS_NOTHING)
        is_other = (text(rows.domain_id) != "Drug").fill_null(False)
        says = rows.filter((spells & name.notnull()) | is_other).select(id=concept(rows.concept_id))
        settled.append(keys.semi_join(says, keys.looked_up == says.id).select("key"))
    return ibis.union(*settled, distinct=True)


def _interacting(keys: ir.Table, knowledge: Knowledge) -> ir.Table:
    """The keys of drugs that are looked for only because they interact with others."""
    known = [(words(form.label or name), form.omop) for name, form in knowledge.interacting.items()]
    names = ibis.memtable([{"called": f" {name} "} for name, _omop in known], schema={"called": "string"})
    ids = ibis.memtable([{"id": i} for _name, omop in known for i in omop], schema={"id": "int64"})
    named = keys.filter(keys.is_drug & keys.words.notnull())
    by_words = named.semi_join(names, named.words.contains(names.called)).select("key")
    return by_words.union(keys.semi_join(ids, keys.looked_up == ids.id).select("key"))


def resolve_combinations(
    con: ibis.BaseBackend, keys: ir.Table, found: ir.Table, knowledge: Knowledge
) -> tuple[ir.Table, ir.Table]:
    """Replaces the ingredients of products whose components make a combination by what the combination counts as.

    A product is a combination when its name holds all the components' names; without a name, when its known ingredients do.
    """
    names = names_of(knowledge)
    called = ibis.memtable(
        [{"ingredient": k, "called": min(v)} for k, v in names.items()],
        schema={"ingredient": "string", "called": "string"},
    )
    joined = found.join(called, "ingredient")
    joined = joined.group_by("key").agg(listed=joined.called.collect())
    joined = joined.select("key", listed=" " + joined.listed.sort().join(" ") + " ")
    products = keys.semi_join(found, "key").left_join(joined, "key")
    products = store(con, products.select("key", words=ibis.coalesce(products.words, products.listed)), "drug keys")
    components = [
        {"number": n, "n_components": len(c.components), "component": f" {words(part)} "}
        for n, c in enumerate(knowledge.combinations)
        for part in c.components
    ]
    components = ibis.memtable(components, schema={"number": "int64", "n_components": "int64", "component": "string"})
    hits = products.join(components, products.words.contains(components.component))
    whole = hits.group_by("key", "number", "n_components").agg(n=hits.component.nunique())
    whole = whole.filter(whole.n == whole.n_components)
    order = ibis.row_number().over(group_by="key", order_by=[ibis.desc("n_components"), "number"])
    best = whole.mutate(place=order).filter(_.place == 0)
    counts = [
        {"number": n, "counts_as": part}
        for n, c in enumerate(knowledge.combinations)
        for part in c.counts_as or (None,)
    ]
    counts = ibis.memtable(counts, schema={"number": "int64", "counts_as": "string"})
    combined = store(con, best.join(counts, "number").select("key", "counts_as"), "combinations")
    ways = found.group_by("key").agg(way=found.way.min())
    instead = combined.filter(combined.counts_as.notnull()).join(ways, "key")
    instead = instead.select("key", ingredient=instead.counts_as, way="way")
    return store(con, found.anti_join(combined, "key").union(instead), "combinations"), combined
