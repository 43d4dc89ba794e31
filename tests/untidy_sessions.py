"""Makes untidy people with treatments given in sessions."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from drawn import complete

from stepwell.sources.csvform import MONITORED
from stepwell.tables import RECORDS

BEGIN = date(2020, 6, 1)
JUMPS = (0, 0, 1, 2, 3, 3, 4, 4, 6, 7, 7, 9, 10, 11, 20, 21, 29, 30, 31, 60, 61)
KINDS = ("administration", "administration", "administration", "supply", None)
DOSES = (20.0, 40.0, 40.0, 60.0, 80.0, 99.0, 100.0, 101.0, 0.04, 30.0, 160.0, None)
CODES = ("V0001", "V0002", "U0001", "U0002", "spray-visit")


def untidy_sessions(rng: Random, n: int) -> dict[str, list[dict]]:
    """Record tables of `n` people with treatments given in sessions."""
    tables: dict[str, list[dict]] = {name: [] for name in (t.name for t in RECORDS)}
    for person_id in range(1, n + 1):
        for name, rows in _person(rng).items():
            tables[name] += [{"person_id": person_id, **row} for row in rows]
    return complete(tables)


def _person(rng: Random) -> dict[str, list[dict]]:
    dose, procedure, measurement, days = [], [], [], []
    for what in rng.sample(("spray", "infusion", "ect"), rng.randint(1, 3)):
        day = BEGIN + timedelta(rng.choice((0, 100, 200)))
        for _ in range(rng.randint(1, 9)):
            day += timedelta(rng.choice(JUMPS))
            days.append(day)
            for _ in range(rng.choice((1, 1, 1, 2, 3))):
                if what == "ect" or (what == "spray" and rng.random() < 0.4):
                    procedure.append(
                        {"procedure_date": day, "procedure": "ect" if what == "ect" else "spray-visit",
                         "code": rng.choice(CODES), "quantity": rng.choice((1.0, 40.0, 80.0, None))}
                    )  # fmt: skip
                else:
                    dose.append(
                        {"given_date": day, "ingredient": what, "kind": rng.choice(KINDS), "mg": rng.choice(DOSES),
                         "code": rng.choice((None, None, None, *CODES)), "quantity": rng.choice((1.0, 40.0, None)),
                         "route": rng.choice(("intravenous", "intravenous", "oral", None)),
                         "minute": rng.choice((None, 600))}
                    )  # fmt: skip
            if rng.random() < 0.2:
                dose += dose[-1:]
    procedure += [
        {"procedure_date": rng.choice(days), "procedure": "anaesthesia", "code": "00100"}
        for _ in range(rng.choice((0, 0, 1)))
    ]
    for _ in range(rng.randint(0, 12)):
        when = rng.choice(days) + timedelta(rng.choice((-14, -1, 0, 1, 2, 10, 20, 60)))
        instrument = rng.choice(("phq-9", "phq-9", "qids-sr16"))
        measurement.append(
            {"instrument": instrument, "measured_date": when, "total": rng.choice((3.0, 9.0, 15.0, 20.0))}
        )
    return {
        "person": [_life(rng, days)],
        "observation_period": _periods(rng, days),
        "condition": [
            {"condition_date": min(days) + timedelta(rng.choice((-61, -60, 0, 1))), "codeset": "major-depression"}
            for _ in range(rng.choice((0, 1, 1)))
        ],
        "dose": dose,
        "procedure": procedure,
        "declared_session": [
            {"session_date": rng.choice(days), "treatment": rng.choice(("infusion", "spray")), "arm": rng.choice("AB"),
             "is_comparator": rng.random() < 0.3}
            for _ in range(rng.choice((0, 0, 2)))
        ],
        "measurement": measurement,
        "monitoring": [
            {"session_date": rng.choice(days), "kind": kind, "minutes": rng.choice((-5, 0, 30, 40, 50, 51, 110, None)),
             "value": rng.choice((3.0, 5.0, 80.0, 120.0, 140.0, 141.0, None))}
            for kind in rng.choices(MONITORED, k=8)
        ],
    }  # fmt: skip


def _life(rng: Random, days: list[date]) -> dict:
    born = rng.choice((date(1980, 1, 1), date(1955, 6, 15), min(days), min(days) + timedelta(5), None))
    latest = born and born + timedelta(rng.choice((0, 0, 30)))
    died = rng.choice((None, None, None, max(days), max(days) - timedelta(3)))
    return {"birth_earliest_date": born, "birth_latest_date": latest, "death_date": died}


def _periods(rng: Random, days: list[date]) -> list[dict]:
    first, last = min(days), max(days)
    choice = rng.randint(0, 3)
    if choice == 0:
        return []
    if choice == 1:
        return [{"start_date": first - timedelta(400), "end_date": last + timedelta(400)}]
    middle = first + (last - first) / 2
    return [
        {"start_date": first - timedelta(rng.choice((59, 60, 61))), "end_date": middle},
        {"start_date": middle + timedelta(rng.choice((1, 2))), "end_date": last + timedelta(rng.choice((0, 30)))},
    ]
