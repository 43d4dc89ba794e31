"""`python -m tests.fuzz` from the top folder: tries as many inputs as are asked for; exit code 1 when anything is found."""

from __future__ import annotations

import argparse
import gc
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.run import KINDS, Report, fuzz

_TOLD_EVERY = 50
"""Inputs after which the standard error says how far it has come, and what was found."""


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    asked.add_argument("--seed", type=int, default=1, help="the same seed gives the same inputs")
    asked.add_argument("--kind", action="append", choices=KINDS, help="a kind of input (repeatable); default: all")
    asked.add_argument("--inputs", type=int, default=100, help="how many of each kind")
    asked.add_argument("--only", type=int, help="one input, by its number")
    asked.add_argument("--seconds", type=float, default=float("inf"), help="stop each kind after so long")
    given = asked.parse_args()
    numbers = range(given.inputs) if given.only is None else range(given.only, given.only + 1)
    report = Report(given.seed)
    # Queries and knowledge are hundreds of thousands of objects that live long: looking through them takes a fifth of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)
    for kind in given.kind or KINDS:
        begun, n = time.monotonic(), len(report.findings)
        for first in range(0, len(numbers), _TOLD_EVERY):
            left = given.seconds - (time.monotonic() - begun)
            fuzz(kind, given.seed, numbers[first : first + _TOLD_EVERY], report, left)
            for finding in report.findings[n:]:
                print(finding, file=sys.stderr)
            n = len(report.findings)
            print(f"{kind}: {report.inputs[kind]:,} inputs, {n} findings in all", file=sys.stderr, flush=True)
    print(report)
    return bool(report.findings)


sys.exit(main())
