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
    notes = [f for f in findings if f.effect != "left out"]
    reason = ibis.cases(*((f.when.fill_null(False), n) for n, f in enumerate(left_out)), else_=len(left_out))
    # A row's notes are carried as the bits of one number, so that the many rows are added up in one column.
    bits = sum((f.when.fill_null(False).ifelse(2**n, 0) for n, f in enumerate(notes)), ibis.literal(0, "int64"))
    marked = rows.select(person=rows[person], reason=reason, notes=bits.cast("int64"))
    alike = marked.group_by("person", "reason", "notes").agg(n=marked.count())
    has = {f"note{n}": ((alike.notes // 2**n) % 2).cast("int64") for n, _ in enumerate(notes)}
    each = alike.group_by("person", "reason").agg(n=alike.n.sum(), **{c: (h * alike.n).sum() for c, h in has.items()})
    counted = each.group_by("reason").agg(
        rows=each.n.sum(),
        people=each.person.count(),
        **{f"{c}_rows": each[c].sum() for c in has},
        **{f"{c}_people": (each[c] > 0).sum() for c in has},
    )
    counts = {c["reason"]: c for c in run(counted, where).to_pylist()}
    remaining = int(sum(c["rows"] for c in counts.values()))
    losses = []
    for n, finding in enumerate(left_out):
        if n in counts:
            remaining -= int(counts[n]["rows"])
            people = int(counts[n]["people"]) or None
            losses.append(Loss(table, finding.what, finding.effect, int(counts[n]["rows"]), people, remaining))
    kept = counts.get(len(left_out), {})
    for n, finding in enumerate(notes):
        if seen := int(kept.get(f"note{n}_rows") or 0):
            people = int(kept[f"note{n}_people"])
            losses.append(Loss(table, finding.what, finding.effect, seen, people))
    return rows.filter(reason == len(left_out)), losses, remaining


def without_repeats(table: str, where: str, kept: ir.Table, ids: ir.Table, kind: str) -> tuple[ir.Table, list[Loss]]:
    """Rows sent more than once become one. `ids` has the `id` and `kind` of the source rows behind `kept`, whose column `kind`
    tells rows of one address apart. Counting the ids first spares making all rows distinct, which costs far more."""
    each = ids.group_by("kind").agg(n=ids.id.count(), different=ids.id.nunique())
    counts = run(each.agg(n=each.n.sum().fill_null(0), different=each.different.sum().fill_null(0)), where).to_pylist()[
        0
    ]
    if counts["n"] == counts["different"]:
        return kept, []
    once = kept.distinct()
    named = once.select("address", kind).distinct()
    n_kept, n_once, n_named = (int(run(rows.count(), where).as_py()) for rows in (kept, once, named))
    losses = []
    if n_kept > n_once:
        losses.append(Loss(table, "rows sent more than once, alike in every column", "corrected", n_kept - n_once))
    if n_once > n_named:
        losses.append(Loss(table, "rows that share their id with another, different row", "kept", n_once - n_named))
    return once, losses
