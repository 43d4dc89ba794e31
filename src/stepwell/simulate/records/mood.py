"""How ill people were on any day, by the total of the instrument they are followed with, and on which days somebody looked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..chance import uniform
from ..compiled import compiled
from ..states import Event, Outcome, State
from ..streams import Kind, Streams
from .formulary import Formulary
from .history import is_any, is_any_state
from .people import People
from .rows import LATER, Draws, Rows, day_key, different_days, repeated, whole_in

_SCORE = int(Kind.SCORE)
_NOTHING, _ILL, _BEGINS, _RESPONDS, _REMITS, _FAILS, _IS_LOST, _RETURNS = range(8)
_DOES = np.full(max(Event) + 1, _NOTHING)
_DOES[[Event.ENTERED, Event.RELAPSED, Event.RECURRED]] = _ILL
_DOES[[Event.STARTED, Event.SWITCHED, Event.ADDED, Event.COURSE_BEGAN]] = _BEGINS
_DOES[[Event.RESPONDED, Event.EARLY_RESPONSE]] = _RESPONDS
_DOES[Event.REMITTED], _DOES[Event.FAILED] = _REMITS, _FAILS
_DOES[Event.LEFT], _DOES[Event.RETURNED] = _IS_LOST, _RETURNS
_INTOLERANT = int(Outcome.INTOLERANCE)


@dataclass
class Mood(Rows):
    """One row is a day from which on the score is known; in between it goes straight to the next where that is gradual."""

    day: np.ndarray
    score: np.ndarray
    is_gradual: np.ndarray
    """Whether the score was reached little by little since the row before."""
    is_in_care: np.ndarray
    state: np.ndarray

    def score_on(self, row: np.ndarray, day: np.ndarray) -> np.ndarray:
        """The true total of these people on these days, none before their first; in whole numbers, the same everywhere."""
        keys = day_key(self.row, self.day)
        at = np.searchsorted(keys, day_key(row, day), side="right") - 1
        following = np.minimum(at + 1, len(keys) - 1)
        goes = (following > at) & (self.row[following] == row) & self.is_gradual[following]
        length = np.where(goes, self.day[following] - self.day[at], 1)
        change = np.where(goes, self.score[following] - self.score[at], 0)
        return self.score[at] + (2 * change * (day - self.day[at]) + length) // (2 * length)


@dataclass
class Visits(Rows):
    """One row is a day on which the person is seen and scored, in the order of person and day."""

    day: np.ndarray
    total: np.ndarray


def find_mood(streams: Streams, people: People, events: dict[str, np.ndarray], formulary: Formulary) -> Mood:
    """The score at every event that moves it, and at every beginning of something."""
    row, s = events["row"], formulary.parameters.scores
    does = _DOES[events["event"]]
    instrument = people.instrument[row]
    score, in_care = np.empty(len(row), dtype=np.int64), np.empty(len(row), dtype=bool)
    ill = (s.baseline.at_least / 100, s.baseline.at_most / 100)
    failing = (s.near_a_limit.p, s.partial.p, float(s.worse.at_most))
    limits = formulary.score_range.astype(np.int64), formulary.remission_cut, formulary.response_pct.astype(float)
    improvements = formulary.improvements.astype(float)
    _set_scores(
        row, does, events["value"], streams.base, instrument, *limits, ill, failing, improvements, score, in_care
    )
    moves = does != _NOTHING
    gradual = is_any(events["event"], Event.RESPONDED, Event.EARLY_RESPONSE, Event.REMITTED, Event.FAILED)
    return Mood(row, events["date"], score, gradual, in_care, events["state"]).take(moves)


@compiled
def _set_scores(
    row, does, value, base, instrument, limits, cuts, responses, ill, failing, improvements, score, in_care
):
    """Event after event: what the score is from then on."""
    now, baseline, number, cares, before = 0, 0, 0, True, -1
    for n in range(len(row)):
        if row[n] != before:
            before, number, cares = row[n], 0, True
        what, key = does[n], base[row[n]]
        least, greatest = limits[instrument[n], 0], limits[instrument[n], 1]
        cut, response = cuts[instrument[n]], responses[instrument[n]]
        u = uniform(key, _SCORE, number, 0)
        if what in (_ILL, _RETURNS):
            share = ill[0] + u * (ill[1] - ill[0])
            now = max(np.int64(np.floor(least + share * (greatest - least) + 0.5)), cut + 1)
        elif what == _BEGINS:
            baseline = now
        elif what == _REMITS:
            now = least + np.int64(u * (cut - least + 1))
        elif what == _RESPONDS:
            most = max(np.int64(np.floor(baseline * (1.0 - response / 100.0))), cut + 1)
            now = cut + 1 + np.int64(u * (most - cut))
        elif what == _FAILS:
            near, partial, worse = failing
            half = response / 2.0
            which = uniform(key, _SCORE, number, 1)
            better = u * (half + worse) - worse
            if value[n] != _INTOLERANT and uniform(key, _SCORE, number, 2) < partial:
                better = half + u * (response - half)
            if which < near:
                better = improvements[min(np.int64(which / near * len(improvements)), len(improvements) - 1)]
            now = np.int64(np.floor(baseline * (1.0 - better / 100.0) + 0.5))
            now = min(max(now, cut + 1), greatest)
        if what == _IS_LOST:
            cares = False
        elif what in (_RETURNS, _BEGINS):
            cares = True
        score[n], in_care[n] = now, cares
        number += 1


def find_visits(streams: Streams, people: People, mood: Mood, formulary: Formulary) -> Visits:
    """On the days on which something happens to those in care, and between them: often in a trial, more rarely later."""
    v = formulary.parameters.visits
    same = np.append(mood.row[1:] == mood.row[:-1], False)
    until = np.where(same, np.append(mood.day[1:], 0), LATER)
    until = np.minimum(until, people.last_day[mood.row] + 1)
    acute = is_any_state(mood.state, State.TRIAL, State.COURSE)
    every = np.where(acute, v.acute.every, v.later.every)
    between = np.where(mood.is_in_care, np.maximum(until - mood.day - 1, 0) // every, 0)
    which, number = repeated(between)
    row = mood.row[which]
    moved = whole_in(Draws(streams, Kind.VISIT, _number_of(mood, which, number), row)(0), v.moved)
    day = np.minimum(mood.day[which] + (number + 1) * every[which] + moved, until[which] - 1)
    seen = mood.is_in_care & (mood.day <= people.last_day[mood.row])
    keys = np.concatenate([day_key(mood.row[seen], mood.day[seen]), day_key(row, day)])
    _, row, day = different_days(keys)
    return Visits(row, day, mood.score_on(row, day))


def _number_of(mood: Mood, which: np.ndarray, number: np.ndarray) -> np.ndarray:
    """A number for each visit that no other of the same person has: of the stretch within the person, and within the stretch."""
    return mood.occurrence()[which] << 8 | np.minimum(number, 255)
