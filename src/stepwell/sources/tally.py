"""Findings: what had to be left out, read as unknown or kept with a caution, counted in one pass over the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from .source import Loss
from .stored import are_few, fetch, keep_few, run
from .values import fits_int64

_BITS = 32
"""Ids looked at as one number: half of a whole number's bits, so that there is room to add up."""


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
    Rows and people are counted in one pass, by adding up per person first.
    """
    left_out = [f for f in findings if f.effect == "left out"]
    notes = [f for f in findings if f.effect != "left out"]
    cases = [(f.when.fill_null(False), n) for n, f in enumerate(left_out)]
    reason = ibis.cases(*cases, else_=len(left_out)) if cases else ibis.literal(0)
    # A row's notes are carried as the bits of one number, so that the many rows are added up in one column.
    bits = sum((f.when.fill_null(False).ifelse(2**n, 0) for n, f in enumerate(notes)), ibis.literal(0, "int64"))
    judged = keep_few(rows.mutate(_reason=reason, _notes=bits.cast("int64")), where)
    # Rows of which there is nothing to say are most of all; whose they are is not counted.
    is_plain = (judged["_reason"] == len(left_out)) & (judged["_notes"] == 0)
    marked = judged.select(
        person=is_plain.ifelse(ibis.null(judged[person].type()), judged[person]), reason="_reason", notes="_notes"
    )
    alike = marked.group_by("person", "reason", "notes").agg(n=marked.count())
    each = alike.group_by("person", "reason").agg(notes=alike.notes.bit_or())
    counts = run(
        _counted(alike, "rows", alike.n.sum()).union(_counted(each, "people", each.person.count())), where
    ).to_pylist()

    def count(of: str, reason: int, note: int | None = None) -> int:
        """Of how many rows or people this is the reason (the last: they remain), and among them those with this note."""
        of_reason = (c for c in counts if c["of"] == of and c["reason"] == reason)
        return sum(int(c["n"]) for c in of_reason if note is None or c["notes"] >> note & 1)

    remaining = sum(int(c["n"]) for c in counts if c["of"] == "rows")
    losses = []
    for n, finding in enumerate(left_out):
        if n_rows := count("rows", n):
            remaining -= n_rows
            people = count("people", n) or None
            losses.append(Loss(table, finding.what, finding.effect, n_rows, people, remaining))
    for n, finding in enumerate(notes):
        if n_rows := count("rows", len(left_out), n):
            losses.append(Loss(table, finding.what, finding.effect, n_rows, count("people", len(left_out), n)))
    return judged.filter(judged["_reason"] == len(left_out)).drop("_reason", "_notes"), losses, remaining


def _counted(rows: ir.Table, of: str, n: ir.IntegerScalar) -> ir.Table:
    return rows.group_by("reason", "notes").agg(n=n.cast("int64"), of=ibis.literal(of))


def without_repeats(
    table: str, where: str, kept: ir.Table, ids: Sequence[ir.Table], kind: str
) -> tuple[ir.Table, list[Loss]]:
    """Rows sent more than once become one. `ids` has, for each source table behind `kept`, the `id` and `kind` of its rows; the
    column `kind` of `kept` tells rows of one address apart. Where rows are many, looking at the ids first spares making all of
    them distinct, which costs far more."""
    if not are_few(kept) and not any(_any_repeated(of_table, where) for of_table in ids):
        return kept, []
    once = kept.distinct()
    named = once.select("address", kind).distinct()
    counts = ibis.union(*(rows.agg(n=rows.count()).mutate(of=of) for of, rows in enumerate((kept, once, named))))
    n_kept, n_once, n_named = (n for _of, n in sorted(fetch(counts.select("of", "n"), where).iter_rows()))
    if n_kept == n_once == n_named:
        return kept, []
    losses = []
    if n_kept > n_once:
        losses.append(Loss(table, "rows sent more than once, alike in every column", "corrected", n_kept - n_once))
    if n_once > n_named:
        losses.append(Loss(table, "rows that share their id with another, different row", "kept", n_once - n_named))
    return once, losses


def _any_repeated(ids: ir.Table, where: str) -> bool:
    """Whether any id occurs twice in a kind, or is missing, of which nobody can say whose it is."""
    repeated = _repeated_integers if fits_int64(ids.id) else _repeated
    # Ids seldom occur twice at all; by kind, of which there may be hundreds, it takes longer to ask.
    return all(run(repeated(ids, by).count(), where).as_py() for by in ([], ["kind"]))


def _repeated(ids: ir.Table, by: list[str]) -> ir.Table:
    each = ids.group_by(*by, "id").agg(n=ids.count())
    return each.filter((each.n > 1) | each.id.isnull())


def _repeated_integers(ids: ir.Table, by: list[str]) -> ir.Table:
    """The stretches of ids in which one occurs twice: each id is a bit, and bits that are added up are more than those that are
    set as soon as one is added twice. Ids are mostly numbered one after the other: few rows are left to put together, however
    many ids there are, and they need not fit into memory."""
    # Without its sign: an id and another that differs in nothing else are taken for a repetition, which turns out to be none.
    id_ = ids.id.cast("int64") & ibis.literal(2**63 - 1, "int64")
    bit = ibis.literal(1).cast("int64") << (id_ & _BITS - 1).cast("int32")
    stretch = id_ >> ibis.literal(_BITS.bit_length() - 1).cast("int32")
    each = ids.mutate(bit=bit, stretch=stretch).group_by(*by, "stretch")
    added = each.agg(added=lambda t: t.bit.sum(), met=lambda t: t.bit.bit_or())
    return added.filter((added.added > added.met) | added.stretch.isnull())
