"""The ladder's arithmetic against values worked out by hand, and against what the three ways must share."""

from __future__ import annotations

from fractions import Fraction
from math import prod, sqrt

import pytest

from stepwell.knowledge.cited import Cited
from stepwell.knowledge.forms import LadderStep, PublishedLadder
from stepwell.report.ladder import State, climb, published_ladder, summarise_ladder
from stepwell.report.proportion import wilson

SEEN = Cited(source="rush-2006", locator="abstract", seen="abstract")


def published(*steps: tuple[int, str]) -> PublishedLadder:
    rungs = tuple(
        LadderStep(entered=entered, remitted=f"{share} %", entered_from=SEEN, remitted_from=SEEN)
        for entered, share in steps
    )
    return PublishedLadder(id="star-d", label="STAR*D", remission="QIDS-SR16 at most 5", steps=rungs)


STAR_D = published((3671, "36.8"), (1439, "30.6"), (390, "13.7"), (123, "13.0"))


def test_star_d_if_nobody_dropped_out():
    last = published_ladder(STAR_D).rungs[-1]
    assert last.product_limit.value == pytest.approx(1 - prod(1 - step.remitted / 100 for step in STAR_D.steps))
    assert f"{100 * last.product_limit.value:.1f}" == "67.1"


def test_star_d_as_observed():
    """Share x entrants gives 50.7 %; the counts that papers print for steps 1 and 2 (1,346 and 439) give 50.5 %."""
    last = published_ladder(STAR_D).rungs[-1]
    by_share = sum(step.entered * step.remitted / 100 for step in STAR_D.steps) / STAR_D.steps[0].entered
    assert last.observed.value == pytest.approx(by_share)
    assert f"{100 * last.observed.value:.1f}" == "50.7"
    printed = 1346 + 439 + round(390 * 0.137) + round(123 * 0.130)
    assert f"{100 * printed / 3671:.1f}" == "50.5"


def test_a_published_table_cannot_be_adjusted_and_has_nobody_unscored():
    for rung in published_ladder(STAR_D).rungs:
        assert rung.adjusted is None
        assert rung.unscored == 0


def test_wilson_by_hand():
    """2 of 10 with z = 1.959964: centre (0.2 + z2/20) / (1 + z2/10), half-width by the printed formula."""
    z = 1.959963984540054
    centre = (0.2 + z * z / 20) / (1 + z * z / 10)
    half = z * sqrt(0.2 * 0.8 / 10 + z * z / 400) / (1 + z * z / 10)
    found = wilson(2, 10)
    assert (found.low, found.high) == pytest.approx((centre - half, centre + half))
    assert (wilson(0, 7).low, wilson(7, 7).high) == (0, 1)
    assert wilson(0, 7).high > 0
    assert wilson(0, 0) is None


NO = State("no response", False, "next step")
NO_LOST = State("no response", False, "lost")
BETTER = State("response", False, "next step")
BETTER_LOST = State("response", False, "lost")
WELL = State("remission", False, "remission")
BLANK = State("unscored", False, "next step")
BLANK_LOST = State("unscored", False, "lost")


def test_three_ways_by_hand():
    """100 enter. Step 1: 40 remit. Of 40 without response 10 go on (1 remits), of 20 with response 10 go on (5 remit)."""
    paths = {
        (WELL,): 40,
        (NO_LOST,): 30,
        (NO, WELL): 1,
        (NO, NO_LOST): 9,
        (BETTER_LOST,): 10,
        (BETTER, WELL): 5,
        (BETTER, NO_LOST): 5,
    }
    ladder = climb(paths, "by hand", 4)
    first, second = ladder.rungs
    assert (first.entered, first.remitted, first.responded, first.lost, first.went_on) == (100, 40, 60, 40, 20)
    assert (second.entered, second.scored, second.remitted) == (20, 20, 6)
    assert second.observed.value == pytest.approx(46 / 100)
    assert second.product_limit.value == pytest.approx(1 - (60 / 100) * (14 / 20))
    # Each of the 10 without response stands for 4, each of the 10 with response for 2: 1 x 4 + 5 x 2 of 60.
    assert second.adjusted.value == pytest.approx(1 - (60 / 100) * (1 - Fraction(14, 60)))
    assert ladder.unrepresented == 0


def test_unscored_is_not_counted_as_not_remitted():
    paths = {(WELL,): 3, (NO_LOST,): 1, (BLANK_LOST,): 4}
    (rung,) = climb(paths, "half unscored", 4).rungs
    assert (rung.entered, rung.scored, rung.unscored) == (8, 4, 4)
    assert rung.remission.value == pytest.approx(3 / 4)
    assert rung.observed.value == pytest.approx(3 / 8)
    assert rung.observed_if_unscored_remitted.value == pytest.approx(7 / 8)


def test_without_any_score_nothing_but_the_bounds_is_said():
    first, second = climb({(BLANK, BLANK_LOST): 5, (BLANK_LOST,): 2}, "no scores", 4).rungs
    assert (first.remission, first.product_limit, first.adjusted) == (None, None, None)
    assert second.product_limit is None
    assert (first.observed.value, first.observed_if_unscored_remitted.value) == (0, 1)


def test_leaving_by_chance_makes_adjusted_equal_product_limit():
    paths = {(WELL,): 10, (NO_LOST,): 6, (NO, WELL): 2, (NO, NO_LOST): 4, (BETTER_LOST,): 3, (BETTER, NO_LOST): 3}
    last = climb(paths, "half of each state goes on", 4).rungs[-1]
    assert last.adjusted.value == pytest.approx(last.product_limit.value)


def test_a_state_nobody_goes_on_from_is_counted_as_unrepresented():
    paths = {(WELL,): 1, (BETTER_LOST,): 7, (NO, WELL): 2, (NO, NO_LOST): 2}
    assert climb(paths, "responders all leave", 4).unrepresented == 7


def test_the_ladder_ends_at_the_first_remission():
    went_on_well = State("remission", False, "next step")
    (rung,) = climb({(went_on_well, NO_LOST): 2}, "relapse", 4).rungs
    assert rung.remitted == 2


def test_order_of_people_changes_nothing():
    paths = {(WELL,): 3, (NO, WELL): 7, (NO, NO, WELL): 5, (BLANK, BETTER_LOST): 11, (NO_LOST,): 13}
    assert climb(paths, "x", 4) == climb(dict(reversed(paths.items())), "x", 4)


def test_steps_table_gives_the_same_as_paths(steps_of, table_of):
    rows = [
        *steps_of(1, ("remission", "remission")),
        *steps_of(2, ("no response", "next step"), ("unscored", "lost")),
        *steps_of(3, ("unscored", "next step"), ("response", "still treated"), intolerant=(1,)),
        # A second episode of the same person is not counted again.
        *steps_of(1, ("no response", "lost"), episode_number=2),
    ]
    found = summarise_ladder(table_of("step", rows[::-1]), "three people", 4)
    expected = climb(
        {
            (WELL,): 1,
            (NO, BLANK_LOST): 1,
            (State("unscored", True, "next step"), State("response", False, "still treated")): 1,
        },
        "three people",
        4,
    )
    assert found == expected
    assert found.rungs[0].intolerant == 1


def test_a_step_after_which_nobody_watched_is_neither_lost_nor_still_treated(steps_of, table_of):
    (rung,) = summarise_ladder(table_of("step", steps_of(1, ("unscored", None))), "unwatched", 4).rungs
    assert (rung.lost, rung.still_treated, rung.end_unknown) == (0, 0, 1)


def test_steps_beyond_the_last_shown_are_counted_as_later():
    assert climb({(NO, NO, NO_LOST): 4, (NO, NO_LOST): 2}, "long", 2).later == 4


def test_nobody_has_no_rungs(table_of):
    assert summarise_ladder(table_of("step", []), "nobody", 4).rungs == ()
