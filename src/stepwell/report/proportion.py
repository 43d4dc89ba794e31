"""A share of people, with its interval.

Wilson's interval and the product limit are written out here although statsmodels has both: importing it takes a second, which
`stepwell report` and `stepwell compare` would pay for two formulas. Tests hold both against statsmodels.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import NormalDist

from .disclosure import Count

LEVEL = 0.95
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
"""How many standard errors an interval at `LEVEL` goes to either side."""


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
    share = n / of
    centre = (share + Z * Z / (2 * of)) / (1 + Z * Z / of)
    half = Z / (1 + Z * Z / of) * sqrt(share * (1 - share) / of + Z * Z / (4 * of * of))
    # At the ends the exact limits are 0 and 1; rounding must not step over them.
    low = 0.0 if n == 0 else max(0.0, centre - half)
    high = 1.0 if n == of else min(1.0, centre + half)
    return Proportion(share, of, low, high)


def share_of(n: Count, of: Count) -> Proportion | None:
    """The share with its interval, where both counts may be shown and there is anybody to take a share of."""
    return None if n.n is None or of.n is None else wilson(n.n, of.n)


@dataclass
class ProductLimit:
    """The product-limit estimate (Kaplan and Meier's where each step is a day): `survivors` have not had the outcome so far, and
    `greenwood_sum` is the sum of d / (n x (n - d)), d of n at risk, over the steps so far."""

    survivors: float = 1.0
    greenwood_sum: float = 0.0

    def go_on(self, share: float, at_risk: float) -> None:
        """One more step, on which this share of those at risk had the outcome."""
        self.survivors *= 1 - share
        self.greenwood_sum += share / (at_risk * (1 - share)) if share < 1 else 0.0

    def share(self, of: int) -> Proportion:
        """The share that had the outcome, with its interval."""
        return greenwood(self.survivors, self.greenwood_sum, of)


def greenwood(survivors: float, greenwood_sum: float, of: int) -> Proportion:
    """A product-limit share `1 - survivors` with an interval from Greenwood's sum, on the complementary log-log scale.

    No interval while nobody, or everybody, has had the outcome: the scale has no value there.
    """
    if not 0 < survivors < 1:
        return Proportion(1 - survivors, of)
    half = Z * sqrt(greenwood_sum) / abs(log(survivors))
    return Proportion(1 - survivors, of, 1 - survivors ** exp(-half), 1 - survivors ** exp(half))
