"""Answering a question: the same people under every policy, under many draws of the uncertain numbers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from stepwell.simulate import (
    ModelParameters,
    Policy,
    Resistance,
    State,
    days_ill,
    draw_events,
    draw_outcomes,
    model_parameters,
    vary,
)

from .question import Question
from .values import load_scenarios, load_values
from .worth import Lives

BASE_CASE = "base case"
_DAYS_A_YEAR = 365.25


@dataclass(frozen=True)
class Estimate:
    """A mean per person. `error` is its standard error, from the finite number of people and draws; `low` and `high` hold 95 % of
    what the mean would be under other draws of the uncertain numbers, without that error. They are None with a single draw, and
    where the draws differ by no more than chance explains: then more people would tell."""

    value: float
    error: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Compared:
    """One thing counted, under one policy: what it is there, and by how much it differs from the base policy."""

    policy: str
    measure: str
    unit: str
    found: Estimate
    difference: Estimate


@dataclass(frozen=True)
class Case:
    """The base case or a scenario: what the base policy gives, and every policy beside it."""

    scenario: str
    base: Mapping[str, Estimate]
    compared: tuple[Compared, ...]

    def of(self, measure: str) -> tuple[Compared, ...]:
        """The rows of one measure."""
        return tuple(row for row in self.compared if row.measure == measure)


@dataclass(frozen=True)
class Answer:
    """The base case first, then the scenarios in the order asked."""

    question: Question
    parameters: ModelParameters
    cases: tuple[Case, ...]

    @property
    def measures(self) -> tuple[tuple[str, str], ...]:
        """What was counted, with its unit."""
        return tuple(dict.fromkeys((row.measure, row.unit) for row in self.cases[0].compared))


def what_if(
    question: Question,
    *,
    parameters: ModelParameters | None = None,
    threads: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Answer:
    """Answers it. The same question gives the same answer, whatever the number of threads.

    `parameters` stand in for the shipped ones; horizon and failed trials are those of the question.
    """
    asked = {"horizon.after": question.years * _DAYS_A_YEAR, "who.failed_before.trials": question.failed_before}
    base = (parameters or model_parameters()).but(asked)
    scenarios = {BASE_CASE: base}
    known = load_scenarios().scenarios
    scenarios |= {name: known[name].of(base) for name in question.scenarios}
    cases = tuple(
        _case(question, name, changed, threads, n, len(scenarios), progress)
        for n, (name, changed) in enumerate(scenarios.items())
    )
    return Answer(question, base, cases)


def _case(q: Question, name: str, parameters: ModelParameters, threads, n: int, of: int, progress) -> Case:
    samples = [0] if q.draws == 1 else range(1, q.draws + 1)
    policies = {q.base_name: q.base, **q.policies}

    def draw(sample: int) -> dict[str, list[tuple[float, float, float, float]]]:
        """Mean and variance of each measure, and of its difference, under each policy; of people of the draw's own."""
        if progress is not None:
            progress("simulating", n * q.draws + sample, of * q.draws)
        drawn = vary(parameters, q.seed, sample)
        first = 1 + max(sample - 1, 0) * q.people
        people = range(first, first + q.people)
        counts = {policy: _counts(q, drawn, levers, people) for policy, levers in policies.items()}
        return {
            policy: [_moments(c, b) for c, b in zip(counts[policy], counts[q.base_name], strict=True)]
            for policy in policies
        }

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        drawn = list(pool.map(draw, samples))
    labels = _labels(q)
    moments = {policy: np.array([d[policy] for d in drawn]) for policy in policies}  # draws x measures x 4
    found = {p: [_estimate(m[:, k, 0], m[:, k, 1], q.people) for k in range(len(labels))] for p, m in moments.items()}
    differs = {p: [_estimate(m[:, k, 2], m[:, k, 3], q.people) for k in range(len(labels))] for p, m in moments.items()}
    rows = tuple(
        Compared(policy, label, unit, found[policy][k], differs[policy][k])
        for k, (label, unit) in enumerate(labels)
        for policy in q.policies
    )
    return Case(name, {label: found[q.base_name][k] for k, (label, _) in enumerate(labels)}, rows)


def _labels(q: Question) -> list[tuple[str, str]]:
    labels = [
        ("time in remission", "years"),
        ("time in response without remission", "years"),
        ("time ill", "years"),
        ("time ill and resistant", "years"),
        ("ever resistant", "share"),
        ("relapses and recurrences", "number"),
        ("antidepressant trials", "number"),
    ]
    for treatment in q.treatments:
        name = treatment.name.lower()
        labels += [(f"courses of {_said(name)}", "number"), (f"sessions of {_said(name)}", "number")]
    labels.append(("time alive", "years"))
    if q.utilities is not None:
        labels.append(("quality-adjusted life years", "years"))
    if q.costs is not None:
        labels.append(("costs", load_values().costs[q.costs].currency))
    return labels


def _said(name: str) -> str:
    return name.upper() if name in ("ect", "tms") else name


def _counts(q: Question, parameters: ModelParameters, policy: Policy, people: range) -> list[np.ndarray]:
    """What `_labels` names, for each person."""
    o = draw_outcomes(parameters, policy, q.seed, people, threads=1)
    days = o["days_in"]
    counts = [
        (days[:, State.REMISSION] + days[:, State.RECOVERY]) / _DAYS_A_YEAR,
        days[:, State.RESPONSE] / _DAYS_A_YEAR,
        days_ill(o) / _DAYS_A_YEAR,
        o["days_resistant"] / _DAYS_A_YEAR,
        np.isfinite(o["resistant_day"][:, Resistance.TWO_FAILED]).astype(float),
        (o["n_relapses"] + o["n_recurrences"]).astype(float),
        o["n_trials"].astype(float),
    ]
    for treatment in q.treatments:
        counts += [o["n_courses"][:, treatment].astype(float), o["n_sessions"][:, treatment].astype(float)]
    counts.append(o["days"] / _DAYS_A_YEAR)
    if q.utilities is not None or q.costs is not None:
        lives = Lives(draw_events(parameters, policy, q.seed, people, threads=1), parameters, q.discount)
        sets = load_values()
        counts += [] if q.utilities is None else [lives.quality(sets.utilities[q.utilities])]
        counts += [] if q.costs is None else [lives.cost(sets.costs[q.costs])]
    return counts


def _moments(count: np.ndarray, base: np.ndarray) -> tuple[float, float, float, float]:
    difference = count - base
    many = len(count) > 1
    return (
        float(count.mean()),
        float(count.var(ddof=1)) if many else 0.0,
        float(difference.mean()),
        float(difference.var(ddof=1)) if many else 0.0,
    )


def _estimate(means: np.ndarray, variances: np.ndarray, people: int) -> Estimate:
    """The mean of the draws' means. What they differ by beyond what their finite number of people explains is parameters."""
    value, n = float(means.mean()), len(means)
    by_chance = float(variances.mean()) / people
    if n == 1:
        return Estimate(value, by_chance**0.5, None, None)
    spread = float(means.var(ddof=1))
    if spread == 0:
        return Estimate(value, 0.0, value, value)
    error = (spread / n) ** 0.5
    if spread <= by_chance:
        return Estimate(value, error, None, None)
    shrunk = value + (means - value) * (1 - by_chance / spread) ** 0.5
    low, high = np.quantile(shrunk, [0.025, 0.975])
    return Estimate(value, error, float(low), float(high))
