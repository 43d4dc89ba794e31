"""The kinds of number in `data/model.yaml`: each with its unit, and a source or a stated choice.

What is uncertain says how much: a share by the number of people in whom it was seen (`of`) or, as anything else, by a 95 %
interval (`low`, `high`). Numbers are kept as written: shares in per cent, times in days, ages in years.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from pydantic import Field

from stepwell.knowledge.cited import Cited, Duration, People, Percent, Ratio, Sessions, Trials, Years

STEPS = 4
"""Steps of the ladder with numbers of their own."""

Wrong = Iterator[tuple[str, str]]
"""What is impossible about a number, and what was expected."""


class Quantity(Cited):
    """One number, or a few that belong together."""

    free: bool = False
    """Whether calibration may set it."""

    def numbers(self) -> list[float]:
        """All that is written."""
        own = (getattr(self, name) for name in type(self).model_fields if name not in ("free", *Cited.model_fields))
        parts = (
            n for v in own for n in ((*v, *v.values()) if isinstance(v, dict) else v if isinstance(v, tuple) else (v,))
        )
        return [float(n) for n in parts if n is not None]

    def wrong(self) -> Wrong:
        """What no simulation can be made with."""
        if not all(math.isfinite(n) and n >= 0 for n in self.numbers()):
            yield "is negative or no number", "numbers of 0 or more"
        else:
            yield from self._impossible()

    def _impossible(self) -> Wrong:
        yield from ()


class Share(Quantity):
    """How many of a hundred; `of` so many people, or within a 95 % interval."""

    share: Percent
    of: People | None = None
    low: Percent | None = None
    high: Percent | None = None

    def _impossible(self) -> Wrong:
        yield from _more_than_all(*(n for n in (self.share, self.high) if n is not None))
        yield from _outside(self.low, self.share, self.high)
        if self.of is not None and self.low is not None:
            yield "says twice how uncertain it is", "`of`, or `low` and `high`"
        if self.of == 0:
            yield "is a share of no people", "1 person or more"


class SharesByStep(Quantity):
    """A share for each step of the ladder; the last one serves for later steps too."""

    by_step: tuple[Percent, ...] = Field(min_length=1)
    of: tuple[People, ...] | None = None

    def _impossible(self) -> Wrong:
        yield from _more_than_all(*self.by_step)
        yield from _too_many_steps(self.by_step)
        if self.of is not None and (len(self.of) != len(self.by_step) or 0 in self.of):
            yield "does not say for each step of how many people", "a number of people, 1 or more, for each share"


class Factor(Quantity):
    """How many times as much."""

    ratio: Ratio
    low: Ratio | None = None
    high: Ratio | None = None

    def _impossible(self) -> Wrong:
        yield from _outside(self.low, self.ratio, self.high)


class FactorsByStep(Quantity):
    """A factor for each step; the last one serves for later steps too."""

    by_step: tuple[Ratio, ...] = Field(min_length=1)

    def _impossible(self) -> Wrong:
        yield from _too_many_steps(self.by_step)


class Mean(Quantity):
    """The mean of an exponentially distributed time."""

    mean: Duration
    low: Duration | None = None
    high: Duration | None = None

    def _impossible(self) -> Wrong:
        yield from _no_time(self.mean)
        yield from _outside(self.low, self.mean, self.high)


class Span(Quantity):
    """A time between two limits, each alike."""

    at_least: Duration
    at_most: Duration

    def _impossible(self) -> Wrong:
        yield from _no_time(self.at_most)
        if self.at_least > self.at_most:
            yield "ends before it begins", "an at_most that is not less than at_least"


class After(Quantity):
    """A time that is the same for everybody."""

    after: Duration

    def _impossible(self) -> Wrong:
        yield from _no_time(self.after)


class Age(Quantity):
    """A triangle over ages."""

    youngest: Years
    usual: Years
    oldest: Years

    def _impossible(self) -> Wrong:
        if not self.youngest <= self.usual <= self.oldest or self.youngest == self.oldest:
            yield "is no span of ages", "youngest, usual and oldest in this order"


class Onset(Quantity):
    """The time until an effect: none before the least, then exponential with this mean, none after the most."""

    least: Duration
    mean: Duration
    most: Duration

    def _impossible(self) -> Wrong:
        yield from _no_time(self.mean)
        if self.least >= self.most:
            yield "leaves no time for an effect", "a least below the most"


class Kept(Quantity):
    """How many are still well after a time: one time makes a constant hazard, two a Weibull law."""

    share: dict[Duration, Percent] = Field(min_length=1, max_length=2)
    of: People | None = None

    def _impossible(self) -> Wrong:
        yield from _no_time(*self.share)
        kept = [self.share[time] for time in sorted(self.share)]
        if kept[0] > 100 or min(kept) == 0 or (len(kept) > 1 and not 100 > kept[0] > kept[1]):
            yield "is no falling curve", "above 0 %, at most 100 %, and with two times fewer at the later one"


class Early(Quantity):
    """Response on the day after the first dose, and at the end of the course, in all and in those without the early one.

    Without the last two, the early response says nothing about the later one.
    """

    first_day: Percent
    at_the_end: Percent | None = None
    at_the_end_of_others: Percent | None = None

    def _impossible(self) -> Wrong:
        yield from _more_than_all(*self.numbers())
        if (self.at_the_end is None) != (self.at_the_end_of_others is None):
            yield (
                "says only half of how early and late go together",
                "both at_the_end and at_the_end_of_others, or neither",
            )
        elif not all(0 <= p <= 1 for p in self.given_the_end()):
            yield (
                "cannot be: of those with the early response, fewer than none or more than all respond",
                "other shares",
            )

    def given_the_end(self) -> tuple[float, float]:
        """The probability of the early response in those with and without response at the end."""
        first = self.first_day / 100
        if self.at_the_end is None or self.at_the_end_of_others is None or self.at_the_end in (0, 100):
            return first, first
        end, of_others = self.at_the_end / 100, self.at_the_end_of_others / 100
        both = end - (1 - first) * of_others
        return both / end, (first - both) / (1 - end)


class Given(Quantity):
    """The acute sessions, at equal distances over so long."""

    sessions: Sessions
    over: Duration

    def _impossible(self) -> Wrong:
        yield from _no_time(self.over)
        if self.sessions == 0:
            yield "is no course", "1 session or more"


class Failed(Quantity):
    """Adequate trials that have failed before entering."""

    trials: Trials


class Spread(Quantity):
    """The standard deviation of a normally distributed logarithm."""

    sd: Ratio


class Old(Quantity):
    """An age."""

    years: Years


def at_step(by_step: tuple[float, ...], k: int) -> float:
    """The number for the step after k others; the last one serves for all later ones."""
    return by_step[min(k, len(by_step) - 1)]


def _more_than_all(*shares: float) -> Wrong:
    if max(shares) > 100:
        yield "is a share of more than 100 %", "0 to 100 %"


def _too_many_steps(by_step: tuple[float, ...]) -> Wrong:
    if not 1 <= len(by_step) <= STEPS:
        yield f"has {len(by_step)} steps", f"1 to {STEPS}; the last serves for later ones"


def _outside(low: float | None, middle: float, high: float | None) -> Wrong:
    if (low is None) != (high is None) or (low is not None and not 0 < low <= middle <= high):
        yield "does not lie within its interval", "low and high, both above 0, with the number between them"


def _no_time(*times: float) -> Wrong:
    if min(times) == 0:
        yield "is no time at all", "more than 0"
