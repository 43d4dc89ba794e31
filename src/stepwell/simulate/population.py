"""Many lives: their outcomes, their events, who they are; in chunks, on as many threads as there are processors."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stepwell.errors import Problem, QuestionError

from .chance import base_of
from .clock import ALIVE, TRY
from .compiled import compiled
from .layout import PERSON, Log, Outcomes
from .model import ModelParameters
from .packing import packed
from .policy import Policy
from .walk import meet, walk

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
    p, q, blank, none = packed(parameters), policy.packed(), _blank(), Log.of(0)

    def draw(begin: int) -> None:
        end = min(begin + CHUNK, len(people))
        part = Outcomes(*(column[begin:end] for column in out))
        _draw_outcomes(p, q, np.uint64(seed), people.start + begin * people.step, people.step, blank.copy(), none, part)

    _share_out(draw, range(0, len(people), CHUNK), threads)
    return {"person": _numbers(people), **out._asdict()}


def draw_events(
    parameters: ModelParameters, policy: Policy, seed: int, people: range, *, threads: int | None = None
) -> dict[str, np.ndarray]:
    """One row an event, by person and in the order of happening: the history of the same draws as `draw_outcomes`.

    The lives are drawn twice: once to count the events, once to write each to its place. Raises QuestionError as
    `draw_outcomes` does.
    """
    _check(seed, people)
    p, q, blank = packed(parameters), policy.packed(), _blank()
    counts = np.empty(len(people), dtype=np.int64)

    def count(begin: int) -> None:
        part = counts[begin : begin + CHUNK]
        _count_events(p, q, np.uint64(seed), people.start + begin * people.step, people.step, blank.copy(), Log.of(0), part)

    _share_out(count, range(0, len(people), CHUNK), threads)
    ends = np.cumsum(counts)
    table = Log.of(int(ends[-1]) if len(ends) else 0)

    def write(begin: int) -> None:
        first, last = ends[begin] - counts[begin], ends[min(begin + CHUNK, len(people)) - 1]
        part = Log(*(column[first:last] for column in table))
        n = len(counts[begin : begin + CHUNK])
        _write_events(p, q, np.uint64(seed), people.start + begin * people.step, people.step, n, blank.copy(), part)

    _share_out(write, range(0, len(people), CHUNK), threads)
    person = np.repeat(_numbers(people), counts)
    return {"person": person, **table._asdict()}


def draw_people(parameters: ModelParameters, seed: int, people: range) -> dict[str, np.ndarray]:
    """One row a person: `is_female`, `age_years` on entering, `frailty` (a factor on the odds of being helped by a
    treatment), and `is_never` (never remits on an antidepressant)."""
    _check(seed, people)
    n = len(people)
    who = {"is_female": np.empty(n, bool), "age_years": np.empty(n), "frailty": np.empty(n)}
    who["is_never"] = np.empty(n, bool)
    _draw_people(packed(parameters), np.uint64(seed), people.start, people.step, _blank(), *who.values())
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
    if len(people) and not (people.step > 0 and 0 <= people.start and people.stop < 2**63):
        problems.append(Problem("people", f"is {people}", "rising numbers of 0 or more", "choose others"))
    if problems:
        raise QuestionError("Nothing was simulated", problems)


def _share_out(work: Callable[[int], None], chunks: range, threads: int | None) -> None:
    """Does the work for every chunk. The compiled code holds no lock, so the threads run side by side."""
    threads = min(threads or os.cpu_count() or 1, len(chunks))
    if threads <= 1:
        for chunk in chunks:
            work(chunk)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, chunks))


@cache
def _unborn() -> np.ndarray:
    """A person before entering: nothing has happened, nothing is taken, nothing ends."""
    person = np.zeros(1, PERSON)
    for name in ("drug", "added", "treatment"):
        person[name] = -1
    for name in ("next_day", "drug_end", "course_end", "on_until", "therapy_end"):
        person[name] = np.inf
    person["episode"] = 1
    person["cause"] = ALIVE
    person["phase"] = TRY
    person["resistant_day"] = np.nan
    return person


def _blank() -> np.ndarray:
    """Room for one person at a time, and the one before entering beside it."""
    return np.concatenate([_unborn(), _unborn()])


@compiled
def _meet(two, p, q, seed, person, table):
    """One life; returns the record of it."""
    two[0] = two[1]
    me = two[0]
    me.base = base_of(seed, person)
    walk(me, p[0], q[0], table)
    return me


@compiled
def _draw_outcomes(p, q, seed, first, step, two, none, out):
    for n in range(len(out.days)):
        me = _meet(two, p, q, seed, first + n * step, none)
        out.days[n] = me.day
        out.days_in[n] = me.days_in
        out.days_resistant[n] = me.days_resistant
        out.resistant_day[n] = me.resistant_day
        out.n_trials[n] = me.trial
        out.n_relapses[n] = me.n_relapses
        out.n_recurrences[n] = me.n_recurrences
        out.n_remissions[n] = me.n_remissions
        out.n_courses[n] = me.n_courses
        out.n_sessions[n] = me.n_sessions
        out.days_maintained[n] = me.days_maintained
        out.died_day[n] = me.day if me.cause != ALIVE else np.nan
        out.cause[n] = me.cause
        out.n_events[n] = me.row


@compiled
def _count_events(p, q, seed, first, step, two, none, counts):
    for n in range(len(counts)):
        counts[n] = _meet(two, p, q, seed, first + n * step, none).row


@compiled
def _write_events(p, q, seed, first, step, n_people, two, table):
    row = 0
    for n in range(n_people):
        two[1].row = row
        row = _meet(two, p, q, seed, first + n * step, table).row


@compiled
def _draw_people(p, seed, first, step, two, is_female, age_years, frailty, is_never):
    for n in range(len(age_years)):
        two[0] = two[1]
        me = two[0]
        me.base = base_of(seed, first + n * step)
        meet(me, p[0])
        is_female[n] = me.is_female
        age_years[n] = me.age
        frailty[n] = me.frailty
        is_never[n] = me.is_never
