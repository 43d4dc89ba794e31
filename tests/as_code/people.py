"""Draws people around the limits of the three programs, where mistakes live: prescriptions a day too early or too late, several
on one day, drugs taken side by side and come back to, codes on one day, observation that ends or begins between them."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from drawn import complete

BEGIN = date(2018, 3, 1)
# fmt: off
STEPS = (0, 0, 1, 10, 21, 28, 28, 29, 30, 31, 32, 41, 42, 42, 43, 56, 60, 70, 84, 97, 98, 99, 150, 181, 182, 183, 364, 365, 366)
YEAR = (364, 365, 366)
LENGTHS = (None, 1, 2, 14, 28, 28, 28, 30, 42, 90, 180)
CODESETS = ("major-depression", "major-depression", "depression-other", "depression-other", "bipolar", "psychosis",
            "dementia", "substance-use")
# fmt: on
DRUGS = ("fluoxetine", "sertraline", "venlafaxine", "mirtazapine", "moclobemide")
ADDED = ("quetiapine", "lithium", "brexpiprazole", "esketamine-nasal")


def crowd_near_limits(rng: Random, n: int) -> dict[str, list[dict]]:
    """Record tables of `n` people, numbered from 1."""
    tables: dict[str, list[dict]] = {n: [] for n in ("person", "observation_period", "condition", "medication")}
    for person_id in range(1, n + 1):
        supplies = list(_supplies(rng))
        days = [row["start_date"] for row in supplies]
        drawn = {
            "person": [{}],
            "observation_period": list(_periods(rng, days)),
            "condition": list(_codes(rng, days)),
            "medication": supplies,
        }
        for name, rows in drawn.items():
            tables[name] += [{"person_id": person_id, **row} for row in rows]
    return complete(tables)


def _supplies(rng: Random):
    mine = rng.sample(DRUGS, k=rng.choice((2, 3, 3, 4)))
    at, current = BEGIN, mine[0]
    for _ in range(rng.randint(3, 12)):
        drug = rng.choice(ADDED) if rng.random() < 0.15 else current
        for _ in range(rng.choice((1, 1, 1, 2))):
            length = rng.choice(LENGTHS)
            end = None if length is None else at + timedelta(length - 1)
            yield {"ingredient": drug, "start_date": at, "end_date": end, "mg_per_day": rng.choice((50.0, None))}
        at += timedelta(rng.choice(STEPS))
        current = rng.choice(mine) if rng.random() < 0.5 else current
    if rng.random() < 0.3:  # one that ended about a year before the last of another drug
        yield from _a_year_before(rng, at, mine)


def _a_year_before(rng: Random, at: date, mine: list[str]):
    last = rng.choice(("quetiapine", mine[0]))
    for drug, begun, ended in ((mine[-1], 385, rng.choice(YEAR)), (mine[1], 100, 80), (last, 0, -10)):
        yield {"ingredient": drug, "start_date": at - timedelta(begun), "end_date": at - timedelta(ended)}


def _codes(rng: Random, days: list[date]):
    if rng.random() < 0.15:
        yield {"condition_date": days[-1] - timedelta(rng.choice(YEAR)), "codeset": "major-depression"}
        return
    on = rng.choice(days) - timedelta(rng.choice((0, 0, 1, 30, *YEAR)))
    yield from ({"condition_date": on, "codeset": "major-depression"} for _ in range(rng.choice((0, 1, 2, 2))))
    if rng.random() < 0.2:
        yield {"condition_date": on, "codeset": "psychotic-depression", "address": "condition/same"}
        yield {"condition_date": on, "codeset": "major-depression", "address": "condition/same"}
    for _ in range(rng.choice((0, 0, 1, 2))):
        codeset = rng.choice(CODESETS[:4] if rng.random() < 0.9 else CODESETS)
        yield {"condition_date": rng.choice(days) + timedelta(rng.choice((-366, -365, -1, 0, 1))), "codeset": codeset}


def _periods(rng: Random, days: list[date]):
    """One long period, mostly; else none, or several with a day between them, or none, or that overlap."""
    kind = rng.random()
    if kind < 0.1:
        return
    first, last = min(days) - timedelta(rng.choice((400, 0, -1))), max(days) + timedelta(rng.choice((400, 30, 0, -1)))
    if last <= first:
        last = first + timedelta(1)
    if kind < 0.6:
        yield {"start_date": first, "end_date": last}
        return
    cut = min(max(rng.choice(days) + timedelta(rng.choice((-30, -1, 0, 1, 30))), first), last)
    yield {"start_date": first, "end_date": cut}
    yield {"start_date": min(cut + timedelta(rng.choice((0, 1, 2, 60))), last), "end_date": last}
