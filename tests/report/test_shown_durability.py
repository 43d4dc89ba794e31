"""How long response lasted: curves against hand-made ones, and what is not shown."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from stepwell.report.durability import MONTHS, median_interval, summarise_durability

ONSET = date(2024, 1, 1)


def effect(days: int | None, ended: str = "relapse") -> dict:
    if days is None:
        return {"onset_date": None, "end_date": None, "ended": None}
    return {"onset_date": ONSET, "end_date": ONSET + timedelta(days), "ended": ended}


def test_without_other_ends_lost_and_kept_add_up_to_one():
    found = summarise_durability([effect(d) for d in (10, 20, 40, 50, 100, 400, 400, 400)], 0)
    assert found.n.n == 8
    for at in found.at:
        assert at.lost.value + at.kept.value == pytest.approx(1)
        assert at.other.value == 0
    one, two, _, six = found.at[:4]
    assert one.lost.value == pytest.approx(2 / 8)
    assert two.lost.value == pytest.approx(4 / 8)
    assert six.lost.value == pytest.approx(5 / 8)
    assert found.median_days == 50


def test_another_end_first_is_no_loss_and_no_drop_out():
    """Of ten, two lose it on day 20, four have the next series on day 40, two lose it on day 50, two are watched for a year."""
    days = [effect(20)] * 2 + [effect(40, "next series")] * 4 + [effect(50)] * 2 + [effect(400, "not seen to end")] * 2
    two = next(a for a in summarise_durability(days, 0).at if a.months == 2)
    assert two.lost.value == pytest.approx(4 / 10)
    assert two.other.value == pytest.approx(4 / 10)
    assert two.kept.value == pytest.approx(8 / 10 * 2 / 4), "the product limit takes the next series for a drop-out"


def test_watching_that_ends_early_is_weighed_in():
    """Four of eight are watched for 10 days only; one of the other four loses it on day 20."""
    days = [effect(10, "not seen to end")] * 4 + [effect(20)] + [effect(400, "not seen to end")] * 3
    one = summarise_durability(days, 0).at[0]
    assert one.lost.value == pytest.approx(1 / 4)
    assert one.watched.n == 3


def test_intervals_hold_the_share_and_stay_within_bounds():
    found = summarise_durability([effect(d) for d in range(5, 400, 9)], 0)
    for at in found.at:
        assert 0 <= at.lost.low < at.lost.value < at.lost.high <= 1
        assert 0 <= at.kept.low < at.kept.value < at.kept.high <= 1


def test_nothing_is_shown_of_few():
    found = summarise_durability([effect(d) for d in (10, 20, 40)] + [effect(400, "not seen to end")] * 30, 5)
    assert found.ended["relapse"].text == "<5"
    assert found.at == ()
    assert found.median_days is None


def test_a_step_is_never_one_persons():
    """Six lose it in the first month, one in the second, seven in the third: the second month is not read off."""
    days = [effect(10)] * 6 + [effect(40)] + [effect(70)] * 7 + [effect(400, "not seen to end")] * 20
    found = summarise_durability(days, 5)
    assert [a.months for a in found.at] == [m for m in MONTHS if m != 2]
    assert found.at[1].lost.value == pytest.approx(14 / 34)


def test_nobody_in_response():
    found = summarise_durability([effect(None)] * 9, 5)
    assert found.n.n == 0
    assert found.at == ()
    assert summarise_durability([], 5).n.n == 0


def test_all_lost_on_one_day():
    found = summarise_durability([effect(15)] * 9, 5)
    assert found.median_days == 15
    assert found.at == (), "nobody is watched any longer"


def test_a_median_and_its_interval():
    assert median_interval([]) is None
    low, middle, high = median_interval(list(range(1, 102)))
    assert middle == 51
    assert (low, high) == (41, 62)
