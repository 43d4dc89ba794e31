"""The parameters of the model: the form of `data/model.yaml`, and what the numbers in it must be together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self

from pydantic import model_validator

from stepwell.errors import KnowledgeError, Problem
from stepwell.knowledge.cited import Cited, Form
from stepwell.knowledge.forms import Reference

from .quantities import (
    STEPS,
    After,
    Age,
    Early,
    Factor,
    FactorsByStep,
    Failed,
    Given,
    Kept,
    Mean,
    Old,
    Onset,
    Quantity,
    Share,
    SharesByStep,
    Span,
    Spread,
    at_step,
)

COURSES = ("esketamine", "ketamine", "ect", "tms")
"""The fields of the treatments, in the order of `Treatment`."""
CORRECT = "correct the number"
"""What to do about what no simulation can be made with."""


class Who(Form):
    """Who the people are."""

    female: Share
    age: Age
    failed_before: Failed
    frailty: Spread
    never: Share


class Death(Form):
    """What they die of, and how often."""

    each_year: Share
    at_age: Old
    doubles: After
    while_ill: Factor
    suicide_each_year_ill: Share
    suicide_each_year_resistant: Share
    """While ill in an episode in which two trials have failed."""
    suicide_each_year_well: Share


class Trial(Form):
    """What an antidepressant trial does."""

    remission: SharesByStep
    response_only: SharesByStep
    intolerance: SharesByStep
    odds: FactorsByStep
    setting: Factor
    onset: Onset
    intolerance_after: Span
    given_up: Share
    given_up_after: Span
    judged_after: Span
    underdosed: Share
    adequate: After


class NextStep(Form):
    """Whether and how treatment goes on when it did not bring remission."""

    goes_on: SharesByStep
    after_relapse: Share
    at_once: Share
    pause: Span
    added: Share
    added_antidepressant: Share
    stays: Share
    stays_remission: Mean
    stays_step: Mean
    lost_remission: Mean
    lost_return: Mean


class Well(Form):
    """Relapse and recovery."""

    relapse_from_remission: SharesByStep
    relapse_from_response: SharesByStep
    within: After
    shape: Factor
    recovery: After
    after_recovery: Factor
    continued: Span
    kept: Share


class Maintenance(Form):
    """What follows the acute sessions."""

    given: Share
    every: After
    mean: Mean
    relapse_from_remission: Factor
    relapse_from_response: Factor


class Again(Form):
    """The same course after a relapse."""

    given: Share
    remission: Share
    response: Share


class CourseForm(Form):
    """One treatment given in courses: by factors on the odds of the trial beside it, or by shares of its own."""

    remission_odds: Factor | None = None
    response_odds: Factor | None = None
    remission: Share | None = None
    response: Share | None = None
    given: Given
    onset: Onset
    early: Early | None = None
    stopped: Share
    kept: Kept | None = None
    maintenance: Maintenance
    again: Again

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = ((self.remission_odds, self.response_odds), (self.remission, self.response, self.kept))
        if sorted(all(way) - (not any(way)) for way in ways) != [-1, 1]:
            raise ValueError(
                "it says neither or both of how much it changes the odds of a trial and what it does alone; "
                "write remission_odds and response_odds, or remission, response and kept"
            )
        return self


class Therapy(Form):
    """Psychotherapy in the days after doses, whose effect is unproven."""

    uptake: Share
    relapse: Factor
    lasts: After


class ModelParameters(Form):
    """Everything in `data/model.yaml`."""

    references: dict[str, Reference]
    horizon: After
    who: Who
    death: Death
    trial: Trial
    next_step: NextStep
    well: Well
    esketamine: CourseForm
    ketamine: CourseForm
    ect: CourseForm
    tms: CourseForm
    therapy: Therapy

    def quantities(self) -> Iterator[tuple[str, Quantity]]:
        """Every number, or few that belong together, with its path."""
        return _quantities(self, ())

    def but(self, changes: Mapping[str, object]) -> Self:
        """The same with other numbers, by their paths: `but({"trial.onset.mean": 30.0, "trial.odds.by_step": (2, 2, 2, 2)})`.

        Numbers in the units of the file: per cent, days, years, times. Raises KnowledgeError with everything that is
        impossible or no path.
        """
        problems = [
            Problem(p, "is no number of the model", "a path as in model.yaml", "correct it")
            for p in changes
            if not _is_number(self, p)
        ]
        if not problems:
            changed = self.changed(changes)
            problems = [Problem(path, *rest) for path, *rest in impossible(changed)]
        if problems:
            raise KnowledgeError("The parameters cannot be simulated", problems)
        return changed

    def changed(self, changes: Mapping[str, object]) -> Self:
        """The same as `but`, unchecked."""
        form = self
        for path, value in changes.items():
            form = _changed(form, path.split("."), value)
        return form


def _quantities(form: Form, path: tuple[str, ...]) -> Iterator[tuple[str, Quantity]]:
    for name in type(form).model_fields:
        value = getattr(form, name)
        if isinstance(value, Quantity):
            yield ".".join((*path, name)), value
        elif isinstance(value, Form):
            yield from _quantities(value, (*path, name))


def _changed(form: Form, path: list[str], value: object) -> Form:
    name, *rest = path
    return form.model_copy(update={name: _changed(getattr(form, name), rest, value) if rest else value})


def _is_number(form: Form, path: str) -> bool:
    """Whether the path leads to a number, or a few, of some quantity."""
    *above, last = path.split(".")
    for name in above:
        if name not in type(form).model_fields:
            return False
        form = getattr(form, name)
    return isinstance(form, Quantity) and last in type(form).model_fields and last not in ("free", *Cited.model_fields)


def impossible(parameters: ModelParameters) -> Iterator[tuple[str, str, str, str]]:
    """Everything that no simulation can be made with: path, what was found, what was expected, what to do."""
    for path, quantity in parameters.quantities():
        for found, expected in quantity.wrong():
            yield path, found, expected, CORRECT
    if any(True for _, quantity in parameters.quantities() for _ in quantity.wrong()):
        return
    sums = {"trial.response_only": (parameters.trial.remission, parameters.trial.response_only)}
    sums["trial.intolerance"] = (*sums["trial.response_only"], parameters.trial.intolerance)
    for path, parts in sums.items():
        if max(sum(at_step(part.by_step, k) for part in parts) for k in range(STEPS)) > 100:
            yield (
                path,
                "is more than is left over of 100 % at some step",
                "shares that add up to 100 % at most",
                "lower it",
            )
    for name in COURSES:
        course = getattr(parameters, name)
        for path, part in ((name, course), (f"{name}.again", course.again)):
            if part.remission and part.response and part.remission.share > part.response.share:
                yield f"{path}.response", "is rarer than remission, which it includes", "at least as many", "raise it"
