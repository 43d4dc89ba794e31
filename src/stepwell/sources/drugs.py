"""Which ingredient a recorded drug is, for what use its product is labelled, and how much one unit of it holds.

Drugs are first gathered by what identifies them: some thousands of keys for any number of rows. Everything here is worked
out per key; the rows are joined to the result once.

Ways of finding the ingredient, best first: `drug_strength`, `concept_ancestor`, the ingredient's own concept id or RxNorm code,
its name as whole words in the drug's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from ibis import _

from ..knowledge.forms import Knowledge
from .files import RawTable, store
from .strength import with_strength
from .values import concept, text

WAYS = (
    "drug_strength",
    "concept_ancestor",
    "the ingredient's own concept",
    "the ingredient's name in the name of the drug (whole words)",
)


@dataclass(frozen=True)
class Drugs:
    """What the recorded drugs are. `products`: one row per concept and ingredient, with `concept_id`, `ingredient`, `way`,
    `labelled_use`, `mg_per_unit`, `per` (`unit`, `ml`, `hour`), `strength_basis`, `product_mg_per_unit`,
    `product_days_per_unit`. `keys`: one row per way of identifying a drug, with `n_rows`, `way` and `kind`: `known`,
    `set aside`, `combination` (one that counts as nothing), `unmapped` (concept 0, though the source's own name for it is
    that of a known drug), `nothing` (concept 0 and no such name), `other`."""

    products: ir.Table
    keys: ir.Table


def find_drugs(con: ibis.BaseBackend, raw: RawTable, vocabulary: dict[str, RawTable], knowledge: Knowledge) -> Drugs:
    """Works out the ingredient, use and strength of every drug that occurs in a `drug_exposure` table."""
    keys = store(con, _with_names(_keys(con, raw), vocabulary.get("concept")), "concept")
    ingredients = _ingredient_concepts(con, vocabulary.get("concept"), knowledge)
    found = store(con, _ingredients_of(keys, ingredients, vocabulary, knowledge), "vocabulary tables")
    found, combined = _resolve_combinations(con, keys, found, knowledge)
    wanted = [i for i, form in knowledge.ingredients.items() if form.role != "set-aside"]
    looked_for = found.filter(found.ingredient.isin(wanted))
    mapped = looked_for.semi_join(keys.filter(keys.concept_id.notnull()), "key")
    products = store(con, with_strength(keys, mapped, ingredients, vocabulary), "vocabulary tables")
    products = products.join(keys.select("key", "concept_id"), "key").drop("key")
    products = store(con, _with_product_use(con, products, vocabulary, knowledge), "vocabulary tables")
    return Drugs(products, store(con, _kinds(keys, found, looked_for, combined), "drug keys"))


def rows_of(products: ir.Table, raw: RawTable, columns: Iterable[str]) -> RawTable:
    """The rows of a `drug_exposure` table that are of these products, once per ingredient: with these columns of theirs, as far
    as there are any, and those of the product.

    Most rows of most sources are of drugs that nobody looks for; they are left behind before any cell is looked into.
    """
    columns = [c for c in columns if raw.has(c)]
    rows = raw.rows.select(*columns, concept_id=concept(raw.rows.drug_concept_id)).join(products, "concept_id")
    return RawTable(raw.name, raw.where, rows)


def find_named_drugs(con: ibis.BaseBackend, column: ir.StringColumn, where: str, knowledge: Knowledge) -> ir.Table:
    """One row per name and ingredient looked for: `called` (lower case), `ingredient`, `mg_per_unit`, `per`,
    `strength_basis` (where the name spells out a strength)."""
    rows = column.lower().name("value").as_table()
    names = rows.group_by("value").agg(n_rows=rows.count()).filter(_.value.notnull())
    no_id = ibis.null("int64")
    keys = names.mutate(key=ibis.row_number().over(order_by=names.value), concept_id=no_id, source_id=no_id)
    keys = store(con, _with_names(keys, None), where)
    ingredients = _ingredient_concepts(con, None, knowledge)
    found = store(con, _ingredients_of(keys, ingredients, {}, knowledge), where)
    found, _combined = _resolve_combinations(con, keys, found, knowledge)
    wanted = [i for i, form in knowledge.ingredients.items() if form.role != "set-aside"]
    named = with_strength(keys, found.filter(found.ingredient.isin(wanted)), ingredients, {})
    return store(con, named.join(keys.select("key", called="value"), "key").drop("key", "way"), where)


def _keys(con: ibis.BaseBackend, raw: RawTable) -> ir.Table:
    """One row per drug as identified: by its concept, else its source concept, else its source value."""
    id_ = concept(raw.column("drug_concept_id", "int64"))
    source_id = concept(raw.column("drug_source_concept_id", "int64"))
    rows = raw.rows.select(
        concept_id=id_,
        source_id=id_.isnull().ifelse(source_id, ibis.null("int64")),
        value=(id_.isnull() & source_id.isnull()).ifelse(
            text(raw.column("drug_source_value")).lower(), ibis.null("string")
        ),
    )
    counted = rows.group_by("concept_id", "source_id", "value").agg(n_rows=rows.count())
    order = [counted.concept_id, counted.source_id, counted.value]
    return store(con, counted.mutate(key=ibis.row_number().over(order_by=order)), raw.where)


def _kinds(keys: ir.Table, found: ir.Table, looked_for: ir.Table, combined: ir.Table) -> ir.Table:
    known = looked_for.group_by(known_key="key").agg(way=looked_for.way.min())
    aside = found.select(aside_key="key").distinct()
    none = combined.filter(combined.counts_as.isnull()).select(none_key="key")
    joined = keys.left_join(known, keys.key == known.known_key)
    joined = joined.left_join(aside, joined.key == aside.aside_key).left_join(none, _.key == none.none_key)
    kind = ibis.cases(
        (_.concept_id.isnull() & _.known_key.notnull(), "unmapped"),
        (_.concept_id.isnull(), "nothing"),
        (_.known_key.notnull(), "known"),
        (_.aside_key.notnull(), "set aside"),
        (_.none_key.notnull(), "combination"),
        else_="other",
    )
    return joined.select("key", "n_rows", "way", kind=kind)


def words(name: str) -> str:
    """A name as lower-case words between single blanks."""
    return re.sub(r"[^a-z0-9]+", " ", name.lower()).strip()


def names_of(knowledge: Knowledge) -> dict[str, set[str]]:
    """Names by which vocabularies may call each ingredient: its label with and without a remark in brackets."""
    return {
        key: {words(form.label), words(re.sub(r"\(.*?\)", "", form.label))} - {""}
        for key, form in knowledge.ingredients.items()
    }


def _with_names(keys: ir.Table, concepts: RawTable | None) -> ir.Table:
    """Adds the drug's `name` (from `concept`, else the source value) and its `words`, each between single blanks."""
    if concepts is None:
        keys = keys.mutate(concept_name=ibis.null("string"), is_drug=ibis.literal(True))
    else:
        raw = concepts.rows
        named = raw.select(id=concept(raw.concept_id), called=text(raw.concept_name), domain=text(raw.domain_id))
        named = named.group_by("id").agg(
            concept_name=named.called.min(), is_drug=(named.domain == "Drug").ifelse(1, 0).max() == 1
        )
        keys = keys.mutate(named_by=ibis.coalesce(keys.concept_id, keys.source_id))
        keys = keys.left_join(named, keys.named_by == named.id).drop("id", "named_by")
    name = ibis.coalesce(keys.concept_name, keys.value)
    return keys.mutate(
        name=name,
        is_drug=keys.is_drug.fill_null(True),
        words=" " + name.lower().re_replace("[^a-z0-9]+", " ").strip() + " ",
    )


def _ingredient_concepts(con: ibis.BaseBackend, concepts: RawTable | None, knowledge: Knowledge) -> ir.Table:
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


def _ingredients_of(
    keys: ir.Table, ingredients: ir.Table, vocabulary: dict[str, RawTable], knowledge: Knowledge
) -> ir.Table:
    """One row per key and ingredient, with the best way it was found."""
    ways = []
    for way, table, above, below in (
        (0, "drug_strength", "ingredient_concept_id", "drug_concept_id"),
        (1, "concept_ancestor", "ancestor_concept_id", "descendant_concept_id"),
    ):
        if table in vocabulary:
            raw = vocabulary[table].rows
            pairs = raw.select(above=concept(raw[above]), below=concept(raw[below]))
            pairs = pairs.join(ingredients, pairs.above == ingredients.ingredient_concept_id)
            hits = keys.join(pairs, keys.concept_id == pairs.below)
            ways.append(hits.select("key", "ingredient", way=ibis.literal(way, "int8")))
    own = keys.join(ingredients, keys.concept_id == ingredients.ingredient_concept_id)
    ways.append(own.select("key", "ingredient", way=ibis.literal(2, "int8")))
    by_code = ibis.union(*ways) if len(ways) > 1 else ways[0]
    names = [{"called": f" {n} ", "ingredient": k} for k, called in names_of(knowledge).items() for n in called]
    names = ibis.memtable(names, schema={"called": "string", "ingredient": "string"})
    unknown = keys.filter(keys.is_drug & keys.words.notnull()).anti_join(by_code, "key")
    by_name = unknown.join(names, unknown.words.contains(names.called)).select(
        "key", "ingredient", way=ibis.literal(3, "int8")
    )
    found = by_code.union(by_name)
    return found.group_by("key", "ingredient").agg(way=found.way.min())


def _resolve_combinations(
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


def _with_product_use(
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
    joined = products.left_join(uses, [products.concept_id == uses.id, products.ingredient == uses.use_of])
    return joined.select(
        *products.columns, labelled_use=joined.use, product_mg_per_unit=joined.mg, product_days_per_unit=joined.days
    )
