"""The simulated people of one study, asked as a trial asks: who was in which state when, and what came first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stepwell.simulate import Event, State

NOBODY = -1

_TRIALS = (Event.STARTED, Event.SWITCHED, Event.ADDED)
_BREAKS = (Event.REMITTED, Event.STAYED, Event.LEFT, Event.RELAPSED)
_RELAPSES = (Event.RELAPSED, Event.RECURRED)
STATES = {
    "remission": (State.REMISSION, State.RECOVERY),
    "response": (State.RESPONSE,),
    "response or remission": (State.RESPONSE, State.REMISSION, State.RECOVERY),
    "no response": (State.TRIAL, State.BETWEEN, State.STAYS, State.LOST, State.COURSE),
}


@dataclass(frozen=True)
class Since:
    """Some people, and for each the row and the day from which time is counted."""

    person: np.ndarray
    row: np.ndarray
    day: np.ndarray


class History:
    """The event table (docs/simulator.md) of all people of one study, none left out, in the order of their numbers."""

    def __init__(self, events: Mapping[str, np.ndarray]):
        self.event, self.state, self.trial = events["event"], events["state"], events["trial"]
        self.day, self.course, self.what = events["day"], events["course"], events["what"]
        person = events["person"]
        self.first = np.flatnonzero(np.r_[True, person[1:] != person[:-1]])
        self.end = np.r_[self.first[1:], len(person)]
        self.n = len(self.first)
        self._index = np.repeat(np.arange(self.n), self.end - self.first)
        self._span = float(self.day.max()) + 1.0
        self._clock = self._index * self._span + self.day

    def first_row(self, is_it: np.ndarray, after: np.ndarray | None = None) -> np.ndarray:
        """For each person the first row (after `after`) of which it is true; `NOBODY` where there is none."""
        rows = np.flatnonzero(is_it)
        begin = self.first if after is None else after + 1
        found = np.searchsorted(rows, begin)
        row = rows[np.minimum(found, len(rows) - 1)] if len(rows) else np.full(len(begin), NOBODY)
        has = (found < len(rows)) & (row >= begin) & (row < self.end)
        return np.where(has, row, NOBODY)

    def is_one_of(self, events: tuple[Event, ...]) -> np.ndarray:
        """For each row whether its event is one of these."""
        return np.isin(self.event, [int(e) for e in events])

    def since(self, row: np.ndarray) -> Since:
        """Those who have such a row, from its day on."""
        person = np.flatnonzero(row != NOBODY)
        return Since(person, row[person], self.day[row[person]])

    def state_at(self, person: np.ndarray, day: np.ndarray) -> np.ndarray:
        """The state of each on that day; what it was at the end where the day is later."""
        rows = np.searchsorted(self._clock, person * self._span + np.minimum(day, self._span - 0.5), side="right") - 1
        return self.state[np.minimum(rows, self.end[person] - 1)]

    def is_in(self, name: str, since: Since, after: float) -> np.ndarray:
        """Whether each is in that state so long after."""
        states = [int(s) for s in STATES[name]]
        return np.isin(self.state_at(since.person, since.day + after), states)

    def time_to_relapse(self, since: Since) -> tuple[np.ndarray, np.ndarray]:
        """Days until the relapse, or until nothing more can be known (death, the end, a next step), and whether it came."""
        over = self.is_one_of(
            (*_RELAPSES, *_TRIALS, Event.COURSE_BEGAN, Event.STAYED, Event.LEFT, Event.ENDED, Event.DIED)
        )
        row = self.first_row_of(over, since)
        return self.day[row] - since.day, np.isin(self.event[row], [int(e) for e in _RELAPSES])

    def first_row_of(self, is_it: np.ndarray, since: Since) -> np.ndarray:
        """The first later row of each of these people of which it is true; everybody's last row is one."""
        rows = np.flatnonzero(is_it)
        return rows[np.searchsorted(rows, since.row + 1)]

    # --- whom, and from when -----------------------------------------------------------------------------------------

    def everybody(self) -> Since:
        """Everybody, from the first treatment on, or from entering where there is none."""
        row = self.first_row(self.is_one_of((*_TRIALS, Event.COURSE_BEGAN)))
        return self.since(np.where(row == NOBODY, self.first, row))

    def step(self, k: int) -> Since:
        """Those who begin the k-th trial without remission, relapse or a break in care before it."""
        row = self.first_row(self.is_one_of(_TRIALS) & (self.trial == k))
        is_unbroken = (self._break == NOBODY) | (row < self._break)
        return self.since(np.where(is_unbroken, row, NOBODY))

    def remitted(self, k: int) -> Since:
        """Those who remit in the k-th trial, reached without a break."""
        row = self._break
        is_so = (row != NOBODY) & (self.event[row] == Event.REMITTED) & (self.trial[row] == k)
        return self.since(np.where(is_so, row, NOBODY))

    def responded(self, k: int) -> Since:
        """Those who respond in the k-th trial, reached without a break, and have not remitted."""
        row = self.first_row((self.event == Event.RESPONDED) & (self.trial == k))
        is_unbroken = (self._break == NOBODY) | (row < self._break)
        remits = self.first_row((self.event == Event.REMITTED) & (self.trial == k)) != NOBODY
        return self.since(np.where(is_unbroken & ~remits, row, NOBODY))

    def begun_course(self) -> Since:
        """Those who are given a course, from the first on."""
        return self.since(self.first_row(self.event == Event.COURSE_BEGAN))

    def helped(self) -> Since:
        """Those who are better or well at the end of their first course, from then on."""
        is_better = np.isin(self.state, [int(s) for s in STATES["response or remission"]])
        return self.since(self.first_row((self.event == Event.COURSE_ENDED) & (self.course == 1) & is_better))

    def stable(self, name: str, until: float) -> Since:
        """Those who are in that state so long after their first course began, on maintenance, without a relapse since."""
        course = self.begun_course()
        on = self.first_row((self.event == Event.MAINTENANCE_BEGAN) & (self.course == 1))[course.person]
        ended = self.first_row(self.is_one_of((Event.MAINTENANCE_ENDED, *_RELAPSES)))[course.person]
        day = course.day + until
        begun = (on != NOBODY) & (self.day[on] <= day)
        goes_on = (ended == NOBODY) | (self.day[ended] >= day)
        is_so = begun & goes_on & self.is_in(name, course, until)
        later = self.later(course, until)
        return Since(later.person[is_so], later.row[is_so], later.day[is_so])

    def later(self, since: Since, after: float) -> Since:
        """The same people from so much later on."""
        day = since.day + after
        rows = np.searchsorted(self._clock, since.person * self._span + np.minimum(day, self._span - 0.5), "right") - 1
        return Since(since.person, np.clip(rows, since.row, self.end[since.person] - 2), day)

    @property
    def _break(self) -> np.ndarray:
        return self.first_row(self.is_one_of(_BREAKS))
