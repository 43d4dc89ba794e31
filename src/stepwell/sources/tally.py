"""Findings: what had to be left out, read as unknown or kept with a caution, counted in one pass over the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from .files import run
from .source import Loss


@dataclass(frozen=True)
class Finding:
    """A condition on a row, what it is in words, and what stepwell does about it (`left out`, `read as unknown`, `kept`,
    `corrected`)."""

    when: ir.BooleanValue
    what: str
    effect: str


def settle(
    table: str, where: str, rows: ir.Table, findings: Sequence[Finding], person: str = "person_id"
) -> tuple[ir.Table, list[Loss], int]:
    """The rows that remain, one Loss per finding that occurs, and the number that remain.

    A row left out is counted for its first reason only; the other findings are counted among the rows that remain.
    Rows and people are counted together, by adding up per person first.
    """
    left_out = [f for f in findings if f.effect == "left out"]
    others = [f for f in findings if f.effect != "left out"]
    gone: ir.BooleanValue = ibis.literal(False)
    flags = {}
    for n, finding in enumerate(left_out):
        when = finding.when.fill_null(False)
        flags[f"out{n}"] = when & ~gone
        gone = gone | when
    for n, finding in enumerate(others):
        flags[f"note{n}"] = finding.when.fill_null(False) & ~gone
    flags["all"] = ibis.literal(True)
    marked = rows.select(person=rows[person], **{name: flag.cast("int8") for name, flag in flags.items()})
    each = marked.group_by("person").agg(**{name: marked[name].sum() for name in flags})
    total = each.agg(
        **{f"{name}_rows": each[name].sum().fill_null(0) for name in flags},
        **{f"{name}_people": (each[name] > 0).sum(where=each.person.notnull()).fill_null(0) for name in flags},
    )
    counts = run(total, where).to_pylist()[0]
    losses = []
    remaining = int(counts["all_rows"])
    for n, finding in enumerate(left_out):
        if lost := int(counts[f"out{n}_rows"]):
            remaining -= lost
            people = int(counts[f"out{n}_people"]) or None
            losses.append(Loss(table, finding.what, finding.effect, lost, people, remaining))
    for n, finding in enumerate(others):
        if seen := int(counts[f"note{n}_rows"]):
            losses.append(Loss(table, finding.what, finding.effect, seen, int(counts[f"note{n}_people"]) or None))
    return rows.filter(~gone), losses, remaining
