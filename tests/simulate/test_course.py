"""The true course: its shares are those of the parameters, and the edges of the definitions are often met."""

import numpy as np
import pytest

from stepwell.simulate.course import Ended
from stepwell.simulate.draw import draw_course
from stepwell.simulate.streams import Streams


def is_within_error(found: np.ndarray, expected: float) -> bool:
    """Whether a share is as expected, within four standard errors."""
    return abs(found.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / len(found))


def of_first_episode(course, step):
    """The treatments of one step of the first episode, of people with depression."""
    return course.given & (course.episode == 1) & (course.step == step)


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_remission_by_step_is_star_d_s(many, formulary, step):
    at_step = of_first_episode(many, step)
    cut = formulary.remission_cut[many.instrument][:, None]
    remits = (many.goal <= cut)[at_step]
    assert len(remits) > 500
    assert is_within_error(remits, formulary.parameters.ladder.remission.by_step[step - 1] / 100)


@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize("drop_out", ["star-d", "real-world"])
def test_those_who_go_on_to_the_next_step_are_as_many_as_entered_it(formulary, step, drop_out):
    person = np.arange(1, 40_001)
    course = draw_course(Streams(4, person), person, formulary, drop_out)
    cut = formulary.remission_cut[course.instrument][:, None]
    # Late comers have no time to go on, and the days at which observation ends would bias the share.
    in_time = (course.last_day - 800)[:, None] > course.start
    at_step = of_first_episode(course, step) & (course.goal > cut) & in_time
    at_step[:, -2:] = False
    row, column = np.nonzero(at_step)
    follows = course.start[row, column + 1] - course.decided[row, column] <= 15
    goes_on = course.given[row, column + 1] & follows & (course.step[row, column + 1] == step + 1)
    ladder = formulary.parameters.ladder
    expected = ladder.continues()[step - 1] if drop_out == "star-d" else ladder.real_world_continues.p
    assert is_within_error(goes_on, expected)


def test_treatments_follow_one_another(many):
    given = many.given[:, :-1]
    assert (given[:, 1:] <= given[:, :-1]).all(), "no treatment after an empty place"
    later = given[:, 1:]
    assert (many.start[:, 1:-1] > many.start[:, :-2])[later].all()
    assert (many.end >= many.start)[many.given].all()
    assert (many.start >= many.first_day[:, None])[many.given].all()
    assert (many.end <= many.last_day[:, None])[many.given].all()
    assert (many.decided <= many.end)[many.given].all()


def test_one_drug_is_not_given_twice_within_any_definition_s_gap(many, formulary):
    ingredient = np.where(many.given, formulary.ingredient_of[many.drug], -1)
    for one in range(many.drug.shape[1]):
        for other in range(many.drug.shape[1]):
            same = (one != other) & (ingredient[:, one] == ingredient[:, other]) & many.given[:, one]
            apart = many.start[:, other] - many.end[:, one] > formulary.same_drug_gap
            assert (apart | (many.start[:, other] < many.start[:, one]))[same].all()


def test_only_scores_that_a_definition_cannot_mistake(many, formulary):
    """A fresh baseline never lies within the endpoint's window of the treatment before, unless it is the same score."""
    row, column = np.nonzero(many.given[:, 1:-1] & (many.baseline[:, 1:-1] >= 0))
    before = many.score_on(row, column, many.decided[row, column])
    near = many.start[row, column + 1] - many.end[row, column] <= formulary.longest_endpoint
    assert near.any()
    assert (before == many.baseline[row, column + 1])[near].all()


def test_edges_are_frequent(many, formulary):
    n_days = (many.end - many.start + 1)[many.given]
    for limit in formulary.durations:
        for days in (limit - 1, limit, limit + 1):
            assert (n_days == days).mean() > 0.001, days
    scored = many.given & (many.baseline > 0)
    improvement = 100 * (many.baseline - many.goal)[scored] / many.baseline[scored]
    for limit in formulary.improvements:
        assert (improvement == limit).mean() > 0.001, limit
        assert ((improvement < limit) & (improvement > limit - 4)).mean() > 0.005, limit
    assert (many.episode > 1).any(axis=1).mean() > 0.05
    by_class = formulary.class_of[np.maximum(many.drug, 0)]
    same_class = (by_class[:, 1] == by_class[:, 0]) & many.given[:, 1]
    assert same_class.mean() > 0.02
    reasons = np.bincount(many.ended[many.given], minlength=len(Ended)) / many.given.sum()
    assert (reasons > 0.02).all()


def test_some_trials_end_just_at_the_minimum_dose_and_some_below(many, formulary):
    minimum = formulary.minima(formulary.reference.trials.dose_standard.is_)[np.maximum(many.drug, 0)]
    first, last = many.dose_spans()
    dose = np.take_along_axis(formulary.levels[np.maximum(many.drug, 0)], many.levels, axis=2)
    highest = np.where(last >= first, dose, 0).max(axis=2)
    is_trial = many.given & (many.baseline >= 0) & ~np.isnan(minimum)
    assert 0.2 < (highest == minimum)[is_trial].mean() < 0.7
    assert (highest < minimum)[is_trial].mean() > 0.05
    assert (highest > minimum)[is_trial].mean() > 0.1
