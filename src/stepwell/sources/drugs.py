"""Which ingredient a recorded drug is, for what use its product is labelled, and how much one unit of it holds.

Drugs are first gathered by what identifies them (concept, or source value where there is no concept): some thousands of keys
for any number of rows. Everything here is worked out per key; the rows are joined to the result once.

Ways of finding the ingredient, best first: `drug_strength`, `concept_ancestor`, the ingredient's own concept id or RxNorm code,
its name as whole words in the drug's name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from ibis import _
from ibis.backends.duckdb import Backend

from ..knowledge.forms import Knowledge
from .files import RawTable, store
from .values import concept, number, text

WAYS = ("drug_strength", "concept_ancestor", "ingredient code", "drug name")

HOUR, MILLILITRE = 8505, 8587
MILLIGRAMS_PER_UNIT = {8576: 1.0, 9655: 0.001, 8504: 1000.0, 9600: 0.000001}
"""OMOP unit concepts: milligram, microgram, gram, nanogram (UCUM rows of Synthea27Nj's CONCEPT.csv)."""

_STRENGTH_IN_NAME = r"([0-9]+(?:\.[0-9]+)?) (MG|MCG|UG|GM|G)(/[A-Z0-9.]+)?( |$)"
_MILLIGRAMS_BY_NAME = {"MG": 1.0, "MCG": 0.001, "UG": 0.001, "GM": 1000.0, "G": 1000.0}


@dataclass(frozen=True)
class Drugs:
    """What the drug keys mean. `products`: one row per key and ingredient with `key`, `ingredient`, `way`, `labelled_use`,
    `mg_per_unit`, `per` (`unit`, `ml`, `hour`), `strength_basis`, `product_mg_per_unit`, `product_days_per_unit`.
    `keys`: one row per key with `n_rows`, `is_known`, `is_set_aside`, `is_other_combination`, `has_concept`."""

    products: ir.Table
    keys: ir.Table


def drug_key(raw: RawTable) -> ir.StringValue:
    """What identifies the drug of a row: its concept, else its source concept, else its source value."""
    found = ibis.coalesce(
        concept(raw.column("drug_concept_id", "int64")), concept(raw.column("drug_source_concept_id", "int64"))
    )
    value = "=" + text(raw.column("drug_source_value")).lower()
    return ibis.coalesce(found.cast("string"), value)


def find_drugs(con: Backend, raw: RawTable, vocabulary: dict[str, RawTable], knowledge: Knowledge) -> Drugs:
    """Works out the ingredient, use and strength of every drug key that occurs."""
    rows = raw.rows.select(key=drug_key(raw))
    keys = store(con, rows.group_by("key").agg(n_rows=rows.count()).filter(_.key.notnull()), raw.where)
    keys = keys.mutate(concept_id=keys.key.try_cast("int64"))
    keys = store(con, _with_names(keys, vocabulary.get("concept")), "concept")
    ingredients = _ingredient_concepts(con, vocabulary.get("concept"), knowledge)
    found = store(con, _ingredients_of(keys, ingredients, vocabulary, knowledge), "vocabulary tables")
    found, combined = _resolve_combinations(con, keys, found, knowledge)
    wanted = [i for i, form in knowledge.ingredients.items() if form.role != "set-aside"]
    products = _with_strength(keys, found.filter(found.ingredient.isin(wanted)), ingredients, vocabulary)
    products = store(con, _with_product_use(con, products, vocabulary, knowledge), "vocabulary tables")
    known = products.select(known="key").distinct()
    aside = found.filter(~found.ingredient.isin(wanted)).select(aside="key").distinct()
    none = combined.filter(combined.counts_as_none).select(other="key").distinct()
    keys = keys.left_join(known, keys.key == known.known)
    keys = keys.left_join(aside, _.key == aside.aside).left_join(none, _.key == none.other)
    keys = keys.select(
        "key",
        "n_rows",
        is_known=_.known.notnull(),
        is_set_aside=_.known.isnull() & _.aside.notnull(),
        is_other_combination=_.known.isnull() & _.other.notnull(),
        has_concept=_.concept_id.notnull(),
    )
    return Drugs(products, store(con, keys, "drug keys"))


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
    """Adds the drug's name (from `concept`, else the source value) and the same as ` words between blanks `."""
    if concepts is None:
        keys = keys.mutate(concept_name=ibis.null("string"), is_drug=ibis.literal(True))
    else:
        raw = concepts.rows
        named = raw.select(
            id=concept(raw.concept_id), concept_name=text(raw.concept_name), is_drug=text(raw.domain_id) == "Drug"
        ).distinct(on="id", keep="first")
        keys = keys.left_join(named, keys.concept_id == named.id).drop("id")
    from_value = keys.key.startswith("=").ifelse(keys.key.substr(1), ibis.null("string"))
    name = ibis.coalesce(keys.concept_name, from_value)
    return keys.mutate(
        name=name,
        is_drug=keys.is_drug.fill_null(True),
        words=" " + name.lower().re_replace("[^a-z0-9]+", " ").strip() + " ",
    )


def _ingredient_concepts(con: Backend, concepts: RawTable | None, knowledge: Knowledge) -> ir.Table:
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
    con: Backend, keys: ir.Table, found: ir.Table, knowledge: Knowledge
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
    joined = joined.group_by("key").agg(listed=" " + joined.called.group_concat(" ", order_by=joined.called) + " ")
    products = keys.semi_join(found, "key").left_join(joined, "key")
    products = store(con, products.select("key", words=ibis.coalesce(products.words, products.listed)), "drug keys")
    components = [
        {"number": n, "n_components": len(c.components), "component": f" {words(part)} "}
        for n, c in enumerate(knowledge.combinations)
        for part in c.components
    ]
    components = ibis.memtable(
        components, schema={"number": "int64", "n_components": "int64", "component": "string"}
    )
    hits = products.join(components, products.words.contains(components.component))
    whole = hits.group_by("key", "number", "n_components").agg(n=hits.component.nunique())
    whole = whole.filter(whole.n == whole.n_components)
    order = ibis.row_number().over(group_by="key", order_by=[ibis.desc("n_components"), "number"])
    best = whole.mutate(place=order).filter(_.place == 0)
    counts = [
        {"number": n, "counts_as": list(c.counts_as), "counts_as_none": not c.counts_as}
        for n, c in enumerate(knowledge.combinations)
    ]
    counts = ibis.memtable(
        counts, schema={"number": "int64", "counts_as": "array<string>", "counts_as_none": "boolean"}
    )
    combined = store(con, best.join(counts, "number").select("key", "counts_as", "counts_as_none"), "combinations")
    ways = found.group_by("key").agg(way=found.way.min())
    instead = combined.join(ways, "key").select("key", ingredient=combined.counts_as.unnest(), way="way")
    return store(con, found.anti_join(combined, "key").union(instead), "combinations"), combined


def _with_strength(
    keys: ir.Table, found: ir.Table, ingredients: ir.Table, vocabulary: dict[str, RawTable]
) -> ir.Table:
    """Adds `mg_per_unit`, `per` and `strength_basis`: from `drug_strength` where it states units, else from the drug's name."""
    named = _strength_in_names(keys, found)
    stated = vocabulary.get("drug_strength")
    if stated is None or not stated.has("amount_unit_concept_id", "numerator_unit_concept_id"):
        found = found.left_join(named, ["key", "ingredient"]).drop("key_right", "ingredient_right")
        return found.mutate(strength_basis=found.mg_per_unit.notnull().ifelse("strength in the name", ibis.null("string")))
    raw = stated.rows
    rows = raw.select(
        id=concept(raw.drug_concept_id),
        part=concept(raw.ingredient_concept_id),
        amount=number(raw.amount_value),
        amount_unit=concept(raw.amount_unit_concept_id),
        numerator=number(stated.column("numerator_value", "float64")),
        numerator_unit=concept(raw.numerator_unit_concept_id),
        denominator=number(stated.column("denominator_value", "float64")),
        denominator_unit=concept(stated.column("denominator_unit_concept_id", "int64")),
        is_valid=text(stated.column("invalid_reason")).isnull(),
    )
    rows = rows.filter(rows.is_valid).join(ingredients, rows.part == ingredients.ingredient_concept_id)

    def milligrams(value: ir.FloatingValue, unit: ir.IntegerValue) -> ir.FloatingValue:
        return value * ibis.cases(*((unit == u, f) for u, f in MILLIGRAMS_PER_UNIT.items()))

    # A quantified form (24 hours a tablet, 120 ml a bottle) states the content of the whole; a plain rate has denominator 1
    # or none. Bottles and millilitres cannot be told apart in `quantity`, so the dose of a bottle stays unknown.
    per_one = rows.denominator.fill_null(1.0) == 1
    in_hours, in_ml = rows.denominator_unit == HOUR, rows.denominator_unit == MILLILITRE
    part = milligrams(rows.numerator, rows.numerator_unit)
    whole = milligrams(rows.amount, rows.amount_unit)
    rows = rows.mutate(
        mg=ibis.coalesce(whole, (in_hours | (in_ml & per_one)).ifelse(part, ibis.null("float64"))),
        per=ibis.cases((whole.notnull(), "unit"), (in_hours & per_one, "hour"), (in_hours, "unit"), (in_ml & per_one, "ml")),
    )
    rows = rows.filter(rows.mg.notnull() & (rows.mg > 0))
    stated_mg = rows.group_by("id", "ingredient").agg(
        # Several strengths of one ingredient in one product (a starter pack): nobody can say which was taken.
        stated_mg=((rows.mg.nunique() == 1) & (rows.per.nunique() == 1)).ifelse(rows.mg.min(), ibis.null("float64")),
        stated_per=rows.per.min(),
    )
    ids = keys.select(id="concept_id", id_key="key").filter(_.id.notnull())
    stated_mg = stated_mg.join(ids, "id").select("ingredient", "stated_mg", "stated_per", key="id_key")
    found = found.left_join(stated_mg, ["key", "ingredient"]).drop("key_right", "ingredient_right")
    found = found.left_join(named, ["key", "ingredient"]).drop("key_right", "ingredient_right")
    is_stated = found.stated_mg.notnull()
    return found.select(
        "key",
        "ingredient",
        "way",
        mg_per_unit=is_stated.ifelse(found.stated_mg, found.mg_per_unit),
        per=is_stated.ifelse(found.stated_per, found.per),
        strength_basis=ibis.cases(
            (is_stated, "strength in drug_strength"), (found.mg_per_unit.notnull(), "strength in the name")
        ),
    )


def _strength_in_names(keys: ir.Table, found: ir.Table) -> ir.Table:
    """One row per key and ingredient with the strength that RxNorm-like names spell out: `A 10 MG / B 2 MG Oral Tablet`."""
    rows = found.join(keys.select("key", "name"), "key").filter(_.name.notnull())
    is_bottle = rows.name.re_search(r"(?i)^[0-9.]+ ML ")
    rows = rows.filter(~is_bottle).select("key", "ingredient", component=_.name.upper().split(" / ").unnest())
    plain = " " + rows.component.lower().re_replace("[^a-z0-9]+", " ").strip() + " "
    stem = rows.ingredient.split("-")[0]
    rows = rows.filter(plain.contains(" " + stem + " "))
    value, unit, per = (rows.component.re_extract(_STRENGTH_IN_NAME, n) for n in (1, 2, 3))
    rows = rows.mutate(
        mg=value.try_cast("float64") * ibis.cases(*((unit == u, f) for u, f in _MILLIGRAMS_BY_NAME.items())),
        part=ibis.cases((per == "", "unit"), (per == "/ML", "ml"), (per == "/HR", "hour")),
    )
    rows = rows.filter(rows.mg.notnull() & (rows.mg > 0) & rows.part.notnull())
    return rows.group_by("key", "ingredient").agg(
        mg_per_unit=((rows.mg.nunique() == 1) & (rows.part.nunique() == 1)).ifelse(rows.mg.min(), ibis.null("float64")),
        per=rows.part.min(),
    )


def _with_product_use(
    con: Backend, products: ir.Table, vocabulary: dict[str, RawTable], knowledge: Knowledge
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
        uses = uses.union(under.select(*uses.columns)).distinct(on=["id", "use_of"], keep="first")
    uses = uses.mutate(use_key=uses.id.cast("string")).drop("id")
    joined = products.left_join(uses, [products.key == uses.use_key, products.ingredient == uses.use_of])
    return joined.select(
        *products.columns, labelled_use=joined.use, product_mg_per_unit=joined.mg, product_days_per_unit=joined.days
    )
