"""How fast the simulator is, beside the same model in plain NumPy and in SimPy, measured in one run on one thread.

    python benchmarks/simulator.py [--people 1000000]

CPU time, not wall time, so that a busy machine changes it little; what it is compared with is measured in the same minute. The
three give the same lives: NumPy to the last bit, SimPy to rounding. First it is checked that they do.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numba import njit

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "tests")]

import simpy_model
from lockstep import Crowd

from stepwell.simulate import (
    Offer,
    Policy,
    Treatment,
    chance,
    draw_events,
    draw_outcomes,
    model_parameters,
    write_events,
)

POLICY = Policy(offers=(Offer(Treatment.ESKETAMINE, 2, 0.5, 30.0), Offer(Treatment.ECT, 3, 0.3, 30.0)))
BLOCK = 1 << 15
CHECKED = 2000
DRAWS = 3_000_000


@njit
def draws(n):
    """So many draws, to say how fast the machine is just now."""
    total = 0.0
    for occurrence in range(n):
        total += chance.uniform(np.uint64(1), 1, occurrence, 0)
    return total


def cpu(work) -> float:
    """CPU seconds of this process, all its threads together."""
    start = time.process_time()
    work()
    return time.process_time() - start


def check(parameters) -> None:
    """The three models give the same lives."""
    people = range(1, CHECKED + 1)
    ours, crowd = draw_outcomes(parameters, POLICY, 1, people), simpy_model.simulate(parameters, POLICY, 1, people)
    for name, values in Crowd(parameters, POLICY, 1, people).outcomes().items():
        assert np.array_equal(ours[name], values, equal_nan=values.dtype.kind == "f"), name
    for name in ("days_in", "days_resistant", "n_relapses", "n_events", "n_courses", "n_sessions", "days_maintained"):
        assert np.allclose(ours[name], [getattr(one, name) for one in crowd], atol=1e-6), name


def main() -> None:
    """Prints one line for each."""
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("--people", type=int, default=1_000_000)
    n = asked.parse_args().people
    parameters = model_parameters()
    check(parameters)
    draws(1)
    in_numpy, in_simpy = max(n // 20, BLOCK), max(n // 500, 1000)
    some = draw_events(parameters, POLICY, 1, range(1, 20_001))
    events = len(some["day"]) / 20_000
    moments = 1 + ((np.diff(some["day"]) > 0) & (np.diff(some["person"]) == 0)).sum() / 20_000

    def numpy_blocks():
        for first in range(1, in_numpy, BLOCK):
            Crowd(parameters, POLICY, 1, range(first, min(first + BLOCK, in_numpy + 1))).outcomes()

    with tempfile.TemporaryDirectory() as folder:
        measured = [
            ("outcomes, compiled", n, cpu(lambda: draw_outcomes(parameters, POLICY, 1, range(1, n + 1), threads=1))),
            (
                "events to Parquet, compiled",
                n,
                cpu(lambda: write_events(Path(folder) / "e.parquet", parameters, POLICY, 1, range(1, n + 1))),
            ),
            ("outcomes and events, NumPy", in_numpy, cpu(numpy_blocks)),
            (
                "outcomes, SimPy",
                in_simpy,
                cpu(lambda: simpy_model.simulate(parameters, POLICY, 1, range(1, in_simpy + 1))),
            ),
        ]
    best = measured[0][2] / measured[0][1]
    a_draw = min(cpu(lambda: draws(DRAWS)) for _ in range(5)) / DRAWS
    print(f"{events:.1f} events a person, at {moments:.1f} moments; one draw takes {a_draw * 1e9:.2f} ns here and now")
    print(f"{'':30} {'people':>10} {'people/CPU-s':>14} {'ns/event':>10} {'ratio':>8}")
    for what, people, seconds in measured:
        each = seconds / people
        print(f"{what:30} {people:>10,} {1 / each:>14,.0f} {each / events * 1e9:>10.0f} {each / best:>8.1f}")


if __name__ == "__main__":
    main()
