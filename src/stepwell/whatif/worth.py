"""What lives are worth and cost: time in states and sessions given, discounted to the day of entering."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from stepwell.simulate import Event, ModelParameters, Resistance, State, Treatment

from .values import CostSet, UtilitySet

_DAYS_A_YEAR = 365.25
_BEGINS = {Event.COURSE_BEGAN: Event.COURSE_ENDED, Event.MAINTENANCE_BEGAN: Event.MAINTENANCE_ENDED}
_WELL = (State.REMISSION, State.RECOVERY)


class Lives:
    """The event table (docs/simulator.md) of some people, laid out for discounting. `discount` is a yearly rate in per cent."""

    def __init__(self, events: Mapping[str, np.ndarray], parameters: ModelParameters, discount: float):
        self._e, self._parameters = events, parameters
        self._rate = np.log1p(discount / 100) / _DAYS_A_YEAR
        person = events["person"]
        is_first = np.r_[True, person[1:] != person[:-1]]
        self._index = np.cumsum(is_first) - 1
        self.n = int(self._index[-1]) + 1
        self._last = np.r_[np.flatnonzero(is_first)[1:], len(person)] - 1
        day = events["day"]
        is_last = np.r_[is_first[1:], True]
        until = np.where(is_last, day, np.r_[day[1:], 0.0])
        self._days = self._present(day, until)

    def _present(self, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Discounted days between two days."""
        if self._rate == 0:
            return end - begin
        return (np.exp(-self._rate * begin) - np.exp(-self._rate * end)) / self._rate

    def _sum(self, days: np.ndarray) -> np.ndarray:
        return np.bincount(self._index, days, self.n)

    def quality(self, utilities: UtilitySet) -> np.ndarray:
        """Years of life weighed with what they are worth, for each person."""
        state = self._e["state"]
        worth = np.full(len(state), utilities.ill.of_full_health)
        worth[state == State.RESPONSE] = utilities.response.of_full_health
        worth[np.isin(state, [int(s) for s in _WELL])] = utilities.remission.of_full_health
        return self._sum(self._days * worth / 100) / _DAYS_A_YEAR

    def cost(self, costs: CostSet) -> np.ndarray:
        """Money, for each person."""
        is_ill = self._e["state"] < State.RESPONSE
        total = np.zeros(self.n)
        if costs.ill is not None:
            total += costs.ill.number * self._sum(self._days * is_ill)
        if costs.resistant is not None:
            total += costs.resistant.number * self._sum(self._days * (is_ill & self._is_resistant()))
        for name, amount in costs.sessions.items():
            total += amount.number * self.sessions(Treatment[name.upper()])
        return total

    def sessions(self, treatment: Treatment) -> np.ndarray:
        """Sessions of a treatment, for each person; each counts less the later it is given."""
        course = getattr(self._parameters, treatment.name.lower())
        total = np.zeros(self.n)
        for begin, end in _BEGINS.items():
            rows = np.flatnonzero((self._e["event"] == begin) & (self._e["what"] == treatment))
            ends = np.flatnonzero((self._e["event"] == end) & (self._e["what"] == treatment))
            last = self._last[self._index[rows]]
            found = np.searchsorted(ends, rows)
            over = ends[np.minimum(found, len(ends) - 1)] if len(ends) else np.zeros(len(rows), int)
            is_over = (found < len(ends)) & (over <= last)
            lasted = self._e["day"][np.where(is_over, over, last)] - self._e["day"][rows]
            if begin == Event.COURSE_BEGAN:
                step, first = course.given.over / course.given.sessions, 0
                n = np.minimum(np.floor(lasted / step) + 1, course.given.sessions)
            else:
                step, first = course.maintenance.every.after, 1
                n = np.floor(lasted / step)
            n = np.where(is_over, self._e["value"][np.where(is_over, over, 0)], n)
            total += np.bincount(self._index[rows], self._spread(self._e["day"][rows], step, first, n), self.n)
        return total

    def _spread(self, begin: np.ndarray, step: float, first: int, n: np.ndarray) -> np.ndarray:
        """So many sessions, one every `step` days, as they count on the day of entering: a geometric series."""
        q = np.exp(-self._rate * step)
        series = n if q == 1 else (1 - q**n) / (1 - q)
        return np.exp(-self._rate * begin) * q**first * series

    def _is_resistant(self) -> np.ndarray:
        """For each row whether the person is resistant in this episode from it on."""
        e = self._e
        is_it = (e["event"] == Event.RESISTANT) & (e["what"] == Resistance.TWO_FAILED)
        row = np.maximum.accumulate(np.where(is_it, np.arange(len(is_it)), -1))
        return (row >= 0) & (self._index[row] == self._index) & (e["episode"][row] == e["episode"])
