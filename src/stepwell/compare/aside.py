"""A definition with one thing set aside that it asks: what it would have counted otherwise, by the engine's own counting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import and_

import ibis
import ibis.expr.types as ir

from stepwell.knowledge.definition import Branch, Definition, fields

_MET = ibis.literal(True)
EVERYTHING = "everything"
_OF_THE_STRETCH = ("within", "count.distinct", "taken", "added")


@dataclass(frozen=True)
class Aside:
    """A definition without one of the things it asks: the trials judged so, and the form by which they are counted."""

    path: str
    judged: ir.Table
    definition: Definition


def set_aside(judged: ir.Table, definition: Definition) -> Iterator[Aside]:
    """The definition without each thing that it asks of trials, one after the other in the order of the form, and at last without
    all of them but the drug's role and the number.

    Needs: `judged`, the trials as `engine.judge.by_rule` gives them, with the number of the `branch`.
    """
    paths = [f"trial.{name}" for branch in definition.branch for name, _ in fields(branch.trial)]
    for path in dict.fromkeys([*paths, "failure"]):
        yield Aside(path, _judge_without(judged, definition, {path}), definition)
    for path in _OF_THE_STRETCH:
        changed = definition.model_copy(update={"branch": tuple(_count_without(b, {path}) for b in definition.branch)})
        if changed != definition:
            yield Aside(path, judged, changed)
    everything = {*paths, "failure", *_OF_THE_STRETCH} - {"trial.role"}
    changed = definition.model_copy(update={"branch": tuple(_count_without(b, everything) for b in definition.branch)})
    yield Aside(EVERYTHING, _judge_without(judged, definition, everything), changed)


def _judge_without(judged: ir.Table, definition: Definition, paths: set[str]) -> ir.Table:
    """The judged trials, with these criteria taken as met wherever they are asked."""
    parts = []
    for number, branch in enumerate(definition.branch, 1):
        rows = judged.filter(judged.branch == number)
        asked = [f"trial.{name}" for name, _ in fields(branch.trial)]
        verdict = {path: _MET if path in paths else rows[path] for path in asked}
        failed = _MET if "failure" in paths else rows.failed
        parts.append(rows.mutate(**verdict, failed=failed, counts=reduce(and_, verdict.values(), failed)))
    return reduce(lambda a, b: a.union(b), parts)


def _count_without(branch: Branch, paths: set[str]) -> Branch:
    """The branch, with its stretch of time, its way of telling trials apart, or its other numbers set aside."""
    changes: dict[str, object] = {name: None for name in ("taken", "added") if name in paths}
    if "within" in paths:
        ever = {"is_": "ever", "days": None, "after": None, "before": ()}
        changes["within"] = branch.within.model_copy(update=ever)
    if "count.distinct" in paths:
        changes["count"] = branch.count.model_copy(update={"distinct": "course"})
    return branch.model_copy(update=changes)


def flag(table: ir.Table, name: str, people: ir.Table) -> ir.Table:
    """The rows of `table` with whether their person is among these people."""
    among = people.select("person_id", is_among=ibis.literal(True)).distinct()
    joined = table.left_join(among, "person_id")
    return joined.mutate(**{name: joined.is_among.fill_null(False)}).drop("is_among", "person_id_right")
