"""Which ingredient a recorded drug is, for what use its product is labelled, and how much one unit of it holds.

Drugs are first gathered by what identifies them: some thousands of keys for any number of rows. Everything here is worked
out per key; the rows are joined to the result once.

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

WAYS = (
    "drug_strength",
    "concept_ancestor",
    "the ingredient's own concept",
    "the ingredient's name in the name of the drug (whole words)",
)

HOUR, MILLILITRE = 8505, 8587
MILLIGRAMS_PER_UNIT = {8576: 1.0, 9655: 0.001, 8504: 1000.0, 9600: 0.000001}
"""OMOP unit concepts: milligram, microgram, gram, nanogram (UCUM rows of Synthea27Nj's CONCEPT.csv)."""

_STRENGTH_IN_NAME = r"([0-9]+(?:\.[0-9]+)?) (MG|MCG|UG|GM|G)(/[A-Z0-9.]+)?( |$)"
_BOTTLE = r"(?i)^[0-9.]+ ML "
_MILLIGRAMS_BY_NAME = {"MG": 1.0, "MCG": 0.001, "UG": 0.001, "GM": 1000.0, "G": 1000.0}


@dataclass(frozen=True)
class Drugs:
    """What the recorded drugs are. `products`: one row per concept and ingredient, with `concept_id`, `ingredient`, `way`,
    `labelled_use`, `mg_per_unit`, `per` (`unit`, `ml`, `hour`), `strength_basis`, `product_mg_per_unit`,
    `product_days_per_unit`. `keys`: one row per way of identifying a drug, with `n_rows`, `way` and `kind`: `known`,
    `set aside`, `combination` (one that counts as nothing), `unmapped` (concept 0, though the source's own name for it is
    that of a known drug), `nothing` (concept 0 and no such name), `other`."""

    products: ir.Table
    keys: ir.Table


def find_drugs(con: Backend, raw: RawTable, vocabulary: dict[str, RawTable], knowledge: Knowledge) -> Drugs:
    """Works out the ingredient, use and strength of every drug that occurs in a `drug_exposure` table."""
    keys = store(con, _with_names(_keys(con, raw), vocabulary.get("concept")), "concept")
    ingredients = _ingredient_concepts(con, vocabulary.get("concept"), knowledge)
    found = store(con, _ingredients_of(keys, ingredients, vocabulary, knowledge), "vocabulary tables")
    found, combined = _resolve_combinations(con, keys, found, knowledge)
    wanted = [i for i, form in knowledge.ingredients.items() if form.role != "set-aside"]
    looked_for = found.filter(found.ingredient.isin(wanted))
    mapped = looked_for.semi_join(keys.filter(keys.concept_id.notnull()), "key")
    products = store(con, _with_strength(keys, mapped, ingredients, vocabulary), "vocabulary tables")
    products = products.join(keys.select("key", "concept_id"), "key").drop("key")
    products = store(con, _with_product_use(con, products, vocabulary, knowledge), "vocabulary tables")
    return Drugs(products, store(con, _kinds(keys, found, looked_for, combined), "drug keys"))


def find_named_drugs(con: Backend, column: ir.StringColumn, where: str, knowledge: Knowledge) -> ir.Table:
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
    named = _with_strength(keys, found.filter(found.ingredient.isin(wanted)), ingredients, {})
    return store(con, named.join(keys.select("key", called="value"), "key").drop("key", "way"), where)


def _keys(con: Backend, raw: RawTable) -> ir.Table:
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
    none = combined.filter(combined.counts_as_none).select(none_key="key")
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


def states_units(strength: RawTable) -> bool:
    """Whether a `drug_strength` table says what its numbers are."""
    return strength.has("amount_unit_concept_id", "numerator_unit_concept_id")


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
        named = raw.select(
            id=concept(raw.concept_id), concept_name=text(raw.concept_name), is_drug=text(raw.domain_id) == "Drug"
        ).distinct(on="id", keep="first")
        keys = keys.mutate(named_by=ibis.coalesce(keys.concept_id, keys.source_id))
        keys = keys.left_join(named, keys.named_by == named.id).drop("id", "named_by")
    name = ibis.coalesce(keys.concept_name, keys.value)
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
    components = ibis.memtable(components, schema={"number": "int64", "n_components": "int64", "component": "string"})
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


def _with_strength(keys: ir.Table, found: ir.Table, ingredients: ir.Table, vocabulary: dict[str, RawTable]) -> ir.Table:
    """Adds `mg_per_unit`, `per` and `strength_basis`: from `drug_strength` where it states units, else from the drug's name."""
    named = _strength_in_names(keys, found)
    stated = vocabulary.get("drug_strength")
    if stated is None or not states_units(stated):
        found = found.left_join(named, ["key", "ingredient"]).drop("key_right", "ingredient_right")
        return found.mutate(
            strength_basis=found.mg_per_unit.notnull().ifelse("strength in the name", ibis.null("string"))
        )
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
        per=ibis.cases(
            (whole.notnull(), "unit"), (in_hours & per_one, "hour"), (in_hours, "unit"), (in_ml & per_one, "ml")
        ),
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
    rows = found.join(keys.select("key", "name"), "key").filter(_.name.notnull() & ~_.name.re_search(_BOTTLE))
    parts = rows.name.upper().split(" / ")
    rows = rows.select("key", "ingredient", n_parts=parts.length(), part=parts.unnest())
    plain = " " + rows.part.lower().re_replace("[^a-z0-9]+", " ").strip() + " "
    # A salt may go by another name (divalproex): the only part of a product is its ingredient's all the same.
    rows = rows.filter((rows.n_parts == 1) | plain.contains(" " + rows.ingredient.split("-")[0] + " "))
    value, unit, per = (rows.part.re_extract(_STRENGTH_IN_NAME, n) for n in (1, 2, 3))
    rows = rows.mutate(
        mg=value.try_cast("float64") * ibis.cases(*((unit == u, f) for u, f in _MILLIGRAMS_BY_NAME.items())),
        kind=ibis.cases((per == "", "unit"), (per == "/ML", "ml"), (per == "/HR", "hour")),
    )
    rows = rows.filter((rows.mg > 0) & rows.kind.notnull())
    return rows.group_by("key", "ingredient").agg(
        mg_per_unit=((rows.mg.nunique() == 1) & (rows.kind.nunique() == 1)).ifelse(rows.mg.min(), ibis.null("float64")),
        per=rows.kind.min(),
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
    joined = products.left_join(uses, [products.concept_id == uses.id, products.ingredient == uses.use_of])
    return joined.select(
        *products.columns, labelled_use=joined.use, product_mg_per_unit=joined.mg, product_days_per_unit=joined.days
    )
