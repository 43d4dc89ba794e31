"""Each published result, counted in simulated people as the trial counted it, with its Monte-Carlo interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from stepwell.report.proportion import ProductLimit, Z, greenwood, wilson
from stepwell.simulate import Event, Resistance

from .history import History, Since
from .targets import Target


@dataclass(frozen=True)
class Estimate:
    """A number counted in simulated people, and the 95 % interval of what infinitely many of them would give.

    A share is between 0 and 1, a time in days. `of` people; all None where there was nobody to count.
    """

    value: float | None
    low: float | None
    high: float | None
    of: int


NONE = Estimate(None, None, None, 0)


def measure(target: Target, histories: Mapping[str, History]) -> Estimate:
    """The target's number in the simulated people of its study."""
    history = histories[target.study]
    if target.count == "hazard of relapse":
        other = histories[target.against]
        return _hazard_ratio(
            history.time_to_relapse(_among(target, history)), other.time_to_relapse(_among(target, other))
        )
    return _COUNTS[target.count](target, history)


def _among(target: Target, history: History) -> Since:
    if target.among == "step":
        return history.step(target.step)
    if target.among == "remitted":
        return history.remitted(target.step)
    if target.among == "responded":
        return history.responded(target.step)
    if target.among == "stable":
        return history.stable(target.state, target.until)
    return {"everybody": history.everybody, "course": history.begun_course, "helped": history.helped}[target.among]()


def _share(is_so: np.ndarray) -> Estimate:
    found = wilson(float(np.count_nonzero(is_so)), len(is_so))
    return NONE if found is None else Estimate(found.value, found.low, found.high, found.of)


def _entered(target: Target, history: History) -> Estimate:
    return _share(np.isin(np.arange(history.n), history.step(target.step).person))


def _remitted(target: Target, history: History) -> Estimate:
    return _share(np.isin(history.step(target.step).person, history.remitted(target.step).person))


def _remitted_by_then(target: Target, history: History) -> Estimate:
    remitted, began = history.remitted(target.step), history.step(target.step)
    start = began.day[np.searchsorted(began.person, remitted.person)]
    return _share(remitted.day - start <= target.after)


def _remitted_so_far(target: Target, history: History) -> Estimate:
    people = [history.remitted(k).person for k in range(1, target.step + 1)]
    return _share(np.isin(np.arange(history.n), np.concatenate(people)))


def _remitted_if_all_went_on(target: Target, history: History) -> Estimate:
    """The theory: those not in remission at each step would do at the next as those did who entered it."""
    product_limit, n = ProductLimit(), 0
    for k in range(1, target.step + 1):
        entered = history.step(k).person
        n = len(entered)
        p = len(history.remitted(k).person) / n if n else 0.0
        if not n or p == 1:
            return NONE
        product_limit.go_on(p, n)
    left = product_limit.survivors
    half = Z * left * product_limit.greenwood_sum**0.5
    return Estimate(1 - left, 1 - left - half, 1 - left + half, history.n)


def _in_state(target: Target, history: History) -> Estimate:
    return _share(history.is_in(target.state, _among(target, history), target.after))


def _state_lost(target: Target, history: History) -> Estimate:
    since = _among(target, history)
    has = history.is_in(target.state, since, target.after)
    return _share(~history.is_in(target.state, since, target.until)[has])


def _state_kept(target: Target, history: History) -> Estimate:
    since = _among(target, history)
    has = history.is_in(target.state, since, target.after)
    time, is_relapse = history.time_to_relapse(history.later(since, target.after))
    return _share(has & ~(is_relapse & (time <= target.until - target.after)))


def _relapsed(target: Target, history: History) -> Estimate:
    time, is_relapse = history.time_to_relapse(_among(target, history))
    if not len(time):
        return NONE
    day, kept, terms = _kept(time, is_relapse)
    at = np.searchsorted(day, target.after, side="right") - 1
    if at < 0:
        return Estimate(0.0, None, None, len(time))
    found = greenwood(kept[at], terms[at], len(time))
    return Estimate(float(found.value), _float(found.low), _float(found.high), found.of)


def _time_to_relapse(target: Target, history: History) -> Estimate:
    """The median, with the times at which the band around the curve crosses one half.

    Not statsmodels' `quantile`, which waits until fewer than half are left and reads the band otherwise at its end.
    """
    time, is_relapse = history.time_to_relapse(_among(target, history))
    if not len(time):
        return NONE
    day, kept, terms = _kept(time, is_relapse)
    low = [greenwood(s, t, len(time)).high for s, t in zip(kept, terms, strict=True)]
    high = [greenwood(s, t, len(time)).low for s, t in zip(kept, terms, strict=True)]

    def crosses(gone) -> float | None:
        over = np.flatnonzero(np.array([np.nan if g is None else g for g in gone], float) >= 0.5)
        return float(day[over[0]]) if len(over) else None

    return Estimate(crosses(1 - kept), crosses(low), crosses(high), len(time))


def _kept(time: np.ndarray, is_relapse: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kaplan and Meier's curve at the days of relapse: the days, who is still well, Greenwood's sum."""
    from statsmodels.duration.survfunc import SurvfuncRight

    if not is_relapse.any():
        return np.array([]), np.array([]), np.array([])
    with np.errstate(divide="ignore", invalid="ignore"):  # no error where nobody is still well
        found = SurvfuncRight(time, is_relapse.astype(int))
        return found.surv_times, found.surv_prob, (found.surv_prob_se / found.surv_prob) ** 2


def _early_response(target: Target, history: History) -> Estimate:
    since = history.begun_course()
    row = history.first_row((history.event == Event.EARLY_RESPONSE) & (history.course == 1))[since.person]
    return _share(row >= 0)


def _third_start(target: Target, history: History) -> Estimate:
    is_it = (history.event == Event.RESISTANT) & (history.what == Resistance.THIRD_START)
    row = history.first_row(is_it)
    return _share((row >= 0) & (history.day[row] <= target.after))


def _hazard_ratio(treated: tuple, other: tuple) -> Estimate:
    """Cox's regression on one yes-or-no covariate (Breslow's way with ties).

    `NONE` where the likelihood has no greatest value: an arm without a relapse, or all relapses of one before those of the other.
    """
    from statsmodels.duration.hazard_regression import PHReg

    if not treated[1].any() or not other[1].any():
        return NONE
    time, is_relapse = np.r_[treated[0], other[0]], np.r_[treated[1], other[1]]
    is_treated = np.repeat([1.0, 0.0], [len(treated[0]), len(other[0])])
    found = PHReg(time, is_treated[:, None], status=is_relapse.astype(int), ties="breslow").fit(warn_convergence=False)
    beta, half = found.params[0], Z * found.bse[0]
    with np.errstate(over="ignore"):
        value, low, high = (float(v) for v in np.exp([beta, beta - half, beta + half]))
    return Estimate(value, low, high, len(time)) if np.isfinite([value, low, high]).all() else NONE


def _float(x: float | None) -> float | None:
    return None if x is None else float(x)


_COUNTS: dict[str, Callable[[Target, History], Estimate]] = {
    "entered": _entered,
    "remitted": _remitted,
    "remitted by then": _remitted_by_then,
    "remitted so far": _remitted_so_far,
    "remitted if all went on": _remitted_if_all_went_on,
    "in state": _in_state,
    "state lost": _state_lost,
    "state kept": _state_kept,
    "relapsed": _relapsed,
    "time to relapse": _time_to_relapse,
    "early response": _early_response,
    "third start": _third_start,
}
