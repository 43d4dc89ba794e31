"""How much of an ingredient one unit of a product holds: stated in `drug_strength`, or spelt out in the product's name."""

from __future__ import annotations

import polars as pl

from ..knowledge.forms import Knowledge
from .drug_concepts import DrugConcepts
from .ingredients import ingredient_concepts, words_in

HOUR, MILLILITRE = 8505, 8587
MILLIGRAMS_PER_UNIT = {8576: 1.0, 9655: 0.001, 8504: 1000.0, 9600: 0.000001}
"""OMOP unit concepts: milligram, microgram, gram, nanogram (UCUM rows of Synthea27Nj's CONCEPT.csv)."""

_STRENGTH_IN_NAME = r"([0-9]+(?:\.[0-9]+)?) (MG|MCG|UG|GM|G)(/[A-Z0-9.]+)?( |$)"
_BOTTLE = r"(?i)^[0-9.]+ ML "
_MILLIGRAMS_BY_NAME = {"MG": 1.0, "MCG": 0.001, "UG": 0.001, "GM": 1000.0, "G": 1000.0}
_PER_BY_NAME = {"": "unit", "/ML": "ml", "/HR": "hour"}


def with_strength(
    keys: pl.DataFrame, found: pl.DataFrame, concepts: DrugConcepts, knowledge: Knowledge
) -> pl.DataFrame:
    """Adds `mg_per_unit`, `per` and `strength_basis`: from `drug_strength` where it states units, else from the drug's name."""
    stated = _stated_strengths(concepts, knowledge)
    stated = keys.join(stated, left_on="looked_up", right_on="drug_concept_id").select(
        "key", "ingredient", stated_mg="mg", stated_per="per"
    )
    found = found.join(stated, on=["key", "ingredient"], how="left")
    found = found.join(_strengths_in_names(keys, found), on=["key", "ingredient"], how="left")
    is_stated, is_named = pl.col("stated_mg").is_not_null(), pl.col("mg").is_not_null()
    return found.with_columns(
        mg_per_unit=pl.coalesce("stated_mg", "mg"),
        per=pl.when(is_stated).then("stated_per").otherwise("per"),
        strength_basis=pl.when(is_stated)
        .then(pl.lit("strength in drug_strength"))
        .when(is_named)
        .then(pl.lit("strength in the name")),
    ).drop("stated_mg", "stated_per", "mg")


def _stated_strengths(concepts: DrugConcepts, knowledge: Knowledge) -> pl.DataFrame:
    """One row per `drug_concept_id` and `ingredient` with the strength (`mg`, `per`) that `drug_strength` states."""

    def milligrams(of: str) -> pl.Expr:
        factor = pl.col(f"{of}_unit_concept_id").replace_strict(
            MILLIGRAMS_PER_UNIT, default=None, return_dtype=pl.Float64
        )
        return pl.col(f"{of}_value") * factor

    # A quantified form (24 hours a tablet, 120 ml a bottle) states the content of the whole; a plain rate has denominator 1
    # or none. Bottles and millilitres cannot be told apart in `quantity`, so the dose of a bottle stays unknown.
    per_one = pl.col("denominator_value").fill_null(1.0) == 1
    in_hours = (pl.col("denominator_unit_concept_id") == HOUR).fill_null(False)
    in_ml = (pl.col("denominator_unit_concept_id") == MILLILITRE).fill_null(False) & per_one
    whole, part = milligrams("amount"), milligrams("numerator")
    rows = concepts.strengths.filter("is_valid", pl.lit(concepts.states_units))
    rows = rows.join(ingredient_concepts(concepts, knowledge), on="ingredient_concept_id").select(
        "drug_concept_id",
        "ingredient",
        mg=pl.coalesce(whole, pl.when(in_hours | in_ml).then(part)),
        per=pl.when(whole.is_not_null())
        .then(pl.lit("unit"))
        .when(in_hours & per_one)
        .then(pl.lit("hour"))
        .when(in_hours)
        .then(pl.lit("unit"))
        .when(in_ml)
        .then(pl.lit("ml")),
    )
    return _only_strength(rows, "drug_concept_id")


def _strengths_in_names(keys: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """One row per `key` and `ingredient` with the strength (`mg`, `per`) that RxNorm-like names spell out: `A 10 MG / B 2 MG Oral
    Tablet`."""
    rows = found.select("key", "ingredient").join(keys.select("key", "name"), on="key")
    rows = rows.filter(pl.col("name").is_not_null(), ~pl.col("name").str.contains(_BOTTLE))
    rows = rows.with_columns(part=pl.col("name").str.to_uppercase().str.split(" / "))
    rows = rows.with_columns(n_parts=pl.col("part").list.len()).explode("part")
    # A salt may go by another name (divalproex): the only part of a product is its ingredient's all the same.
    its_name = " " + pl.col("ingredient").str.split("-").list.first() + " "
    rows = rows.filter((pl.col("n_parts") == 1) | words_in(pl.col("part")).str.contains(its_name, literal=True))
    spelt = pl.col("part").str.extract_groups(_STRENGTH_IN_NAME)
    value, unit, per = (spelt.struct.field(str(n)) for n in (1, 2, 3))
    factor = unit.replace_strict(_MILLIGRAMS_BY_NAME, default=None, return_dtype=pl.Float64)
    rows = rows.select(
        "key",
        "ingredient",
        mg=value.cast(pl.Float64, strict=False) * factor,
        per=per.fill_null("").replace_strict(_PER_BY_NAME, default=None, return_dtype=pl.String),
    )
    return _only_strength(rows.filter(pl.col("per").is_not_null()), "key")


def _only_strength(rows: pl.DataFrame, of: str) -> pl.DataFrame:
    """The one strength of each ingredient of a product. Of several (a starter pack) nobody can say which was taken."""
    is_one = (pl.col("mg").n_unique() == 1) & (pl.col("per").n_unique() == 1)
    rows = rows.filter(pl.col("mg") > 0).group_by(of, "ingredient")
    return rows.agg(mg=pl.when(is_one).then(pl.col("mg").min()), per=pl.col("per").min())
