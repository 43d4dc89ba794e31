"""A share of people, with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import NormalDist

from .disclosure import Count

LEVEL = 0.95


@dataclass(frozen=True)
class Proportion:
    """A share between 0 and 1 of `of` people, with an interval at `LEVEL`; `low` and `high` are None where none is honest."""

    value: float
    of: int
    low: float | None = None
    high: float | None = None


def wilson(n: float, of: int) -> Proportion | None:
    """The share `n / of` with Wilson's score interval, which stays between 0 and 1 and is not empty at 0 of n.

    None when there is nobody to take a share of. `n` may be a fraction where it was made from a published percentage.
    """
    if of <= 0:
        return None
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    share = n / of
    centre = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    # At the ends the exact limits are 0 and 1; rounding must not step over them.
    low = 0.0 if n == 0 else max(0.0, centre - half)
    high = 1.0 if n == of else min(1.0, centre + half)
    return Proportion(share, of, low, high)


def share_of(n: Count, of: Count) -> Proportion | None:
    """The share with its interval, where both counts may be shown and there is anybody to take a share of."""
    return None if n.n is None or of.n is None else wilson(n.n, of.n)


def greenwood(survivors: float, terms: float, of: int) -> Proportion:
    """A product-limit share `1 - survivors` with an interval from Greenwood's sum, on the complementary log-log scale.

    `terms` is the sum of d / (n x (n - d)) over the steps or days so far. No interval while nobody, or everybody, has
    had the outcome: the scale has no value there.
    """
    if not 0 < survivors < 1:
        return Proportion(1 - survivors, of)
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    half = z * sqrt(terms) / abs(log(survivors))

    return Proportion(1 - survivors, of, 1 - survivors ** exp(-half), 1 - survivors ** exp(half))
