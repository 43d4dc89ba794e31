"""Records at the edge of what can be said: missing values, ties, and the ends of the calendar. The oracle says the same."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest
from agreement import disagreements
from clinic import FORMS, KNOWLEDGE, branch, define
from drawn import complete
from untidy import untidy_crowd

from stepwell.in_memory import determine_records
from stepwell.tables import RECORDS

SCORED = FORMS[0]
IN_A_YEAR = next(d for d in FORMS if d.id == "within-a-year")
ONE_IN_AN_EPISODE = define(
    branch(count=1, having_taken=True, dated="next treatment start"), episode_gap=30, name="one-in-an-episode"
)
ASKED = (SCORED, IN_A_YEAR, ONE_IN_AN_EPISODE)


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


@pytest.mark.parametrize("make", [with_missing_values, in_ties, at_the_ends_of_the_calendar])
def test_the_oracle_says_the_same(make):
    assert disagreements(make(), ASKED, KNOWLEDGE) == []


def test_days_run_from_the_first_of_the_calendar_to_the_last():
    starts = determine_records(at_the_ends_of_the_calendar(), [SCORED], KNOWLEDGE)["trial"]["start_date"].to_pylist()
    assert (min(starts), max(starts)) == (date.min, date.max)


@pytest.mark.parametrize("missing", [None, float("nan")], ids=["NULL", "NaN"])
def test_a_missing_dose_is_never_adequate(missing):
    """NaN is greater than every limit: a dose that nobody knows would be enough."""
    month = {"ingredient": "sertraline", "start_date": date(2020, 1, 1), "end_date": date(2020, 2, 28)}
    known = {**month, "ingredient": "fluoxetine", "mg_per_day": 20.0}
    records = complete({"medication": [{**month, "mg_per_day": missing}, known]})
    asked = define(branch(min_dose=28, having_taken=True))
    found = determine_records(records, [asked], KNOWLEDGE)
    rows = {
        t["ingredient"]: (t["max_mg_per_day"], t["n_days_adequate"], t["n_days_dose_unknown"], j["trial.min_dose"])
        for t, j in zip(found["trial"].to_pylist(), found["judged_trial"].to_pylist(), strict=True)
    }
    assert rows == {"sertraline": (None, 0, 59, None), "fluoxetine": (20.0, 59, 0, True)}


def test_thousands_of_rows_on_one_day_are_judged_and_harm_nobody_else():
    """Exports gone wrong send one row ten thousand times. The people before and after keep their own rows."""
    day = date(2020, 1, 1)
    month = {"ingredient": "sertraline", "start_date": day, "end_date": day + timedelta(days=59), "mg_per_day": 100.0}
    plain = {
        "medication": [month],
        "measurement": [{"instrument": "phq-9", "measured_date": day, "total": 20.0}],
        "condition": [{"condition_date": day, "codeset": "major-depression"}],
    }
    absurd = {
        name: [{**row, "address": f"{name}/{n}"} for row in rows for n in range(10_000)] for name, rows in plain.items()
    }
    found = determine_records(renumbered([complete(plain), complete(absurd), complete(plain)]), ASKED, KNOWLEDGE)
    for name in ("exposure", "trial", "episode", "determination", "step"):
        rows = found[name].to_pylist()
        before, among, after = ([{**r, "person_id": 0} for r in rows if r["person_id"] == n] for n in (1, 2, 3))
        assert before == after, name
        said = [[{k: v for k, v in r.items() if "address" not in k} for r in of] for of in (before, among)]
        assert said[0] == said[1] or name in ("exposure", "trial"), name
        assert len(before) == len(among), name
