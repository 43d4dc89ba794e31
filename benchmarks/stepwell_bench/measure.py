"""Measuring side by side: every thing in a process of its own, in turns, so that a slow minute of the machine meets them all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from stepwell.errors import InternalError, Problem, QuestionError

_LAUNCH = Path(__file__).with_name("launch.py")

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class Measured:
    """What one process took, from its start to its end: seconds of wall clock, seconds of all cores, greatest resident memory."""

    wall_s: float
    cpu_s: float
    peak_bytes: int


@dataclass(frozen=True)
class Spread:
    """The median of some measurements, with the least and the greatest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of the values."""
        return cls(median(values), min(values), max(values))


def measure(command: Sequence[str | Path]) -> Measured:
    """Runs a command to its end. Raises `InternalError` with its last words when it fails."""
    if not hasattr(os, "wait4"):
        raise QuestionError(
            "Nothing was measured.",
            [Problem("this system", "does not tell what a process used", "Linux or macOS", "measure there")],
        )
    parts = [str(part) for part in command]
    done = subprocess.run([sys.executable, "-I", "-S", _LAUNCH, *parts], capture_output=True, text=True, check=False)
    took = json.loads(done.stdout) if done.returncode == 0 else {"status": done.returncode}
    status = took.pop("status")
    if status:
        found = f"was killed by signal {-status}" if status < 0 else f"ended with exit code {status}"
        words = [line for line in done.stderr.splitlines() if line.strip()][-3:]
        remedy = "see its last words: " + " / ".join(words) if words else "look for the reason in the system's log"
        raise InternalError("A measured program failed.", [Problem(" ".join(parts), found, "", remedy)])
    return Measured(**took)


def take_turns(
    commands: Mapping[str, Sequence[str | Path]], rounds: int, progress: Progress
) -> dict[str, list[Measured]]:
    """Runs every command once a round; each round begins with another one."""
    names = list(commands)
    taken: dict[str, list[Measured]] = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for place, name in enumerate(names[first:] + names[:first]):
            progress("measuring", turn * len(names) + place, rounds * len(names))
            taken[name].append(measure(commands[name]))
    progress("measuring", rounds * len(names), rounds * len(names))
    return taken


def ratios(
    of: Sequence[Measured], to: Sequence[Measured], what: Callable[[Measured], float] = lambda m: m.wall_s
) -> Spread:
    """What the one took as a multiple of the other, round by round."""
    return Spread.of([what(a) / what(b) for a, b in zip(of, to, strict=True)])
