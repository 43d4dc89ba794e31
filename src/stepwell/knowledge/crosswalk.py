"""Describing a group that was measured with one scale on another. For groups only: whether one person responded to one treatment
is read from one instrument (`change.find_change`), and a group that holds a person twice is refused here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from ..errors import Problem, QuestionError
from .fill import closest
from .forms import Knowledge
from .instrument import Crosswalk, Stretch
from .loader import load


@dataclass(frozen=True)
class Described:
    """A group on another scale. The counterpart of a total is a stretch of points, so the group's mean is one too."""

    crosswalk: str
    of: str
    on: str
    n: int
    """People with a total."""
    n_outside: int
    """Of them, those whose total lies outside the table: their counterpart is unknown, and the means leave them out."""
    mean: float | None
    """Mean on the scale that was measured, of those with a counterpart; None without any."""
    least_mean: float | None
    """Mean of the least counterparts on the other scale."""
    greatest_mean: float | None
    """Mean of the greatest counterparts on the other scale."""
    rows: pa.Table
    """One row is one total: `total`, `n`, and its counterpart from `least` to `greatest`, NULL where the table does not reach."""


def describe_group(
    totals: Iterable[float | None] | pa.Table,
    *,
    of: str,
    on: str,
    crosswalk: str | None = None,
    knowledge: Knowledge | None = None,
) -> Described:
    """The group's totals `of` one scale, described `on` another.

    Needs: one total for each person, as a list or as a table with `total` and, better, `person_id`. `crosswalk` is needed where
    several link the two scales.
    Rule: a total's counterpart is every stretch that the table gives beside it (a total may stand in several rows); between
    two rows it is bounded by both.
    Unknown when: the total lies outside the table, or is missing.
    Raises QuestionError for a person who is in the group twice (that is a course, and response is never read through a
    crosswalk), for a group of one, and where no table links the scales.
    """
    table = _choose((knowledge or load()).crosswalks, of, on, crosswalk)
    values, people = _values(totals)
    problems = []
    twice = len(people) - len(set(people))
    if twice:
        remedy = "give one total a person; judge a person's course with find_change, on one instrument"
        found = f"{twice:,} totals of people who are in the group already"
        problems.append(Problem("person_id", found, "each person once: crosswalks are refused within a course", remedy))
    elif len(values) == 1:
        remedy = "judge a person's course with find_change, on one instrument"
        problems.append(Problem("totals", "one person", "a group: a crosswalk says nothing about one person", remedy))
    scale = next(s for s in table.scales if s.scale == of)
    wrong = sum(not scale.at_least <= value <= scale.at_most for value in values)
    if wrong:
        expected = f"{scale.at_least:g} to {scale.at_most:g}, or nothing"
        problems.append(Problem("totals", f"{wrong:,} totals are no totals of the {scale.label}", expected))
    if problems:
        raise QuestionError(f"this cannot be described on {on}", problems)

    places = [s.scale for s in table.scales]
    pairs = [(row[places.index(of)], row[places.index(on)]) for row in table.rows]
    found = {value: _counterpart(value, pairs) for value in sorted(set(values))}
    inside = [(value, found[value]) for value in sorted(values) if found[value] is not None]
    rows = [{"total": v, "n": values.count(v), "least": c and c[0], "greatest": c and c[1]} for v, c in found.items()]
    schema = pa.schema([("total", "float64"), ("n", "int64"), ("least", "float64"), ("greatest", "float64")])
    return Described(
        table.id,
        of,
        on,
        len(values),
        len(values) - len(inside),
        _mean([value for value, _ in inside]),
        _mean([least for _, (least, _most) in inside]),
        _mean([most for _, (_least, most) in inside]),
        pa.Table.from_pylist(rows, schema=schema),
    )


def _choose(known: dict[str, Crosswalk], of: str, on: str, name: str | None) -> Crosswalk:
    linking = [c for c in known.values() if {of, on} <= {s.scale for s in c.scales} and of != on]
    usable = [c for c in linking if c.rows]
    chosen = [c for c in usable if name in (None, c.id)]
    if len(chosen) == 1:
        return chosen[0]
    expected = f"one of {', '.join(c.id for c in usable)}" if usable else ""
    if name is not None:
        meant = closest(name, known)
        found = f"{name!r} does not link {of!r} and {on!r}"
        remedy = f"did you mean `{meant}`?" if meant and meant != name else "see `stepwell knowledge list`"
        if name in {c.id for c in linking}:
            found, remedy = f"{name!r} has no points: its table was not seen", f"see `stepwell knowledge show {name}`"
    elif usable:
        found, remedy = f"several crosswalks link {of!r} and {on!r}", "say which one"
    elif linking:
        found = f"{' and '.join(c.id for c in linking)} link {of!r} and {on!r}, but their tables were not seen"
        remedy = f"see `stepwell knowledge show {linking[0].id}`"
    else:
        found, remedy = f"no crosswalk links {of!r} and {on!r}", "see `stepwell knowledge list`"
    raise QuestionError("there is no such crosswalk", [Problem("crosswalk", found, expected, remedy)])


def _values(totals: Iterable[float | None] | pa.Table) -> tuple[list[float], list]:
    if not isinstance(totals, pa.Table):
        return [float(total) for total in totals if total is not None], []
    if "total" not in totals.column_names:
        expected = "a column `total`, and `person_id` where there are several rows"
        raise QuestionError("the totals cannot be read", [Problem("totals", "no column `total`", expected)])
    people = totals.column("person_id").to_pylist() if "person_id" in totals.column_names else []
    column = totals.column("total").to_pylist()
    return [float(total) for total in column if total is not None], people


def _counterpart(value: float, pairs: list[tuple[Stretch, Stretch]]) -> Stretch | None:
    beside = [there for here, there in pairs if here[0] <= value <= here[1]]
    if not beside:
        below = [there for here, there in pairs if here[1] < value]
        above = [there for here, there in pairs if here[0] > value]
        beside = [below[-1], above[0]] if below and above else []
    return (min(low for low, _ in beside), max(high for _, high in beside)) if beside else None


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
