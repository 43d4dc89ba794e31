"""People at the edge of what can be recorded: missing values, ties, the ends of the calendar, numbers that are none."""

from __future__ import annotations

import math
from datetime import date, timedelta
from random import Random

from clinic import KNOWLEDGE
from drawn import complete
from untidy import untidy_crowd

from stepwell.tables import RECORDS

Crowd = dict[str, list[dict]]
EDGES = {
    "float64": (math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, -0.0),
    "int32": (2**31 - 1, -(2**31), -1, 0),
    "int64": (2**63 - 1, -(2**63), -1, 0),
    "date": (date.min, date.max),
}
"""The values at the edge of each type; a float that is no number, and one that is endless, too."""


def renumbered(crowds: list[dict[str, list[dict]]]) -> dict[str, list[dict]]:
    """Several crowds as one, everybody under a number of their own."""
    together, numbers = {}, {}
    for place, crowd in enumerate(crowds):
        for name, rows in crowd.items():
            for row in rows:
                number = numbers.setdefault((place, row["person_id"]), len(numbers) + 1)
                together.setdefault(name, []).append({**row, "person_id": number})
    return together


def with_missing_values() -> dict[str, list[dict]]:
    """The same untidy people once for every column that may be empty, with that column empty."""
    crowd = untidy_crowd(Random("missing"), 6, KNOWLEDGE)
    crowds = [crowd]
    for table in RECORDS:
        for column in table.columns:
            if column.null:
                emptied = [{**row, column.name: None} for row in crowd[table.name]]
                crowds.append({**crowd, table.name: emptied})
    return renumbered(crowds)


def in_ties() -> dict[str, list[dict]]:
    """Rows that agree in everything by which something is put in order, forwards and backwards."""
    day = date(2020, 3, 1)
    # Addresses, ingredients and doses whose order depends on who sorts: case, hyphens, digits, sums of fractions.
    addresses = ("m/10", "m/9", "M/9", "m-9", "m 9", "mé9", "m_9")
    drugs = ("venlafaxine", "sertraline", "bupropion", "quetiapine")
    fractions = (0.1, 0.2, 0.3, 16.666666666666668, 33.33333333333333, 0.0078125, 0.12345649999999998)
    medication = [
        {
            "ingredient": drug,
            "start_date": day,
            "end_date": day + timedelta(days=29),
            "mg_per_day": mg,
            "stop_reason": reason,
            "address": address,
        }
        for drug in drugs
        for mg, address in zip(fractions, addresses, strict=True)
        for reason in ("other", "no effect", None)
    ]
    # The same fractions one by one: on its own each is rounded as it is, near a half or not.
    alone = [
        {"ingredient": "sertraline", "start_date": day + timedelta(days=n), "mg_per_day": mg}
        for n, mg in enumerate(fractions)
    ]
    # An episode of one day that begins where the one before is dated, so that both are met on one day.
    apart = [
        {"ingredient": "sertraline", "start_date": day, "end_date": day + timedelta(days=9)},
        {"ingredient": "venlafaxine", "start_date": day + timedelta(days=60), "end_date": day + timedelta(days=60)},
    ]
    scores = [
        {"instrument": instrument, "measured_date": day + timedelta(days=d), "total": total}
        for instrument in ("phq-9", "qids-sr16")
        for d in (0, 28)
        for total in (20.0, 12.0, None)
    ]
    condition = [{"condition_date": day, "codeset": c} for c in ("major-depression", "depression-other") for _ in "ab"]
    one = {"medication": medication, "measurement": scores, "condition": condition}
    backwards = {name: rows[::-1] for name, rows in one.items()}
    return renumbered(
        [complete(one), complete(backwards), complete({"medication": alone}), complete({"medication": apart})]
    )


def at_the_ends_of_the_calendar() -> dict[str, list[dict]]:
    """Treatment, observation and birth on the first and the last days that a date can be."""
    crowds = []
    for first, last in ((date.min, date.min + timedelta(days=400)), (date.max - timedelta(days=400), date.max)):
        middle = first + timedelta(days=60)
        medication = [
            {"ingredient": "sertraline", "start_date": first, "end_date": middle, "mg_per_day": 50.0},
            {"ingredient": "venlafaxine", "start_date": middle, "end_date": last, "mg_per_day": 75.0},
            {"ingredient": "bupropion", "start_date": last, "end_date": None, "mg_per_day": 150.0},
        ]
        for births in ((date.min, date.min), (date.max, date.max), (date.min, date.max), (None, None)):
            crowds.append(
                complete(
                    {
                        "person": [dict(zip(("birth_earliest_date", "birth_latest_date"), births, strict=True))],
                        "observation_period": [{"start_date": date.min, "end_date": date.max}],
                        "medication": medication,
                        "condition": [{"condition_date": d, "codeset": "major-depression"} for d in (first, last)],
                        "measurement": [
                            {"instrument": "phq-9", "measured_date": d, "total": 20.0} for d in (first, middle, last)
                        ],
                    }
                )
            )
    return renumbered(crowds)


def at_the_edge_of_every_column(plain: Crowd) -> list[Crowd]:
    """The people once for every number and day of every record table and every value at the edge of its type."""
    return [
        {**plain, table.name: [{**row, column.name: value} for row in plain[table.name]]}
        for table in RECORDS
        for column in table.columns
        if column.name != "person_id" and plain.get(table.name)
        for value in EDGES.get(column.type, ())
    ]


def many_rows_on_one_day(n: int) -> tuple[Crowd, Crowd]:
    """A plain person, and the same person with every row sent so many times."""
    day = date(2020, 1, 1)
    month = {"ingredient": "sertraline", "start_date": day, "end_date": day + timedelta(days=59), "mg_per_day": 100.0}
    plain = {
        "medication": [month],
        "measurement": [{"instrument": "phq-9", "measured_date": day, "total": 20.0}],
        "condition": [{"condition_date": day, "codeset": "major-depression"}],
    }
    absurd = {
        name: [{**row, "address": f"{name}/{i}"} for row in rows for i in range(n)] for name, rows in plain.items()
    }
    return complete(plain), complete(absurd)
