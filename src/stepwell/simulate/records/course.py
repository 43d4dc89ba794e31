"""Sessions of esketamine, ketamine, ECT and TMS: from the model's courses to days, and what was given and read on each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..model import ModelParameters
from ..population import maintenance_days, session_days
from ..states import Event, Treatment
from ..streams import Kind, Streams
from .formulary import Formulary
from .people import People
from .rows import LATER, Draws, Rows, joined, pick, repeated

_OPEN_UNTIL = float(LATER)
ACUTE, MAINTENANCE = 0, 1


@dataclass
class Courses(Rows):
    """One row is one course: acute sessions, and maintenance where there was any."""

    treatment: np.ndarray
    number: np.ndarray
    """1, 2 ... in life, over all treatments."""
    is_again: np.ndarray
    first_session: np.ndarray
    n_sessions: np.ndarray
    """Its sessions are rows of `Sessions` from `first_session` on."""
    begin_event: np.ndarray
    """The place of the event with which it began."""


@dataclass
class Sessions(Rows):
    """One row is one session, in the order of person, course and day."""

    day: np.ndarray
    treatment: np.ndarray
    course: np.ndarray
    number: np.ndarray
    """1, 2 ... within the course."""
    phase: np.ndarray
    given: np.ndarray
    """A row of `session.csv`."""


def find_sessions(
    streams: Streams, people: People, events: dict[str, np.ndarray], model: ModelParameters, formulary: Formulary
) -> tuple[Courses, Sessions]:
    """The courses that began within observation, and their sessions in it."""
    begins = np.flatnonzero(events["event"] == Event.COURSE_BEGAN)
    parts = [_of_treatment(t, begins[events["what"][begins] == t], people, events, model) for t in Treatment]
    sessions = joined(parts)
    sessions = sessions.take(sessions.day <= people.last_day[sessions.row])
    sessions = sessions.take(np.lexsort((sessions.day, sessions.course, sessions.row)))
    new = np.ones(len(sessions), dtype=bool)
    new[1:] = (np.diff(sessions.row) != 0) | (np.diff(sessions.course) != 0)
    first = np.flatnonzero(new)
    n = np.diff(first, append=len(sessions))
    sessions = sessions.but(number=np.arange(len(sessions)) - np.repeat(first, n) + 1)
    key = events["row"][begins] * (1 << 16) + events["course"][begins]
    begin = begins[np.searchsorted(key, sessions.row[first] * (1 << 16) + sessions.course[first])]
    courses = Courses(
        row=sessions.row[first],
        treatment=sessions.treatment[first],
        number=sessions.course[first],
        is_again=events["value"][begin] > 0,
        first_session=first,
        n_sessions=n,
        begin_event=begin,
    )
    return courses, sessions.but(given=_what_is_given(streams, sessions, formulary))


def _of_treatment(
    treatment: Treatment, begins: np.ndarray, people: People, events: dict[str, np.ndarray], model: ModelParameters
) -> Sessions:
    began = events["day"][begins]
    until = _next_of_course(events, begins, Event.COURSE_ENDED)
    acute = _placed(events, begins, began, session_days(model, treatment, _OPEN_UNTIL), until - began, ACUTE)
    # Maintenance begins where the acute sessions ended; a course that is broken off has none.
    on = _place_of_course(events, begins, Event.MAINTENANCE_BEGAN)
    kept, on = begins[on >= 0], on[on >= 0]
    since = events["day"][on]
    lasts = _next_of_course(events, kept, Event.MAINTENANCE_ENDED) - since
    most = maintenance_days(model, treatment, float(people.last_day.max() - people.begin.min()))
    return joined([acute, _placed(events, kept, since, most, lasts, MAINTENANCE)])


def _place_of_course(events: dict[str, np.ndarray], begins: np.ndarray, kind: Event) -> np.ndarray:
    """The place of this event of each course; -1 where there is none."""
    places = np.flatnonzero(events["event"] == kind)
    key = events["row"].astype(np.int64) * (1 << 16) + events["course"]
    at = np.searchsorted(key[places], key[begins])
    found = places[np.minimum(at, len(places) - 1)] if len(places) else np.zeros(len(begins), dtype=np.int64)
    return np.where((at < len(places)) & (key[found] == key[begins]), found, -1)


def _next_of_course(events: dict[str, np.ndarray], begins: np.ndarray, kind: Event) -> np.ndarray:
    """The day of this event of each course, or the last of the life."""
    at = _place_of_course(events, begins, kind)
    last = np.searchsorted(events["row"], events["row"][begins], side="right") - 1
    return events["day"][np.where(at >= 0, at, last)]


def _placed(events, begins, began, offsets, lasts, phase) -> Sessions:
    """Sessions so many days after the beginning, as far as they lie in the time that it lasted."""
    row = events["row"][begins]
    which, number = repeated(np.searchsorted(offsets, lasts, side="right"))
    begin_date = events["date"][begins] - np.floor(events["day"][begins]).astype(np.int64)
    day = begin_date[which] + np.floor(began[which] + offsets[number]).astype(np.int64)
    n = len(which)
    return Sessions(
        row=row[which],
        day=day,
        treatment=events["what"][begins][which].astype(np.int64),
        course=events["course"][begins][which].astype(np.int64),
        number=np.zeros(n, dtype=np.int64),
        phase=np.full(n, phase),
        given=np.zeros(n, dtype=np.int64),
    )


def _what_is_given(streams: Streams, sessions: Sessions, formulary: Formulary) -> np.ndarray:
    """The row of `session.csv`: the same in a whole course, but for its first session."""
    u = Draws(streams, Kind.GIVEN, sessions.course, sessions.row)(0)
    given, rows = np.zeros(len(sessions), dtype=np.int64), formulary.session_codes
    for treatment in Treatment:
        for when in ("first", "later"):
            own = [n for n, r in enumerate(rows) if (r.treatment, r.when) == (treatment.name.lower(), when)]
            here = (sessions.treatment == treatment) & ((sessions.number == 1) == (when == "first"))
            chosen = pick(u[here], [rows[n].share_pct for n in own])
            given[here] = np.array(own)[chosen]
    return given
