"""How long response lasted, by statsmodels: the share still in response if nothing else could happen (product limit), and the
share who lost it, beside the next series and death, which end the watching too (cumulative incidence)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import NormalDist

import numpy as np

from .disclosure import WITHHELD, Cells, Count, plain
from .proportion import LEVEL, Proportion

DAYS_PER_MONTH = 365.25 / 12
MONTHS = (1, 2, 3, 6, 9, 12)
"""Where the curves are read off; days would show single people."""
EVENTS = ("lost", "next series", "death")
_ENDED = {"relapse": 1, "recurrence": 1, "next series": 2, "death": 3, "not seen to end": 0}


@dataclass(frozen=True)
class At:
    """The curves at one month after onset. None where too few are still watched, or too few events have been seen."""

    months: int
    watched: Count
    kept: Proportion | None
    """Still in response, as if only losing it could end the watching."""
    lost: Proportion | None
    """Lost, where the next series and death could come first."""
    other: Proportion | None
    """Ended by the next series or death before it was lost."""


@dataclass(frozen=True)
class Durability:
    """Series with an onset of response, how each ended, and the curves."""

    n: Count
    ended: dict[str, Count]
    at: tuple[At, ...]
    median_days: int | None
    """The day by which half had lost it, if only that could end the watching; None where that is not reached or not shown."""


def summarise_durability(effects: Sequence[dict], suppress_below: int) -> Durability:
    """The durability of response among series with an onset (rows of `effect`).

    Rule: the clock starts on the day of the first score in response. Response is lost on the day of the first later score that is
    none, so later than it was lost in truth; a series not seen to end is watched to its last score.
    """
    begun = [e for e in effects if e["onset_date"] is not None]
    counts = {name: sum(e["ended"] == name for e in begun) for name in _ENDED}
    cells = Cells()
    cells.add("all", len(begun))
    for name, n in counts.items():
        cells.add(name, n)
    cells.add_sum("all", list(counts))
    shown = cells.protect(suppress_below)
    ended = {name: shown[name] for name in _ENDED}
    if any(count.n is None for count in (shown["all"], *ended.values())) or not begun:
        return Durability(shown["all"], ended, (), None)
    days = np.array([(e["end_date"] - e["onset_date"]).days for e in begun], dtype=float)
    status = np.array([_ENDED[e["ended"]] for e in begun])
    return Durability(shown["all"], ended, _curves(days, status, suppress_below), _median(days, status, suppress_below))


def _curves(days: np.ndarray, status: np.ndarray, suppress_below: int) -> tuple[At, ...]:
    from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

    enough = max(suppress_below, 1)
    with np.errstate(divide="ignore", invalid="ignore"):  # where the last one watched has it, there is no variance
        alone = SurvfuncRight(days, (status == 1).astype(int)) if (status == 1).any() else None
        beside = CumIncidenceRight(days, status) if (status > 0).any() else None
    found: list[At] = []
    last_watched, last_events = len(days), 0
    for months in MONTHS:
        limit = months * DAYS_PER_MONTH
        watched = int((days >= limit).sum())
        events = int(((days <= limit) & (status > 0)).sum())
        if watched < enough:
            break
        # A step on the page is never one person's: neither of the curve, nor of the number still watched.
        if 0 < events - last_events < enough:
            continue
        last_events = events
        is_told = not 0 < last_watched - watched < enough
        last_watched = watched if is_told else last_watched
        kept = _step(alone, limit, len(days))
        lost = _incidence(beside, (1,), limit, len(days))
        other = _incidence(beside, (2, 3), limit, len(days))
        found.append(At(months, plain(watched) if is_told else Count(None, WITHHELD), kept, lost, other))
    return tuple(found)


def _step(curve, limit: float, n: int) -> Proportion:
    """A product-limit share at this day, with an interval on the complementary log-log scale."""
    if curve is None or not (before := curve.surv_times <= limit).any():
        return Proportion(1.0, n)
    value, error = float(curve.surv_prob[before][-1]), float(curve.surv_prob_se[before][-1])
    low, high = _interval(value, error)
    return Proportion(value, n, low, high)


def _incidence(curve, events: tuple[int, ...], limit: float, n: int) -> Proportion:
    """The share to which any of these happened first by this day; the interval of one event alone is given."""
    if curve is None or not (before := curve.times <= limit).any():
        return Proportion(0.0, n)
    known = [e for e in events if e <= len(curve.cinc)]
    value = float(sum(curve.cinc[e - 1][before][-1] for e in known))
    if len(events) > 1:
        return Proportion(value, n)
    low, high = _interval(value, float(curve.cinc_se[events[0] - 1][before][-1]))
    return Proportion(value, n, low, high)


def _interval(value: float, error: float) -> tuple[float | None, float | None]:
    """On the complementary log-log scale, which keeps within 0 and 1; none while nobody, or everybody, has had it."""
    if not 0 < value < 1 or not error > 0:
        return None, None
    half = NormalDist().inv_cdf((1 + LEVEL) / 2) * error / (value * abs(log(value)))
    return value ** exp(half), value ** exp(-half)


def _median(days: np.ndarray, status: np.ndarray, suppress_below: int) -> int | None:
    """The first day by which the product-limit share is a half or less, while enough are watched."""
    survivors = 1.0
    for day in np.unique(days):
        watched, lost = int((days >= day).sum()), int(((days == day) & (status == 1)).sum())
        if watched < max(suppress_below, 1):
            return None
        survivors *= 1 - lost / watched
        if survivors <= 1 / 2:
            return int(day)
    return None


def median_interval(values: Sequence[float]) -> tuple[float, float, float] | None:
    """The median of some values and an interval of it from order statistics; None of none."""
    if not values:
        return None
    ordered, n = sorted(values), len(values)
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    half = z * sqrt(n) / 2
    low, high = max(0, int(np.floor(n / 2 - half))), min(n - 1, int(np.ceil(n / 2 + half)))
    return ordered[low], float(np.median(ordered)), ordered[high]
