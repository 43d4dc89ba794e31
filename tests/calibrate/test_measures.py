"""What is counted is what a trial would count, on lives written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from stepwell.calibrate.history import History
from stepwell.calibrate.measures import NONE, _hazard_ratio, measure
from stepwell.calibrate.targets import Target
from stepwell.simulate import Event, State

COLUMNS = ("person", "day", "event", "state", "trial", "course", "what")


def history(*rows: tuple) -> History:
    """Rows of person, day, event, state and, where they matter, trial, course and what."""
    filled = [(*row, *(0, 0, -1)[len(row) - 4 :]) for row in rows]
    columns = dict(zip(COLUMNS, map(np.array, zip(*filled, strict=True)), strict=True))
    return History({**columns, "day": columns["day"].astype(float)})


def life(person: int, *rows: tuple, until: float = 1000) -> list[tuple]:
    """One person, with the first and the last row."""
    begin = (person, 0, Event.ENTERED, State.TRIAL)
    return [begin, *((person, *row) for row in rows), (person, until, Event.ENDED, State.TRIAL)]


def target(count: str, among: str = "everybody", **how) -> Target:
    value = {} if {"ratio", "days"} & set(how) else {"share": "10 %"}
    return Target(use="validate", what="x", study="s", among=among, count=count, choice="a test", **value, **how)


def found(which: Target, *lives: list, other=()):
    histories = {"s": history(*(row for one in lives for row in one))}
    if other:
        histories["t"] = history(*(row for one in other for row in one))
    return measure(which, histories)


FIRST, SECOND = (0, Event.STARTED, State.TRIAL, 1), (60, Event.SWITCHED, State.TRIAL, 2)
FAILS = (60, Event.FAILED, State.BETWEEN, 1)
REMITS_AT_ONCE = life(1, FIRST, (30, Event.REMITTED, State.REMISSION, 1), (200, Event.RELAPSED, State.BETWEEN, 1))
REMITS_SECOND = life(2, FIRST, FAILS, SECOND, (130, Event.REMITTED, State.REMISSION, 2))
WAITS = life(
    3,
    FIRST,
    FAILS,
    (60, Event.STAYED, State.STAYS, 1),
    (200, Event.RETURNED, State.STAYS, 1),
    (200, Event.SWITCHED, State.TRIAL, 2),
    (250, Event.REMITTED, State.REMISSION, 2),
)
NEVER = life(4, FIRST, FAILS, SECOND, (140, Event.FAILED, State.LOST, 2))
FOUR = (REMITS_AT_ONCE, REMITS_SECOND, WAITS, NEVER)


def test_who_took_a_break_in_care_has_not_entered_the_next_step():
    assert found(target("entered", step=2), *FOUR).value == 0.5
    assert found(target("entered", step=1), *FOUR).value == 1


def test_remission_is_counted_in_those_who_entered_the_step():
    assert found(target("remitted", "step", step=1), *FOUR).value == 0.25
    assert found(target("remitted", "step", step=2), *FOUR).value == 0.5
    assert found(target("remitted so far", step=4), *FOUR).value == 0.5


def test_the_theory_lets_all_go_on():
    assert found(target("remitted if all went on", step=2), *FOUR).value == pytest.approx(1 - 0.75 * 0.5)


def test_time_to_remission_is_from_the_step_s_beginning():
    assert found(target("remitted by then", "remitted", step=2, after="70 days"), *FOUR).value == 1
    assert found(target("remitted by then", "remitted", step=2, after="69 days"), *FOUR).value == 0


def test_states_are_those_of_the_day():
    remission = {"state": "remission"}
    assert found(target("in state", after="29 days", **remission), *FOUR).value == 0
    assert found(target("in state", after="30 days", **remission), *FOUR).value == 0.25
    assert found(target("in state", after="260 days", **remission), *FOUR).value == 0.5
    assert found(target("in state", after="199 days", state="no response"), *FOUR).value == 0.5
    lost = target("state lost", after="150 days", until="210 days", **remission)
    assert found(lost, *FOUR).value == 0.5
    assert found(target("state kept", after="150 days", until="210 days", **remission), *FOUR).value == 0.25


def test_a_relapse_is_counted_from_the_remission_and_the_unobserved_leave_those_at_risk():
    assert found(target("relapsed", "remitted", step=1, after="170 days"), *FOUR).value == 1
    assert found(target("relapsed", "remitted", step=1, after="169 days"), *FOUR).value == 0
    dies = life(5, (0, Event.STARTED, State.TRIAL, 1), (10, Event.REMITTED, State.REMISSION, 1), until=50)
    stays = life(6, (0, Event.STARTED, State.TRIAL, 1), (10, Event.REMITTED, State.REMISSION, 1))
    assert found(
        target("relapsed", "remitted", step=1, after="1 year"), REMITS_AT_ONCE, dies, stays
    ).value == pytest.approx(0.5)


def test_an_end_of_maintenance_is_no_end_of_being_well():
    kept = life(
        1,
        (0, Event.COURSE_BEGAN, State.TRIAL, 0, 1, 0),
        (20, Event.REMITTED, State.REMISSION, 0, 1),
        (28, Event.COURSE_ENDED, State.REMISSION, 0, 1, 0),
        (28, Event.MAINTENANCE_BEGAN, State.REMISSION, 0, 1, 0),
        (200, Event.MAINTENANCE_ENDED, State.BETWEEN, 0, 1, 0),
        (200, Event.RELAPSED, State.BETWEEN, 0, 1),
    )
    assert found(target("relapsed", "helped", after="172 days"), kept).value == 1
    assert found(target("relapsed", "helped", after="171 days"), kept).value == 0
    stable = {"among": "stable", "state": "remission", "until": "112 days"}
    assert found(target("time to relapse", days="9 days", **stable), kept).value == 88
    assert (
        found(target("time to relapse", days="9 days", among="stable", state="response", until="112 days"), kept)
        == NONE
    )


def test_nobody_to_count_is_no_number():
    assert found(target("remitted", "step", step=3), *FOUR) == NONE


def test_the_hazard_ratio_is_that_of_the_partial_likelihood():
    rng = np.random.default_rng(4)
    arms = [(rng.exponential(mean, 4000), rng.random(4000) < 0.8) for mean in (200.0, 100.0)]
    estimate = _hazard_ratio(*arms)
    assert estimate.low < 0.5 < estimate.high
    assert estimate.high / estimate.low < 1.15
    flipped = _hazard_ratio(*reversed(arms))
    assert flipped.value == pytest.approx(1 / estimate.value)
    time, is_relapse = arms[0]
    assert _hazard_ratio((time, is_relapse), (time, is_relapse)).value == pytest.approx(1)


def test_tied_days_go_into_the_hazard_ratio_in_breslow_s_way():
    """At the ratio that is found the slope of the likelihood is nothing: as many treated relapses as the model expects."""
    treated = np.array([1.0, 2, 2, 3, 5, 5, 8]), np.array([1, 1, 0, 1, 0, 1, 0], bool)
    other = np.array([1.0, 1, 2, 3, 3, 5, 6, 9]), np.array([1, 1, 1, 1, 0, 1, 1, 0], bool)
    ratio = _hazard_ratio(treated, other).value
    expected = 0.0
    for day in np.r_[treated[0][treated[1]], other[0][other[1]]]:
        at_risk = ratio * (treated[0] >= day).sum()
        expected += at_risk / (at_risk + (other[0] >= day).sum())
    assert expected == pytest.approx(treated[1].sum())


def test_arms_that_do_not_overlap_have_no_hazard_ratio():
    """All relapses of one arm come before those of the other, or it has none: every greater ratio fits better."""
    early, late = (np.array([1.0, 2, 3]), np.ones(3, bool)), (np.array([10.0, 11, 12]), np.array([True, True, False]))
    assert _hazard_ratio(early, late) == NONE
    assert _hazard_ratio(early, (late[0], np.zeros(3, bool))) == NONE
