"""How long response lasted, as it may be shown: read off at months, and never one person's step."""

from __future__ import annotations

from datetime import date, timedelta
from math import comb

import pytest

from stepwell.report.programme_page import _median
from stepwell.report.shown_durability import MONTHS, median_interval, show_durability

ONSET = date(2024, 1, 1)


def effect(days: int | None, ended: str = "relapse") -> dict:
    if days is None:
        return {"onset_date": None, "end_date": None, "ended": None}
    return {"onset_date": ONSET, "end_date": ONSET + timedelta(days), "ended": ended}


def test_the_curve_is_read_off_at_whole_months():
    found = show_durability([effect(d) for d in (10, 20, 40, 50, 100, 400, 400, 400)], 0)
    assert found.n.n == 8
    one, two, _, six = found.at[:4]
    assert [a.lost.value for a in (one, two, six)] == pytest.approx([2 / 8, 4 / 8, 5 / 8])
    assert [a.watched.n for a in (one, two, six)] == [6, 4, 3]
    assert all(a.other.value == 0 for a in found.at)
    assert found.half_days == 50


def test_another_end_first_is_neither_a_loss_nor_a_drop_out():
    """Of ten, two lose it on day 20, four have the next series on day 40, two lose it on day 50, two are watched for a year."""
    days = [effect(20)] * 2 + [effect(40, "next series")] * 4 + [effect(50)] * 2 + [effect(400, "not seen to end")] * 2
    two = next(a for a in show_durability(days, 0).at if a.months == 2)
    assert two.lost.value == pytest.approx(4 / 10)
    assert two.other.value == pytest.approx(4 / 10)


def test_intervals_hold_the_share():
    for at in show_durability([effect(d) for d in range(5, 400, 9)], 0).at:
        assert 0 <= at.lost.low < at.lost.value < at.lost.high <= 1


def test_nothing_is_shown_of_few():
    found = show_durability([effect(d) for d in (10, 20, 40)] + [effect(400, "not seen to end")] * 30, 5)
    assert found.ended["relapse"].text == "<5"
    assert found.at == ()
    assert found.half_days is None


def test_a_step_is_never_one_persons():
    """Six lose it in the first month, one in the second, seven in the third: the second month is not read off."""
    days = [effect(10)] * 6 + [effect(40)] + [effect(70)] * 7 + [effect(400, "not seen to end")] * 20
    found = show_durability(days, 5)
    assert [a.months for a in found.at] == [m for m in MONTHS if m != 2]
    assert found.at[1].lost.value == pytest.approx(14 / 34)


def test_a_number_watched_that_falls_by_one_is_withheld():
    """Two are watched for 40 days only: after two months the curve is where it was, and how many are watched is not said."""
    days = [effect(10)] * 6 + [effect(40, "not seen to end")] * 5 + [effect(70, "not seen to end")] * 2
    found = show_durability([*days, *[effect(400, "not seen to end")] * 20], 5)
    assert [(a.months, a.watched.text) for a in found.at][:3] == [(1, "27"), (2, "22"), (3, "withheld")]
    assert len({a.lost.value for a in found.at}) == 1


def test_nobody_in_response():
    assert show_durability([effect(None)] * 9, 5).n.n == 0
    assert show_durability([], 5).at == ()


def test_all_lost_on_one_day():
    found = show_durability([effect(15)] * 9, 5)
    assert found.half_days == 15
    assert found.at == (), "nobody is watched any longer"


def test_a_median_and_its_interval():
    """The k-th lowest and the k-th highest of n, with the greatest k that has the true median between them 19 times of 20."""
    for n in range(6, 60):
        k = max(k for k in range(1, n) if 2 * sum(comb(n, i) for i in range(k)) <= 0.05 * 2**n)
        assert median_interval(list(range(1, n + 1))) == (k, (n + 1) / 2, n + 1 - k), n


def test_few_values_have_a_median_and_no_interval():
    """Five are all on one side of the true median once in 16 times: not even from the least to the greatest is wide enough."""
    assert median_interval([]) is None
    assert median_interval([1, 2, 3, 4, 5]) == (None, 3, None)
    assert _median((None, 3.0, None)) == "3"
    assert _median((1.0, 3.0, 5.04)) == "3 (1 to 5)"
