"""DuckDB, PostgreSQL and Spark give the same result tables, value by value."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import ibis
import pyarrow as pa
import pytest
from clinic import FORMS, KNOWLEDGE, branch, define
from drawn import complete
from spec_cases import spec_cases
from untidy import untidy_crowd

from stepwell.in_memory import determine_records
from stepwell.knowledge.load import load
from stepwell.simulate import simulate
from stepwell.sources import open_source
from stepwell.tables import RECORDS

PACKAGED = load()
SCORED = FORMS[0]
IN_A_YEAR = next(d for d in FORMS if d.id == "within-a-year")
ONE_IN_AN_EPISODE = define(
    branch(count=1, having_taken=True, dated="next treatment start"), episode_gap=30, name="one-in-an-episode"
)


def assert_same(records, definitions, knowledge, elsewhere, has=None) -> dict[str, pa.Table]:
    """Judges the records here and elsewhere, holds that the tables are the same, and returns them."""
    here = determine_records(records, definitions, knowledge, has=has)
    there = determine_records(records, definitions, knowledge, has=has, connection=elsewhere)
    assert here.keys() == there.keys()
    for name, rows in here.items():
        assert there[name].schema == rows.schema, name
        if not there[name].equals(rows):
            pairs = zip(rows.to_pylist(), there[name].to_pylist(), strict=False)
            differ = [{c: (a[c], b[c]) for c in a if a[c] != b[c]} | {"person": a["person_id"]} for a, b in pairs]
            differ = [d for d in differ if len(d) > 1]
            pytest.fail(f"{name}: {rows.num_rows} rows here, {there[name].num_rows} there; {differ[:5]}")
    return here


def renumbered(crowds: list[dict[str, list[dict]]]) -> dict[str, list[dict]]:
    """Several crowds as one, everybody under a number of their own."""
    together, numbers = {}, {}
    for place, crowd in enumerate(crowds):
        for name, rows in crowd.items():
            for row in rows:
                number = numbers.setdefault((place, row["person_id"]), len(numbers) + 1)
                together.setdefault(name, []).append({**row, "person_id": number})
    return together


@pytest.mark.long
def test_every_case_of_the_spec(elsewhere):
    """All that the spec suite draws, as one crowd under all its definitions: what it says of DuckDB then holds here too."""
    groups: dict[frozenset | None, list] = {}
    for records, definition, has in spec_cases():
        groups.setdefault(has and frozenset(has), []).append((records, definition))
    assert sum(map(len, groups.values())) > 200
    for has, cases in groups.items():
        crowd = renumbered([records for records, _definition in cases])
        asked = dict.fromkeys(definition for _records, definition in cases)
        definitions = [d.model_copy(update={"id": f"spec-{n}"}) for n, d in enumerate(asked)]
        assert_same(crowd, definitions, KNOWLEDGE, elsewhere, has)


@pytest.mark.long
def test_untidy_people_under_every_form(elsewhere):
    """Forms that between them ask every criterion, on people whose records are untidy in every way the tests know."""
    found = assert_same(untidy_crowd(Random("engines"), 150, KNOWLEDGE), FORMS, KNOWLEDGE, elsewhere)
    assert all(rows.num_rows > 100 for rows in found.values())


@pytest.mark.long
def test_simulated_and_untidy_people_under_the_packaged_definitions(elsewhere, tmp_path):
    """Patients of a simulated clinic, read through the OMOP reader, and untidy people with the packaged drugs."""
    simulate(150, 3, tmp_path / "records", noise="realistic")
    con = ibis.duckdb.connect()
    source = open_source(str(tmp_path / "records"), con, PACKAGED)
    clinic = {name: rows.to_pyarrow().to_pylist() for name, rows in source.tables.items()}
    con.disconnect()
    crowd = renumbered([clinic, untidy_crowd(Random("packaged"), 150, PACKAGED)])
    found = assert_same(crowd, tuple(PACKAGED.definitions.values()), PACKAGED, elsewhere)
    assert set(found["determination"]["verdict"].to_pylist()) == {"met", "not met", "unknown"}


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


@pytest.mark.long
def test_missing_values_ties_and_the_ends_of_the_calendar(elsewhere):
    crowd = renumbered([with_missing_values(), in_ties(), at_the_ends_of_the_calendar()])
    found = assert_same(crowd, (SCORED, IN_A_YEAR, ONE_IN_AN_EPISODE), KNOWLEDGE, elsewhere)
    starts = found["trial"]["start_date"].to_pylist()
    assert (min(starts), max(starts)) == (date.min, date.max)


@pytest.fixture(params=["duckdb", "postgres", "spark"])
def anywhere(request):
    """A connection to each engine; DuckDB inside this process has none."""
    return None if request.param == "duckdb" else request.getfixturevalue(request.param)


@pytest.mark.parametrize("missing", [None, float("nan")], ids=["NULL", "NaN"])
def test_a_missing_dose_is_never_adequate(anywhere, missing):
    """NaN is greater than every limit: a dose that nobody knows would be enough."""
    month = {"ingredient": "sertraline", "start_date": date(2020, 1, 1), "end_date": date(2020, 2, 28)}
    known = {**month, "ingredient": "fluoxetine", "mg_per_day": 20.0}
    records = complete({"medication": [{**month, "mg_per_day": missing}, known]})
    asked = define(branch(min_dose=28, having_taken=True))
    found = determine_records(records, [asked], KNOWLEDGE, connection=anywhere)
    rows = {
        t["ingredient"]: (t["max_mg_per_day"], t["n_days_adequate"], t["n_days_dose_unknown"], j["trial.min_dose"])
        for t, j in zip(found["trial"].to_pylist(), found["judged_trial"].to_pylist(), strict=True)
    }
    assert rows == {"sertraline": (None, 0, 59, None), "fluoxetine": (20.0, 59, 0, True)}
