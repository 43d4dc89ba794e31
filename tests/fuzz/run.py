"""Draws inputs, judges them, and reports what was found. The seed and the number of an input make it again."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .damage import KINDS as OF_RESULTS
from .judge import Input, judge
from .records import KINDS as OF_RECORDS
from .words import KINDS as OF_WORDS

KINDS: dict[str, Callable[[random.Random, Path], Input]] = {**OF_WORDS, **OF_RECORDS, **OF_RESULTS}


@dataclass
class Report:
    """What was tried and what was found, by kind of input."""

    seed: int
    inputs: Counter = field(default_factory=Counter)
    values: Counter = field(default_factory=Counter)
    calls: Counter = field(default_factory=Counter)
    refused: Counter = field(default_factory=Counter)
    slowest: float = 0.0
    findings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [
            "| kind of input | inputs | values changed | commands called | of these refused |",
            "|---|---|---|---|---|",
        ]
        for kind in self.inputs:
            row = (self.inputs, self.values, self.calls, self.refused)
            lines.append(f"| {kind} | " + " | ".join(f"{c[kind]:,}" for c in row) + " |")
        totals = (self.inputs, self.values, self.calls, self.refused)
        lines.append("| all | " + " | ".join(f"{c.total():,}" for c in totals) + " |")
        lines += ["", f"Seed {self.seed}; the slowest input took {self.slowest:.0f} s; {len(self.findings)} findings."]
        return "\n".join([*lines, *(f"\n{f}" for f in self.findings)])


def fuzz(kind: str, seed: int, numbers: range, report: Report, seconds: float = float("inf")) -> None:
    """Tries inputs of one kind, as long as there is time, and adds to the report."""
    begun = time.monotonic()
    for number in numbers:
        if time.monotonic() - begun > seconds:
            return
        place = Path(tempfile.mkdtemp(prefix="stepwell-fuzz-"))
        try:
            given = KINDS[kind](random.Random(f"{seed}/{kind}/{number}"), place)
            judged = judge(given, place)
        finally:
            shutil.rmtree(place, ignore_errors=True)
        report.inputs[kind] += 1
        report.values[kind] += given.n
        report.calls[kind] += judged.n_calls
        report.refused[kind] += judged.n_refused
        report.slowest = max(report.slowest, judged.seconds)
        again = f"python -m tests.fuzz --seed {seed} --kind {kind} --only {number}"
        report.findings += [f"{again}\n  {given.said[:1000]}\n  {fault}" for fault in judged.faults]
