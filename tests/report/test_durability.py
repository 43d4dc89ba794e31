"""Durability: Aalen and Johansen's estimator with competing ends, tied times included, and the counts of a programme."""

from __future__ import annotations

from random import Random

import pytest

from stepwell.report.durability import ENDS, curves_of

WORDS = {word: end for end, words in ENDS.items() for word in words}


def by_hand(days: list[int], ended: list[str], end: str, until: int) -> float:
    """The share that ended in this way by a day, in plain loops: those ending today among those at risk, times those free."""
    free, share = 1.0, 0.0
    for day in sorted({d for d in days if d <= until}):
        at_risk = sum(d >= day for d in days)
        today = [WORDS.get(e) for d, e in zip(days, ended, strict=True) if d == day]
        share += free * today.count(end) / at_risk
        free *= 1 - sum(e is not None for e in today) / at_risk
    return share


def test_a_few_series_worked_by_hand():
    """Four series: one lost on day 10, one died on day 20, one followed to day 20, one lost on day 30."""
    found = curves_of([10, 20, 20, 30], ["relapse", "death", "not seen to end", "recurrence"])
    lost, death = found.curves["lost"], found.curves["death"]
    assert lost.at(9)[0] == 0
    assert lost.at(10)[0] == pytest.approx(1 / 4)
    assert death.at(20)[0] == pytest.approx(3 / 4 * 1 / 3)
    assert lost.at(30)[0] == pytest.approx(1 / 4 + 3 / 4 * 2 / 3)
    assert [found.at_risk(d) for d in (0, 10, 11, 20, 21, 31)] == [4, 4, 3, 3, 1, 0]


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_with_plain_loops_and_with_itself_in_any_order(seed):
    rng = Random(seed)
    words = [*WORDS, "not seen to end", "not seen to end"]
    rows = [(rng.choice((0, 1, 5, 5, 10, 20, 40)), rng.choice(words)) for _ in range(60)]
    days, ended = map(list, zip(*rows, strict=True))
    found = curves_of(days, ended)
    assert curves_of(*map(list, zip(*rng.sample(rows, len(rows)), strict=True))) == found
    for end, curve in found.curves.items():
        for day in (0, 4, 5, 10, 39, 40):
            share, low, high = curve.at(day)
            assert share == pytest.approx(by_hand(days, ended, end, day))
            assert (low is None) == (high is None)
            assert low is None or 0 <= low <= share <= high <= 1
        assert list(curve.share) == sorted(curve.share)
    assert sum(c.at(40)[0] for c in found.curves.values()) <= 1 + 1e-9


def test_nobody_and_nothing_lost():
    assert curves_of([], []).curves == {}
    assert curves_of([5, 9], ["not seen to end"] * 2).curves == {}
