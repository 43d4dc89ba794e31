"""Doses of drugs that are given in sessions, from drug rows of OMOP."""

from __future__ import annotations

import polars as pl

from ..knowledge.forms import Knowledge
from ..tables import DOSE
from ..tables.ranges import QUANTITY, SESSION_DOSE
from .cells import Cells, chosen, is_outside, within
from .findings import Finding, settle, without_repeats
from .routes import route
from .source import Loss

_TO_MG = {
    "mg": 1.0,
    "milligram": 1.0,
    "milligrams": 1.0,
    "g": 1000.0,
    "gram": 1000.0,
    "mcg": 0.001,
    "ug": 0.001,
    "microgram": 0.001,
}
"""Units in which the amount of an administration is stated."""

_SUPPLY = ("dispens", "prescri", "pharmacy", "written")
_CODE = "^[A-Z][0-9]{4}$"


def session_ingredients(knowledge: Knowledge) -> list[str]:
    """The ingredients of all treatments given in sessions."""
    return sorted({i for t in knowledge.treatments.values() for i in t.ingredients})


def read_doses(rows: pl.DataFrame, names: pl.DataFrame) -> tuple[pl.DataFrame, list[Loss]]:
    """`dose`, from rows of drugs given in sessions joined to their products (`Drugs.rows_of`), with the findings about them.
    `names` are those of the types of record and of the routes."""
    cells = Cells(rows)
    unit, source_value = cells.text("dose_unit_source_value").str.to_lowercase(), cells.text("drug_source_value")
    # The lazy frame reads a cell once that several columns need.
    parsed = rows.lazy().select(
        "person_id",
        "ingredient",
        "mg_per_unit",
        type_id=cells.concept("drug_type_concept_id"),
        route_id=cells.concept("route_concept_id"),
        route_word=cells.text("route_source_value"),
        given_date=cells.day("drug_exposure_start_date").value,
        quantity=cells.number("quantity"),
        factor=unit.replace_strict(_TO_MG, default=None, return_dtype=pl.Float64),
        is_unit_stated=unit.is_not_null(),
        code=source_value.str.to_uppercase(),
        minute=cells.minute("drug_exposure_start_datetime"),
        is_time_unreadable=cells.is_no_time("drug_exposure_start_datetime"),
        address=cells.address("drug_exposure", "drug_exposure_id"),
    )
    rows = parsed.collect().drop_nulls(["person_id", "given_date"])
    for id_ in ("type_id", "route_id"):
        rows = rows.join(
            names.select(pl.col("concept_id").alias(id_), pl.col("called").alias(f"{id_}_name")), id_, "left"
        )
    kind, code = pl.col("type_id_name").str.to_lowercase(), pl.col("code")
    is_supply = pl.any_horizontal(kind.str.contains(word, literal=True) for word in _SUPPLY)
    quantity = within(QUANTITY, pl.col("quantity"))
    mg = pl.when("is_unit_stated").then(quantity * pl.col("factor")).otherwise(pl.col("mg_per_unit") * quantity)
    rows = rows.with_columns(
        kind=chosen((kind.str.contains("administ", literal=True), "administration"), (is_supply, "supply")),
        code=pl.when(code.str.contains(_CODE)).then(code),
        all_mg=mg,
        route=pl.coalesce(route(pl.col("route_id_name")), route(pl.col("route_word"))),
    )
    rows = rows.with_columns(
        quantity=quantity,
        mg=within(SESSION_DOSE, pl.col("all_mg")),
        is_quantity_outside=is_outside(QUANTITY, pl.col("quantity")),
        is_dose_outside=is_outside(SESSION_DOSE, pl.col("all_mg")),
    )
    dose, losses = settle_doses(rows)
    dose, _told_as_medication = without_repeats(DOSE.name, dose, "ingredient")
    return dose, losses


def settle_doses(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[Loss]]:
    """The rows of `dose`, from rows with its columns, `is_quantity_outside`, `is_dose_outside` and `is_time_unreadable`."""
    kept, losses = settle(
        DOSE.name,
        rows,
        [
            Finding(pl.col("given_date").is_null(), "doses without a usable date", "left out"),
            Finding(pl.col("is_quantity_outside"), f"doses with a quantity outside {QUANTITY}", "read as unknown"),
            Finding(pl.col("is_dose_outside"), f"doses outside {SESSION_DOSE}", "read as unknown"),
            Finding(pl.col("route") == "other", "doses whose recorded route is none of the words known", "kept"),
            Finding(pl.col("is_time_unreadable"), "doses whose time cannot be read", "read as unknown"),
        ],
    )
    return kept.select(*DOSE.schema).cast(DOSE.schema.to_polars()), losses
