"""From events to treatments, scores, visits and sessions: what was drawn is what the records are made of."""

from dataclasses import fields
from types import SimpleNamespace

import numpy as np
import pytest

from stepwell.simulate import Event, Streams, Treatment, draw_events, draw_people, model_parameters, usual_policy
from stepwell.simulate.records.course import ACUTE, find_sessions
from stepwell.simulate.records.history import Ended, find_spans, find_treatments, prepared
from stepwell.simulate.records.mood import find_mood, find_visits
from stepwell.simulate.records.people import draw_whom

SEED = 5


@pytest.fixture(scope="module")
def lives(formulary):
    """The parts of some thousand lives."""
    model, some = model_parameters(), range(1, 3001)
    who, events = draw_people(model, SEED, some), draw_events(model, usual_policy(), SEED, some)
    streams = Streams(SEED, who["person"])
    people = draw_whom(streams, who, events, formulary)
    events = prepared(events, people)
    treatments = find_treatments(streams, people, events, formulary)
    mood = find_mood(streams, people, events, formulary)
    courses, sessions = find_sessions(streams, people, events, model, formulary)
    return SimpleNamespace(
        model=model,
        people=people,
        events=events,
        treatments=treatments,
        spans=find_spans(streams, treatments, formulary),
        mood=mood,
        visits=find_visits(streams, people, mood, formulary),
        courses=courses,
        sessions=sessions,
    )


def test_treatments_are_those_of_a_plain_walk_through_the_events(lives):
    """The same treatments, found by following each person's events one by one."""
    e, found = lives.events, []
    running: dict = {}

    def stop(key, until):
        start, trial = running.pop(key)
        last = min(until, lives.people.last_day[key[0]])
        if start <= last:
            found.append((key[0], key[1], start, last, trial))

    for n in range(len(e["row"])):
        key = int(e["row"][n]), int(e["what"][n])
        if e["event"][n] in (Event.STARTED, Event.SWITCHED, Event.ADDED):
            running[key] = int(e["date"][n]), int(e["trial"][n])
        elif e["event"][n] == Event.DRUG_STOPPED:
            stop(key, int(e["date"][n]) - 1)
    for key in list(running):
        stop(key, 10**6)
    t = lives.treatments.take(lives.treatments.trial > 0)
    columns = (t.row, t.drug, t.start, t.end, t.trial)
    assert sorted(found) == sorted(zip(*(c.tolist() for c in columns), strict=True))
    assert len(found) > 5000


def test_every_reason_for_an_end_occurs_and_only_what_is_observed_is_cut(lives):
    t = lives.treatments
    share = np.bincount(t.ended, minlength=len(Ended)) / len(t)
    assert (share > 0.005).all()
    cut = t.ended == Ended.OBSERVATION_ENDED
    assert (t.end[cut] == lives.people.last_day[t.row[cut]]).all()
    assert (t.end <= lives.people.last_day[t.row]).all()


def test_doses_fill_the_treatment_without_a_gap_and_rise(lives, formulary):
    s, t = lives.spans, lives.treatments
    starts = np.flatnonzero(np.diff(s.treatment, prepend=-1))
    ends = np.append(starts[1:], len(s)) - 1
    assert (s.first[starts] == t.start).all()
    assert (s.last[ends] == t.end).all()
    same = s.treatment[1:] == s.treatment[:-1]
    assert (s.first[1:][same] == s.last[:-1][same] + 1).all()
    assert (s.mg[1:][same] > s.mg[:-1][same]).all()


def test_who_is_to_stay_below_the_least_dose_does(lives, formulary):
    minimum = formulary.minima(formulary.reference.trials.dose_standard.is_)[lives.spans.drug]
    of_trial = lives.treatments.trial[lives.spans.treatment] > 0
    reaches = np.zeros(len(lives.treatments), dtype=bool)
    np.logical_or.at(reaches, lives.spans.treatment, lives.spans.mg >= minimum)
    low_possible = formulary.levels[:, 0] < formulary.minima(formulary.reference.trials.dose_standard.is_)
    low = ~lives.treatments.is_dosed & low_possible[lives.treatments.drug]
    assert of_trial.any()
    assert low.sum() > 300
    assert not reaches[low].any()


def test_remission_is_a_score_of_remission_and_failure_is_none(lives, formulary):
    m, e = lives.mood, lives.events
    cut = formulary.remission_cut[lives.people.instrument]
    expected = {
        Event.REMITTED: True,
        Event.FAILED: False,
        Event.RELAPSED: False,
        Event.RECURRED: False,
        Event.RESPONDED: False,
        Event.RETURNED: False,
    }
    at = np.flatnonzero(np.isin(e["event"], [*expected, Event.EARLY_RESPONSE]))
    # Of several on one day, the last one says.
    last = np.append((e["date"][at][1:] != e["date"][at][:-1]) | (e["row"][at][1:] != e["row"][at][:-1]), True)
    at = at[last]
    is_remission = m.score_on(e["row"][at], e["date"][at]) <= cut[e["row"][at]]
    for kind, remits in expected.items():
        of_kind = e["event"][at] == kind
        assert of_kind.sum() > 50
        assert (is_remission[of_kind] == remits).all()


def test_scores_go_straight_and_stay_in_range(lives, formulary):
    m = lives.mood
    rng = np.random.default_rng(1)
    row = np.repeat(np.flatnonzero(lives.people.is_treated), 20)
    day = lives.people.begin[row] + rng.integers(0, 800, len(row))
    score = m.score_on(row, day)
    least, greatest = formulary.score_range[lives.people.instrument[row]].T
    assert ((least <= score) & (score <= greatest)).all()


def test_visits_are_one_a_day_and_only_of_those_in_care(lives):
    v = lives.visits
    assert (np.diff(v.row * (1 << 24) + v.day) > 0).all()
    assert (v.day <= lives.people.last_day[v.row]).all()
    e = lives.events
    left = np.flatnonzero(e["event"] == Event.LEFT)
    until = np.minimum(left + 1, len(e["row"]) - 1)
    away = (e["row"][until] == e["row"][left]) & (e["event"][until] == Event.RETURNED)
    for n in np.flatnonzero(away)[:200]:
        row, a, b = e["row"][left[n]], e["date"][left[n]], e["date"][until[n]]
        assert not ((v.row == row) & (v.day > a) & (v.day < b)).any()
    assert away.sum() > 100


@pytest.mark.parametrize("treatment", Treatment)
def test_sessions_are_as_many_as_the_model_counts(lives, treatment):
    """Of courses that ended within observation, the acute sessions are the number that their last event tells."""
    e, s = lives.events, lives.sessions
    ends = np.flatnonzero((e["event"] == Event.COURSE_ENDED) & (e["what"] == treatment))
    ends = ends[e["date"][ends] <= lives.people.last_day[e["row"][ends]]]
    acute = s.take((s.treatment == treatment) & (s.phase == ACUTE))
    counted = {}
    for row, course in zip(acute.row.tolist(), acute.course.tolist(), strict=True):
        counted[row, course] = counted.get((row, course), 0) + 1
    assert len(ends) > 5
    for n in ends:
        assert counted[int(e["row"][n]), int(e["course"][n])] == e["value"][n]


def test_courses_hold_their_sessions(lives):
    c, s = lives.courses, lives.sessions
    assert c.n_sessions.sum() == len(s)
    for n in range(len(c)):
        own = slice(c.first_session[n], c.first_session[n] + c.n_sessions[n])
        assert (s.row[own] == c.row[n]).all()
        assert (s.course[own] == c.number[n]).all()
        assert (np.diff(s.day[own]) > 0).all()
        assert s.number[own].tolist() == list(range(1, c.n_sessions[n] + 1))


def test_no_column_is_left_empty(lives):
    for rows in (lives.treatments, lives.spans, lives.mood, lives.visits, lives.sessions):
        assert {len(getattr(rows, f.name)) for f in fields(rows)} == {len(rows)}
