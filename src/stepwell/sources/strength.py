"""How much of an ingredient one unit of a product holds: stated in `drug_strength`, or spelt out in the product's name."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis import _

from .files import RawTable
from .values import concept, number, text

HOUR, MILLILITRE = 8505, 8587
MILLIGRAMS_PER_UNIT = {8576: 1.0, 9655: 0.001, 8504: 1000.0, 9600: 0.000001}
"""OMOP unit concepts: milligram, microgram, gram, nanogram (UCUM rows of Synthea27Nj's CONCEPT.csv)."""

_STRENGTH_IN_NAME = r"([0-9]+(?:\.[0-9]+)?) (MG|MCG|UG|GM|G)(/[A-Z0-9.]+)?( |$)"
_BOTTLE = r"(?i)^[0-9.]+ ML "
_MILLIGRAMS_BY_NAME = {"MG": 1.0, "MCG": 0.001, "UG": 0.001, "GM": 1000.0, "G": 1000.0}


def states_units(strength: RawTable) -> bool:
    """Whether a `drug_strength` table says what its numbers are."""
    return strength.has("amount_unit_concept_id", "numerator_unit_concept_id")


def with_strength(keys: ir.Table, found: ir.Table, ingredients: ir.Table, vocabulary: dict[str, RawTable]) -> ir.Table:
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
    ids = keys.select(id="looked_up", id_key="key").filter(_.id.notnull())
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
    per = per.fill_null("")  # PostgreSQL gives NULL for a group that is not there
    rows = rows.mutate(
        mg=value.try_cast("float64") * ibis.cases(*((unit == u, f) for u, f in _MILLIGRAMS_BY_NAME.items())),
        kind=ibis.cases((per == "", "unit"), (per == "/ML", "ml"), (per == "/HR", "hour")),
    )
    rows = rows.filter((rows.mg > 0) & rows.kind.notnull())
    return rows.group_by("key", "ingredient").agg(
        mg_per_unit=((rows.mg.nunique() == 1) & (rows.kind.nunique() == 1)).ifelse(rows.mg.min(), ibis.null("float64")),
        per=rows.kind.min(),
    )
