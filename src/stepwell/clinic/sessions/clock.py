"""The two clocks of an entry: the wall clock, which somebody may set, and the machine's monotonic clock, which nobody can."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

from django.utils import timezone

DRIFT = timedelta(seconds=60)
"""The two clocks may differ by so much before a change of the wall clock is said."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Stamp:
    """One moment by both clocks. `boot` names this start of the machine."""

    at: datetime
    boot: str
    ticks: float


@dataclass(frozen=True)
class Elapsed:
    """The time from one moment to a later one. `seconds` is None where the wall clock says that the later one was earlier."""

    seconds: float | None
    by_monotonic: bool
    """Whether the monotonic clock measured it; else the wall clock did."""

    @property
    def minutes(self) -> float | None:
        """The same in minutes."""
        return None if self.seconds is None else self.seconds / 60


def now() -> Stamp:
    """This moment by both clocks."""
    return Stamp(timezone.now(), boot(), ticks())


def ticks() -> float:
    """Seconds of the clock that goes on while the machine sleeps and that nobody can set."""
    source = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if source is None else time.clock_gettime(source)


@cache
def boot() -> str:
    """The id of this start of the machine; of this process where the machine has none."""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return str(uuid.uuid4())


def moment(at: datetime) -> Stamp:
    """The stamp of a moment that is named by the wall clock as it goes now."""
    present = now()
    return Stamp(at, present.boot, present.ticks + (at - present.at).total_seconds())


def between(earlier: Stamp, later: Stamp) -> Elapsed:
    """How much time went by: by the monotonic clock within one start of the machine, else by the wall clock."""
    if earlier.boot == later.boot:
        return Elapsed(later.ticks - earlier.ticks, True)
    seconds = (later.at - earlier.at).total_seconds()
    return Elapsed(seconds if seconds >= 0 else None, False)


def wall_clock_changes(stamps: Iterable[Stamp]) -> list[timedelta]:
    """By how much the wall clock was set between moments that follow each other; empty where both clocks went alike."""
    changes = []
    for earlier, later in pairwise(stamps):
        if earlier.boot == later.boot:
            change = (later.at - earlier.at) - timedelta(seconds=later.ticks - earlier.ticks)
            if abs(change) > DRIFT:
                changes.append(change)
        elif later.at < earlier.at:
            changes.append(later.at - earlier.at)
    return changes
