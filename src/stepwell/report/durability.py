"""How long the benefit of series lasted: the share that had lost it by each day, beside the other ways in which it ended.

The estimator is Aalen and Johansen's, by statsmodels. Loss is seen at a score and happened some time before it, so the curve is
late rather than early. Whoever is not seen to lose it is followed to their last score, and no further.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stepwell.report.proportion import Z

if TYPE_CHECKING:
    from stepwell.result import Result

ENDS = {"lost": ("relapse", "recurrence"), "next series": ("next series",), "death": ("death",)}
"""The ways in which benefit ends, which compete with each other, and the words of the table `effect` for each."""


@dataclass(frozen=True)
class Curve:
    """The share of series whose benefit had ended in one way by each day, with intervals. Days count from onset; the curve
    is flat between them, and 0 before the first."""

    end: str
    n: int
    """Series that ended so."""
    days: tuple[int, ...]
    share: tuple[float, ...]
    low: tuple[float | None, ...]
    """None from the day on which nobody was left, of whom an interval could be made."""
    high: tuple[float | None, ...]

    def at(self, day: int) -> tuple[float, float | None, float | None]:
        """The share by that day, and its interval."""
        known = [n for n, d in enumerate(self.days) if d <= day]
        return (self.share[known[-1]], self.low[known[-1]], self.high[known[-1]]) if known else (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Durability:
    """The curves of one treatment. `n_series` had an onset; `at_risk` says how many were still followed on a day."""

    n_series: int
    curves: dict[str, Curve]
    followed_days: tuple[int, ...]

    def at_risk(self, day: int) -> int:
        """How many series were still followed on that day after onset, their benefit not ended before it."""
        return sum(d >= day for d in self.followed_days)


def find_durability(result: Result, treatment: str) -> Durability:
    """The curves of a treatment's certain series that had an onset."""
    effect, series = result.table("effect"), result.table("series")
    sure = series.filter(series.is_series & (series.treatment == treatment))
    rows = effect.semi_join(sure, ["person_id", "treatment", "series_number"])
    rows = rows.filter(rows.onset_date.notnull()).select("onset_date", "end_date", "ended").to_pyarrow().to_pylist()
    days = [(r["end_date"] - r["onset_date"]).days for r in rows]
    return curves_of(days, [r["ended"] for r in rows])


def curves_of(days: list[int], ended: list[str]) -> Durability:
    """The curves of series of which each was followed so many days and ended so; what is no way of ending was not seen to end."""
    order = np.argsort(days, kind="stable")
    time = np.asarray(days, dtype=float)[order]
    number = {word: n for n, words in enumerate(ENDS.values(), 1) for word in words}
    status = np.asarray([number.get(word, 0) for word in ended])[order]
    curves = {}
    if status.any():
        # Imported here: it takes a second, and most results hold no series.
        from statsmodels.duration.survfunc import CumIncidenceRight

        # Where all that are left end on one day, the error of that day is a division of nothing by nothing.
        with np.errstate(divide="ignore", invalid="ignore"):
            found = CumIncidenceRight(time, status)
        for n, end in enumerate(ENDS, 1):
            count = int((status == n).sum())
            if count:
                curves[end] = _curve(end, count, found.times, found.cinc[n - 1], found.cinc_se[n - 1])
    return Durability(len(days), curves, tuple(sorted(days)))


def _curve(end: str, n: int, times: np.ndarray, share: np.ndarray, error: np.ndarray) -> Curve:
    """A curve with intervals on the scale of log(-log), on which they cannot leave 0 to 1."""
    inside = (share > 0) & (share < 1) & np.isfinite(error)
    reach = np.zeros_like(share)
    reach[inside] = Z * error[inside] / (share[inside] * np.log(share[inside]))
    low, high = share ** np.exp(-reach), share ** np.exp(reach)
    known = inside | (share == 0)
    ends = (tuple(float(v) if k else None for v, k in zip(values, known, strict=True)) for values in (low, high))
    whole = tuple(int(t) for t in times)
    return Curve(end, n, whole, tuple(float(v) for v in share), *ends)
