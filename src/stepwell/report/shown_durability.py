"""How long response lasted, as it may be shown: the curves of `durability` read off at whole months, while enough are watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from statistics import median

from .disclosure import WITHHELD, Cells, Count, plain
from .durability import ENDS, Curve, curves_of
from .proportion import LEVEL, Proportion

DAYS_PER_MONTH = 365.25 / 12
MONTHS = (1, 2, 3, 6, 9, 12)
"""Where the curves are read off; days would show single people."""

Middle = tuple[float | None, float, float | None]
"""A median between the ends of its interval."""


@dataclass(frozen=True)
class At:
    """The curves so many months after onset."""

    months: int
    watched: Count
    lost: Proportion
    """Response lost, where the next series and death could come first."""
    other: Proportion
    """Ended by the next series or death before it was lost."""


@dataclass(frozen=True)
class ShownDurability:
    """Series with an onset of response, how each ended, and the curves; none where a way of ending is too seldom to be shown."""

    n: Count
    ended: dict[str, Count]
    at: tuple[At, ...]
    half_days: int | None
    """The day by which half had lost it; None where that is not reached, or not shown."""


def show_durability(effects: Sequence[dict], below: int) -> ShownDurability:
    """The durability of response among series with an onset (rows of `effect`); counts from 1 to `below` - 1 are withheld."""
    begun = [e for e in effects if e["onset_date"] is not None]
    words = [*(word for ways in ENDS.values() for word in ways), "not seen to end"]
    cells = Cells()
    cells.add("all", len(begun))
    for word in words:
        cells.add(word, sum(e["ended"] == word for e in begun))
    cells.add_sum("all", words)
    shown = cells.protect(below)
    ended = {word: shown[word] for word in words}
    if not begun or any(count.n is None for count in shown.values()):
        return ShownDurability(shown["all"], ended, (), None)
    days = [(e["end_date"] - e["onset_date"]).days for e in begun]
    found = curves_of(days, [e["ended"] for e in begun])
    over = [day for day, e in zip(days, begun, strict=True) if e["ended"] != "not seen to end"]
    enough, at = max(below, 1), []
    last_watched, last_over = len(days), 0
    for months in MONTHS:
        limit = int(months * DAYS_PER_MONTH)
        watched, so_far = found.at_risk(limit), sum(day <= limit for day in over)
        if watched < enough:
            break
        # A step on the page is never one person's: neither of the curve, nor of the number still watched.
        if 0 < so_far - last_over < enough:
            continue
        last_over, is_told = so_far, not 0 < last_watched - watched < enough
        last_watched = watched if is_told else last_watched
        lost, other = (
            _read_off(found.curves, names, limit, len(days)) for names in (("lost",), ("next series", "death"))
        )
        at.append(At(months, plain(watched) if is_told else Count(None, WITHHELD), lost, other))
    return ShownDurability(shown["all"], ended, tuple(at), _half(found.curves.get("lost"), found.at_risk, enough))


def _read_off(curves: dict[str, Curve], names: Sequence[str], day: int, n: int) -> Proportion:
    """The share that ended in any of these ways by that day; the interval of a single way."""
    read = [curves[name].at(day) for name in names if name in curves]
    value = sum(share for share, _, _ in read)
    if len(names) > 1 or not read or read[0][1] == read[0][2]:
        return Proportion(value, n)
    return Proportion(value, n, *read[0][1:])


def _half(lost: Curve | None, at_risk, enough: int) -> int | None:
    """The first day by which half had lost it, if enough were still watched then."""
    reached = [] if lost is None else [d for d, share in zip(lost.days, lost.share, strict=True) if share >= 1 / 2]
    return reached[0] if reached and at_risk(reached[0]) >= enough else None


def median_interval(values: Sequence[float]) -> Middle | None:
    """The median between the ends of its exact interval, from order statistics; None of none.

    Fewer than six values have no such interval at `LEVEL`: from the least to the greatest is not wide enough.
    """
    if not values:
        return None
    from scipy.stats import quantile_test  # here: it takes a second

    middle = median(values)
    ends = quantile_test(values, q=middle, p=0.5).confidence_interval(LEVEL)
    return (None, middle, None) if isnan(ends.low) else (ends.low, middle, ends.high)
