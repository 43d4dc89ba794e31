"""The ladder on the page: no share may give away a count that is not shown."""

from __future__ import annotations

from stepwell.report.ladder import State, climb
from stepwell.report.shown import show_ladder

WELL = State("remission", False, "remission")
NO = State("no response", False, "next step")
NO_LOST = State("no response", False, "lost")
BLANK_LOST = State("unscored", False, "lost")


def test_shares_stop_at_the_first_step_whose_count_is_hidden():
    ladder = climb({(WELL,): 40, (NO_LOST,): 40, (NO, WELL): 3, (NO, NO_LOST): 17, (NO, NO, WELL): 10}, "x", 4)
    first, second, third = show_ladder(ladder, 5).rungs
    assert (first.remission.value, first.observed.value) == (40 / 110, 40 / 110)
    assert second.remitted.text == "<5"
    assert (second.remission, second.observed, second.product_limit, second.adjusted) == (None, None, None, None)
    assert (third.observed, third.product_limit) == (None, None)
    # The third step's own share needs no earlier count.
    assert third.remission.value == 1


def test_a_few_unscored_people_are_not_shown_as_the_room_they_leave():
    ladder = climb({(WELL,): 40, (NO_LOST,): 40, (BLANK_LOST,): 2}, "x", 4)
    (rung,) = show_ladder(ladder, 5).rungs
    assert rung.observed_if_unscored_remitted is None
    assert show_ladder(ladder, 0).rungs[0].observed_if_unscored_remitted.value == 42 / 82


def test_a_published_ladder_keeps_what_it_has():
    ladder = climb({(WELL,): 1, (NO_LOST,): 2}, "x", 4)
    (rung,) = show_ladder(ladder, 0).rungs
    assert [c.n for c in (rung.entered, rung.remitted, rung.lost)] == [3, 1, 2]
