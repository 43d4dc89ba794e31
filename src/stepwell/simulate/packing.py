"""From the file to the record that the compiled walk reads: shares to probabilities and odds, curves to laws.

Logarithms and powers are those of `chance`, so that the record is the same on every platform.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from stepwell.errors import KnowledgeError, Problem
from stepwell.knowledge import load
from stepwell.knowledge.fill import fill, fill_parts
from stepwell.knowledge.written import read_yaml

from .chance import exp, log, power
from .changes import calibrate_by, read_calibrated
from .layout import DRUGS, PARAMETERS
from .model import CORRECT, COURSES, CourseForm, ModelParameters, impossible
from .parameters import DATA, drugs, unresolved
from .quantities import STEPS, Early, Kept, Quantity, at_step

MODEL, CALIBRATED = DATA / "model.yaml", DATA / "calibrated.yaml"
"""What is written by hand, and what `stepwell calibrate` writes."""
_DAYS_A_YEAR = 365.25
_CERTAIN = 1e300
"""The odds of what always happens."""


@cache
def model_parameters(path: Path | None = None, calibrated: Path | None = None) -> ModelParameters:
    """The model's parameters that are shipped, calibrated, or those of another file alone.

    `calibrated` is a file of calibrated numbers, which take the place of those of `path`. Raises KnowledgeError with every
    problem, by file and line.
    """
    if path is None:
        path, calibrated = MODEL, calibrated or CALIBRATED
    problems: list[Problem] = []
    written = read_yaml(path, path.name, problems)
    filled = fill(ModelParameters, written, problems) if written else None
    wrong: list[tuple[str, str, str, str]] = []
    if filled is not None:
        problems += unresolved(filled, written)
        wrong = list(impossible(filled))
    elif written is not None:
        parts = ((".".join(map(str, at)), part) for at, part in fill_parts(ModelParameters, written.data))
        wrong = [(at, *said, CORRECT) for at, part in parts if isinstance(part, Quantity) for said in part.wrong()]
    if calibrated is not None and filled is not None and not problems and not wrong:
        filled = calibrate_by(filled, read_calibrated(calibrated, problems), problems)
    if problems or wrong:
        problems += [Problem(written.at(tuple(at.split("."))), f"`{at}` {found}", *rest) for at, found, *rest in wrong]
        raise KnowledgeError("The model's parameters are wrong", problems)
    return filled


def packed(parameters: ModelParameters) -> np.ndarray:
    """The parameters as one record."""
    m = parameters
    record = np.zeros(1, PARAMETERS)
    values = {**_who(m), **_death(m), **_trial(m), **_next_step(m), **_well(m), **_courses(m), **_drugs()}
    values |= {
        "horizon": m.horizon.after,
        "therapy_uptake": m.therapy.uptake.share / 100,
        "therapy_ratio": m.therapy.relapse.ratio,
        "therapy_days": m.therapy.lasts.after,
    }
    assert values.keys() == set(PARAMETERS.names)
    for name, value in values.items():
        record[name] = value
    return record


def _who(m: ModelParameters) -> dict:
    age = m.who.age
    return {
        "female": m.who.female.share / 100,
        "youngest": age.youngest,
        "usual": age.usual,
        "oldest": age.oldest,
        "failed_before": m.who.failed_before.trials,
        "frailty_sd": m.who.frailty.sd,
        "never": m.who.never.share / 100,
    }


def _death(m: ModelParameters) -> dict:
    d = m.death
    growth = log(2.0) / d.doubles.after
    return {
        "death_rate": _hazard(d.each_year.share),
        "death_growth": growth,
        "death_years": (exp(growth * m.horizon.after) - 1) / growth,
        "death_at_age": d.at_age.years,
        "death_ill": d.while_ill.ratio,
        "suicide_ill": _hazard(d.suicide_each_year_ill.share),
        "suicide_resistant": _hazard(d.suicide_each_year_resistant.share),
        "suicide_well": _hazard(d.suicide_each_year_well.share),
    }


def _trial(m: ModelParameters) -> dict:
    t = m.trial
    factor = [at_step(t.odds.by_step, k) * t.setting.ratio for k in range(STEPS)]
    remission = _by_step(t.remission.by_step)
    helped = [r + o for r, o in zip(remission, _by_step(t.response_only.by_step), strict=True)]
    return {
        "remission_odds": [_odds(p / 100) * f for p, f in zip(remission, factor, strict=True)],
        "response_odds": [_odds(p / 100) * f for p, f in zip(helped, factor, strict=True)],
        "intolerance": [p / 100 for p in _by_step(t.intolerance.by_step)],
        "given_up": t.given_up.share / 100,
        **_onset("onset", t.onset),
        **_span("intolerance", t.intolerance_after),
        **_span("given_up", t.given_up_after),
        **_span("judged", t.judged_after),
        "underdosed": t.underdosed.share / 100,
        "adequate_days": t.adequate.after,
    }


def _next_step(m: ModelParameters) -> dict:
    n = m.next_step
    return {
        "goes_on": [p / 100 for p in _by_step(n.goes_on.by_step)],
        "goes_on_relapsed": n.after_relapse.share / 100,
        "at_once": n.at_once.share / 100,
        **_span("pause", n.pause),
        "adds": n.added.share / 100,
        "adds_antidepressant": n.added_antidepressant.share / 100,
        "stays": n.stays.share / 100,
        "stays_remission_rate": 1 / n.stays_remission.mean,
        "stays_step_rate": 1 / n.stays_step.mean,
        "lost_remission_rate": 1 / n.lost_remission.mean,
        "lost_return_rate": 1 / n.lost_return.mean,
    }


def _well(m: ModelParameters) -> dict:
    w = m.well
    laws = {"remission_scale": w.relapse_from_remission, "response_scale": w.relapse_from_response}
    scales = {
        name: [_scale(100 - share, w.within.after, w.shape.ratio) for share in _by_step(of.by_step)]
        for name, of in laws.items()
    }
    return {
        **scales,
        "relapse_shape": w.shape.ratio,
        "recovery_days": w.recovery.after,
        "after_recovery": w.after_recovery.ratio,
        **_span("continued", w.continued),
        "kept": w.kept.share / 100,
    }


def _courses(m: ModelParameters) -> dict:
    each = [_course(getattr(m, name)) for name in COURSES]
    return {name: [course[name] for course in each] for name in each[0]}


def _course(c: CourseForm) -> dict:
    beside = c.remission_odds is not None
    shape, scale = (0.0, 0.0) if c.kept is None else _law(c.kept)
    helped, unhelped = _early(c.early)
    on = c.maintenance
    return {
        "beside": beside,
        "course_remission_odds": c.remission_odds.ratio if beside else _odds(c.remission.share / 100),
        "course_response_odds": c.response_odds.ratio if beside else _odds(c.response.share / 100),
        "course_stopped": c.stopped.share / 100,
        **_onset("course_onset", c.onset),
        "course_days": c.given.over,
        "course_sessions": c.given.sessions,
        "early_helped": helped,
        "early_unhelped": unhelped,
        "course_shape": shape,
        "course_scale": scale,
        "maintained": on.given.share / 100,
        "maintained_remission": on.relapse_from_remission.ratio,
        "maintained_response": on.relapse_from_response.ratio,
        "maintained_mean": on.mean.mean,
        "maintained_every": on.every.after,
        "again": c.again.given.share / 100,
        "again_remission": c.again.remission.share / 100,
        "again_response": c.again.response.share / 100,
    }


@cache
def _drugs() -> dict:
    """Running sums of the odds with which a row of `drug.csv` is chosen, and which rows are antidepressants."""
    rows, ingredients = drugs(), load().ingredients
    first = [d.first_weight_pct * (d.use == "depression") for d in rows]
    later = [d.later_weight_pct * (d.use == "depression") for d in rows]
    added = [d.later_weight_pct * (d.use == "added") for d in rows]
    is_antidepressant = [ingredients[d.ingredient].role == "antidepressant" for d in rows]
    sums = {"first_drugs": first, "later_drugs": later, "added_drugs": added}
    if len(rows) > DRUGS or not all(any(odds) for odds in sums.values()):
        found, expected = f"has {len(rows)} rows", f"{DRUGS} at most, some for each use"
        raise KnowledgeError(
            "The model's drugs are wrong", [Problem("drug.csv", found, expected, "shorten or fill it")]
        )
    return {name: _running(odds) for name, odds in sums.items()} | {
        "is_antidepressant": is_antidepressant + [False] * (DRUGS - len(rows)),
        "antidepressants": sum(1 << n for n, weight in enumerate(later) if weight > 0),
    }


def _running(odds: list[float]) -> list[float]:
    sums = np.cumsum(odds)
    last = int(np.flatnonzero(odds)[-1])
    return [*(sums[:last] / sums[-1]), *[1.0] * (DRUGS - last)]


def _early(early: Early | None) -> tuple[float, float]:
    return (0.0, 0.0) if early is None else early.given_the_end()


def _by_step(by_step: tuple[float, ...]) -> list[float]:
    return [at_step(by_step, k) for k in range(STEPS)]


def _odds(p: float) -> float:
    return p / (1 - p) if p < 1 else _CERTAIN


def _hazard(share_each_year: float) -> float:
    """The hazard per day with which so many of a hundred die in a year."""
    return -log(max(1 - share_each_year / 100, 1 / _CERTAIN)) / _DAYS_A_YEAR


def _span(name: str, span) -> dict:
    return {f"{name}_least": span.at_least, f"{name}_width": span.at_most - span.at_least}


def _onset(name: str, onset) -> dict:
    """An exponential law cut off at the most: of the uncut law, the share `reached` lies below it."""
    reached = 1 - exp(-(onset.most - onset.least) / onset.mean)
    return {f"{name}_least": onset.least, f"{name}_mean": onset.mean, f"{name}_reached": reached}


def _scale(kept_pct: float, after: float, shape: float) -> float:
    """The scale of the Weibull law by which so many of a hundred are still well after that time."""
    return np.inf if kept_pct == 100 else after / power(-log(kept_pct / 100), 1 / shape)


def _law(kept: Kept) -> tuple[float, float]:
    """Shape and scale of the Weibull law through the points; a constant hazard through a single one."""
    times, shares = zip(*sorted(kept.share.items()), strict=True)
    shape = 1.0
    if len(times) == 2:
        gone = [-log(share / 100) for share in shares]
        shape = log(gone[1] / gone[0]) / log(times[1] / times[0])
    return shape, _scale(shares[-1], times[-1], shape)
