"""Makes untidy people: supplies that overlap, leave gaps or have no end, doses around the minimum, scores on and off the
windows, late or missing observation. Every length is drawn from around the limits of the forms, where mistakes live.

Chance comes from outside: a seeded `random.Random` for a crowd, Hypothesis's own for examples that can be made smaller.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from drawn import complete

from stepwell.knowledge.forms import Knowledge

BEGIN = date(2020, 1, 1)
# fmt: off
JUMPS = (-40, -15, -14, -1, 0, 0, 1, 1, 2, 7, 14, 15, 16, 21, 28, 30,
         42, 43, 44, 45, 46, 60, 98, 99, 182, 183, 184, 200)
LENGTHS = (1, 2, 14, 15, 16, 17, 27, 28, 29, 30, 41, 42, 43, 60, 90)
SCORE_JUMPS = (-15, -14, -13, -1, 0, 7, 8, 14, 15, 20, 21, 22, 28, 42)
TOTALS = (0, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 18, 20, 24, 24, None)
# fmt: on
CODESETS = ("major-depression", "major-depression", "depression-other", "bipolar", "psychosis")


def untidy_crowd(
    rng: Random,
    n: int,
    knowledge: Knowledge,
    drugs: tuple[str, ...] | None = None,
    gaps: tuple[str | None, ...] = (None,),
) -> dict[str, list[dict]]:
    """Record tables of `n` people, numbered from 1; their drug records have the gaps of `gaps` in turn."""
    names = (
        "person",
        "observation_period",
        "medication",
        "condition",
        "measurement",
        "procedure",
        "incomplete_medication",
    )
    tables: dict[str, list[dict]] = {name: [] for name in names}
    for person_id in range(1, n + 1):
        for name, rows in untidy_person(rng, knowledge, drugs or tuple(knowledge.ingredients)).items():
            tables[name] += [{"person_id": person_id, **row} for row in rows]
        if (reason := gaps[person_id % len(gaps)]) is not None:
            tables["incomplete_medication"].append({"person_id": person_id, "reason": reason, "n_rows": 1, "n_of": 2})
    return complete(tables)


def untidy_person(rng: Random, knowledge: Knowledge, drugs: tuple[str, ...]) -> dict[str, list[dict]]:
    mine = rng.sample(drugs, k=min(len(drugs), rng.randint(1, 4)))
    in_steps = rng.random() < 0.3
    supplies = list((_steps if in_steps else _supplies)(rng, knowledge, mine))
    days = [r["start_date"] for r in supplies] + [r["end_date"] for r in supplies if r["end_date"]] + [BEGIN]
    return {
        "person": [_birth(rng)],
        "observation_period": _periods(rng, max(days)),
        "medication": supplies,
        "condition": [
            {"condition_date": _near(rng, days, JUMPS), "codeset": rng.choice(CODESETS)}
            for _ in range(rng.randint(0, 4))
        ],
        "procedure": [
            {"procedure_date": _near(rng, days, JUMPS), "procedure": rng.choice(("ect", "ect", "tms"))}
            for _ in range(rng.choice((0, 0, 1, 2)))
        ],
        "measurement": _scores(rng, knowledge, days) + (_visits(rng, knowledge, supplies) if in_steps else []),
    }


def _supplies(rng: Random, knowledge: Knowledge, drugs: list[str]):
    at = BEGIN
    for _ in range(rng.randint(0, 7)):
        ingredient = rng.choice(drugs)
        at += timedelta(days=rng.choice(JUMPS))
        end = None if rng.random() < 0.2 else at + timedelta(days=rng.choice(LENGTHS) - 1)
        row = {
            "ingredient": ingredient,
            "start_date": at,
            "end_date": end,
            "end_basis": None if end is None else "days supply",
            "mg_per_day": _dose(rng, knowledge, ingredient),
            "labelled_use": "smoking cessation" if rng.random() < 0.05 else None,
            "stop_reason": rng.choice(("intolerance", "no effect", "other", None, None, None, None)),
            "is_supplied": rng.choice((True, True, True, True, True, False, False, None)),
        }
        yield row
        if rng.random() < 0.1:
            yield dict(row)
        if rng.random() < 0.1:
            yield {**row, "mg_per_day": _dose(rng, knowledge, ingredient), "stop_reason": None}
        if end is not None and rng.random() < 0.6:
            at = end


def _steps(rng: Random, knowledge: Knowledge, drugs: list[str]):
    """One drug after another, each for two or three supplies: what meets a definition, which pure chance seldom makes."""
    at = BEGIN
    for ingredient in drugs:
        dose = _dose(rng, knowledge, ingredient)
        for _ in range(rng.randint(2, 3)):
            end = at + timedelta(days=rng.choice((14, 21, 28, 30, 42)) - 1)
            yield {
                "ingredient": ingredient,
                "start_date": at,
                "end_date": end if rng.random() < 0.95 else None,
                "end_basis": "days supply",
                "mg_per_day": dose,
                "labelled_use": None,
                "stop_reason": rng.choice(("intolerance", "no effect", None)),
                "is_supplied": rng.random() < 0.9,
            }
            at = end + timedelta(days=1)
        at += timedelta(days=rng.choice((-15, -14, 0, 0, 0, 13, 41, 42, 70)))


def _dose(rng: Random, knowledge: Knowledge, ingredient: str) -> float | None:
    limits = [m.min_mg_per_day for m in knowledge.dose_minima if m.ingredient == ingredient]
    limits += [r.at_most_mg_per_day for r in knowledge.role_rules if r.ingredient == ingredient]
    limit = rng.choice(limits) if limits else 100.0
    return rng.choice((limit, limit, limit, limit - 1, limit + 1, 2 * limit, None))


def _periods(rng: Random, last: date) -> list[dict]:
    kind = rng.randint(0, 5)
    if kind == 0:
        return []
    end = last + timedelta(days=rng.choice((-60, -15, -14, -1, 0, 1, 13, 14, 15, 16, 42, 43, 98, 400, 400)))
    start = BEGIN - timedelta(days=rng.choice((400, 30, 0, -10)))
    if end <= start:
        end = start + timedelta(days=1)
    if kind > 2:
        return [{"start_date": start, "end_date": end}]
    middle = start + (end - start) // 2
    return [
        {"start_date": start, "end_date": middle},
        {"start_date": min(end, middle + timedelta(days=rng.choice((0, 1, 2, 30)))), "end_date": end},
    ]


def _scores(rng: Random, knowledge: Knowledge, days: list[date]) -> list[dict]:
    instruments = sorted(knowledge.instruments)
    return [
        {
            "instrument": rng.choice(instruments),
            "measured_date": _near(rng, days, SCORE_JUMPS),
            "total": None if (total := rng.choice(TOTALS)) is None else float(total),
        }
        for _ in range(rng.randint(0, 7))
    ]


def _visits(rng: Random, knowledge: Knowledge, supplies: list[dict]) -> list[dict]:
    """A score at the start of every supply, by one instrument: somebody was followed up."""
    instrument = rng.choice(sorted(knowledge.instruments))
    return [
        {
            "instrument": instrument,
            "measured_date": r["start_date"],
            "total": float(rng.choice((9, 15, 16, 18, 20, 24))),
        }
        for r in supplies
    ]


def _birth(rng: Random) -> dict:
    kind = rng.randint(0, 4)
    if kind == 0:
        return {"birth_earliest_date": None, "birth_latest_date": None}
    earliest = rng.choice((date(1970, 6, 1), date(2002, 1, 1), date(2002, 1, 31), date(2002, 6, 15), date(2000, 2, 29)))
    latest = earliest if kind > 1 else date(earliest.year, 12, 31)
    return {"birth_earliest_date": earliest, "birth_latest_date": latest}


def _near(rng: Random, days: list[date], jumps: tuple[int, ...]) -> date:
    return rng.choice(days) + timedelta(days=rng.choice(jumps))


_NAMED = {
    "condition": ("condition_date", "codeset"),
    "procedure": ("procedure_date", "procedure"),
    "measurement": ("measured_date", "instrument"),
}


def without_drug_days(rng: Random, tables: dict[str, list[dict]], share: float = 0.2) -> dict[str, list[dict]]:
    """The same records where a share of the drug rows has lost its day: they are in no record table, and
    `incomplete_medication` says so of their people."""
    kept, lost = [], {}
    for row in tables["medication"]:
        if rng.random() < share:
            lost[row["person_id"]] = lost.get(row["person_id"], 0) + 1
        else:
            kept.append(row)
    said = [
        {"person_id": person_id, "reason": "drugs without a day", "n_rows": n, "n_of": n}
        for person_id, n in lost.items()
    ]
    return {**tables, "medication": kept, "incomplete_medication": [*tables["incomplete_medication"], *said]}


def without_days(rng: Random, tables: dict[str, list[dict]], share: float = 0.3) -> dict[str, list[dict]]:
    """The same records where a share of the diagnoses, procedures and scores has lost its day, some with their month or year
    still known: rows of `code_gap` take their place."""
    kept = {name: list(rows) for name, rows in tables.items()}
    gaps: dict[tuple, int] = {}
    for record, (column, named) in _NAMED.items():
        kept[record] = []
        for row in tables[record]:
            if rng.random() >= share or (record == "measurement" and row["total"] is None):
                kept[record].append(row)
                continue
            day, known = row[column], rng.choice(("nothing", "month", "year"))
            first, last = {
                "nothing": (None, None),
                "month": (day.replace(day=1), (day.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)),
                "year": (day.replace(month=1, day=1), day.replace(month=12, day=31)),
            }[known]
            key = row["person_id"], record, row[named], first, last
            gaps[key] = gaps.get(key, 0) + 1
    columns = ("person_id", "record", "codeset", "first_date", "last_date")
    kept["code_gap"] = [
        {**dict(zip(columns, key, strict=True)), "reason": "without a day", "n_rows": n} for key, n in gaps.items()
    ]
    return kept
