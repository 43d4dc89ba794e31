"""Medication records -> exposures (docs/engine.md, 1)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

_STOP_REASONS = ("intolerance", "no effect", "other")
"""In the order in which they are kept when two were recorded on one day."""

_FORM_NOT_KNOWN = "not known"

_ERA = ("era_end_day", "before_era_end_day")


def find_exposure(medication: ir.Table, drug: ir.Table, *, asks_eras: bool) -> ir.Table:
    """One row is one ingredient, one stretch of supply with its dose, the days of the supplies before and after it, and, where
    eras are asked for, their ends.

    Needs: `medication` in days; `drug` (ingredient, drug: its number, low_dose_mg_per_day: NULL without a low-dose rule).
    Rule: a row sent twice counts once; what begins on one day is taken together, doses added; the next supply of the same
    ingredient ends the one before.
    Unknown when: the dose of any of the rows taken together is unknown; the use, where the dose, or a form that is not recorded,
    would decide it.
    """
    # From here to the trials a drug is a number: narrow rows are what makes sorting fast.
    rows = medication.join(drug, "ingredient", how="inner").select(
        "person_id",
        "drug",
        "start_day",
        "end_day",
        "mg_per_day",
        "labelled_use",
        "address",
        stop_rank=medication.stop_reason.cases(*((reason, rank) for rank, reason in enumerate(_STOP_REASONS))),
    )
    together = _take_together(rows)
    # The neighbours are looked up here, once, for every way of building trials.
    by_drug = ibis.window(group_by=["person_id", "drug"], order_by="start_day")
    together = together.mutate(
        known_until_day=together.supplied_until_day.fill_null(together.start_day),
        next_start_day=together.start_day.lead().over(by_drug),
        before_start_day=together.start_day.lag().over(by_drug),
        before_until_day=together.supplied_until_day.lag().over(by_drug),
        **(_find_eras(together) if asks_eras else {}),
    )
    exposure = together.join(drug.select("drug", "low_dose_mg_per_day"), "drug", how="inner")
    dose, low_dose = exposure.mg_per_day, exposure.low_dose_mg_per_day
    return exposure.select(
        "person_id",
        "drug",
        "start_day",
        end_day=ibis.least(exposure.known_until_day, (exposure.next_start_day - 1).fill_null(exposure.known_until_day)),
        is_end_known=exposure.supplied_until_day.notnull(),
        mg_per_day=dose,
        is_antidepressant_use=ibis.cases(
            (exposure.is_other_product, False),
            (exposure.is_other_product.isnull(), ibis.null("boolean")),
            (low_dose.isnull(), True),
            else_=dose > low_dose,
        ),
        stop_reason=exposure.stop_rank.cases(*enumerate(_STOP_REASONS)),
        n_records=exposure.n_records,
        address=exposure.address,
        next_start_day=exposure.next_start_day,
        before_start_day=exposure.before_start_day,
        # LEAST passes over NULL: without a supply before there must be no day before.
        before_end_day=exposure.before_start_day.notnull().ifelse(
            ibis.least(exposure.before_until_day.fill_null(exposure.before_start_day), exposure.start_day - 1),
            ibis.null("int64"),
        ),
        is_before_end_known=exposure.before_until_day.notnull(),
        **{name: exposure[name] for name in _ERA if asks_eras},
    )


def _find_eras(supply: ir.Table) -> dict[str, ir.IntegerValue]:
    """An era lasts to the latest end of any supply of the drug so far, which no later supply shortens; and the one before it."""
    latest = supply.era_until_day.max()
    so_far, before = (
        ibis.window(group_by=["person_id", "drug"], order_by="start_day", rows=(None, last)) for last in (0, -1)
    )
    return dict(zip(_ERA, (latest.over(so_far), latest.over(before)), strict=True))


def _take_together(rows: ir.Table) -> ir.Table:
    """One row is one ingredient begun on one day: equal rows once, then the doses of different rows added."""
    day = ["person_id", "drug", "start_day"]
    # Nearly every day has one row, which needs no adding up: grouping all columns of all rows would cost many times as much.
    several = rows.group_by(day).agg(n=rows.count()).filter(lambda d: d.n > 1).drop("n")
    alone = rows.anti_join(several, day)
    alone = alone.select(
        *day,
        "stop_rank",
        "address",
        mg_per_day=to_a_millionth(alone.mg_per_day),
        supplied_until_day=alone.end_day,
        era_until_day=_era_end(alone),
        is_other_product=_is_other_product(alone),
        n_records=ibis.literal(1, "int64"),
    )
    rows = rows.semi_join(several, day)
    once = rows.group_by([c for c in rows.columns if c != "address"]).agg(
        n_records=rows.count(), address=rows.address.min()
    )
    once = once.mutate(is_other_product=_is_other_product(once))
    together = once.group_by(day).agg(
        mg_per_day=(once.mg_per_day.count() == once.count()).ifelse(
            to_a_millionth(once.mg_per_day.sum()), ibis.null("float64")
        ),
        stop_rank=once.stop_rank.min(),
        address=once.address.min(),
        supplied_until_day=once.end_day.max(),
        era_until_day=_era_end(once).max(),
        # One product of depression among them is use as an antidepressant, whatever the others are.
        is_other_product=ibis.cases(
            ((~once.is_other_product).any().fill_null(False), False),
            (once.is_other_product.count() < once.count(), ibis.null("boolean")),
            else_=True,
        ),
        n_records=once.n_records.sum(),
    )
    return alone.union(together.cast(alone.schema()).select(alone.columns))


def _is_other_product(rows: ir.Table) -> ir.BooleanValue:
    """Whether the product is labelled for another use; NULL where its form would say it and is not recorded."""
    return ibis.cases((rows.labelled_use.isnull(), False), (rows.labelled_use == _FORM_NOT_KNOWN, None), else_=True)


def _era_end(rows: ir.Table) -> ir.IntegerValue:
    """The end by which drug eras are strung together: where none is recorded, the day after the first."""
    return rows.end_day.fill_null(rows.start_day + 1)


def to_a_millionth(mg: ir.FloatingValue) -> ir.FloatingValue:
    """Rounded, so that the last bit of a sum does not depend on the order of the rows.

    By the same floating-point steps on every engine: each has its own idea of ROUND near a half.
    """
    millionths = mg * 1e6
    # Beyond 2^53 a double has no fractions left to round, and may not fit an integer.
    return (millionths.abs() < 2**53).ifelse((millionths + 0.5).floor().cast("float64") / 1e6, mg)
