"""Findings: what had to be left out, read as unknown or kept with a caution, counted where the rows are read.

Rows are read person by person, some people at a time. Every part gives the same lines in the same order, also those that count
nothing, so that the lines of all parts can be added up (`add_up`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import polars as pl

from .source import Loss

SHARED = "rows that share their id with another, different row"


@dataclass(frozen=True)
class Finding:
    """A condition on a row, what it is in words, and what stepwell does about it (`left out`, `read as unknown`, `kept`,
    `corrected`)."""

    when: pl.Expr
    what: str
    effect: str


def settle(
    table: str, rows: pl.DataFrame, findings: Sequence[Finding], person: str = "person_id"
) -> tuple[pl.DataFrame, list[Loss]]:
    """The rows that remain, and one line per finding.

    A row left out is counted for its first reason only; the other findings are counted among the rows that remain.
    """
    marks = rows.select(
        pl.col(person).alias("_person"), **{str(n): f.when.fill_null(False) for n, f in enumerate(findings)}
    )
    remains = pl.repeat(True, rows.height, dtype=pl.Boolean, eager=True)
    counted: dict[int, Loss] = {}
    order = sorted(range(len(findings)), key=lambda n: findings[n].effect != "left out")
    for n in order:
        finding, is_left_out = findings[n], findings[n].effect == "left out"
        of = marks[str(n)] & remains
        n_rows = int(of.sum() or 0)
        n_people = marks["_person"].filter(of).drop_nulls().n_unique() if n_rows else 0
        if is_left_out:
            remains = remains & ~of
        n_remaining = int(remains.sum() or 0) if is_left_out else None
        counted[n] = Loss(table, finding.what, finding.effect, n_rows, n_people, n_remaining)
    return rows.filter(remains), [counted[n] for n in order]


def without_repeats(table: str, rows: pl.DataFrame, kind: str) -> tuple[pl.DataFrame, list[Loss]]:
    """Rows sent more than once become one; the column `kind` tells rows of one address apart."""
    numbered = rows.with_row_index("_row")
    # Few rows share their address with another: only these are compared in every column.
    sharing = numbered.filter(rows.select("address", kind).is_duplicated())
    once = sharing.unique(rows.columns, maintain_order=True, keep="first")
    repeats = sharing.join(once, "_row", "anti")["_row"]
    return numbered.filter(~pl.col("_row").is_in(repeats.implode())).drop("_row"), [
        Loss(table, "rows sent more than once, alike in every column", "corrected", repeats.len()),
        Loss(table, SHARED, "kept", once.height - once.select("address", kind).n_unique()),
    ]


def add_up(parts: Iterable[Sequence[Loss]]) -> list[Loss]:
    """The lines of all parts, added up."""
    total: list[Loss] = []
    for part in parts:
        total = [_sum(a, b) for a, b in zip(total, part, strict=True)] if total else list(part)
    return total


def occurring(lines: Iterable[Loss]) -> list[Loss]:
    """The lines without those that count nothing."""
    return [replace(loss, n_people=loss.n_people or _none(loss)) for loss in lines if loss.n_rows]


def _none(loss: Loss) -> int | None:
    """What stands where no person is counted: nothing is known of the people of rows that were left out."""
    return 0 if loss.n_people == 0 and loss.effect != "left out" else None


def _sum(a: Loss, b: Loss) -> Loss:
    def both(of: str) -> int | None:
        x, y = getattr(a, of), getattr(b, of)
        return None if x is None and y is None else (x or 0) + (y or 0)

    return replace(a, n_rows=a.n_rows + b.n_rows, n_people=both("n_people"), n_remaining=both("n_remaining"))
