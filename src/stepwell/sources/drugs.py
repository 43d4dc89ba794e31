"""What the recorded drugs are: their ingredients, for what use their products are labelled, and how much one unit of them holds.

Drugs are first gathered by what identifies them: some thousands of keys for any number of rows. Everything here is worked
out per key; the rows are joined to the result once. A drug is looked up by its concept. Where nothing says what the concept is,
the rows' source concepts and source values are looked up (`entry`); what they do not say either is an unidentified drug.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from ibis import _

from ..knowledge.forms import Knowledge
from .files import RawTable
from .ingredients import (
    BY_ENTRY,
    BY_NAME,
    ingredient_concepts,
    ingredients_of,
    resolve_combinations,
    settled_keys,
    with_names,
)
from .product_use import by_words, with_product_use
from .stored import run, store
from .strength import with_strength
from .values import concept, text

_OTHER = "other"
"""What a person with an own folder writes for a drug that is known to be none of those looked for."""


@dataclass(frozen=True)
class Drugs:
    """What the recorded drugs are. `products`: one row per drug and ingredient looked for, found by its `concept_id` or by its
    `entry`, with `ingredient`, `way`, `labelled_use`, `mg_per_unit`, `per` (`unit`, `ml`, `hour`), `strength_basis`,
    `product_mg_per_unit`, `product_days_per_unit`. `keys`: one row per way of identifying a drug, with `n_rows`, `way`,
    `has_concept` and `kind`: `known`, `set aside`, `combination` (one that counts as nothing), `other`, `unidentified`.
    `unsettled`: the concepts (`concept_id`) of which nothing says what they are; None where there are none, nor rows without
    one."""

    products: ir.Table
    keys: ir.Table
    unsettled: ir.Table | None

    def rows_of(self, raw: RawTable, columns: Iterable[str], ingredients: Iterable[str] | None = None) -> RawTable:
        """The rows of a `drug_exposure` table that are of these products, once per ingredient: with these columns of theirs, as
        far as there are any, and those of the product.

        Most rows of most sources are of drugs that nobody looks for; they are left behind before any cell is looked into.
        """
        products = self.products
        if ingredients is not None:
            products = products.filter(products.ingredient.isin(list(ingredients)))
        columns = [c for c in columns if raw.has(c)]
        by_concept = products.filter(products.concept_id.notnull()).drop("entry")
        rows = raw.rows.select(*columns, concept_id=concept(raw.rows.drug_concept_id)).join(by_concept, "concept_id")
        if self.unsettled is not None:
            by_entry = products.filter(products.entry.notnull()).drop("concept_id")
            more = self.unsettled_rows(raw, columns).join(by_entry, "entry").drop("entry")
            rows = rows.union(more.select(rows.columns))
        return RawTable(raw.name, raw.where, rows)

    def unsettled_rows(self, raw: RawTable, columns: Iterable[str]) -> ir.Table:
        """The rows whose concept says nothing, with their `concept_id` and `entry`."""
        return _with_entry(raw, self.unsettled, columns)


def find_drugs(con: ibis.BaseBackend, raw: RawTable, vocabulary: dict[str, RawTable], knowledge: Knowledge) -> Drugs:
    """Works out the ingredient, use and strength of every drug that occurs in a `drug_exposure` table."""
    ingredients = ingredient_concepts(con, vocabulary.get("concept"), knowledge)
    counted = raw.rows.select(concept_id=concept(raw.rows.drug_concept_id))
    counted = store(con, counted.group_by("concept_id").agg(n_rows=counted.count()), raw.where)
    known = counted.filter(counted.concept_id.notnull())
    keys = known.select(
        "concept_id",
        "n_rows",
        looked_up="concept_id",
        value=ibis.null("string"),
        entry=ibis.null("string"),
        has_concept=ibis.literal(True),
        key=ibis.row_number().over(order_by=known.concept_id),
    )
    by_concept = _Resolved(con, keys, ingredients, vocabulary, knowledge, BY_NAME)
    unsettled = keys.anti_join(by_concept.settled, "key").select("concept_id")
    unsettled = store(con, unsettled, "vocabulary tables")
    n_without = run(counted.concept_id.isnull().sum().fill_null(0), raw.where).as_py()
    if not n_without and not run(unsettled.count(), raw.where).as_py():
        return Drugs(by_concept.products, by_concept.kinds, None)
    rows = _with_entry(raw, unsettled, ("drug_source_concept_id", "drug_source_value"))
    source_id = concept(RawTable(raw.name, raw.where, rows).column("drug_source_concept_id", "int64"))
    value = text(RawTable(raw.name, raw.where, rows).column("drug_source_value")).lower()
    rows = rows.select("entry", looked_up=source_id, value=value, concept_id="concept_id")
    entries = rows.group_by("entry", "looked_up", "value").agg(
        n_rows=rows.count(), has_concept=rows.concept_id.notnull().any()
    )
    entries = entries.mutate(key=ibis.row_number().over(order_by=entries.entry), concept_id=ibis.null("int64"))
    by_entry = _Resolved(con, store(con, entries, raw.where), ingredients, vocabulary, knowledge, BY_ENTRY)
    settled = by_concept.kinds.semi_join(by_concept.settled, "key")
    columns = by_concept.products.columns
    products = store(con, by_concept.products.union(by_entry.products.select(columns)), "vocabulary tables")
    kinds = settled.drop("key").union(by_entry.kinds.select(settled.drop("key").columns))
    return Drugs(products, store(con, kinds, "drug keys"), unsettled)


class _Resolved:
    """What some keys turned out to be: `products`, `kinds`, and the keys that are `settled`."""

    def __init__(
        self,
        con: ibis.BaseBackend,
        keys: ir.Table,
        ingredients: ir.Table,
        vocabulary: dict[str, RawTable],
        knowledge: Knowledge,
        way: int,
    ):
        keys = store(con, with_names(keys, vocabulary.get("concept"), knowledge), "concept")
        found = store(con, ingredients_of(keys, ingredients, vocabulary, knowledge, way), "vocabulary tables")
        settled = store(con, settled_keys(keys, found, vocabulary, knowledge), "vocabulary tables")
        found, combined = resolve_combinations(con, keys, found, knowledge)
        wanted = [i for i, form in knowledge.ingredients.items() if form.role != "set-aside"]
        looked_for = found.filter(found.ingredient.isin(wanted))
        products = store(con, with_strength(keys, looked_for, ingredients, vocabulary), "vocabulary tables")
        told = keys.select("key", "words", "entry", "looked_up", concept_id=keys.concept_id)
        products = products.join(told, "key").drop("key")
        products = with_product_use(con, products, vocabulary, knowledge).drop("looked_up")
        self.products = store(con, products, "vocabulary tables")
        self.settled = settled
        self.kinds = store(con, _kinds(keys, found, looked_for, combined, settled), "drug keys")


def find_named_drugs(
    con: ibis.BaseBackend, column: ir.StringColumn, where: str, knowledge: Knowledge
) -> tuple[ir.Table, ir.Table]:
    """One row per name and ingredient looked for: `called` (lower case), `ingredient`, `mg_per_unit`, `per`,
    `strength_basis` (where the name spells out a strength), `labelled_use`. And one row per name: `called`, `kind` as in
    `Drugs`."""
    rows = column.lower().name("value").as_table()
    names = rows.group_by("value").agg(n_rows=rows.count()).filter(_.value.notnull())
    no_id = ibis.null("int64")
    keys = names.mutate(
        key=ibis.row_number().over(order_by=names.value), looked_up=no_id, has_concept=ibis.literal(False)
    )
    keys = store(con, with_names(keys, None, knowledge), where)
    ingredients = ingredient_concepts(con, None, knowledge)
    found = store(con, ingredients_of(keys, ingredients, {}, knowledge), where)
    settled = settled_keys(keys, found, {}, knowledge)
    settled = settled.union(keys.filter(keys.value == _OTHER).select("key"), distinct=True)
    found, combined = resolve_combinations(con, keys, found, knowledge)
    wanted = [i for i, form in knowledge.ingredients.items() if form.role != "set-aside"]
    looked_for = found.filter(found.ingredient.isin(wanted))
    named = with_strength(keys, looked_for, ingredients, {})
    named = named.join(keys.select("key", "words", called="value"), "key")
    named = named.mutate(labelled_use=by_words(named.ingredient, named.words, knowledge)).drop("key", "way", "words")
    kinds = _kinds(keys, found, looked_for, combined, settled).join(keys.select("key", called="value"), "key")
    return store(con, named, where), store(con, kinds.select("called", "kind", "n_rows"), where)


def _with_entry(raw: RawTable, unsettled: ir.Table, columns: Iterable[str]) -> ir.Table:
    """The rows whose concept says nothing or is missing, with these columns, their `concept_id`, and `entry`: whether there is a
    concept, and all else that identifies the drug."""
    columns = [c for c in columns if raw.has(c)]
    id_ = concept(raw.rows.drug_concept_id)
    source_id = concept(raw.column("drug_source_concept_id", "int64")).cast("string").fill_null("")
    value = text(raw.column("drug_source_value")).lower().fill_null("")
    entry = id_.isnull().ifelse("0 ", "") + source_id + " " + value
    rows = raw.rows.select(*columns, concept_id=id_, entry=entry)
    without = rows.filter(rows.concept_id.isnull())
    return without.union(rows.semi_join(unsettled, "concept_id"))


def _kinds(keys: ir.Table, found: ir.Table, looked_for: ir.Table, combined: ir.Table, settled: ir.Table) -> ir.Table:
    known = looked_for.group_by(known_key="key").agg(way=looked_for.way.min())
    aside = found.select(aside_key="key").distinct()
    none = combined.filter(combined.counts_as.isnull()).select(none_key="key")
    settled = settled.select(settled_key="key")
    joined = keys.left_join(known, keys.key == known.known_key)
    joined = joined.left_join(aside, joined.key == aside.aside_key).left_join(none, _.key == none.none_key)
    joined = joined.left_join(settled, joined.key == settled.settled_key)
    kind = ibis.cases(
        (_.known_key.notnull(), "known"),
        (_.aside_key.notnull(), "set aside"),
        (_.none_key.notnull(), "combination"),
        (_.settled_key.notnull(), "other"),
        else_="unidentified",
    )
    entry = joined.entry if "entry" in joined.columns else ibis.null("string")
    return joined.select("key", "n_rows", "way", "has_concept", entry=entry, kind=kind)
