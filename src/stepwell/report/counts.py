"""Small tables of counts, protected together before anything is shown."""

from __future__ import annotations

from .disclosure import Cells, Count
from .proportion import Proportion, wilson


def alone(n: int, below: int) -> Count:
    """A count that stands in no sum."""
    cells = Cells()
    cells.add("n", n)
    return cells.protect(below)["n"]


def split(parts: dict[str, int], below: int) -> tuple[dict[str, Count], Count]:
    """Counts that add up to a total, protected together."""
    cells = Cells()
    cells.add("", sum(parts.values()))
    for name, n in parts.items():
        cells.add(name, n)
    cells.add_sum("", list(parts))
    counts = cells.protect(below)
    return {name: counts[name] for name in parts}, counts[""]


def share_of(n: Count, of: Count) -> Proportion | None:
    """The share with its interval, where both may be shown."""
    return None if n.n is None or of.n is None else wilson(n.n, of.n)


def part_of(n: int, of: int, below: int) -> tuple[Count, Count]:
    """So many of so many, neither giving the other away."""
    counts, whole = split({"in": n, "rest": of - n}, below)
    return counts["in"], whole
