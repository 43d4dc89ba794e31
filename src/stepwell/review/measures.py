"""Predictive values, sensitivity and specificity of a definition against reviewers, from a stratified sample.

Each chart counts with its weight, the inverse of the probability with which it was drawn (Horvitz and Thompson 1952). A measure
is a ratio of two weighted sums. A measure of one stratum is a simple share with Wilson's interval. The interval of the
others combines the Wilson intervals of the strata by the method of variance estimates recovery (MOVER): Zou and
Donner 2008; for a ratio in the way of Fieller's theorem: Tang 2021. Unlike the delta method and the bootstrap it does not
collapse where no error was found in a stratum that stands for many people: see docs/review.md. Neither statsmodels nor SciPy
has it for weighted strata.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import sqrt
from typing import Literal

from stepwell.report.proportion import Proportion, Z, wilson

from .sample import MET, NOT_MET, UNKNOWN, Stratum

UNDECIDED = "undecided"
"""What the reviewers say of a person where one cannot say, or where they disagree and nobody has settled it."""

Cells = Mapping[tuple[str, str], int]
"""How many charts there are by stratum and by what the reviewers say."""


@dataclass(frozen=True)
class Measure:
    """Of the people of whom one of the two says `value`, the share of whom the other says it too."""

    name: str
    short: str
    given: Literal["definition", "reviewers"]
    """Whose verdict comes first: the definition's in a predictive value, the reviewers' in sensitivity and specificity."""
    value: str

    def counts(self, verdict: str, reference: str) -> tuple[int, int]:
        """What one person adds to the hits, and to those among whom they are; nothing where either verdict is open."""
        if verdict == UNKNOWN or reference == UNDECIDED:
            return 0, 0
        first, second = (verdict, reference) if self.given == "definition" else (reference, verdict)
        return int(first == second == self.value), int(first == self.value)

    def open_counts(self, verdict: str, reference: str) -> list[tuple[int, int]]:
        """The same for every way in which open verdicts could have been settled, from the least favourable to the most.

        A predictive value is about people of whom the definition says `value`: an unknown of its own is never one of them.
        """
        if verdict == UNKNOWN and self.given == "definition":
            return [(0, 0)]
        verdicts = (MET, NOT_MET) if verdict == UNKNOWN else (verdict,)
        references = (MET, NOT_MET) if reference == UNDECIDED else (reference,)
        ways = {self.counts(v, r) for v, r in product(verdicts, references)}
        return sorted(ways, key=((0, 1), (0, 0), (1, 1)).index)


MEASURES = (
    Measure("positive predictive value", "PPV", "definition", MET),
    Measure("negative predictive value", "NPV", "definition", NOT_MET),
    Measure("sensitivity", "sensitivity", "reviewers", MET),
    Measure("specificity", "specificity", "reviewers", NOT_MET),
)


@dataclass(frozen=True)
class Estimate:
    """One measure: among people of whom definition and reviewers decide, and its bounds when every open case counts against
    the definition, or for it."""

    measure: Measure
    among_decided: Proportion | None
    least: float | None
    most: float | None


def estimate(measure: Measure, strata: Sequence[Stratum], cells: Cells) -> Estimate:
    """The measure. None where no chart that was read could tell."""
    least = _ratio(strata, cells, lambda v, r: measure.open_counts(v, r)[0])
    most = _ratio(strata, cells, lambda v, r: measure.open_counts(v, r)[-1])
    return Estimate(measure, _with_interval(measure, strata, cells), least, most)


def _ratio(strata: Sequence[Stratum], cells: Cells, counts: Callable[[str, str], tuple[int, int]]) -> float | None:
    hits = among = 0.0
    for stratum in strata:
        for reference in (MET, NOT_MET, UNDECIDED):
            hit, is_in = counts(stratum.verdict, reference)
            weight = stratum.weight * cells.get((stratum.name, reference), 0)
            hits, among = hits + hit * weight, among + is_in * weight
    return hits / among if among else None


@dataclass(frozen=True)
class _Part:
    """What one stratum adds to `hits - ratio * among`, as a straight line in one share that was observed there."""

    share: Proportion
    slope: Callable[[float], float]
    added: Callable[[float], float]
    variance: float
    """Of the number of people in the stratum, and of those in it who were decided, at the estimate."""

    def at(self, ratio: float) -> float:
        return self.slope(ratio) * self.share.value + self.added(ratio)

    def reach(self, ratio: float, upwards: bool) -> float:
        """How far the interval of the share lets it go that way, squared."""
        slope = self.slope(ratio)
        end = self.share.high if upwards == (slope > 0) else self.share.low
        return (slope * (end - self.share.value)) ** 2


def _with_interval(measure: Measure, strata: Sequence[Stratum], cells: Cells) -> Proportion | None:
    ratio = _ratio(strata, cells, measure.counts)
    if ratio is None:
        return None
    whole = sum(s.people for s in strata)
    counted = [(s, *_counted(measure, s, cells)) for s in strata if s.verdict != UNKNOWN]
    if measure.given == "definition":
        counted = [(s, hits, misses) for s, hits, misses in counted if hits + misses]
        parts = [_part_by_verdict(s, hits, misses, ratio, whole) for s, hits, misses in counted]
        if len(parts) == 1:
            return parts[0].share
    else:
        parts = [_part_by_reference(measure, s, hits + misses, ratio, whole) for s, hits, misses in counted]
    return Proportion(ratio, sum(hits + misses for _, hits, misses in counted), *_limits(parts, ratio))


def _counted(measure: Measure, stratum: Stratum, cells: Cells) -> tuple[int, int]:
    """Charts of the stratum that are hits, and those that are misses."""
    found: Counter[tuple[int, int]] = Counter()
    for reference in (MET, NOT_MET):
        found[measure.counts(stratum.verdict, reference)] += cells.get((stratum.name, reference), 0)
    return found[1, 1], found[0, 1]


def _part_by_verdict(stratum: Stratum, hits: int, misses: int, ratio: float, whole: int) -> _Part:
    """A stratum whose people are all in the measure: what was observed is the share of hits among the decided charts."""
    part, n_decided = stratum.people / whole, hits + misses
    decided, share = n_decided / stratum.sampled, wilson(hits, n_decided)
    off = share.value - ratio
    variance = part * (decided * off) ** 2 / whole + (part * off) ** 2 * decided * (1 - decided) / stratum.sampled
    return _Part(share, lambda _: part * decided, lambda r: -part * decided * r, variance)


def _part_by_reference(measure: Measure, stratum: Stratum, n: int, ratio: float, whole: int) -> _Part:
    """A stratum whose people are all hits or all misses: what was observed is the share of charts that are in the measure."""
    part, share = stratum.people / whole, wilson(n, stratum.sampled)
    hit = int(stratum.verdict == measure.value)
    variance = part * ((hit - ratio) * share.value) ** 2 / whole
    return _Part(share, lambda r: part * (hit - r), lambda _: 0.0, variance)


def _limits(parts: Sequence[_Part], ratio: float) -> tuple[float, float]:
    """Every ratio at which the interval of `hits - ratio * among` holds 0."""
    from scipy.optimize import brentq  # here: drawing a sample needs none of it

    fixed = Z * Z * sum(part.variance for part in parts)

    def end(at: float, upwards: bool) -> float:
        middle, reach = sum(p.at(at) for p in parts), sqrt(sum(p.reach(at, upwards) for p in parts) + fixed)
        return middle + reach if upwards else middle - reach

    low = 0.0 if end(0.0, False) <= 0 else brentq(end, 0.0, ratio, args=(False,))
    high = 1.0 if end(1.0, True) >= 0 else brentq(end, ratio, 1.0, args=(True,))
    return low, high
