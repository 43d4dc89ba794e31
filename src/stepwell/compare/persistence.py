"""The first weeks: who begins an antidepressant after a first diagnosis of depression, and who of them changes or stops it, at
the times at which a regulator asked for it.

Two clocks. One starts with the first recorded diagnosis of depression in people observed for long enough before it, without an
antidepressant in that time; the other on the first day of the first antidepressant of those of them who begin one. At each time
only those count who were observed from the start of the clock, without a break, up to that day: whoever was not is told apart,
and is never read as having gone on. People whose drug records are incomplete are on neither clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import ibis
import ibis.expr.types as ir

from stepwell.engine.intervals import in_days, without_breaks
from stepwell.errors import Problem, QuestionError
from stepwell.knowledge.incomplete_words import OF_INTERACTING
from stepwell.knowledge.persistence import Persistence
from stepwell.report.disclosure import Cells, Count
from stepwell.report.proportion import Proportion, share_of
from stepwell.result import Result
from stepwell.rules import DEPRESSION
from stepwell.tables import DERIVED, RECORDS

AFTER_DIAGNOSIS = ("started", "not started", "not known")
AFTER_START = ("still on it", "switched", "added to", "stopped", "not known")
"""What became first of the first antidepressant; everybody followed is in one."""

_DECLARED = {table.name: table for table in (*RECORDS, *DERIVED)}


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
    trial = in_days(_DECLARED["trial"], result.table("trial"))
    trial = trial.filter(
        trial.setting == setting, trial.role == "antidepressant", trial.is_antidepressant_use.fill_null(True)
    )
    condition, period = (in_days(_DECLARED[n], result.table(n)) for n in ("condition", "observation_period"))
    diagnosed = find_diagnosed(condition, trial, without_breaks(period), form.new.at_least)
    if "incomplete_medication" in result.tables:
        # Of people whose drug records are incomplete nobody can say that they had taken none, began none, or stopped.
        incomplete = result.table("incomplete_medication")
        diagnosed = diagnosed.anti_join(incomplete.filter(incomplete.reason != OF_INTERACTING), "person_id")
    started = find_started(diagnosed, trial)
    times = form.times.at
    first = _clock(
        "first diagnosis of depression", _state_after_diagnosis(started, times), AFTER_DIAGNOSIS, times, suppress_below
    )
    treated = started.filter(started.trial_number.notnull())
    treated = treated.mutate(from_day=treated.start_day)
    second = _clock(
        "first day of the antidepressant",
        _state_after_start(treated, times, max_gap),
        AFTER_START,
        times,
        suppress_below,
    )
    return FirstWeeks(form, first, second)


def find_diagnosed(condition: ir.Table, trial: ir.Table, whole: ir.Table, new: int) -> ir.Table:
    """One row is one newly diagnosed person: `from_day`, the first day with a diagnosis of depression, observed for `new` days
    before it without an antidepressant; `until_day`, up to which they were observed without a break."""
    of_sets = condition.filter(condition.codeset.isin(DEPRESSION))
    first = of_sets.group_by("person_id").agg(first_day=of_sets.condition_day.min())
    seen = first.join(whole, "person_id").filter(
        lambda t: t.from_day <= t.first_day - new, lambda t: t.until_day >= t.first_day
    )
    seen = seen.select("person_id", "until_day", from_day="first_day")
    before = trial.select("person_id", "start_day", "end_day").join(seen, "person_id")
    before = before.filter(before.start_day < before.from_day, before.end_day >= before.from_day - new)
    return seen.anti_join(before, "person_id")


def find_started(diagnosed: ir.Table, trial: ir.Table) -> ir.Table:
    """The newly diagnosed with the first antidepressant trial from that day on, and `possible_day`, the first day of a drug of
    which nobody can say whether it was given as one."""
    later = trial.join(diagnosed.select("person_id", "from_day"), "person_id")
    later = later.filter(later.start_day >= later.from_day)
    possible = later.filter(later.is_antidepressant_use.isnull())
    possible = possible.group_by("person_id").agg(possible_day=possible.start_day.min())
    certain = later.filter(later.is_antidepressant_use).drop("from_day")
    place = ibis.row_number().over(group_by="person_id", order_by="trial_number")
    first = certain.mutate(place=place).filter(lambda t: t.place == 0).drop("place")
    people = diagnosed
    for rows in (first, possible):
        people = people.left_join(rows, "person_id").drop("person_id_right")
    return people


def _state_after_diagnosis(people: ir.Table, times: Sequence[int]) -> ir.Table:
    """Whether an antidepressant had been begun by each day."""

    def state(day: ir.IntegerValue) -> ir.StringValue:
        return ibis.cases(
            ((people.start_day <= day).fill_null(False), "started"),
            ((people.possible_day <= day).fill_null(False), "not known"),
            else_="not started",
        )

    return _states(people, times, state)


def _state_after_start(people: ir.Table, times: Sequence[int], max_gap: int) -> ir.Table:
    """What became first of the trial by each day: another drug added to it, a switch before a pause that ends a course, a stop.

    Unknown when the end of the supply is, or lies too near the end of observation, or a drug that may have been the next
    antidepressant was begun.
    """
    t = people
    end = t.end_day
    switch = (t.switch_day <= end + max_gap + 1).ifelse(t.switch_day, ibis.null("int64"))
    possible_switch = (t.possible_switch_day <= end + max_gap + 1).ifelse(t.possible_switch_day, ibis.null("int64"))

    def by(event: ir.IntegerValue, day: ir.IntegerValue) -> ir.BooleanValue:
        return (event <= day).fill_null(False)

    def state(day: ir.IntegerValue) -> ir.StringValue:
        has_ended = end < day
        return ibis.cases(
            (by(t.added_day, day) & ~by(switch, t.added_day - 1), "added to"),
            (by(switch, day), "switched"),
            (by(t.possible_added_day, day) | by(possible_switch, day), "not known"),
            (~has_ended, "still on it"),
            (~t.is_end_known | t.is_ongoing.fill_null(True), "not known"),
            else_="stopped",
        )

    return _states(people, times, state)


def _states(people: ir.Table, times: Sequence[int], state) -> ir.Table:
    """One row is one person at one time: `state`, NULL where they were not observed so long."""
    rows = []
    for days in times:
        day = people.from_day + days
        known = (people.until_day >= day).ifelse(state(day), ibis.null("string"))
        rows.append(people.select("person_id", days=ibis.literal(days, "int64"), state=known))
    return ibis.union(*rows) if len(rows) > 1 else rows[0]


def _clock(what: str, rows: ir.Table, states: tuple[str, ...], times: Sequence[int], suppress_below: int) -> Clock:
    counted = rows.group_by("days", "state").agg(n=rows.count()).to_pyarrow().to_pylist()
    n = {(row["days"], row["state"]): row["n"] for row in counted}
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
