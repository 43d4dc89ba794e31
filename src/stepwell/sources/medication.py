"""Drug rows of OMOP into medication: first and last day, mg a day, and how each was found.

The last day, by one precedence: days' supply where it is plausible; else a recorded end after the first day; else, for an
administration, the same day; else unknown. A recorded end on the first day says nothing about a prescription: exports
fill it in where they know nothing.

mg a day = strength x quantity / days' supply, or 24 x strength for a patch that states mg an hour. Where a piece is
missing, `dose_basis` names it and the dose is unknown.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ..knowledge.forms import Knowledge
from ..tables.ranges import MG_PER_DAY, QUANTITY, STRENGTH, SUPPLY
from .drugs import Drugs
from .files import SOURCE_ADDRESS, RawTable
from .orders import find_origins, origin_of, settle_orders
from .people import People
from .product_use import NOT_KNOWN, by_route
from .routes import concept_names, route
from .source import Loss
from .tally import Finding, settle, without_repeats
from .values import concept, day, days_after, is_no_number, is_outside, number, rounded, text, within

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


_CELLS = (
    "drug_exposure_id",
    "person_id",
    "drug_type_concept_id",
    "drug_exposure_start_date",
    "drug_exposure_end_date",
    "verbatim_end_date",
    "days_supply",
    "quantity",
    "stop_reason",
    "route_concept_id",
    "route_source_value",
    "units_per_day",
    "stated_mg_per_day",
    "valid_from",
    "valid_until",
    "of_order",
    SOURCE_ADDRESS,
)


def stop_reason(column: ir.Column) -> ir.StringValue:
    """The recorded reason as one of `intolerance`, `no effect`, `other`; NULL where nothing is recorded."""
    entry = text(column).lower()
    known = ((entry.isin(entries), reason) for reason, entries in STOP_WORDS.items())
    return ibis.cases(*known, (entry.notnull(), "other"))


def read_medication(
    con: ibis.BaseBackend,
    raw: RawTable,
    drugs: Drugs,
    people: People,
    vocabulary: dict[str, RawTable],
    knowledge: Knowledge,
) -> tuple[ir.Table, list[Loss]]:
    """One row per source row and ingredient among the products looked for, with the findings about them."""
    told = drugs.rows_of(raw, _CELLS)
    start = day(told.column("drug_exposure_start_date"))
    ends = [day(told.column(c)) for c in ("verbatim_end_date", "drug_exposure_end_date")]
    rows = told.rows.select(
        *(c for c in drugs.products.columns if c not in ("concept_id", "entry")),
        id="person_id",
        type_id=concept(told.column("drug_type_concept_id", "int64")),
        start_date=start.value,
        start_is_unreadable=start.is_unreadable,
        start_is_marker=start.is_marker,
        is_shifted=start.is_shifted,
        recorded_end=ibis.coalesce(*(e.value for e in ends)),
        end_is_unusable=ibis.coalesce(*(e.value for e in ends)).isnull()
        & (ends[0].is_marker | ends[0].is_unreadable | ends[1].is_marker | ends[1].is_unreadable),
        supply=number(told.column("days_supply", "float64")),
        quantity=number(told.column("quantity", "float64")),
        stated_mg_per_day=number(told.column("stated_mg_per_day", "float64")),
        units_per_day=ibis.coalesce(
            number(told.column("units_per_day", "float64")),
            (told.rows.per == "unit").ifelse(
                number(told.column("stated_mg_per_day", "float64")) / told.rows.mg_per_unit, ibis.null("float64")
            ),
        ),
        valid_from=told.column("valid_from"),
        valid_until=told.column("valid_until"),
        of_order=told.column("of_order"),
        stated_strength=ibis.null("float64"),
        stop_reason=stop_reason(told.column("stop_reason")),
        is_no_number=is_no_number(told.column("days_supply", "float64"))
        | is_no_number(told.column("quantity", "float64")),
        is_other_reason=stop_reason(told.column("stop_reason")) == "other",
        route_id=concept(told.column("route_concept_id", "int64")),
        route_word=text(told.column("route_source_value")),
        address=told.address("drug_exposure_id"),
    )
    rows = people.attach(rows, "id")
    rows = rows.mutate(is_administration=is_administration(rows.type_id, vocabulary.get("concept")))
    if NOT_KNOWN in drugs.products["labelled_use"]:
        rows = _with_route(con, rows, raw.where, vocabulary.get("concept"), knowledge)
    origins = find_origins(raw, vocabulary.get("concept"))
    rows = rows.mutate(origin=origin_of(rows.type_id, origins))
    rows, ordered = settle_orders(con, rows, raw.where, set(origins.values()), knowledge)
    kept, losses = settle_medication(rows, raw.where)
    losses = ordered + losses
    if drugs.unsettled is None:
        ids = raw.rows.select(kind=concept(raw.rows.drug_concept_id), id=raw.rows.drug_exposure_id)
        ids = ids.semi_join(drugs.by_concept, ids.kind == drugs.by_concept.concept_id)
    else:
        ids = told.rows.select(kind="ingredient", id="drug_exposure_id")
    kept, found = without_repeats("medication", raw.where, kept, [ids], "ingredient")
    return kept, losses + found


def settle_medication(rows: ir.Table, where: str) -> tuple[ir.Table, list[Loss]]:
    """End, dose and their bases for rows with ingredient, strength, quantity, supply and recorded end."""
    quantity = within(QUANTITY, rows.quantity)
    label_days = within(SUPPLY, quantity * rows.product_days_per_unit)
    is_recorded = rows.recorded_end > rows.start_date
    strength = ibis.coalesce(rows.product_mg_per_unit, rows.mg_per_unit)
    # What the instructions say of one day, and how long the quantity lasts then.
    by_units = rows.units_per_day * (rows.per == "unit").ifelse(strength, ibis.null("float64"))
    stated = within(MG_PER_DAY, ibis.coalesce(rows.stated_mg_per_day, by_units))
    told_days = within(SUPPLY, quantity / rows.units_per_day.nullif(0.0))
    supply = rounded(ibis.coalesce(within(SUPPLY, rows.supply), label_days, told_days))
    is_label = (rows.product_mg_per_unit / rows.product_days_per_unit).notnull()
    is_rate = (rows.per == "hour") & ~is_label
    of_parts = is_rate.ifelse(strength * 24, strength * quantity / supply)
    is_impossible = is_outside(MG_PER_DAY, of_parts) & stated.isnull() & ~is_label
    rows = rows.mutate(
        end_basis=ibis.cases(
            (supply.notnull(), "days supply"),
            (is_recorded.fill_null(False), "recorded end"),
            (rows.is_administration, "administration"),
        ),
        mg_per_day=ibis.cases(
            (stated.notnull(), stated),
            (is_label, rows.product_mg_per_unit / rows.product_days_per_unit),
            else_=within(MG_PER_DAY, of_parts),
        ),
        dose_basis=ibis.cases(
            (rows.stated_mg_per_day.notnull() & stated.notnull(), "recorded dose"),
            (stated.notnull(), rows.strength_basis + " and units a day"),
            (is_label, "the product's label"),
            (strength.isnull(), "unknown: no strength"),
            (is_impossible, "unknown: no possible dose"),
            (is_rate, "strength an hour"),
            (quantity.isnull(), "unknown: no quantity"),
            (supply.isnull(), "unknown: no days' supply"),
            else_=rows.strength_basis + ", quantity and days' supply",
        ),
    )
    rows = rows.mutate(
        end_date=ibis.cases(
            (rows.end_basis == "days supply", days_after(rows.start_date, supply - 1)),
            (rows.end_basis == "recorded end", rows.recorded_end),
            (rows.end_basis == "administration", rows.start_date),
        )
    )
    kept, losses, _n = settle(
        "medication",
        where,
        rows,
        [
            Finding(rows.person_id.isnull(), "rows of people who are not in person", "left out"),
            Finding(rows.start_is_unreadable, "rows whose first day cannot be read", "left out"),
            Finding(rows.start_is_marker, "rows whose first day lies before 1900 or after 2299", "left out"),
            Finding(rows.start_date.isnull(), "rows without a first day", "left out"),
            Finding(rows.is_shifted, "rows dated after 2100, as in records whose dates were shifted", "kept"),
            Finding(rows.is_no_number, "rows whose days' supply or quantity is no number", "read as unknown"),
            Finding(is_outside(SUPPLY, rows.supply), f"rows with a days' supply outside {SUPPLY}", "read as unknown"),
            Finding(is_outside(QUANTITY, rows.quantity), f"rows with a quantity outside {QUANTITY}", "read as unknown"),
            Finding(
                is_outside(STRENGTH, rows.stated_strength),
                f"rows with a strength outside {STRENGTH}",
                "read as unknown",
            ),
            Finding(
                is_outside(MG_PER_DAY, rows.stated_mg_per_day),
                f"rows with a daily dose outside {MG_PER_DAY}",
                "read as unknown",
            ),
            Finding(
                rows.dose_basis == "unknown: no possible dose",
                f"rows whose strength, quantity and supply give a daily dose outside {MG_PER_DAY}",
                "read as unknown",
            ),
            Finding(rows.is_other_reason, "rows whose recorded stop reason is none of the words known", "kept"),
            Finding(
                rows.recorded_end < rows.start_date,
                "rows whose recorded end lies before their first day",
                "read as unknown",
            ),
            Finding(rows.end_is_unusable, "rows whose recorded end is no usable date", "read as unknown"),
            Finding(
                rows.end_date.isnull(), "rows of which nobody can say how long the supply lasted", "read as unknown"
            ),
            Finding(
                rows.dose_basis == "unknown: no strength", "rows without a strength: dose unknown", "read as unknown"
            ),
            Finding(
                rows.dose_basis == "unknown: no quantity", "rows without a quantity: dose unknown", "read as unknown"
            ),
            Finding(
                rows.dose_basis == "unknown: no days' supply",
                "rows without days' supply: dose unknown",
                "read as unknown",
            ),
            Finding(
                (rows.labelled_use != NOT_KNOWN).fill_null(False),
                "rows of products labelled for another use than depression",
                "kept",
            ),
            Finding(
                rows.labelled_use == NOT_KNOWN,
                "rows of a drug that is an antidepressant in one form only, whose form and route are not recorded",
                "read as unknown",
            ),
        ],
    )
    kept = kept.select(
        "person_id",
        "ingredient",
        "start_date",
        "end_date",
        "end_basis",
        "mg_per_day",
        "dose_basis",
        "labelled_use",
        "stop_reason",
        "is_supplied",
        "address",
    )
    return kept, losses


def _with_route(
    con: ibis.BaseBackend, rows: ir.Table, where: str, concepts: RawTable | None, knowledge: Knowledge
) -> ir.Table:
    """The rows with the use that their route says, where the product leaves it open."""
    is_open = rows.filter(rows.labelled_use == NOT_KNOWN)
    named = concept_names(con, is_open.select(concept_id="route_id"), concepts, where)
    rows = rows.left_join(named, rows.route_id == named.concept_id).drop("concept_id")
    recorded = ibis.coalesce(route(rows.called), route(rows.route_word))
    return rows.mutate(labelled_use=by_route(rows.labelled_use, rows.ingredient, recorded, knowledge)).drop("called")


def is_administration(type_id: ir.IntegerValue, concepts: RawTable | None) -> ir.BooleanValue:
    """Whether the record's type says that the drug was given there and then."""
    known = type_id.isin(ADMINISTRATION_TYPES)
    if concepts is not None:
        raw = concepts.rows
        is_type = text(raw.concept_name).lower().contains("administ") & (text(raw.domain_id) == "Type Concept")
        known |= type_id.isin(concept(raw.filter(is_type).concept_id))
    return known.fill_null(False)
