"""Exposures -> trials (docs/engine.md, 2). A trial is one unbroken course of one ingredient."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from stepwell.evidence import any_row
from stepwell.knowledge.definition import TrialBuilding

_NO_DAY = 2**40
"""After every day there is: no course of the drug follows."""


def find_trial(
    exposure: ir.Table,
    drug: ir.Table,
    dose_minimum: ir.Table,
    observation_period: ir.Table,
    how: TrialBuilding,
) -> ir.Table:
    """One row is one unbroken course of one ingredient, with its days, doses and end of observation.

    Needs: `drug` (drug, ingredient, role, drug_class), `dose_minimum` (standard, ingredient, minimum).
    Rule: bridged days count as treated at the dose before them; days at or above the minimum decide adequacy, not the
    greatest dose.
    Unknown when: the dose, or the drug's minimum, is unknown (`n_days_dose_unknown`); no observation period holds the end.
    """
    minimum = dose_minimum.filter(dose_minimum.standard == how.dose_standard.is_).drop("standard")
    drug = (
        drug.left_join(minimum, "ingredient").drop("ingredient_right").rename(min_adequate_mg_per_day="min_mg_per_day")
    )
    supply = _find_supply(exposure, how)
    first = _find_first(supply)
    supply = supply.join(drug.select("drug", "min_adequate_mg_per_day"), "drug", how="inner")
    in_course = supply.join(
        first.select("person_id", "drug", "first_day", "before_next_day"),
        [
            "person_id",
            "drug",
            supply.start_day >= first.first_day,
            supply.start_day <= first.before_next_day,
        ],
    )
    by_prescription = how.basis.is_ == "prescriptions"
    days = in_course.until_day - in_course.start_day + (0 if by_prescription else 1)
    # NULL when the dose or the minimum is unknown.
    is_adequate = in_course.mg_per_day >= in_course.min_adequate_mg_per_day
    trial = in_course.group_by("person_id", "drug", "first_day").agg(
        end_day=in_course.end_day.max(),
        is_end_known=in_course.is_end_known.any(where=in_course.is_last),
        n_days=days.sum(),
        n_gap_days=ibis.literal(0) if by_prescription else in_course.n_gap_days.sum(),
        n_exposures=in_course.count(),
        is_antidepressant_use=any_row(in_course.is_antidepressant_use),
        first_mg_per_day=in_course.mg_per_day.argmin(in_course.start_day, where=in_course.mg_per_day.notnull()),
        max_mg_per_day=in_course.mg_per_day.max(),
        n_days_adequate=days.sum(where=is_adequate).fill_null(0),
        n_days_dose_unknown=days.sum(where=is_adequate.isnull()).fill_null(0),
        last_dose_may_be_adequate=is_adequate.fill_null(True).any(where=in_course.is_last),
        stop_reason=in_course.stop_reason.max(where=in_course.is_last),
        last_start_day=in_course.start_day.max(),
    )
    trial = trial.join(first.drop("before_next_day"), ["person_id", "drug", "first_day"], how="inner")
    trial = trial.join(drug, "drug", how="inner").drop("low_dose_mg_per_day")
    trial = trial.rename(start_day="first_day")
    key = ["person_id", "drug", "last_start_day"]
    if by_prescription:
        following = _find_next_prescription(exposure, drug)
        trial = trial.left_join(following, key).drop(*(f"{name}_right" for name in key))
    else:
        trial = trial.mutate(next_prescription_day=ibis.null("int64"))
    return _find_observation(trial.drop("last_start_day"), observation_period, how)


def _find_supply(exposure: ir.Table, how: TrialBuilding) -> ir.Table:
    """One row is one exposure, with whether it begins or ends a course, and the last day (`until_day`) it stands for within it.

    Rule: supplies belong together when the pause between them is at most `how.max_gap`, or, where the first one's end is
    unknown, when the second begins within `how.unknown_supply`; bridged days belong to the supply before them.
    """
    supply = exposure
    if how.basis.is_ == "supply":

        def joins(before_start, before_end, is_known, start):
            return (start - before_end - 1 <= how.max_gap.at_most) | (
                ~is_known & (start - before_start <= how.unknown_supply.at_most)
            )
    elif how.basis.is_ == "eras":
        supply = supply.mutate(
            end_day=supply.era_end_day, before_end_day=supply.before_era_end_day, is_end_known=ibis.literal(True)
        )

        def joins(before_start, before_end, is_known, start):
            return start - before_end <= how.max_gap.at_most
    else:
        # Ends are not used, so none is unknown.
        supply = supply.mutate(end_day=supply.start_day, is_end_known=ibis.literal(True))

        def joins(before_start, before_end, is_known, start):
            return start - before_start <= how.max_gap.at_most

    is_last = ~joins(supply.start_day, supply.end_day, supply.is_end_known, supply.next_start_day).fill_null(False)
    # Under `prescriptions` a day belongs to the supply before it, so that the last prescription adds none.
    bridged_until_day = supply.next_start_day - (0 if how.basis.is_ == "prescriptions" else 1)
    until_day = is_last.ifelse(supply.end_day, bridged_until_day)
    return supply.mutate(
        is_first=~joins(
            supply.before_start_day, supply.before_end_day, supply.is_before_end_known, supply.start_day
        ).fill_null(False),
        is_last=is_last,
        until_day=until_day,
        # An era may go on past the next supply.
        n_gap_days=ibis.greatest(until_day - supply.end_day, 0),
    )


def _find_next_prescription(exposure: ir.Table, drug: ir.Table) -> ir.Table:
    """One row is one prescription of an antidepressant that another one follows: its `drug` and day (`last_start_day`), and the
    other's day (`next_prescription_day`). Those of one day are in the order of the drugs' names."""
    # Drugs are numbered in the order of their ingredients' names.
    antidepressant = drug.filter(drug.role == "antidepressant").select("drug")
    supply = exposure.select("person_id", "drug", last_start_day="start_day").semi_join(antidepressant, "drug")
    order = ibis.window(group_by="person_id", order_by=["last_start_day", "drug"])
    supply = supply.mutate(
        next_drug=supply.drug.lead().over(order), next_prescription_day=supply.last_start_day.lead().over(order)
    )
    return supply.filter(supply.next_drug != supply.drug).drop("next_drug")


def _find_first(supply: ir.Table) -> ir.Table:
    """One row is the first supply of a course: its day and address, the number of the trial that it begins, and the last day
    before the next course of the drug."""
    first = supply.filter(supply.is_first).select("person_id", "drug", "address", first_day=supply.start_day)
    next_day = first.first_day.lead().over(group_by=["person_id", "drug"], order_by="first_day")
    return first.mutate(
        before_next_day=(next_day - 1).fill_null(_NO_DAY),
        # Drugs are numbered in the order of their ingredients' names.
        trial_number=ibis.row_number().over(group_by="person_id", order_by=["first_day", "drug"]) + 1,
    )


def _find_observation(trial: ir.Table, observation_period: ir.Table, how: TrialBuilding) -> ir.Table:
    """Adds `observed_until_day` and `is_ongoing`."""
    period = observation_period
    holds = trial.join(
        period,
        [
            trial.person_id == period.person_id,
            trial.end_day >= period.start_day - 1,
            trial.end_day <= period.end_day,
        ],
    ).select(trial.person_id, trial.trial_number, observed_day=period.end_day)
    observed = holds.group_by("person_id", "trial_number").agg(observed_until_day=holds.observed_day.max())
    trial = trial.left_join(observed, ["person_id", "trial_number"]).drop("person_id_right", "trial_number_right")
    return trial.mutate(is_ongoing=trial.observed_until_day - trial.end_day <= how.max_gap.at_most)
