"""`python -m tests.fuzz` from the top folder: tries as many inputs as are asked for; exit code 1 when anything is found."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.run import KINDS, Report, fuzz


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
    for kind in given.kind or KINDS:
        n = len(report.findings)
        fuzz(kind, given.seed, numbers, report, given.seconds)
        print(f"{kind}: {report.inputs[kind]} inputs, {len(report.findings) - n} findings", file=sys.stderr, flush=True)
    print(report)
    return bool(report.findings)


sys.exit(main())
