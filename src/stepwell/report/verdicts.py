"""How many people meet each definition in these records, and how far two definitions agree about the same people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product

import ibis
import ibis.expr.types as ir
import numpy as np

from .disclosure import Cells, Count
from .proportion import Proportion, share_of

VERDICTS = ("met", "not met", "unknown")
EVERYBODY = "everybody"
TREATED = "treated"
"""People with a depression diagnosis and an antidepressant taken as one (or of which nobody can say otherwise)."""


@dataclass(frozen=True)
class Share:
    """One definition in one group of people. The three counts add up to `people`; unknown is a share of its own."""

    definition: str
    group: str
    people: Count
    counts: dict[str, Count]

    def share(self, verdict: str) -> Proportion | None:
        """The share of the group with this verdict, with its interval. None where a count it needs is not shown."""
        return share_of(self.counts[verdict], self.people)


@dataclass(frozen=True)
class Agreement:
    """Two definitions, among the people of whom both can say met or not met."""

    first: str
    second: str
    both: Count
    only_first: Count
    only_second: Count
    neither: Count
    known: Count
    kappa: float | None
    """Cohen's kappa: agreement beyond what their shares alone would give. None where undefined, or a count is not shown."""
    jaccard: float | None
    """People who meet both, of those who meet either. None where nobody meets either, or a count is not shown."""


@dataclass(frozen=True)
class Verdicts:
    """Shares by definition and group, and agreement by pair of definitions."""

    groups: dict[str, Count]
    shares: tuple[Share, ...]
    agreements: tuple[Agreement, ...]

    def shares_of(self, group: str) -> tuple[Share, ...]:
        """The shares in one group, in the order of the definitions."""
        return tuple(s for s in self.shares if s.group == group)


Pattern = tuple[bool, tuple[str, ...]]
"""Whether the person is treated, and the verdict by each definition in order."""


def summarise_verdicts(
    determination: ir.Table, episode: ir.Table, definitions: Sequence[str], suppress_below: int
) -> Verdicts:
    """Shares and agreement. Needs: `determination` and `episode`. Rule: one row of the database per pattern of verdicts,
    so that a hundred million people cost what a hundred do after the first grouping."""
    return count_verdicts(find_patterns(determination, episode, definitions), definitions, suppress_below)


def count_verdicts(patterns: Counter[Pattern], definitions: Sequence[str], suppress_below: int) -> Verdicts:
    """`summarise_verdicts` without the database: people counted by their pattern of verdicts."""
    counts = _count_shares(patterns, definitions, suppress_below)
    shares = tuple(
        Share(name, group, counts[group], {v: counts[group, name, v] for v in VERDICTS})
        for group in (EVERYBODY, TREATED)
        for name in definitions
    )
    together = _count_together(patterns, len(definitions))
    agreements = tuple(
        _agreement(together[i, :, j, :], a, b, counts, suppress_below)
        for (i, a), (j, b) in combinations(enumerate(definitions), 2)
    )
    return Verdicts({g: counts[g] for g in (EVERYBODY, TREATED)}, shares, agreements)


def treated_people(episode: ir.Table) -> ir.Table:
    """The `person_id` of everybody in the group `TREATED`."""
    people = episode.group_by("person_id").agg(
        is_treated=(episode.n_diagnoses.max() > 0) & (episode.n_trials.max() > 0)
    )
    return people.filter(people.is_treated).select("person_id")


def find_patterns(determination: ir.Table, episode: ir.Table, definitions: Sequence[str]) -> Counter[Pattern]:
    """How many people have each pattern of verdicts: few rows, whatever the number of people."""
    people = treated_people(episode).mutate(is_treated=True)
    names = [f"verdict_{i}" for i in range(len(definitions))]
    wide = determination.group_by("person_id").agg(
        **{
            name: determination.verdict.max(where=determination.definition == definition)
            for name, definition in zip(names, definitions, strict=True)
        }
    )
    joined = wide.left_join(people, "person_id")
    joined = joined.select(*names, is_treated=joined.is_treated.fill_null(False))
    rows = joined.group_by("is_treated", *names).agg(n=ibis._.count()).to_pyarrow().to_pylist()
    return Counter({(row["is_treated"], tuple(row[name] for name in names)): row["n"] for row in rows})


_ROWS_AT_A_TIME = 20_000


def _coded(patterns: Counter[Pattern], n_definitions: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The patterns as arrays of 0 and 1 (pattern, definition, verdict), with the number of people of each; some at a time."""
    place = {verdict: i for i, verdict in enumerate(VERDICTS)}
    rows = iter(patterns.items())
    while some := tuple(islice(rows, _ROWS_AT_A_TIME)):
        codes = np.array([[place[v] for v in verdicts] for (_, verdicts), _ in some], dtype=np.int8)
        is_so = codes.reshape(len(some), n_definitions, 1) == np.arange(len(VERDICTS))
        yield is_so.astype(np.float64), np.array([n for _, n in some], dtype=np.float64)


def _count_by_verdict(patterns: Counter[Pattern], n_definitions: int) -> np.ndarray:
    """People by definition and verdict."""
    counts = np.zeros((n_definitions, len(VERDICTS)))
    for is_so, people in _coded(patterns, n_definitions):
        counts += np.tensordot(people, is_so, axes=1)
    return counts.astype(np.int64)


def _count_together(patterns: Counter[Pattern], n_definitions: int) -> np.ndarray:
    """People by definition and verdict, and by another definition and its verdict."""
    size = n_definitions * len(VERDICTS)
    counts = np.zeros((size, size))
    for is_so, people in _coded(patterns, n_definitions):
        flat = is_so.reshape(len(people), size)
        counts += (flat * people[:, None]).T @ flat
    return counts.astype(np.int64).reshape(n_definitions, len(VERDICTS), n_definitions, len(VERDICTS))


def _count_shares(patterns: Counter[Pattern], definitions: Sequence[str], suppress_below: int) -> dict:
    """Counts by group, and by group, definition and verdict."""
    cells = Cells()
    rest = "rest"  # never shown, but a reader can subtract
    groups = {EVERYBODY: (True, False), TREATED: (True,), rest: (False,)}
    for group, members in groups.items():
        here = Counter({p: n for p, n in patterns.items() if p[0] in members})
        numbers = _count_by_verdict(here, len(definitions))
        cells.add(group, here.total(), is_shown=group != rest, keep=True)
        for name, of_name in zip(definitions, numbers, strict=True):
            for verdict, n in zip(VERDICTS, of_name, strict=True):
                cells.add((group, name, verdict), n, is_shown=group != rest, keep=verdict == "met")
            cells.add_sum(group, [(group, name, v) for v in VERDICTS])
    cells.add_sum(EVERYBODY, [TREATED, rest])
    for name, verdict in product(definitions, VERDICTS):
        cells.add_sum((EVERYBODY, name, verdict), [(TREATED, name, verdict), (rest, name, verdict)])
    return cells.protect(suppress_below)


def _agreement(together: np.ndarray, a: str, b: str, shares: dict, suppress_below: int) -> Agreement:
    """The four counts of two definitions, of people by both verdicts; protected together with the shares, which are their
    margins."""
    known = VERDICTS[:2]
    people = {
        (x, y): int(together[k])
        for k, (x, y) in zip(np.ndindex(together.shape), product(VERDICTS, repeat=2), strict=True)
    }
    cells = Cells()
    for (x, y), n in people.items():
        cells.add((x, y), n, is_shown={x, y} <= set(known))
    for x in VERDICTS:
        row, column = [(x, y) for y in VERDICTS], [(y, x) for y in VERDICTS]
        for name, parts in ((a, row), (b, column)):
            cells.add_decided((name, x), sum(people[p] for p in parts), shares[EVERYBODY, name, x])
            cells.add_sum((name, x), parts)
    cells.add("known", sum(people[p] for p in product(known, repeat=2)))
    cells.add_sum("known", list(product(known, repeat=2)))
    counts = cells.protect(suppress_below)
    four = [counts[x] for x in product(known, repeat=2)]
    n = [c.n for c in four]
    is_shown = None not in n
    return Agreement(
        *(a, b, *four, counts["known"]),
        kappa=cohen_kappa(*n) if is_shown else None,
        jaccard=n[0] / sum(n[:3]) if is_shown and sum(n[:3]) else None,
    )


def cohen_kappa(both: int, only_first: int, only_second: int, neither: int) -> float | None:
    """Cohen's kappa of two yes/no judgements; None where chance alone already gives full agreement (or nobody is judged).

    Written out: statsmodels' `cohens_kappa` gives the same where anybody is judged, and its import takes a second.
    """
    agreement = 2 * (both * neither - only_first * only_second)
    scale = (both + only_first) * (only_first + neither) + (both + only_second) * (only_second + neither)
    return agreement / scale if scale else None
