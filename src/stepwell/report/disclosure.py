"""Which counts may be shown. A count of a few people can point at one of them, so counts from 1 up to a threshold are not
shown; and where a shown total would give such a count away by subtraction, a further count is withheld to protect it.

Every count on the report goes through `Cells`: the counts, and the sums that a reader can make of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Count:
    """A number of people or rows as it may be shown. `n` is None where it is not: nothing downstream can show it then."""

    n: int | None
    text: str

    def __str__(self) -> str:
        return self.text


def plain(n: int) -> Count:
    """A count that needs no protection, such as one from a publication."""
    return Count(n, f"{n:,}")


@dataclass
class _Cell:
    value: int
    is_shown: bool
    text: str


class Cells:
    """Counts under their keys, and the sums among them.

    A cell added with `is_shown=False` is one that the reader could work out (the rest of a total): it is never displayed,
    but it is protected like the others.
    """

    def __init__(self):
        self._cells: dict[Hashable, _Cell] = {}
        self._sums: list[tuple[Hashable, tuple[Hashable, ...]]] = []

    def add(self, key: Hashable, value: int, *, is_shown: bool = True) -> None:
        """One count."""
        self._cells[key] = _Cell(int(value), is_shown, f"{int(value):,}")

    def add_sum(self, total: Hashable, parts: Sequence[Hashable]) -> None:
        """The reader knows that these parts add up to this total. All of them have been added before."""
        parts = tuple(parts)
        assert self._cells[total].value == sum(self._cells[p].value for p in parts), (
            f"{total} is not the sum of {parts}"
        )
        self._sums.append((total, parts))

    def protect(self, below: int) -> dict[Hashable, Count]:
        """The counts as they may be shown. `below` of 0 or 1 shows everything."""
        for cell in self._cells.values():
            if self._is_small(cell, below):
                cell.is_shown, cell.text = False, f"<{below}"
        while revealed := self._revealed(below):
            if not any(self._withhold_beside(key) for key in revealed):  # one at a time: it may protect the others too
                break
        return {key: Count(cell.value if cell.is_shown else None, cell.text) for key, cell in self._cells.items()}

    @staticmethod
    def _is_small(cell: _Cell, below: int) -> bool:
        return 0 < cell.value < below

    def _revealed(self, below: int) -> list[Hashable]:
        """Small counts that follow from what is shown: exactly, or as one small sum of hidden counts."""
        hidden = [key for key, cell in self._cells.items() if not cell.is_shown]
        small = [key for key in hidden if self._is_small(self._cells[key], below)]
        if not small or not self._sums:
            return []
        at = {key: i for i, key in enumerate(hidden)}
        rows = np.zeros((len(self._sums), len(hidden)))
        for row, (total, parts) in zip(rows, self._sums, strict=True):
            for key, sign in ((total, -1), *((p, 1) for p in parts)):
                if key in at:
                    row[at[key]] += sign
        # A hidden count is determined by the sums when no solution of the homogeneous system moves it.
        _, sizes, directions = np.linalg.svd(rows)
        rank = int((sizes > 1e-9).sum())
        free = np.abs(directions[rank:]).max(axis=0) > 1e-9 if rank < len(hidden) else np.zeros(len(hidden), bool)
        found = [key for key in small if not free[at[key]]]
        for total, parts in self._sums:
            unseen = [p for p in parts if p in at]
            if self._cells[total].is_shown and 0 < sum(self._cells[p].value for p in unseen) < below:
                found += [p for p in unseen if self._is_small(self._cells[p], below) and p not in found]
        return found

    def _withhold_beside(self, key: Hashable) -> bool:
        """Withholds the smallest shown count that shares a sum with `key`; a total only when no part is left."""
        totals = {total for total, _ in self._sums}
        beside = {k for total, parts in self._sums if key in (total, *parts) for k in (total, *parts)}
        order = {k: i for i, k in enumerate(self._cells)}
        candidates = [k for k in beside if self._cells[k].is_shown and self._cells[k].value > 0]
        if not candidates:
            return False
        chosen = min(candidates, key=lambda k: (k in totals, self._cells[k].value, order[k]))
        self._cells[chosen].is_shown, self._cells[chosen].text = False, "withheld"
        return True
