"""The arms of a trial that the records declare, beside each other: the treatment's own and those it was compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .counts import alone
from .disclosure import Count
from .programme import AtCheckpoint
from .programme_checkpoints import ShownCheckpoint, show_checkpoint
from .proportion import wilson


@dataclass(frozen=True)
class ShownArm:
    """One arm: people, runs of sessions, and response at the checkpoints at which any arm has a score."""

    arm: str
    is_comparator: bool
    people: Count
    runs: Count
    checkpoints: tuple[ShownCheckpoint, ...]


def summarise_arms(rows: Sequence[dict], below: int) -> tuple[ShownArm, ...]:
    """The arms of one treatment (rows of `arm_response`), the treatment's own first. No test between them is made."""
    scored = {r["checkpoint_number"] for r in rows if r["is_response"] is not None}
    arms: dict[tuple[bool, str], list[dict]] = {}
    for row in rows:
        arms.setdefault((row["is_comparator"], row["arm"]), []).append(row)
    shown = []
    for (is_comparator, arm), own in sorted(arms.items()):
        runs = alone(len({(r["person_id"], r["arm_number"]) for r in own}), below)
        people = alone(len({r["person_id"] for r in own}), below)
        at = tuple(_at([r for r in own if r["checkpoint_number"] == n], below) for n in sorted(scored))
        shown.append(ShownArm(arm, is_comparator, people, runs, at))
    return tuple(shown)


def _at(rows: Sequence[dict], below: int) -> ShownCheckpoint:
    judged = [r for r in rows if r["is_response"] is not None]
    responded, remitted = (sum(bool(r[what]) for r in judged) for what in ("is_response", "is_remission"))
    counted = AtCheckpoint(
        rows[0]["checkpoint"],
        len(rows),
        sum(r["total"] is not None for r in rows),
        len(judged),
        wilson(responded, len(judged)) if judged else None,
        wilson(remitted, len(judged)) if judged else None,
    )
    return show_checkpoint(counted, below)
