"""Scores as they are judged by (docs/engine.md, 5)."""

from __future__ import annotations

import ibis.expr.types as ir


def find_score(measurement: ir.Table) -> ir.Table:
    """One row is the total of one instrument on one day; the higher one where a day has two. Rows without a total say nothing."""
    scored = measurement.filter(measurement.total.notnull())
    return scored.group_by("person_id", "instrument", measured_day=scored.measured_day).agg(total=scored.total.max())
