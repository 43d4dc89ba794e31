"""The first weeks: who begins an antidepressant after a first diagnosis of depression, and who of them changes or stops it, at
the times at which a regulator asked for it.

Two clocks. One starts with the first recorded diagnosis of depression in people observed for long enough before it, without an
antidepressant in that time; the other on the first day of the first antidepressant of those of them who begin one. At each time
only those count who were observed from the start of the clock, without a break, up to that day: whoever was not is told apart,
and is never read as having gone on. People whose drug records are incomplete are on neither clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from stepwell.errors import Problem, QuestionError
from stepwell.knowledge.incomplete_words import OF_INTERACTING
from stepwell.knowledge.persistence import Persistence
from stepwell.on_request.rows import without_breaks
from stepwell.report.disclosure import Cells, Count
from stepwell.report.proportion import Proportion, share_of
from stepwell.report.rows import people_in_parts, read_rows
from stepwell.result import Result
from stepwell.rules import DEPRESSION

AFTER_DIAGNOSIS = ("started", "not started", "not known")
AFTER_START = ("still on it", "switched", "added to", "stopped", "not known")
"""What became first of the first antidepressant; everybody followed is in one."""


@dataclass(frozen=True)
class Line:
    """One time: how many were followed so far, what had become of them, and how many were not observed so long."""

    days: int
    followed: Count
    lost: Count
    counts: dict[str, Count]

    def share(self, state: str) -> Proportion | None:
        """Of those followed, with its interval. None where a count is not shown, or nobody was followed."""
        return share_of(self.counts[state], self.followed)


@dataclass(frozen=True)
class Clock:
    """The people of one clock, time by time."""

    what: str
    people: Count
    states: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class FirstWeeks:
    """Both clocks, with the form that says when to look."""

    form: Persistence
    diagnosis: Clock
    treatment: Clock


def find_first_weeks(result: Result, *, suppress_below: int = 5) -> FirstWeeks:
    """Counts what became of the newly diagnosed and newly treated. Trials are those of the setting of the run's steps.

    Raises `QuestionError` where the source held no diagnoses or no drug records.
    """
    missing = sorted({"condition", "medication"} - set(result.manifest["has"]))
    if missing:
        problems = [
            Problem(str(result.folder), f"the source holds no table {name}", "diagnoses and drugs") for name in missing
        ]
        raise QuestionError("The first weeks cannot be counted in these records.", problems)
    (form,) = result.knowledge.persistence.values()
    setting = result.manifest["step_setting"]
    max_gap = result.manifest["settings"][setting]["max_gap"]["at_most"]
    of_diagnosis, of_treatment = Counter(), Counter()
    for people in people_in_parts(result):
        started = _started(result, people, setting, form)
        times = form.times.at
        of_diagnosis += _count_states(started, times, _state_after_diagnosis)
        treated = started.filter(pl.col("trial_number").is_not_null()).with_columns(from_day="start_day")
        of_treatment += _count_states(treated, times, lambda day: _state_after_start(day, max_gap))
    return FirstWeeks(
        form,
        _clock("first diagnosis of depression", of_diagnosis, AFTER_DIAGNOSIS, form.times.at, suppress_below),
        _clock("first day of the antidepressant", of_treatment, AFTER_START, form.times.at, suppress_below),
    )


def _started(result: Result, people: tuple[int, int], setting: str, form: Persistence) -> pl.DataFrame:
    """The rows of `find_started` of the people from the first number to the last."""
    names = ("trial", "condition", "observation_period", "incomplete_medication")
    trial, condition, period, incomplete = (read_rows(result, name, people) for name in names)
    trial = trial.filter(
        pl.col("setting") == setting,
        pl.col("role") == "antidepressant",
        pl.col("is_antidepressant_use").fill_null(True),
    )
    diagnosed = find_diagnosed(condition, trial, without_breaks(period), form.new.at_least)
    # Of people whose drug records are incomplete nobody can say that they had taken none, began none, or stopped.
    incomplete = incomplete.filter(pl.col("reason") != OF_INTERACTING)
    return find_started(diagnosed.join(incomplete, on="person_id", how="anti"), trial)


def find_diagnosed(condition: pl.DataFrame, trial: pl.DataFrame, whole: pl.DataFrame, new: int) -> pl.DataFrame:
    """One row is one newly diagnosed person: `from_day`, the first day with a diagnosis of depression, observed for `new` days
    before it without an antidepressant; `until_day`, up to which they were observed without a break."""
    of_sets = condition.filter(pl.col("codeset").is_in(DEPRESSION))
    first = of_sets.group_by("person_id").agg(first_day=pl.col("condition_day").min())
    first_day = pl.col("first_day")
    seen = first.join(whole, on="person_id").filter(
        pl.col("from_day") <= first_day - new, pl.col("until_day") >= first_day
    )
    seen = seen.select("person_id", "until_day", from_day="first_day")
    before = trial.select("person_id", "start_day", "end_day").join(seen, on="person_id")
    from_day = pl.col("from_day")
    before = before.filter(pl.col("start_day") < from_day, pl.col("end_day") >= from_day - new)
    return seen.join(before, on="person_id", how="anti")


def find_started(diagnosed: pl.DataFrame, trial: pl.DataFrame) -> pl.DataFrame:
    """The newly diagnosed with the first antidepressant trial from that day on, and `possible_day`, the first day of a drug of
    which nobody can say whether it was given as one."""
    later = trial.join(diagnosed.select("person_id", "from_day"), on="person_id")
    later = later.filter(pl.col("start_day") >= pl.col("from_day")).drop("from_day")
    possible = later.filter(pl.col("is_antidepressant_use").is_null())
    possible = possible.group_by("person_id").agg(possible_day=pl.col("start_day").min())
    certain = later.filter("is_antidepressant_use").sort("person_id", "trial_number")
    first = certain.unique("person_id", keep="first", maintain_order=True)
    return diagnosed.join(first, on="person_id", how="left").join(possible, on="person_id", how="left")


def _state_after_diagnosis(day: pl.Expr) -> pl.Expr:
    """Whether an antidepressant had been begun by the day."""
    state = pl.when(pl.col("start_day") <= day).then(pl.lit("started"))
    return state.when(pl.col("possible_day") <= day).then(pl.lit("not known")).otherwise(pl.lit("not started"))


def _state_after_start(day: pl.Expr, max_gap: int) -> pl.Expr:
    """What became first of the trial by the day: another drug added to it, a switch before a pause that ends a course, a stop.

    Unknown when the end of the supply is, or lies too near the end of observation, or a drug that may have been the next
    antidepressant was begun.
    """
    end, added_day = pl.col("end_day"), pl.col("added_day")
    switch_day, possible_switch_day = (
        pl.when(pl.col(name) <= end + max_gap + 1).then(pl.col(name)) for name in ("switch_day", "possible_switch_day")
    )

    def by(event: pl.Expr, day: pl.Expr) -> pl.Expr:
        return (event <= day).fill_null(False)

    is_unclear = by(pl.col("possible_added_day"), day) | by(possible_switch_day, day)
    state = pl.when(by(added_day, day) & ~by(switch_day, added_day - 1)).then(pl.lit("added to"))
    state = state.when(by(switch_day, day)).then(pl.lit("switched"))
    state = state.when(is_unclear).then(pl.lit("not known"))
    state = state.when(end >= day).then(pl.lit("still on it"))
    is_end_open = ~pl.col("is_end_known") | pl.col("is_ongoing").fill_null(True)
    return state.when(is_end_open).then(pl.lit("not known")).otherwise(pl.lit("stopped"))


def _count_states(people: pl.DataFrame, times: Sequence[int], state: Callable[[pl.Expr], pl.Expr]) -> Counter:
    """How many people are in each state at each time, by (days, state); None where they were not observed so long."""
    counts: Counter = Counter()
    for days in times:
        day = pl.col("from_day") + days
        found = people.select(pl.when(pl.col("until_day") >= day).then(state(day)).alias("state"))
        counts.update({(days, name): n for name, n in found.group_by("state").len().rows()})
    return counts


def _clock(what: str, n: Counter, states: tuple[str, ...], times: Sequence[int], suppress_below: int) -> Clock:
    people = max((sum(v for (d, _), v in n.items() if d == days) for days in times), default=0)
    cells = Cells()
    cells.add("people", people, keep=True)
    followed = {days: sum(n.get((days, state), 0) for state in states) for days in times}
    for days in times:
        cells.add((days, "followed"), followed[days], keep=True)
        cells.add((days, "lost"), people - followed[days])
        cells.add_sum("people", [(days, "followed"), (days, "lost")])
        for state in states:
            cells.add((days, state), n.get((days, state), 0))
        cells.add_sum((days, "followed"), [(days, state) for state in states])
    for earlier, later in pairwise(times):
        _protect_steps(cells, n, states, followed, earlier, later)
    counts = cells.protect(suppress_below)
    lines = tuple(
        Line(d, counts[d, "followed"], counts[d, "lost"], {state: counts[d, state] for state in states}) for d in times
    )
    return Clock(what, counts["people"], states, lines)


def _protect_steps(cells: Cells, n: dict, states: Sequence[str], followed: dict, earlier: int, later: int) -> None:
    """Where the same number was followed at both times, a reader can subtract one from the other."""
    if followed[earlier] != followed[later]:
        return
    for state in states:
        low, high = sorted((n.get((d, state), 0), d) for d in (earlier, later))
        cells.add((earlier, later, state), high[0] - low[0], is_shown=False)
        cells.add_sum((high[1], state), [(low[1], state), (earlier, later, state)])
