"""How long after the first antidepressant a definition is met: a product-limit curve for each definition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from .disclosure import Cells, Count
from .proportion import ProductLimit, Proportion

DAYS_PER_YEAR = 365.25
_GRID = 12
"""The curve is given once a month: days would show single people."""


@dataclass(frozen=True)
class Point:
    """The share who had met the definition by this many months after the first antidepressant."""

    months: int
    share: Proportion


@dataclass(frozen=True)
class Waiting:
    """The curve of one definition. `unknown` people are in no curve: nobody can say whether they met it, or when."""

    definition: str
    people: Count
    met: Count
    unknown: Count
    points: tuple[Point, ...]
    """Up to the last month in which enough people are still watched; empty when so few met it that their number is not shown."""

    def at(self, months: int) -> Point | None:
        """Where the curve stands at this month, if it reaches it."""
        reached = [p for p in self.points if p.months <= months]
        return reached[-1] if reached and self.points[-1].months >= months else None


def summarise_waiting(
    determination: ir.Table,
    trial: ir.Table,
    observation_period: ir.Table,
    definitions: Sequence[str],
    suppress_below: int,
) -> tuple[Waiting, ...]:
    """One curve per definition, among people with an antidepressant of whom the definition can say met or not met.

    Rule: the clock starts on the first day of the first antidepressant in these records, which may not be the first of a
    life. It stops when the definition is met, or else when the last observation period ends (the last treatment, where
    there is none). Needs: `determination`, `trial`, `observation_period`.
    """
    rows = _days(determination, trial, observation_period).to_pyarrow().to_pylist()
    waits = []
    for name in definitions:
        own = [r for r in rows if r["definition"] == name]
        waits.append(_waiting(name, own, suppress_below))
    return tuple(waits)


def _waiting(name: str, rows: list[dict], suppress_below: int) -> Waiting:
    n = {v: sum(r["n"] for r in rows if r["verdict"] == v) for v in ("met", "not met", "unknown")}
    cells = Cells()
    cells.add("people", n["met"] + n["not met"])
    cells.add("met", n["met"])
    cells.add("not met", n["not met"], is_shown=False)
    cells.add("unknown", n["unknown"])
    cells.add_sum("people", ["met", "not met"])
    counts = cells.protect(suppress_below)
    is_shown = counts["met"].n is not None and counts["people"].n is not None
    points = _curve([r for r in rows if r["verdict"] != "unknown"], suppress_below) if is_shown else ()
    return Waiting(name, counts["people"], counts["met"], counts["unknown"], points)


def _curve(rows: list[dict], suppress_below: int) -> tuple[Point, ...]:
    """Product-limit over days, read off once a month, while at least `suppress_below` people (and one) are watched.

    A point is given when at least that many have met the definition since the point before, and at the end; between
    points the curve stays where it was. A rise on the page is thus never one person's.
    """
    enough = max(suppress_below, 1)
    days = sorted({r["days"] for r in rows})
    met = {d: sum(r["n"] for r in rows if r["days"] == d and r["verdict"] == "met") for d in days}
    left = {d: sum(r["n"] for r in rows if r["days"] == d) for d in days}
    watched, product_limit = sum(left.values()), ProductLimit()
    points, at, months, new = [Point(0, Proportion(0.0, watched))], 0, 0, 0
    while True:
        while at < len(days) and days[at] <= months * DAYS_PER_YEAR / _GRID:
            d = days[at]
            product_limit.go_on(met[d] / watched, watched)
            watched, new, at = watched - left[d], new + met[d], at + 1
        if watched < enough:
            break
        if new >= enough:
            points.append(Point(months, product_limit.share(watched)))
            new = 0
        months += 1
    return (*points, Point(months - 1, points[-1].share)) if points[-1].months < months - 1 else tuple(points)


def _days(determination: ir.Table, trial: ir.Table, observation_period: ir.Table) -> ir.Table:
    """People by definition, verdict and days on the clock: few rows, whatever the number of people."""
    taken = trial.filter((trial.role == "antidepressant") & trial.is_antidepressant_use.fill_null(True))
    first = taken.group_by("person_id").agg(start=taken.start_date.min(), treated=taken.end_date.max())
    watched = observation_period.group_by("person_id").agg(until=observation_period.end_date.max())
    people = first.left_join(watched, "person_id").select("person_id", "start", "treated", "until")
    joined = determination.join(people, "person_id")
    end = ibis.coalesce(joined.met_date, joined.until, joined.treated)
    days = ibis.greatest(end.delta(joined.start, unit="day"), 0)
    found = joined.select("definition", "verdict", days=days)
    return found.group_by("definition", "verdict", "days").agg(n=found.count())
