"""The criteria of a trial, one short function each, named after the field of the form (docs/engine.md, 6).

Each takes the trials with everything known about them and the filled-in field, and returns the verdict. `who` and the counts
are criteria of the person; they are judged in `determine`.
"""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from stepwell.evidence import MET, NOT_MET, UNKNOWN, all_of, any_of, judge
from stepwell.knowledge import definition as form

from .incomplete import is_given_in_care_only, may_lack_drugs


def role(trial: ir.Table, asked: form.Role) -> ir.BooleanValue:
    """The trial is of a drug of the role asked."""
    return trial.role.isin(asked.roles)


def drug(trial: ir.Table, asked: form.Drug) -> ir.BooleanValue:
    """The trial is of one of the drugs or classes named."""
    return trial.ingredient.isin(asked.any_of) if asked.any_of else trial.drug_class.isin(asked.of_class)


def use(trial: ir.Table, asked: form.Use) -> ir.BooleanValue:
    """It was taken as an antidepressant, or that does not matter."""
    return trial.is_antidepressant_use if asked.is_ == "antidepressant dose" else MET


def min_duration(trial: ir.Table, asked: form.Duration) -> ir.BooleanValue:
    """It lasted long enough. Unknown when it may have gone on longer than the record shows."""
    is_long_enough = trial.n_days - _days_between(trial) >= asked.at_least
    if asked.single_until_next is not None:
        until_next = trial.next_prescription_day - trial.end_day
        single = (trial.n_exposures == 1) & until_next.between(asked.at_least, asked.single_until_next)
        is_long_enough |= single.fill_null(False) & ~is_given_in_care_only(trial)
    return judge(is_long_enough, _may_have_gone_on(trial))


def min_dose(trial: ir.Table, asked: form.AtLeastDays) -> ir.BooleanValue:
    """It was taken at an adequate dose for long enough."""
    may_be_enough = trial.n_days_adequate + trial.n_days_dose_unknown >= asked.at_least
    return judge(
        trial.n_days_adequate - _days_between(trial) >= asked.at_least,
        may_be_enough | (_may_have_gone_on(trial) & trial.last_dose_may_be_adequate) | may_lack_drugs(trial),
    )


def min_supplies(trial: ir.Table, asked: form.AtLeastSupplies) -> ir.BooleanValue:
    """It was supplied often enough. Unknown when more may have come than the record shows."""
    return judge(trial.n_exposures >= asked.at_least, _may_have_gone_on(trial))


def preceded_by(trial: ir.Table, asked: form.PrecededBy) -> ir.BooleanValue:
    """An antidepressant was taken shortly before, or was still running."""
    earliest = trial.start_day - asked.within
    return judge(
        trial.antidepressant_before_day >= earliest,
        (trial.possible_antidepressant_before_day >= earliest).fill_null(False) | may_lack_drugs(trial),
    )


def recent(trial: ir.Table, asked: form.Recent) -> ir.BooleanValue:
    """Enough different drugs were taken lately. Unknown when nobody was observing on its first day."""
    enough = trial.n_recent_drugs >= asked.at_least
    if asked.begun_before is not None:
        enough &= trial.n_recent_drugs_before >= asked.begun_before
    return any_of(enough, _unknown_where(may_lack_drugs(trial)))


def diagnosed(trial: ir.Table, asked: form.Diagnosed) -> ir.BooleanValue:
    """There is such a diagnosis not long before it. Unknown when nobody was observing on its first day."""
    return trial.n_recent_diagnoses >= 1


def still_ill(trial: ir.Table, asked: form.StillIll) -> ir.BooleanValue:
    """The endpoint score is still at or above the points asked of its instrument. Unknown for any other instrument."""
    least = trial.instrument.cases(*asked.limits.items(), else_=ibis.null("float64"))
    return trial.endpoint_total >= least


def improvement(trial: ir.Table, asked: form.Improvement) -> ir.BooleanValue:
    """The score improved by less than the share asked, or by at most that share."""
    if asked.below is None:
        return trial.improvement_pct <= asked.at_most
    return trial.improvement_pct < asked.below


def not_remitted(trial: ir.Table, asked: form.NotRemitted) -> ir.BooleanValue:
    """The endpoint score is above the remission cut."""
    return ~trial.is_remission


def intolerant(trial: ir.Table, asked: form.Intolerant) -> ir.BooleanValue:
    """The record says that it was stopped for intolerance. Unknown when it gives no reason for an ended trial."""
    return judge(
        trial.stop_reason == "intolerance",
        trial.stop_reason.isnull() & ~trial.is_ongoing.fill_null(False),
    )


def switched(trial: ir.Table, asked: form.Switched) -> ir.BooleanValue:
    """Another antidepressant was begun at its end or soon after. Unknown when the end is, or that time is not fully observed."""
    latest = trial.end_day + asked.within
    if asked.by == "next prescription":
        is_next = (trial.next_prescription_day > trial.end_day) & (trial.next_prescription_day <= latest)
        verdict = judge(is_next, (trial.observed_until_day < latest).fill_null(True) | may_lack_drugs(trial))
        verdict = _unless_given_in_care_only(verdict, trial)
        return _where_it_speaks(verdict, trial, asked.when)
    to = "class_switch" if asked.to == "another class" else "switch"
    verdict = judge(
        trial[f"{to}_day"] <= latest,
        (trial[f"possible_{to}_day"] <= latest).fill_null(False)
        | (trial.observed_until_day < latest).fill_null(True)
        | ~trial.is_end_known
        | may_lack_drugs(trial),
    )
    verdict = _unless_given_in_care_only(verdict, trial)
    return _where_it_speaks(verdict, trial, asked.when)


def added_to(trial: ir.Table, asked: form.AddedTo) -> ir.BooleanValue:
    """Another drug was added while it went on. Unknown when nobody knows how long that was, or who looked."""
    verdict = judge(
        trial.added_day.notnull(),
        trial.possible_added_day.notnull()
        | trial.observed_until_day.isnull()
        | ~trial.is_end_known
        | may_lack_drugs(trial),
    )
    return _where_it_speaks(verdict, trial, asked.when)


def taken(trial: ir.Table, asked: form.Taken) -> ir.BooleanValue:
    """Having taken it is enough."""
    return MET


OF_A_TRIAL: dict[str, Callable[[ir.Table, form.Form], ir.BooleanValue]] = {
    "trial.role": role,
    "trial.use": use,
    "trial.drug": drug,
    "trial.min_duration": min_duration,
    "trial.min_dose": min_dose,
    "trial.min_supplies": min_supplies,
    "trial.preceded_by": preceded_by,
    "trial.recent": recent,
    "trial.diagnosed": diagnosed,
    "trial.still_ill": still_ill,
    "failure.improvement": improvement,
    "failure.not_remitted": not_remitted,
    "failure.intolerant": intolerant,
    "failure.switched": switched,
    "failure.added_to": added_to,
    "failure.taken": taken,
}


def added(trial: ir.Table, asked: form.Added) -> ir.BooleanValue:
    """It is of another role, begun while an antidepressant ran, and lasted long enough (the branch counts such drugs)."""
    return all_of(
        trial.role != "antidepressant",
        judge(
            trial.antidepressant_before_day == trial.start_day,
            (trial.possible_antidepressant_before_day == trial.start_day).fill_null(False) | may_lack_drugs(trial),
        ),
        judge(trial.n_days - _days_between(trial) >= asked.for_, _may_have_gone_on(trial)),
    )


def _may_have_gone_on(trial: ir.Table) -> ir.BooleanValue:
    return ~trial.is_end_known | trial.is_ongoing.fill_null(True) | may_lack_drugs(trial)


def _days_between(trial: ir.Table) -> ir.IntegerValue:
    """The days of the trial on which nobody knows whether it was taken: those between two days on which it was given, where only
    what was given in care is recorded."""
    given = is_given_in_care_only(trial)
    return given.ifelse(trial.n_days_between, 0) if "n_days_between" in trial.columns else ibis.literal(0)


def _unless_given_in_care_only(verdict: ir.BooleanValue, trial: ir.Table) -> ir.BooleanValue:
    """Unknown where only what was given in care is recorded: whether the first drug went on at home nobody can say."""
    return is_given_in_care_only(trial).ifelse(UNKNOWN, verdict)


def _unknown_where(condition: ir.BooleanValue) -> ir.BooleanValue:
    return condition.ifelse(UNKNOWN, NOT_MET)


def _where_it_speaks(verdict: ir.BooleanValue, trial: ir.Table, when: str) -> ir.BooleanValue:
    return verdict if when == "always" else trial.improvement_pct.isnull() & verdict
