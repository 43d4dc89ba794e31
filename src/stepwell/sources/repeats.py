"""Whether ids occur twice, asked of the engine: of a source that is read some people at a time, no part sees all ids."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from .stored import run
from .values import fits_int64

_BITS = 32
"""Ids looked at as one number: half of a whole number's bits, so that there is room to add up."""


def any_repeated(ids: ir.Table, where: str) -> bool:
    """Whether any `id` occurs twice, or is missing, of which nobody can say whose it is."""
    repeated = _repeated_integers if fits_int64(ids.id) else _repeated
    return bool(run(repeated(ids).count(), where).as_py())


def count_shared(rows: ir.Table, kinds: Sequence[str], people_in_each: int) -> int:
    """How many rows of a record table have the address of another row of their kind that is in another part of the people."""
    part = (rows.person_id - 1) // people_in_each
    each = rows.mutate(part=part).group_by("address", *kinds).agg(n=lambda t: t.part.nunique())
    return int(run(each.agg(n=(each.n - 1).sum().fill_null(0)).n, "").to_pylist()[0])


def _repeated(ids: ir.Table) -> ir.Table:
    each = ids.group_by("id").agg(n=ids.count())
    return each.filter((each.n > 1) | each.id.isnull())


def _repeated_integers(ids: ir.Table) -> ir.Table:
    """The stretches of ids in which one occurs twice: each id is a bit, and bits that are added up are more than those that are
    set as soon as one is added twice. Ids are mostly numbered one after the other: few rows are left to put together, however
    many ids there are, and they need not fit into memory."""
    # Without its sign: an id and another that differs in nothing else are taken for a repetition, which turns out to be none.
    id_ = ids.id.cast("int64") & ibis.literal(2**63 - 1, "int64")
    bit = ibis.literal(1).cast("int64") << (id_ & _BITS - 1).cast("int32")
    stretch = id_ >> ibis.literal(_BITS.bit_length() - 1).cast("int32")
    each = ids.mutate(bit=bit, stretch=stretch).group_by("stretch")
    added = each.agg(added=lambda t: t.bit.sum(), met=lambda t: t.bit.bit_or())
    return added.filter((added.added > added.met) | added.stretch.isnull())
