"""Drug rows of OMOP into medication: first and last day, mg a day, and how each was found.

The last day, by one precedence: days' supply where it is plausible; else a recorded end after the first day; else, for an
administration, the same day; else unknown. A recorded end on the first day says nothing about a prescription: exports
fill it in where they know nothing.

mg a day = strength x quantity / days' supply, or 24 x strength for a patch that states mg an hour. Where a piece is
missing, `dose_basis` names it and the dose is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from ..knowledge.forms import Knowledge
from ..tables import MEDICATION
from ..tables.ranges import MG_PER_DAY, QUANTITY, STRENGTH, SUPPLY
from .cells import Cells, chosen, days_after, is_outside, rounded, within
from .findings import Finding, settle, without_repeats
from .orders import origin_of, settle_orders
from .product_use import NOT_KNOWN, by_route
from .routes import route
from .source import Loss

ADMINISTRATION_TYPES = (32818, 38000180)
"""OMOP type concepts: EHR administration record, Inpatient administration. Others are known by their names in `concept`."""

STOP_WORDS = {
    "intolerance": (
        "intolerance",
        "intolerant",
        "intolerable side effects",
        "not tolerated",
        "adverse effect",
        "adverse effects",
        "adverse event",
        "adverse reaction",
        "adverse drug reaction",
        "side effect",
        "side effects",
    ),
    "no effect": (
        "no effect",
        "ineffective",
        "inefficacy",
        "lack of effect",
        "lack of efficacy",
        "no response",
        "not effective",
    ),
}
"""Whole entries, compared without case. Words inside a longer text are not looked for: "no side effects" holds them too."""


def stop_reason(recorded: pl.Expr) -> pl.Expr:
    """The recorded reason (a text cell) as one of `intolerance`, `no effect`, `other`; NULL where nothing is recorded."""
    entry = recorded.str.to_lowercase()
    known = ((entry.is_in(entries), reason) for reason, entries in STOP_WORDS.items())
    return chosen(*known, (entry.is_not_null(), "other"))


def find_administrations(type_ids: pl.Series, names: pl.DataFrame) -> tuple[int, ...]:
    """The types of record that say that the drug was given there and then. `names` are the names of the concepts in the
    vocabulary."""
    called = pl.col("called").str.to_lowercase()
    named = names.filter(called.str.contains("administ", literal=True), pl.col("domain") == "Type Concept")
    ids = type_ids.drop_nulls().unique()
    return tuple(ids.filter(ids.is_in([*ADMINISTRATION_TYPES, *named["concept_id"]])).sort())


def read_medication(
    rows: pl.DataFrame,
    origins: Mapping[int, str],
    administrations: tuple[int, ...],
    names: pl.DataFrame,
    knowledge: Knowledge,
) -> tuple[pl.DataFrame, list[Loss]]:
    """One row per source row and ingredient, from rows of `with_values`, with the findings about them. `origins` and
    `administrations` are those of the types of record, `names` are those of the routes."""
    rows = rows.join(names, left_on="route_id", right_on="concept_id", how="left")
    recorded = pl.coalesce(route(pl.col("called")), route(pl.col("route_word")))
    ends = pl.coalesce("verbatim_end", "exposure_end")
    by_stated = pl.when(pl.col("per") == "unit").then(pl.col("stated_mg_per_day") / pl.col("mg_per_unit"))
    rows = rows.with_columns(
        recorded_end=ends,
        end_is_unusable=ends.is_null() & (pl.col("verbatim_is_none") | pl.col("exposure_is_none")),
        units_per_day=pl.coalesce("units_per_day", by_stated),
        is_other_reason=pl.col("stop_reason") == "other",
        is_administration=pl.col("type_id").is_in(administrations).fill_null(False),
        labelled_use=by_route(pl.col("labelled_use"), pl.col("ingredient"), recorded, knowledge),
        origin=origin_of(pl.col("type_id"), origins),
    )
    rows, ordered = settle_orders(rows, knowledge)
    kept, losses = settle_medication(rows)
    kept, repeats = without_repeats(MEDICATION.name, kept, "ingredient")
    return kept, ordered + losses + repeats


def with_values(rows: pl.DataFrame) -> pl.DataFrame:
    """The cells of rows of drugs as values, with the columns of the product (`Drugs.rows_of`)."""
    cells = Cells(rows)
    start = cells.day("drug_exposure_start_date")
    verbatim, exposure = cells.day("verbatim_end_date"), cells.day("drug_exposure_end_date")
    # The lazy frame reads a cell once that several columns need.
    parsed = rows.lazy().select(
        "person_id",
        "ingredient",
        "labelled_use",
        "mg_per_unit",
        "per",
        "strength_basis",
        "product_mg_per_unit",
        "product_days_per_unit",
        type_id=cells.concept("drug_type_concept_id"),
        start_date=start.value,
        start_is_unreadable=start.is_unreadable,
        start_is_marker=start.is_marker,
        is_shifted=start.is_shifted,
        verbatim_end=verbatim.value,
        verbatim_is_none=verbatim.is_marker | verbatim.is_unreadable,
        exposure_end=exposure.value,
        exposure_is_none=exposure.is_marker | exposure.is_unreadable,
        supply=cells.number("days_supply"),
        quantity=cells.number("quantity"),
        stated_mg_per_day=cells.number("stated_mg_per_day"),
        units_per_day=cells.number("units_per_day"),
        stated_strength=pl.lit(None, pl.Float64),
        valid_from=cells.day("valid_from").value,
        valid_until=cells.day("valid_until").value,
        of_order=cells.written("of_order"),
        stop_reason=stop_reason(cells.text("stop_reason")),
        is_no_number=cells.is_no_number("days_supply") | cells.is_no_number("quantity"),
        route_id=cells.concept("route_concept_id"),
        route_word=cells.text("route_source_value"),
        address=cells.address("drug_exposure", "drug_exposure_id"),
    )
    return parsed.collect()


def settle_medication(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[Loss]]:
    """End, dose and their bases for rows with ingredient, strength, quantity, supply and recorded end."""
    kept, losses = settle(MEDICATION.name, _with_dose(rows), _FINDINGS)
    return kept.select(*MEDICATION.schema).cast(MEDICATION.schema.to_polars()), losses


def _with_dose(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `end_date`, `end_basis`, `mg_per_day` and `dose_basis`."""
    product_mg, product_days = pl.col("product_mg_per_unit"), pl.col("product_days_per_unit")
    units = pl.col("units_per_day")
    rows = rows.with_columns(
        usable_quantity=within(QUANTITY, pl.col("quantity")),
        strength=pl.coalesce("product_mg_per_unit", "mg_per_unit"),
        label_mg=product_mg / product_days,
    )
    quantity, strength, label_mg = pl.col("usable_quantity"), pl.col("strength"), pl.col("label_mg")
    is_label = label_mg.is_not_null()
    # What the instructions say of one day, and how long the quantity lasts then.
    by_units = units * pl.when(pl.col("per") == "unit").then(strength)
    told_days = within(SUPPLY, quantity / pl.when(units != 0).then(units))
    label_days = within(SUPPLY, quantity * product_days)
    rows = rows.with_columns(
        stated=within(MG_PER_DAY, pl.coalesce("stated_mg_per_day", by_units)),
        usable_supply=rounded(pl.coalesce(within(SUPPLY, pl.col("supply")), label_days, told_days)),
        is_rate=(pl.col("per") == "hour") & ~is_label,
    )
    stated, supply, is_rate = pl.col("stated"), pl.col("usable_supply"), pl.col("is_rate")
    by_quantity = strength * quantity / supply
    rows = rows.with_columns(of_parts=pl.when(is_rate).then(strength * 24).otherwise(by_quantity))
    of_parts, start, basis = pl.col("of_parts"), pl.col("start_date"), pl.col("strength_basis")
    is_recorded = pl.col("recorded_end") > start
    is_impossible = is_outside(MG_PER_DAY, of_parts) & stated.is_null() & ~is_label
    rows = rows.with_columns(
        end_basis=chosen(
            (supply.is_not_null(), "days supply"),
            (is_recorded, "recorded end"),
            (pl.col("is_administration"), "administration"),
        ),
        mg_per_day=chosen((stated.is_not_null(), stated), (is_label, label_mg), otherwise=within(MG_PER_DAY, of_parts)),
        dose_basis=chosen(
            (pl.col("stated_mg_per_day").is_not_null() & stated.is_not_null(), "recorded dose"),
            (stated.is_not_null(), basis + " and units a day"),
            (is_label, "the product's label"),
            (strength.is_null(), "unknown: no strength"),
            (is_impossible, "unknown: no possible dose"),
            (is_rate, "strength an hour"),
            (quantity.is_null(), "unknown: no quantity"),
            (supply.is_null(), "unknown: no days' supply"),
            otherwise=basis + ", quantity and days' supply",
        ),
    )
    end_basis = pl.col("end_basis")
    return rows.with_columns(
        end_date=chosen(
            (end_basis == "days supply", days_after(start, supply - 1)),
            (end_basis == "recorded end", pl.col("recorded_end")),
            (end_basis == "administration", start),
        )
    )


_FINDINGS = (
    Finding(pl.col("person_id").is_null(), "rows of people who are not in person", "left out"),
    Finding(pl.col("start_is_unreadable"), "rows whose first day cannot be read", "left out"),
    Finding(pl.col("start_is_marker"), "rows whose first day lies before 1900 or after 2299", "left out"),
    Finding(pl.col("start_date").is_null(), "rows without a first day", "left out"),
    Finding(pl.col("is_shifted"), "rows dated after 2100, as in records whose dates were shifted", "kept"),
    Finding(pl.col("is_no_number"), "rows whose days' supply or quantity is no number", "read as unknown"),
    Finding(is_outside(SUPPLY, pl.col("supply")), f"rows with a days' supply outside {SUPPLY}", "read as unknown"),
    Finding(is_outside(QUANTITY, pl.col("quantity")), f"rows with a quantity outside {QUANTITY}", "read as unknown"),
    Finding(
        is_outside(STRENGTH, pl.col("stated_strength")),
        f"rows with a strength outside {STRENGTH}",
        "read as unknown",
    ),
    Finding(
        is_outside(MG_PER_DAY, pl.col("stated_mg_per_day")),
        f"rows with a daily dose outside {MG_PER_DAY}",
        "read as unknown",
    ),
    Finding(
        pl.col("dose_basis") == "unknown: no possible dose",
        f"rows whose strength, quantity and supply give a daily dose outside {MG_PER_DAY}",
        "read as unknown",
    ),
    Finding(pl.col("is_other_reason"), "rows whose recorded stop reason is none of the words known", "kept"),
    Finding(
        pl.col("recorded_end") < pl.col("start_date"),
        "rows whose recorded end lies before their first day",
        "read as unknown",
    ),
    Finding(pl.col("end_is_unusable"), "rows whose recorded end is no usable date", "read as unknown"),
    Finding(pl.col("end_date").is_null(), "rows of which nobody can say how long the supply lasted", "read as unknown"),
    Finding(pl.col("dose_basis") == "unknown: no strength", "rows without a strength: dose unknown", "read as unknown"),
    Finding(pl.col("dose_basis") == "unknown: no quantity", "rows without a quantity: dose unknown", "read as unknown"),
    Finding(
        pl.col("dose_basis") == "unknown: no days' supply",
        "rows without days' supply: dose unknown",
        "read as unknown",
    ),
    Finding(
        (pl.col("labelled_use") != NOT_KNOWN).fill_null(False),
        "rows of products labelled for another use than depression",
        "kept",
    ),
    Finding(
        pl.col("labelled_use") == NOT_KNOWN,
        "rows of a drug that is an antidepressant in one form only, whose form and route are not recorded",
        "read as unknown",
    ),
)
