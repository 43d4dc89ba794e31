"""Many lives: their outcomes, their events, who they are; in chunks, on as many threads as there are processors."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stepwell.errors import Problem, QuestionError

from .layout import LOG, Events, Outcomes
from .lives import live_all, meet_all, unborn
from .model import COURSES, ModelParameters
from .packing import packed
from .policy import Policy
from .states import State, Treatment

CHUNK = 1 << 14
"""People that one thread draws at a time. It changes no result."""


def draw_outcomes(
    parameters: ModelParameters, policy: Policy, seed: int, people: range, *, threads: int | None = None
) -> dict[str, np.ndarray]:
    """One row a person (docs/simulator.md has the columns), whatever the number of threads and whoever is drawn beside.

    Raises QuestionError where a seed or a person is no whole number of 0 or more.
    """
    _check(seed, people)
    out = Outcomes.of(len(people))
    _draw(parameters, policy, seed, people, out, None, threads)
    return {"person": _numbers(people), **out._asdict()}


def draw_events(
    parameters: ModelParameters, policy: Policy, seed: int, people: range, *, threads: int | None = None
) -> dict[str, np.ndarray]:
    """One row an event, by person and in the order of happening: the history of the same draws as `draw_outcomes`.

    The lives are drawn twice: once to count the events, once to write each to its place. Raises QuestionError as
    `draw_outcomes` does.
    """
    _check(seed, people)
    out = Outcomes.of(len(people))
    _draw(parameters, policy, seed, people, out, None, threads)
    counts = out.n_events.astype(np.int64)
    events = Events.of(int(counts.sum()))
    _draw(parameters, policy, seed, people, out, events, threads)
    return {"person": np.repeat(_numbers(people), counts), **events._asdict()}


def _draw(parameters, policy, seed, people, out: Outcomes, events: Events | None, threads: int | None) -> None:
    """Fills the outcomes, and the events whose places they have counted; the chunks share nothing."""
    p, q, seed = packed(parameters), policy.packed(), np.uint64(seed)
    counted = [] if events is None else np.concatenate([[0], np.cumsum(out.n_events, dtype=np.int64)])

    def draw(begin: int) -> None:
        end = min(begin + CHUNK, len(people))
        part = Outcomes(*(column[begin:end] for column in out))
        rows = Events.of(0) if events is None else Events(*(c[counted[begin] : counted[end]] for c in events))
        live_all(p, q, seed, people[begin], people.step, unborn(), np.zeros(1, LOG), part, rows)

    chunks = range(0, len(people), CHUNK)
    threads = min(threads or os.cpu_count() or 1, len(chunks))
    if threads <= 1:
        for chunk in chunks:
            draw(chunk)
        return
    with ThreadPoolExecutor(threads) as pool:  # the compiled code holds no lock: the threads run side by side
        list(pool.map(draw, chunks))


def draw_people(parameters: ModelParameters, seed: int, people: range) -> dict[str, np.ndarray]:
    """One row a person: `is_female`, `age_years` on entering, `frailty` (a factor on the odds of being helped by a
    treatment), and `is_never` (never remits on an antidepressant)."""
    _check(seed, people)
    n = len(people)
    who = {"is_female": np.empty(n, bool), "age_years": np.empty(n), "frailty": np.empty(n)}
    who["is_never"] = np.empty(n, bool)
    meet_all(packed(parameters), np.uint64(seed), people.start, people.step, unborn(), *who.values())
    return {"person": _numbers(people), **who}


def write_events(
    path: Path, parameters: ModelParameters, policy: Policy, seed: int, people: range, *, at_a_time: int = 1 << 18
) -> int:
    """Writes the event table to a Parquet file, so many people at a time; returns its rows.

    Raises QuestionError as `draw_events` does.
    """
    n_rows, writer = 0, None
    try:
        for first in range(0, len(people), at_a_time):
            events = pa.table(draw_events(parameters, policy, seed, people[first : first + at_a_time]))
            writer = writer or pq.ParquetWriter(path, events.schema, compression="zstd", compression_level=1)
            writer.write_table(events)
            n_rows += len(events)
    finally:
        if writer is not None:
            writer.close()
    return n_rows


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
