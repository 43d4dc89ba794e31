"""What a definition's form asks, as plain records that the loops of `truth` read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stepwell.knowledge.definition import Branch, Definition

from .formulary import Formulary

SUPPLY, PRESCRIPTIONS = 0, 1
START, END, NEXT = 0, 1, 2
BY_INGREDIENT, BY_CLASS, BY_COURSE = 0, 1, 2
UNSCORED, ALWAYS = 1, 2
EVER, EPISODE = 0, 1
"""Above these, `within` is a number of days."""

_HOW = "basis max_gap taper episode_gap antidepressant of_depression before after after_start after_end"
_BRANCH = (
    "role needs_use min_days min_adequate preceded_within preceded_by not_remitted intolerant switched switched_within "
    "added_to is_taken dated within count count_by taken_count taken_by"
)
_WHO = "any_of at_least is_any_time never is_never_ever washout antidepressant"
HOW, BRANCH, WHO = ([(name, "i8") for name in names.split()] for names in (_HOW, _BRANCH, _WHO))
HOW, BRANCH, WHO = np.dtype(HOW), np.dtype([*BRANCH, ("improvement_below", "f8")]), np.dtype(WHO)
_NONE = -(10**9)
_KINDS = {"ingredient": BY_INGREDIENT, "class": BY_CLASS, "course": BY_COURSE}
_DATES = {"trial start": START, "trial end": END, "next treatment start": NEXT}


class Asked(NamedTuple):
    """How trials are built, what each branch asks, and whom it is about: one record, several, one."""

    how: np.ndarray
    branches: np.ndarray
    who: np.ndarray


def asked_by(definition: Definition, formulary: Formulary, sets: dict[str, int]) -> Asked:
    """What the form asks; `sets` gives each code set its bit."""
    t = definition.trials
    antidepressant = formulary.roles.index("antidepressant")
    how = _record(
        HOW,
        basis=PRESCRIPTIONS if t.basis.is_ == "prescriptions" else SUPPLY,
        max_gap=t.max_gap.at_most,
        taper=t.cross_taper.at_most,
        episode_gap=t.episode_gap.at_most,
        antidepressant=antidepressant,
        of_depression=sum(sets.get(name, 0) for name in ("major-depression", "depression-other")),
        before=t.baseline.before,
        after=t.baseline.after,
        after_start=t.endpoint.after_start,
        after_end=t.endpoint.after_end,
    )
    return Asked(
        how, np.concatenate([_branch(b, formulary) for b in definition.branch]), _who(definition, sets, antidepressant)
    )


def _branch(branch: Branch, formulary: Formulary) -> np.ndarray:
    trial, failure = branch.trial, branch.failure
    switched, added = failure.switched, failure.added_to
    return _record(
        BRANCH,
        role=formulary.roles.index(trial.role.is_),
        needs_use=trial.use.is_ != "any",
        min_days=trial.min_duration.at_least if trial.min_duration else _NONE,
        min_adequate=trial.min_dose.at_least if trial.min_dose else _NONE,
        preceded_within=trial.preceded_by.within if trial.preceded_by else -1,
        preceded_by=formulary.roles.index(trial.preceded_by.role) if trial.preceded_by else -1,
        improvement_below=failure.improvement.below if failure.improvement else -np.inf,
        not_remitted=bool(failure.not_remitted),
        intolerant=bool(failure.intolerant),
        switched=0 if not switched else ALWAYS if switched.when == "always" else UNSCORED,
        switched_within=switched.within if switched else _NONE,
        added_to=0 if not added else ALWAYS if added.when == "always" else UNSCORED,
        is_taken=bool(failure.taken),
        dated=_DATES[branch.dated.at],
        within=branch.within.days or {"ever": EVER, "episode": EPISODE}[branch.within.is_],
        count=branch.count.at_least,
        count_by=_KINDS[branch.count.distinct],
        taken_count=branch.taken.at_least if branch.taken else 0,
        taken_by=_KINDS[branch.taken.distinct] if branch.taken else 0,
    )


def _who(definition: Definition, sets: dict[str, int], antidepressant: int) -> np.ndarray:
    who = definition.who
    return _record(
        WHO,
        any_of=sum(sets.get(name, 0) for name in who.diagnosis.any_of) if who.diagnosis else 0,
        at_least=who.diagnosis.at_least if who.diagnosis else 0,
        is_any_time=bool(who.diagnosis) and who.diagnosis.when != "before",
        never=sum(sets.get(name, 0) for name in who.never.any_of) if who.never else 0,
        is_never_ever=bool(who.never) and who.never.when == "ever",
        washout=who.washout.at_least if who.washout else _NONE,
        antidepressant=antidepressant,
    )


def _record(form: np.dtype, **values: float) -> np.ndarray:
    assert values.keys() == set(form.names)
    record = np.zeros(1, form)
    for name, value in values.items():
        record[name] = value
    return record
