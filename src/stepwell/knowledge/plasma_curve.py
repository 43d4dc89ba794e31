"""A concentration in plasma over time, from a published parameter set. An illustration, never a dosing aid.

The network is linear and what comes in is constant between a few moments, so that each step is solved exactly, by the exponential
of a matrix. Areas are carried along as further states and are as exact as the amounts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .plasma import Plasma

_HORIZON = 24.0
_STEP = 1 / 60
_NG_PER_ML = 1000
"""mg/L as ng/mL."""


@dataclass(frozen=True)
class Curve:
    """The concentrations after one dose of `mg`, at every minute for a day (hours, ng/mL), with their areas (ng*h/mL)."""

    model: Plasma
    mg: float
    hours: np.ndarray
    concentration: Mapping[str, np.ndarray]
    auc: Mapping[str, float]

    def cmax(self, substance: str) -> float:
        """The greatest concentration, in ng/mL."""
        return float(self.concentration[substance].max())

    def tmax(self, substance: str) -> float:
        """When it is reached, in hours from the beginning of the dose."""
        return float(self.hours[self.concentration[substance].argmax()])


@dataclass(frozen=True)
class _Input:
    """So much into one place, at once (`over` of 0) or evenly."""

    place: str
    mg: float
    at: float
    over: float


def usual_dose(model: Plasma) -> float | None:
    """The dose of an infusion by weight, in mg; None where the dose is a number of devices."""
    return None if model.infusion is None else model.infusion.per_kg * model.infusion.weight


def find_curve(model: Plasma, mg: float, *, over: float | None = None, single_form: bool = False) -> Curve:
    """The curve of one dose in mg. `over` (hours) is how long an infusion runs where not as usual; `single_form` leaves the
    other half of a racemic drug out. The dose must be a whole number of devices where it is sprayed.

    Rule: the typical person of the set, nothing drawn at random; every dose begins with nothing left of the one before.
    """
    inputs = tuple(_inputs(model, mg, over))
    halves = [(1.0, 1.0)]
    if model.other_half is not None and not single_form:
        halves = [(0.5, 1.0), (0.5, model.other_half.clearance / 100)]
    parts = [_solve(model, inputs, clearance) for _, clearance in halves]
    hours = parts[0][0]
    totals = [sum(share * part[n] for (share, _), part in zip(halves, parts, strict=True)) for n in (1, 2)]
    substances = [m.id for m in model.measured]
    return Curve(
        model,
        mg,
        hours,
        {s: totals[0][:, i] for i, s in enumerate(substances)},
        {s: float(totals[1][i]) for i, s in enumerate(substances)},
    )


def _inputs(model: Plasma, mg: float, over: float | None) -> Iterator[_Input]:
    if model.devices is None:
        doses, apart, lasting = [mg], 0.0, model.infusion.over if over is None else over
    else:
        n = round(mg / model.devices.each)
        if n < 1 or abs(n * model.devices.each - mg) > 1e-9:
            raise ValueError(f"{mg:g} mg is no whole number of devices of {model.devices.each:g} mg")
        doses, apart, lasting = [model.devices.each] * n, model.devices.apart, 0.0
    for number, dose in enumerate(doses):
        shares = [None if i.share is None else i.share / 100 * (i.later / 100 if number else 1) for i in model.intakes]
        left = 1 - sum(s for s in shares if s is not None)
        for intake, share in zip(model.intakes, shares, strict=True):
            amount = dose * (left if share is None else share) * intake.passing / 100
            yield _Input(intake.into, amount, number * apart, lasting if intake.over is None else intake.over)


@lru_cache(maxsize=64)
def _solve(model: Plasma, inputs: tuple[_Input, ...], clearance: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hours, concentrations (a row for each hour given, a column for each substance measured), areas from 0 to 24 hours."""
    places = [place.id for place in model.places]
    at = {place: i for i, place in enumerate(places)}
    rates = _rates(model, clearance)
    n, m = len(places), len(model.measured)
    per_volume = np.zeros((m, n))
    for row, measured in enumerate(model.measured):
        per_volume[row, at[measured.place]] = _NG_PER_ML / model.places[at[measured.place]].volume
    moments = {0.0, _HORIZON, *(i.at for i in inputs), *(i.at + i.over for i in inputs)}
    grid = sorted({round(t, 9) for t in (*moments, *np.arange(0, _HORIZON + _STEP / 2, _STEP)) if t <= _HORIZON})
    steps: dict[tuple, np.ndarray] = {}
    state, seen = np.zeros(n), []
    area = np.zeros(m)
    for here, there in zip(grid, [*grid[1:], None], strict=True):
        for dose in inputs:
            if dose.over == 0 and round(dose.at, 9) == here:
                state[at[dose.place]] += dose.mg
        seen.append(per_volume @ state)
        if there is None:
            break
        running = np.zeros(n)
        for dose in inputs:
            if dose.over > 0 and round(dose.at, 9) <= here and there <= round(dose.at + dose.over, 9):
                running[at[dose.place]] += dose.mg / dose.over
        key = (round(there - here, 9), *running)
        if key not in steps:
            steps[key] = _step(rates, per_volume, running, there - here)
        moved = steps[key] @ np.concatenate([state, np.zeros(m), [1.0]])
        state, area = moved[:n], area + moved[n : n + m]
    return np.array(grid), np.array(seen), area


def _step(rates: np.ndarray, per_volume: np.ndarray, running: np.ndarray, hours: float) -> np.ndarray:
    """What takes amounts, areas and the constant 1 from the beginning of a step to its end."""
    from scipy.linalg import expm

    n, m = len(rates), len(per_volume)
    whole = np.zeros((n + m + 1, n + m + 1))
    whole[:n, :n], whole[n : n + m, :n], whole[:n, -1] = rates, per_volume, running
    return expm(whole * hours)


def _rates(model: Plasma, clearance: float) -> np.ndarray:
    """How fast amounts go from place to place, per hour; `clearance` scales what leaves for good."""
    volume = {place.id: place.volume for place in model.places}
    at = {place.id: i for i, place in enumerate(model.places)}
    rates = np.zeros((len(at), len(at)))
    for passage in model.passages:
        ways = [(passage.from_, passage.to)] + ([(passage.to, passage.from_)] if passage.both_ways else [])
        for start, end in ways:
            rate = passage.rate if passage.rate is not None else passage.flow / volume[start]
            rate *= clearance if end is None else 1
            rates[at[start], at[start]] -= rate
            if end is not None:
                rates[at[end], at[start]] += rate
    return rates
