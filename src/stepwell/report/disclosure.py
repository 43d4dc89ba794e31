"""Which counts may be shown. A count of a few people can point at one of them, so counts from 1 up to a threshold are not
shown; and where the sums on the page would give such a count away by subtraction, a further count is withheld to protect it.

Every count of people on the report goes through `Cells`: the counts of one table, and the sums that a reader can make of
them. Tables that share no sum are protected one by one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

WITHHELD = "withheld"


@dataclass(frozen=True)
class Count:
    """A number of people or rows as it may be shown. `n` is None where it is not: nothing downstream can show it then."""

    n: int | None
    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def in_people(self) -> str:
        """`1 person`, `12 people`, `<5 people`."""
        return f"{self.text} {'person' if self.n == 1 else 'people'}"


def plain(n: int) -> Count:
    """A count that needs no protection, such as one from a publication."""
    return Count(n, f"{n:,}")


@dataclass
class _Cell:
    value: int
    is_shown: bool
    is_fixed: bool
    keep: bool

    def is_small(self, below: int) -> bool:
        return 0 < self.value < below

    def is_secret(self, below: int) -> bool:
        return not self.is_shown and (self.is_small(below) or self.is_fixed)


class Cells:
    """The counts of one table under their keys, and the sums among them."""

    def __init__(self):
        self._cells: dict[Hashable, _Cell] = {}
        self._sums: list[tuple[Hashable, tuple[Hashable, ...]]] = []

    def add(self, key: Hashable, value: int, *, is_shown: bool = True, keep: bool = False) -> None:
        """One count. With `is_shown=False` one that is never displayed but that a reader could work out (the rest of a
        total); it is protected like the others. With `keep` one that is withheld only when nothing else will do."""
        self._cells[key] = _Cell(int(value), is_shown, is_fixed=False, keep=keep)

    def add_decided(self, key: Hashable, value: int, count: Count) -> None:
        """A count of an earlier table: shown there for good, or withheld there and not to be given away here."""
        self._cells[key] = _Cell(int(value), count.n is not None, is_fixed=True, keep=True)

    def add_sum(self, total: Hashable, parts: Sequence[Hashable]) -> None:
        """The reader knows that these parts add up to this total. All of them have been added before."""
        parts = tuple(parts)
        value = sum(self._cells[p].value for p in parts)
        assert self._cells[total].value == value, f"{total} is not the sum of {parts}"
        self._sums.append((total, parts))

    def protect(self, below: int) -> dict[Hashable, Count]:
        """The counts as they may be shown. `below` of 0 or 1 shows everything."""
        small = {key for key, cell in self._cells.items() if not cell.is_fixed and cell.is_small(below)}
        displayed = {key for key, cell in self._cells.items() if cell.is_shown}
        for key in small:
            self._cells[key].is_shown = False
        withheld: list[Hashable] = []
        while secret := self._given_away(below):
            chosen = self._choose(secret)
            if chosen is None:
                break
            self._cells[chosen].is_shown = False
            withheld.append(chosen)
        for key in reversed(withheld):  # a later choice may have made an earlier one needless
            self._cells[key].is_shown = True
            if self._given_away(below):
                self._cells[key].is_shown = False
        return {
            key: plain(cell.value)
            if cell.is_shown
            else Count(None, f"<{below}" if key in small and key in displayed else WITHHELD)
            for key, cell in self._cells.items()
        }

    def _given_away(self, below: int) -> set[Hashable]:
        """Secret counts that follow from what is shown: exactly, or as a part of a hidden sum that is itself small."""
        hidden = {key for key, cell in self._cells.items() if not cell.is_shown}
        secret = {key for key in hidden if self._cells[key].is_secret(below)}
        if not secret or not self._sums:
            return set()
        equations, found = [], set()
        for total, parts in self._sums:
            unseen = [p for p in parts if p in hidden]
            equation = dict.fromkeys(unseen, 1)
            if total in hidden:
                equation[total] = -1
            elif 0 < sum(self._cells[p].value for p in unseen) < below:
                found |= secret.intersection(unseen)
            equations.append(equation)
        return found | (secret & _determined(equations))

    def _choose(self, secret: set[Hashable]) -> Hashable | None:
        """What to withhold next: the smallest count that stands in one sum with a secret, a total only when no part is
        left; else, where no such count is left, any."""
        totals = {total for total, _ in self._sums}
        beside = {k for total, parts in self._sums if secret & {total, *parts} for k in (total, *parts)}
        cells = [(k, c) for k, c in self._cells.items() if c.is_shown and not c.is_fixed and c.value > 0]
        ranked = [(k not in beside, c.keep, k in totals, c.value, order, k) for order, (k, c) in enumerate(cells)]
        return min(ranked)[-1] if ranked else None


def _determined(equations: Iterable[Mapping[Hashable, int]]) -> set[Hashable]:
    """The unknowns that these equations determine, each given by the factors of its unknowns: in reduced row echelon form, the
    unknowns that stand alone."""
    solved: dict[Hashable, dict[Hashable, Fraction]] = {}
    for equation in equations:
        row = {key: Fraction(factor) for key, factor in equation.items()}
        for key in [key for key in row if key in solved]:
            _subtract(row, solved[key], row[key])
        if not row:
            continue  # it follows from those before
        unknown, factor = next(iter(row.items()))
        row = {key: value / factor for key, value in row.items()}
        for other in solved.values():
            if unknown in other:
                _subtract(other, row, other[unknown])
        solved[unknown] = row
    return {unknown for unknown, row in solved.items() if len(row) == 1}


def _subtract(row: dict[Hashable, Fraction], other: Mapping[Hashable, Fraction], times: Fraction) -> None:
    for key, value in other.items():
        left = row.get(key, 0) - times * value
        if left:
            row[key] = left
        else:
            row.pop(key, None)
