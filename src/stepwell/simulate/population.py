"""Many lives: their outcomes, their events, who they are; in chunks, on as many threads as there are processors."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stepwell.errors import Problem, QuestionError
from stepwell.output import new_file

from .layout import EVENT_COLUMNS, LOG, Events, Outcomes
from .lives import live_all, meet_all, unborn
from .model import COURSES, ModelParameters
from .packing import packed
from .policy import Policy
from .states import State, Treatment

CHUNK = 1 << 14
"""People that one thread draws at a time. It changes no result."""
MOST_RECORDED = 50_000_000
"""People whose records one command may write. OMOP's ids are 32-bit integers, and a person has about 28 drug exposures: with
twice as many people their ids could pass 2^31. So many people take about 20 GB as Parquet, 240 GB as CSV, and hours."""
MOST_AT_ONCE = 10_000_000
"""People whose lives one command may hold in memory at once: 3 to 4 GB (some 330 bytes a person in `what-if`)."""
ROOM = 32
"""Events of a person for which room is made at first; who needs more gets it."""


def draw_outcomes(
    parameters: ModelParameters, policy: Policy, seed: int, people: range, *, threads: int | None = None
) -> dict[str, np.ndarray]:
    """One row a person (docs/simulator.md has the columns), whatever the number of threads and whoever is drawn beside.

    Raises QuestionError where a seed or a person is no whole number of 0 or more.
    """
    _check(seed, people)
    out, given = Outcomes.of(len(people)), (packed(parameters), policy.packed(), np.uint64(seed))

    def draw(begin: int) -> None:
        part = Outcomes(*(column[begin : begin + CHUNK] for column in out))
        live_all(*given, people[begin], people.step, unborn(), np.zeros(1, LOG), part, Events.of(0))

    for _ in _side_by_side(draw, range(0, len(people), CHUNK), threads):
        pass
    return {"person": _numbers(people), **out._asdict()}


def draw_events(
    parameters: ModelParameters, policy: Policy, seed: int, people: range, *, threads: int | None = None
) -> dict[str, np.ndarray]:
    """One row an event, by person and in the order of happening: the history of the same draws as `draw_outcomes`.

    Raises QuestionError as `draw_outcomes` does.
    """
    parts = list(_draw_events(parameters, policy, seed, people, threads))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def write_events(
    path: Path,
    parameters: ModelParameters,
    policy: Policy,
    seed: int,
    people: range,
    *,
    threads: int | None = None,
    replace_existing: bool = False,
) -> int:
    """Writes the event table to a Parquet file, some thousand people at a time; returns its rows.

    Raises QuestionError as `draw_events` does, where the file cannot be written, and where it exists and is not to be
    replaced; it is there whole or as it was.
    """
    n_rows, schema = (
        0,
        pa.schema([("person", pa.int64()), *((n, pa.from_numpy_dtype(t)) for n, t in EVENT_COLUMNS.items())]),
    )
    parts = _draw_events(parameters, policy, seed, people, threads)
    # Neither dictionaries nor stronger compression: they halve the file and double the time.
    how = {"compression": "lz4", "use_dictionary": False, "write_statistics": ["person"]}
    with new_file(path, replace_existing) as partial, pq.ParquetWriter(partial, schema, **how) as writer:
        for part in parts:
            writer.write_table(pa.table(part, schema))
            n_rows += len(part["day"])
    return n_rows


def _draw_events(parameters, policy, seed, people, threads) -> Iterator[dict[str, np.ndarray]]:
    """The events, some thousand people at a time and in their order."""
    _check(seed, people)
    given = (packed(parameters), policy.packed(), np.uint64(seed))

    def draw(begin: int) -> dict[str, np.ndarray]:
        some, parts, persons = people[begin : begin + CHUNK], [], []
        room = ROOM * CHUNK
        while len(some):
            out, events = Outcomes.of(len(some)), Events.of(room)
            n, n_rows = live_all(*given, some[0], some.step, unborn(), np.zeros(1, LOG), out, events)
            parts.append(Events(*(column[:n_rows] for column in events)))
            persons.append(np.repeat(_numbers(some[:n]), out.n_events[:n]))
            some, room = some[n:], room if n else 2 * room
        columns = {name: [getattr(part, name) for part in parts] for name in Events._fields}
        return {name: np.concatenate(column) for name, column in {"person": persons, **columns}.items()}

    # Nobody has no events, and a table of them all the same.
    nobody = {"person": _numbers(range(0)), **Events.of(0)._asdict()}
    yield from _side_by_side(draw, range(0, len(people), CHUNK), threads) if len(people) else [nobody]


def _side_by_side(draw: Callable, chunks: range, threads: int | None) -> Iterator:
    """What is drawn for each chunk, in order, a few ahead. The compiled code holds no lock: the threads run side by side."""
    threads = min(threads or os.cpu_count() or 1, len(chunks))
    if threads <= 1:
        yield from map(draw, chunks)
        return
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[Future] = deque()
        for chunk in chunks:
            ahead.append(pool.submit(draw, chunk))
            if len(ahead) > 2 * threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def draw_people(parameters: ModelParameters, seed: int, people: range) -> dict[str, np.ndarray]:
    """One row a person: `is_female`, `age_years` on entering, `frailty` (a factor on the odds of being helped by a
    treatment), and `is_never` (never remits on an antidepressant)."""
    _check(seed, people)
    n = len(people)
    who = {"is_female": np.empty(n, bool), "age_years": np.empty(n), "frailty": np.empty(n)}
    who["is_never"] = np.empty(n, bool)
    meet_all(packed(parameters), np.uint64(seed), people.start, people.step, unborn(), *who.values())
    return {"person": _numbers(people), **who}


def _numbers(people: range) -> np.ndarray:
    return np.arange(people.start, people.stop, people.step, dtype=np.int64)


def _check(seed: int, people: range) -> None:
    problems = []
    if not 0 <= seed < 2**64:
        problems.append(Problem("seed", f"is {seed}", "a whole number from 0 to 2^64 - 1", "choose another"))
    if len(people) and not (people.step > 0 and people.start >= 0 and people.stop < 2**63):
        problems.append(Problem("people", f"is {people}", "rising numbers of 0 or more", "choose others"))
    if problems:
        raise QuestionError("Nothing was simulated", problems)


def days_ill(outcomes: dict[str, np.ndarray]) -> np.ndarray:
    """Days in the states that are ill, for each person."""
    return outcomes["days_in"][:, : State.RESPONSE].sum(axis=1)


def session_days(parameters: ModelParameters, treatment: Treatment, days: float) -> np.ndarray:
    """The days, from the first one on, on which the acute sessions of a course that ran for so many days were given."""
    given = getattr(parameters, COURSES[treatment]).given
    at = np.arange(given.sessions) * given.over / given.sessions
    return at[at <= days]


def maintenance_days(parameters: ModelParameters, treatment: Treatment, days: float) -> np.ndarray:
    """The days, counted from the beginning of maintenance, on which its sessions were given within so many days."""
    every = getattr(parameters, COURSES[treatment]).maintenance.every.after
    return every * np.arange(1, np.floor(days / every) + 1)
