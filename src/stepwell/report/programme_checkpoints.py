"""Response and remission at one checkpoint, as counts and shares that may be shown."""

from __future__ import annotations

from dataclasses import dataclass

from .counts import part_of, share_of, split
from .disclosure import WITHHELD, Count, plain
from .programme import AtCheckpoint
from .proportion import Proportion


@dataclass(frozen=True)
class ShownCheckpoint:
    """Response and remission at one checkpoint. Shares are of series with a score there; the range is what the
    unscored leave open."""

    label: str
    series: Count
    scored: Count
    responded: Count
    remitted: Count
    response: Proportion | None
    remission: Proportion | None
    response_range: tuple[float, float] | None


def show_checkpoint(c: AtCheckpoint, below: int) -> ShownCheckpoint:
    """The counts of one checkpoint, small ones withheld."""
    responded, remitted = (0 if p is None else round(p.value * c.n_judged) for p in (c.response, c.remission))
    parts = {"yes": responded, "no": c.n_judged - responded, "unknown": c.n_series - c.n_judged}
    counts, everybody = split(parts, below)
    yes, no, unknown = (counts[name].n for name in parts)
    judged = Count(None, WITHHELD) if None in (yes, no) else plain(yes + no)
    in_remission = part_of(remitted, c.n_judged, below)[0] if judged.n is not None else Count(None, WITHHELD)
    n = everybody.n
    span = None if None in (yes, unknown, n) or not n else (yes / n, (yes + unknown) / n)
    shares = share_of(counts["yes"], judged), share_of(in_remission, judged)
    return ShownCheckpoint(c.checkpoint, everybody, judged, counts["yes"], in_remission, *shares, span)
