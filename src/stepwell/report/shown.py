"""The ladder as it may be shown: a share appears only where every count that it could be worked out from does."""

from __future__ import annotations

from dataclasses import dataclass

from .disclosure import Cells, Count, plain
from .ladder import Ladder, Rung
from .proportion import Proportion


@dataclass(frozen=True)
class ShownRung:
    """One step: counts that may be withheld, and shares that are None where one is (or where nothing is known)."""

    number: int
    entered: Count
    scored: Count
    unscored: Count
    remitted: Count
    responded: Count | None
    intolerant: Count | None
    lost: Count | None
    still_treated: Count | None
    end_unknown: Count | None
    remission: Proportion | None
    response: Proportion | None
    intolerance: Proportion | None
    observed: Proportion | None
    observed_if_unscored_remitted: Proportion | None
    product_limit: Proportion | None
    adjusted: Proportion | None


@dataclass(frozen=True)
class ShownLadder:
    """A ladder for the page."""

    label: str
    rungs: tuple[ShownRung, ...]
    unrepresented: Count
    later: Count


def show_ladder(ladder: Ladder, suppress_below: int) -> ShownLadder:
    """A ladder with its small counts withheld; with `suppress_below` 0, as published ladders are shown, nothing is."""
    cells = Cells()
    for rung in ladder.rungs:
        _add_rung(cells, ladder, rung)
    counts = cells.protect(suppress_below)
    rungs, is_open = [], True
    for rung in ladder.rungs:
        # From the first withheld step on, a cumulative share would give that step away.
        is_open = is_open and all(counts[rung.number, k].n is not None for k in ("entered", "scored", "remitted"))
        rungs.append(_shown(rung, counts, is_open, suppress_below))
    return ShownLadder(
        ladder.label, tuple(rungs), *(_alone(n, suppress_below) for n in (ladder.unrepresented, ladder.later))
    )


def _add_rung(cells: Cells, ladder: Ladder, rung: Rung) -> None:
    k = rung.number
    entered, scored, remitted = rung.entered, rung.scored, round(rung.remitted)
    cells.add((k, "entered"), entered, keep=True)
    cells.add((k, "scored"), scored, keep=True)
    cells.add((k, "unscored"), rung.unscored)
    cells.add_sum((k, "entered"), [(k, "scored"), (k, "unscored")])
    cells.add((k, "remitted"), remitted, keep=True)
    if rung.responded is not None:
        responded = round(rung.responded)
        cells.add((k, "responded"), responded)
        cells.add((k, "responded only"), responded - remitted, is_shown=False)
        cells.add((k, "no response"), scored - responded, is_shown=False)
        cells.add_sum((k, "responded"), [(k, "remitted"), (k, "responded only")])
        cells.add_sum((k, "scored"), [(k, "responded"), (k, "no response")])
    else:
        cells.add((k, "not remitted"), scored - remitted, is_shown=False)
        cells.add_sum((k, "scored"), [(k, "remitted"), (k, "not remitted")])
    if rung.intolerant is not None:
        intolerant = round(rung.intolerant)
        cells.add((k, "intolerant"), intolerant)
        cells.add((k, "not intolerant"), entered - intolerant, is_shown=False)
        cells.add_sum((k, "entered"), [(k, "intolerant"), (k, "not intolerant")])
    if rung.lost is not None:
        cells.add((k, "lost"), rung.lost)
        cells.add((k, "still treated"), rung.still_treated)
        cells.add((k, "end unknown"), rung.end_unknown)
        cells.add((k, "went on"), rung.went_on, is_shown=False)
        cells.add_sum((k, "entered"), [(k, x) for x in ("remitted", "lost", "still treated", "end unknown", "went on")])
    if k > 1 and ladder.rungs[k - 2].lost is not None:
        cells.add_sum((k - 1, "went on"), [(k, "entered")])


def _shown(rung: Rung, counts: dict, is_open: bool, suppress_below: int) -> ShownRung:
    most = rung.observed_if_unscored_remitted
    n_left_open = round((most.value - rung.observed.value) * most.of)
    is_most_open = is_open and not 0 < n_left_open < suppress_below

    def count(name: str) -> Count | None:
        return counts.get((rung.number, name))

    def share(proportion: Proportion | None, *names: str) -> Proportion | None:
        return proportion if all((c := count(n)) is not None and c.n is not None for n in names) else None

    return ShownRung(
        rung.number,
        *(count(n) for n in ("entered", "scored", "unscored", "remitted", "responded", "intolerant", "lost")),
        still_treated=count("still treated"),
        end_unknown=count("end unknown"),
        remission=share(rung.remission, "remitted", "scored"),
        response=share(rung.response, "responded", "scored"),
        intolerance=share(rung.intolerance, "intolerant", "entered"),
        observed=rung.observed if is_open else None,
        observed_if_unscored_remitted=most if is_most_open else None,
        product_limit=rung.product_limit if is_open else None,
        adjusted=rung.adjusted if is_open else None,
    )


def _alone(n: int, suppress_below: int) -> Count:
    return Count(None, f"<{suppress_below}") if 0 < n < suppress_below else plain(n)
