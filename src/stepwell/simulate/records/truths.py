"""The truth as tables: what no record says for certain."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stepwell.tables import TRUTH_EXPOSURE, TRUTH_PERSON, TRUTH_SERIES, TRUTH_SESSION, TRUTH_STATE, TRUTH_TRIAL, Table

from ..states import Event, State, Treatment
from .arrow import dates, text, words
from .course import Courses, Sessions
from .formulary import Formulary
from .history import RESULTS, Ended, Spans, Treatments, following
from .mood import Mood
from .people import People
from .rows import NEVER, number_within
from .truth import Truth

_ENDED = [e.name.lower().replace("_", " ") for e in Ended]
_TREATMENTS = [t.name.lower() for t in Treatment]
_STATES = ["ill", "response", "remission", "recovery"]
_OF_STATE = np.array([max(state - State.RESPONSE + 1, 0) for state in State])


def truth_tables(
    people: People,
    events: dict[str, np.ndarray],
    treatments: Treatments,
    spans: Spans,
    mood: Mood,
    courses: Courses,
    sessions: Sessions,
    truth: Truth,
    f: Formulary,
) -> dict[str, pa.Table]:
    """The rows of a chunk, by table."""
    return {
        "truth_person": _persons(people, truth),
        "truth_trial": _trials(people, treatments, spans, mood, truth, events, f),
        "truth_state": _states(people, events),
        "truth_exposure": _exposures(people, treatments, spans, f),
        "truth_session": _sessions(people, sessions, f),
        "truth_series": _series(people, events, courses, sessions),
    }


def _rows(table: Table, columns: dict[str, pa.Array]) -> pa.Table:
    schema = table.arrow_schema
    return pa.Table.from_arrays([columns[name].cast(schema.field(name).type) for name in schema.names], schema=schema)


def _who(people: People, row: np.ndarray) -> pa.Array:
    return text(people.person[row])


def _persons(people: People, truth: Truth) -> pa.Table:
    names = sorted(truth.met_day)
    met = np.stack([truth.met_day[name] for name in names], axis=1).ravel()
    columns = {
        "source_person_id": _who(people, np.repeat(np.arange(len(people)), len(names))),
        "definition": words(names, np.tile(np.arange(len(names)), len(people))),
        "is_trd": pa.array(met != NEVER),
        "met_date": dates(met, met == NEVER),
    }
    return _rows(TRUTH_PERSON, columns)


def _trials(people, treatments, spans, mood, truth, events, f) -> pa.Table:
    """The trials of depression by the definition that says which are adequate."""
    t = truth.trials
    row, number = _each(t.n)
    at = truth.begins[row] + number
    treatment = spans.treatment[np.maximum(t.treatment[at], 0)]
    is_trial = (t.treatment[at] >= 0) & (treatments.trial[treatment] > 0)
    is_trial &= t.role[at] == f.roles.index("antidepressant")
    row, at, treatment = row[is_trial], at[is_trial], treatment[is_trial]
    # Too short to be judged: what it had done by its last day, or by the day of its result where that is earlier.
    judged = t.endpoint[at] >= 0
    first = mood.score_on(row, t.start[at])
    baseline = np.where(judged, t.baseline[at], first)
    score = np.where(judged, t.endpoint[at], mood.score_on(row, t.end[at]))
    columns = {
        "source_person_id": _who(people, row),
        "trial_number": pa.array(number_within(row) + 1),
        "step_number": pa.array(treatments.step[treatment]),
        "ingredient": words(f.ingredients, t.ingredient[at]),
        "start_date": dates(t.start[at]),
        "end_date": dates(t.end[at]),
        "is_adequate": pa.array(truth.is_adequate[at]),
        "improvement_pct": pa.array(100 * (baseline - score) / np.maximum(baseline, 1), mask=baseline == 0),
        "is_remission": pa.array(score <= f.remission_cut[people.instrument[row]]),
        "ended_for": words(_ENDED, t.ended[at]),
    }
    return _rows(TRUTH_TRIAL, columns)


def _each(n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    row = np.repeat(np.arange(len(n)), n)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(n) - n, n)


def _states(people: People, events: dict[str, np.ndarray]) -> pa.Table:
    """Stretches of illness and of being better, one after the other, from the first treatment to the last day."""
    state = _OF_STATE[events["state"]]
    is_over = (events["event"] == Event.DIED) | (events["event"] == Event.ENDED)
    row, day = events["row"], events["date"]
    last_of_day = np.append((row[1:] != row[:-1]) | (day[1:] != day[:-1]), True)
    kept = np.flatnonzero(last_of_day & ~is_over & (day <= people.last_day[row]))
    row, day, state = row[kept], day[kept], state[kept]
    changes = np.append(True, (row[1:] != row[:-1]) | (state[1:] != state[:-1]))[: len(row)]
    row, day, state = row[changes], day[changes], state[changes]
    is_next = np.append(row[1:] == row[:-1], False)[: len(row)]
    until = np.where(is_next, np.append(day[1:], 0)[: len(row)] - 1, people.last_day[row])
    columns = {
        "source_person_id": _who(people, row),
        "start_date": dates(day),
        "end_date": dates(until),
        "state": words(_STATES, state),
    }
    return _rows(TRUTH_STATE, columns)


def _exposures(people: People, treatments: Treatments, spans: Spans, f: Formulary) -> pa.Table:
    columns = {
        "source_person_id": _who(people, spans.row),
        "ingredient": words(f.ingredients, f.ingredient_of[spans.drug]),
        "start_date": dates(spans.first),
        "end_date": dates(spans.last),
        "mg_per_day": pa.array(spans.mg),
        "is_for_depression": pa.array(treatments.trial[spans.treatment] > 0),
    }
    return _rows(TRUTH_EXPOSURE, columns)


def _sessions(people: People, sessions: Sessions, f: Formulary) -> pa.Table:
    mg = np.array([np.nan if r.mg is None else r.mg for r in f.session_codes])[sessions.given]
    columns = {
        "source_person_id": _who(people, sessions.row),
        "treatment": words(_TREATMENTS, sessions.treatment),
        "session_date": dates(sessions.day),
        "course_number": pa.array(sessions.course),
        "session_number": pa.array(sessions.number),
        "phase": words(["acute", "maintenance"], sessions.phase),
        "mg": pa.array(mg, mask=np.isnan(mg)),
    }
    return _rows(TRUTH_SESSION, columns)


def _series(people: People, events: dict[str, np.ndarray], courses: Courses, sessions: Sessions) -> pa.Table:
    """Each course with what it did; what lies after the last day observed is not known."""
    last = people.last_day[courses.row]
    result = following(events, courses.begin_event, *RESULTS)
    is_failed = (result >= 0) & (events["event"][result] == Event.FAILED)
    helped = np.where(is_failed, -1, result)
    remitted = np.where(
        (helped >= 0) & (events["event"][helped] == Event.REMITTED),
        helped,
        _after(events, helped, Event.REMITTED),
    )
    lost = _after(events, helped, Event.RELAPSED, Event.RECURRED)
    # A remission after the loss is another's.
    remitted = np.where((lost >= 0) & (remitted > lost), -1, remitted)
    final = courses.first_session + courses.n_sessions - 1
    columns = {
        "source_person_id": _who(people, courses.row),
        "treatment": words(_TREATMENTS, courses.treatment),
        "course_number": pa.array(courses.number),
        "start_date": dates(sessions.day[courses.first_session]),
        "end_date": dates(sessions.day[final]),
        "n_sessions": pa.array(courses.n_sessions),
        "is_again": pa.array(courses.is_again),
    }
    early = _after(events, courses.begin_event, Event.EARLY_RESPONSE)
    told = {"early_response": early, "response": helped, "remission": remitted, "lost": lost}
    for name, at in told.items():
        unknown = (at < 0) | (events["date"][at] > last)
        columns[f"{name}_date"] = dates(events["date"][at], unknown)
    return _rows(TRUTH_SERIES, columns)


def _after(events: dict[str, np.ndarray], at: np.ndarray, *kinds: Event) -> np.ndarray:
    """As `following`, and -1 where there is no place to follow."""
    return np.where(at >= 0, following(events, np.maximum(at, 0), *kinds), -1)
