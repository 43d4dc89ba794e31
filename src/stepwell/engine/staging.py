"""Points and signs -> stages: how far resistance has gone in a person's present episode (docs/engine.md, 9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from operator import add

import ibis
import ibis.expr.types as ir

from stepwell.knowledge.staging import Staging

from .points import ITEMS, Span, sign_column


def find_stage(points: ir.Table, staging: Staging) -> ir.Table:
    """One row is one person under one staging model, with the sum of the points, the stage, and what is present or unknown.

    Needs: `points` (`find_points`).
    Rule: where the model does not apply there are no points and no stage; where that is unknown, those of the case that it does.
    Unknown when: the two ends differ (`is_complete` is then not met).
    """
    applies = points.applies
    total = _total(points, staging)
    signs = {sign.id: points[sign_column(sign)] for sign in staging.asked_signs}
    stage = _find_stage(signs, total, staging)
    is_settled = applies.fill_null(False)
    for low, high in (total, stage):
        is_settled = is_settled & low.identical_to(high)
    for verdict in signs.values() if staging.signs else ():
        is_settled = is_settled & verdict.notnull()

    def where_it_applies(value: ir.Value) -> ir.Value:
        return applies.fill_null(True).ifelse(value, ibis.null(value.type()))

    ends = [f"{name}_points_at_{end}" for name in ITEMS for end in ("least", "most")]
    return points.mutate(
        is_complete=is_settled | ~applies.fill_null(True),
        points_at_least=where_it_applies(total.at_least),
        points_at_most=where_it_applies(total.at_most),
        # Whoever may not be staged at all has no stage for certain.
        stage_at_least=applies.fill_null(False).ifelse(stage.at_least, ibis.null("string")),
        stage_at_most=where_it_applies(stage.at_most),
        present=where_it_applies(_ids(signs, lambda verdict: verdict.fill_null(False))),
        unknown=where_it_applies(_ids(signs, lambda verdict: verdict.isnull())),
        **{name: where_it_applies(points[name]) for name in ends},
    ).drop(*(sign_column(sign) for sign in staging.asked_signs))


def _total(points: ir.Table, staging: Staging) -> Span:
    if staging.points is None:
        return Span(ibis.null("float64"), ibis.null("float64"))
    asked = [name for name in ITEMS if getattr(staging.points, name) is not None]
    ends = []
    for end in ("at_least", "at_most"):
        never_recorded = sum(getattr(item, end) for item in staging.points.unrecorded)
        ends.append(reduce(add, (points[f"{name}_points_{end}"] for name in asked)) + never_recorded)
    return Span(*ends)


def _find_stage(signs: Mapping[str, ir.BooleanValue], total: Span, staging: Staging) -> Span:
    """The highest stage reached, and the highest that may be; for points, what their range is called."""
    if staging.rungs:
        ordered = [(signs[rung.id], rung.label) for rung in reversed(staging.rungs)]
        return Span(*(ibis.cases(*((v.fill_null(end), label) for v, label in ordered)) for end in (False, True)))
    if staging.names:
        ranges = tuple(reversed(staging.names.ranges))
        names = [ibis.cases(*((end >= r.at_least, r.label) for r in ranges)) for end in total]
        return Span(names[0], total.at_most.isnull().ifelse(ranges[0].label, names[1]))
    return Span(ibis.null("string"), ibis.null("string"))


def _ids(signs: Mapping[str, ir.BooleanValue], which: Callable[[ir.BooleanValue], ir.BooleanValue]) -> ir.StringValue:
    """The ids for which it holds, with blanks between them; NULL for a model without any."""
    if not signs:
        return ibis.null("string")
    named = [which(verdict).ifelse(f" {name}", "") for name, verdict in signs.items()]
    return reduce(add, named).substr(1)
