"""Whose drug records are incomplete: there the absence of a drug says nothing (docs/engine.md, 0).

The columns are added only where anybody's drug records are incomplete; elsewhere nobody's are.
"""

from __future__ import annotations

import ibis.expr.types as ir

from stepwell.evidence import MET, NOT_MET
from stepwell.knowledge.definition import TrialBuilding

_GIVEN_IN_CARE = "given in care only"
_COLUMNS = ("may_lack_drugs", "has_unidentified_drugs", "is_given_in_care_only")


def find_incomplete(incomplete_medication: ir.Table) -> ir.Table:
    """One row is one person whose drug records are incomplete, and in which way."""
    given_in_care = incomplete_medication.reason == _GIVEN_IN_CARE
    return incomplete_medication.group_by("person_id").agg(
        may_lack_drugs=MET,
        has_unidentified_drugs=(~given_in_care).any(),
        is_given_in_care_only=given_in_care.any(),
    )


def add_incomplete(rows: ir.Table, incomplete: ir.Table | None) -> ir.Table:
    """The rows, each with what is incomplete of its person. Without `incomplete` they stay as they are."""
    if incomplete is None:
        return rows
    rows = rows.left_join(incomplete, "person_id").drop("person_id_right")
    return rows.mutate(**{name: rows[name].fill_null(False) for name in _COLUMNS})


def add_incomplete_to_trial(trial: ir.Table, incomplete: ir.Table | None, how: TrialBuilding) -> ir.Table:
    """The same for trials, with `n_days_between`: the days between the supplies or doses of which the trial is made."""
    if incomplete is None:
        return trial
    # Without ends, every day on which nothing was prescribed lies between two prescriptions.
    by_prescription = how.basis.is_ == "prescriptions"
    between = trial.n_days - trial.n_exposures + 1 if by_prescription else trial.n_gap_days
    return add_incomplete(trial, incomplete).mutate(n_days_between=between)


def may_lack_drugs(rows: ir.Table) -> ir.BooleanValue:
    """Whether the person may have taken drugs that the records do not show."""
    return _column(rows, "may_lack_drugs")


def has_unidentified_drugs(rows: ir.Table) -> ir.BooleanValue:
    """Whether nobody can say which drug some of the person's rows are of."""
    return _column(rows, "has_unidentified_drugs")


def is_given_in_care_only(rows: ir.Table) -> ir.BooleanValue:
    """Whether only what was given in hospital or by staff is recorded: nobody knows what was taken on the days between."""
    return _column(rows, "is_given_in_care_only")


class AsRecorded:
    """Trials as a program sees them that reads what is recorded and does not ask what is missing."""

    def __init__(self, trial: ir.Table):
        self._trial = trial
        self.columns = tuple(c for c in trial.columns if c not in _COLUMNS)

    def __getattr__(self, name: str) -> ir.Column:
        return getattr(self._trial, name)

    def __getitem__(self, name: str) -> ir.Column:
        return self._trial[name]


def _column(rows: ir.Table, name: str) -> ir.BooleanValue:
    return rows[name] if name in rows.columns else NOT_MET
