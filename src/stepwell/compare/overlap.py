"""Who meets which definitions together: everybody in one of a few groups, and the commonest combinations."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from stepwell.report.disclosure import WITHHELD, Cells, Count
from stepwell.report.verdicts import EVERYBODY, Pattern, Verdicts

MOST_COMBINATIONS = 24
"""As many columns as can be read across a page; nothing clinical hangs on it."""

GROUPS = {
    "all": "meet every definition",
    "some": "meet some definitions, but not every one",
    "open": "meet none for certain, and of some nobody can say",
    "none": "meet no definition, and that is known of every one",
}
"""How people are told apart by all definitions together; everybody is in one."""


@dataclass(frozen=True)
class Combination:
    """People who meet exactly these definitions for certain."""

    met: frozenset[str]
    unknown: frozenset[str]
    """Other definitions of which the records cannot say for a number of them that may be shown."""
    people: Count


@dataclass(frozen=True)
class Overlap:
    """People by what they meet of all definitions: `groups` by name of `GROUPS`, the commonest combinations, largest first, and
    those who meet any other one."""

    everybody: Count
    groups: dict[str, Count]
    combinations: tuple[Combination, ...]
    other: Count
    n_other: int
    """How many other combinations there are."""


def find_overlap(
    patterns: Counter[Pattern], definitions: Sequence[str], verdicts: Verdicts, suppress_below: int
) -> Overlap:
    """Counts people by the definitions that they meet for certain.

    A combination of fewer people than may be shown is among the others, and so is any whose number would give such a count
    away, beside the shares in `verdicts`.
    """
    sizes: Counter[frozenset[int]] = Counter()
    unknown: dict[frozenset[int], Counter[int]] = defaultdict(Counter)
    groups: Counter[str] = Counter(dict.fromkeys(GROUPS, 0))
    for (_, pattern), n in patterns.items():
        met = frozenset(i for i, verdict in enumerate(pattern) if verdict == "met")
        sizes[met] += n
        for i, verdict in enumerate(pattern):
            if verdict == "unknown":
                unknown[met][i] += n
        groups[_group(pattern)] += n
    ranked = sorted((m for m in sizes if m), key=lambda m: (-sizes[m], len(m), sorted(m)))
    drawn = [m for m in ranked[:MOST_COMBINATIONS] if sizes[m] >= suppress_below]
    n_met = sum(sizes[m] for m in ranked)

    cells = Cells()
    everybody = sum(sizes.values())
    cells.add_decided("everybody", everybody, verdicts.groups[EVERYBODY])
    for group, n in groups.items():
        cells.add(group, n)
    cells.add_sum("everybody", list(groups))
    for m in drawn:
        cells.add(m, sizes[m], keep=True)
    cells.add("other", n_met - sum(sizes[m] for m in drawn))
    cells.add("any", n_met, is_shown=False)
    cells.add_sum("any", ["all", "some"])
    cells.add_sum("any", [*drawn, "other"])
    met_of = {s.definition: s.counts["met"] for s in verdicts.shares_of(EVERYBODY)}
    for i, name in enumerate(definitions):
        inside = [m for m in drawn if i in m]
        n = sum(size for m, size in sizes.items() if i in m)
        cells.add_decided(("met", i), n, met_of[name])
        cells.add(("rest", i), n - sum(sizes[m] for m in inside), is_shown=False)
        cells.add_sum(("met", i), [*inside, ("rest", i)])
    counts = cells.protect(suppress_below)

    def named(numbers) -> frozenset[str]:
        return frozenset(definitions[i] for i in numbers)

    enough = max(suppress_below, 1)
    shown = [m for m in drawn if counts[m].n is not None]
    return Overlap(
        counts["everybody"],
        {group: counts[group] for group in GROUPS},
        tuple(
            Combination(
                named(m), named(i for i, n in unknown[m].items() if min(n, sizes[m] - n or n) >= enough), counts[m]
            )
            for m in shown
        ),
        counts["other"] if len(shown) == len(drawn) else Count(None, WITHHELD),
        len(ranked) - len(shown),
    )


def _group(pattern: Sequence[str]) -> str:
    if all(verdict == "met" for verdict in pattern):
        return "all"
    if "met" in pattern:
        return "some"
    return "open" if "unknown" in pattern else "none"
