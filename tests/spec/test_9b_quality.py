"""9b Quality measures: who enters, which score decides, which days are covered."""

from datetime import date, timedelta

import polars as pl
import pyarrow as pa
import pytest
from clinic import KNOWLEDGE, WHY, define
from drawn import complete, parse

from stepwell.in_memory import determine_records
from stepwell.knowledge.quality import QualityMeasure
from stepwell.on_request.quality import find_quality
from stepwell.on_request.rows import rows_in_days
from stepwell.tables import DERIVED, RECORDS

TABLES = {t.name: t for t in (*RECORDS, *DERIVED)}
ANTIDEPRESSANTS = [d.ingredient for d in KNOWLEDGE.ingredients.values() if d.role == "antidepressant"]


DAYS = {"first": "100 days", "last": "200 days"}
MONTHS = {"months": "12 months", "either_way": "60 days"}
EXCLUDED = {
    "diagnosis": {"any_of": ["psychosis"]},
    "care": {"any_of": ["hospice"], "since_before": "12 months"},
    "death": {},
}


def measure(window=DAYS, excluded=(), **outcome) -> QualityMeasure:
    """A made-up measure: PHQ-9 above 9, followed for 100 to 200 days; or an antidepressant after 50 days without."""
    by_score = "covered" not in outcome
    score = {
        "score": {"instrument": "phq-9", "above": "9 points", **WHY},
        "diagnosis": {"any_of": ["major-depression"], "at_most_after": "7 days", **WHY},
    }
    treatment = {"after_none_for": "50 days", "diagnosis": ["major-depression"], "diagnosed_within": "20 days", **WHY}
    return QualityMeasure.model_validate(
        {
            "id": "spec",
            "version": 1,
            "status": "draft",
            "title": "Made up for the tests",
            "summary": "Made up for the tests.",
            "who": {"never": {"any_of": ["bipolar"], "when": "before", **WHY}},
            "start": score if by_score else {"treatment": treatment},
            "follow_up": {**window, **WHY} if by_score else None,
            "excluded": {name: {**EXCLUDED[name], **WHY} for name in excluded},
            **{name: {**value, **WHY} for name, value in outcome.items()},
        }
    )


DEPRESSED = "condition_date | codeset\n2019-01-01 | major-depression"
REMISSION = measure(remission={"below": "5 points"})
RESPONSE = measure(response={"at_least": "50 %"})
COVERED = measure(covered={"at_least": "60 days", "of": "90 days"})


def found(asked: QualityMeasure, has=None, **drawn: str) -> dict:
    """The row of person 1, who has major depression from 2019 on unless diagnoses are drawn."""
    drawn = {"condition": DEPRESSED, **drawn}
    rows = {name: parse(text, TABLES[name]) if text else [] for name, text in drawn.items()}
    records = complete(rows)
    tables = {t.name: _frame(t, pa.Table.from_pylist(records[t.name], schema=t.arrow_schema)) for t in RECORDS}
    if "medication" in drawn:
        exposure = determine_records(records, [define()], KNOWLEDGE)["exposure"]
    else:
        exposure = TABLES["exposure"].arrow_schema.empty_table()
    tables["exposure"] = _frame(TABLES["exposure"], exposure)
    held = frozenset(TABLES if has is None else has)
    deaths = bool(tables["person"]["death_day"].is_not_null().any())
    people = find_quality(tables, ANTIDEPRESSANTS, asked, held, holds_deaths=deaths)
    return people.row(by_predicate=pl.col("person_id") == 1, named=True)


def _frame(table, rows: pa.Table) -> pl.DataFrame:
    return rows_in_days(table, pl.from_arrow(rows))


def in_date(day: int | None) -> str | None:
    return None if day is None else str(date(1970, 1, 1) + timedelta(day))


def scores(*lines: str) -> str:
    return "\n".join(["instrument | measured_date | total", *lines])


@pytest.mark.parametrize(
    ("last", "reached"),
    [
        ("2020-04-10 | 4", True),
        ("2020-04-10 | 5", False),
        ("2020-04-09 | 4", None),
        ("2020-07-19 | 4", True),
        ("2020-07-20 | 4", None),
        ("2020-04-10 | ", None),
    ],
    ids=["on day 100, below 5", "5 points", "on day 99", "on day 200", "on day 201", "no total"],
)
def test_remission_in_the_window(last, reached):
    """The score decides that was taken 100 to 200 days after the first above 9; without one it is unknown."""
    row = found(REMISSION, measurement=scores("phq-9 | 2020-01-01 | 10", f"phq-9 | {last}"))
    assert (row["is_included"], row["is_reached"]) == (True, reached)


def test_the_latest_score_in_the_window_decides():
    """Remission that did not last is none; the first score above the limit begins, whatever comes after."""
    row = found(
        REMISSION,
        measurement=scores(
            "phq-9 | 2019-12-01 | 9",
            "phq-9 | 2020-01-01 | 12",
            "phq-9 | 2020-02-01 | 20",
            "phq-9 | 2020-05-01 | 3",
            "phq-9 | 2020-06-01 | 8",
        ),
    )
    assert (row["start_total"], row["end_total"], row["is_reached"]) == (12, 8, False)


@pytest.mark.parametrize(("last", "reached"), [("10", True), ("10.5", False), ("24", False)])
def test_response_by_half(last, reached):
    """Better by exactly half is reached."""
    row = found(RESPONSE, measurement=scores("phq-9 | 2020-01-01 | 20", f"phq-9 | 2020-05-01 | {last}"))
    assert row["is_reached"] is reached


@pytest.mark.parametrize(
    ("first", "diagnosed", "included"),
    [("9", "", False), ("10", "2020-01-01 | bipolar", False), ("10", "2020-01-02 | bipolar", True), ("10", "", True)],
    ids=["9 is not above 9", "excluded on the day", "excluded the day after", "in"],
)
def test_who_is_in_it(first, diagnosed, included):
    """A first score above the limit, and nothing that excludes up to that day."""
    condition = "\n".join([DEPRESSED, diagnosed]).strip()
    row = found(REMISSION, measurement=scores(f"phq-9 | 2020-01-01 | {first}"), condition=condition)
    assert row["is_included"] is included


@pytest.mark.parametrize(("gap", "included"), [("answer", None), ("procedure", False)])
def test_a_measurement_that_nobody_could_identify_may_be_the_score(gap, included):
    drawn = {"measurement": scores("phq-9 | 2020-01-01 | 4"), "code_gap": f"record | n_rows\n{gap} | 1"}
    assert found(REMISSION, **drawn)["is_included"] is included
    assert found(COVERED, **drawn)["is_included"] is False
    high = {**drawn, "measurement": scores("phq-9 | 2020-01-01 | 12")}
    assert found(REMISSION, **high)["is_included"] is True


@pytest.mark.parametrize(
    ("first", "last", "included", "reached"),
    [("", "", None, None), ("2020-06-01", "2020-06-30", None, None), ("2030-01-01", "2030-01-31", None, True)],
    ids=["any day", "in the window", "after the window"],
)
def test_a_score_without_a_day(first, last, included, reached):
    """It may be the first one, by which somebody enters, or the last of the window, which decides."""
    undated = (
        "record | codeset | reason | first_date | last_date | n_rows\n"
        f"measurement | phq-9 | without a day | {first} | {last} | 1"
    )
    assert found(REMISSION, measurement=scores("phq-9 | 2020-01-01 | 4"), code_gap=undated)["is_included"] is included
    both = scores("phq-9 | 2020-01-01 | 20", "phq-9 | 2020-05-01 | 2")
    row = found(REMISSION, measurement=both, code_gap=undated)
    assert (row["is_included"], row["is_reached"]) == (True, reached)
    assert found(REMISSION, measurement=both)["is_reached"] is True


def test_nobody_knows_of_scores_that_no_source_holds():
    """Without a table of scores, or without observation, it is unknown who is in the measure."""
    held = {"person", "observation_period", "condition", "medication"}
    assert found(REMISSION, has=held)["is_included"] is None
    assert found(REMISSION, observation_period="", measurement="")["is_included"] is None
    assert found(REMISSION, measurement="")["is_included"] is False


@pytest.mark.parametrize(
    ("diagnosed", "day"),
    [
        ("2020-01-08 | major-depression", "2020-01-01"),
        ("2020-01-09 | major-depression", "2020-06-01"),
        ("2020-06-09 | major-depression", None),
        ("2020-01-01 | bipolar", None),
    ],
    ids=["7 days after the first", "8 days: the next score", "8 days after the last", "another diagnosis"],
)
def test_the_first_score_that_has_the_diagnosis_beside_it(diagnosed, day):
    """A form is filled in up to 7 days before the visit with the diagnosis; a score without one begins nothing."""
    row = found(
        REMISSION,
        measurement=scores("phq-9 | 2020-01-01 | 12", "phq-9 | 2020-06-01 | 15"),
        condition=f"condition_date | codeset\n{diagnosed}",
    )
    assert in_date(row["start_day"]) == day
    assert row["is_included"] is (day is not None)


def test_nobody_knows_of_diagnoses_that_no_source_holds():
    """A score without the diagnosis that no table of the source could hold leaves it open; no score leaves nobody in."""
    held = {"person", "observation_period", "measurement", "medication"}
    high = scores("phq-9 | 2020-01-01 | 12")
    assert found(REMISSION, has=held, measurement=high, condition="")["is_included"] is None
    assert found(REMISSION, has=held, measurement="", condition="")["is_included"] is False


@pytest.mark.parametrize(
    ("start", "last", "reached"),
    [
        ("2020-01-01", "2020-11-02", True),
        ("2020-01-01", "2020-11-01", None),
        ("2020-01-01", "2021-03-02", True),
        ("2020-01-01", "2021-03-03", None),
        ("2021-01-01", "2021-11-02", True),
        ("2020-02-29", "2021-04-29", True),
        ("2020-02-29", "2021-04-30", None),
    ],
    ids=["60 days before", "61 before", "60 after", "61 after", "no leap day", "29 February, 60 after", "61 after"],
)
def test_twelve_calendar_months_either_way(start, last, reached):
    """Twelve months after the first score, whatever the year, 60 days either way."""
    asked = measure(window=MONTHS, remission={"below": "5 points"})
    row = found(asked, measurement=scores(f"phq-9 | {start} | 12", f"phq-9 | {last} | 4"))
    assert row["is_reached"] is reached


LEFT_OUT = measure(window=MONTHS, excluded=tuple(EXCLUDED), remission={"below": "5 points"})


@pytest.mark.parametrize(
    ("drawn", "included"),
    [
        ({}, True),
        ({"condition": f"{DEPRESSED}\n2010-05-01 | psychosis"}, False),
        ({"condition": f"{DEPRESSED}\n2021-03-02 | psychosis"}, False),
        ({"condition": f"{DEPRESSED}\n2021-03-03 | psychosis"}, True),
        ({"condition": f"{DEPRESSED}\n2020-06-01 | hospice"}, False),
        ({"procedure": "procedure_date | procedure\n2019-01-01 | hospice"}, False),
        ({"procedure": "procedure_date | procedure\n2018-12-31 | hospice"}, True),
        ({"procedure": "procedure_date | procedure\n2021-03-02 | hospice"}, False),
        ({"procedure": "procedure_date | procedure\n2021-03-03 | hospice"}, True),
        ({"person": "death_date\n2021-03-02"}, False),
        ({"person": "death_date\n2021-03-03"}, True),
    ],
    ids=[
        "nothing", "psychosis long before", "on the last day", "a day later", "hospice as a diagnosis",
        "hospice 12 months before", "earlier", "on the last day of the window", "later", "died on the last day",
        "died later",
    ],
)  # fmt: skip
def test_who_is_left_out(drawn, included):
    """Diagnoses on any day up to the last day of the window, care from 12 months before the score on, death up to that day."""
    row = found(LEFT_OUT, measurement=scores("phq-9 | 2020-01-01 | 12"), **drawn)
    assert row["is_included"] is included


@pytest.mark.parametrize(
    ("missing", "drawn", "column"),
    [
        ("procedure", {}, "no_care"),
        ("condition", {}, "no_diagnosis"),
        (None, {"observation_period": "start_date | end_date\n2015-01-01 | 2021-03-01"}, "no_death"),
    ],
)
def test_silence_does_not_keep_anybody_in(missing, drawn, column):
    """Where no table could hold it, nobody knows; where nobody's death is recorded, only who was still observed was alive."""
    held = set(TABLES) - {missing}
    row = found(LEFT_OUT, has=held, measurement=scores("phq-9 | 2020-01-01 | 12"), **drawn)
    assert row["is_included"] is None
    assert row[column] is None


def test_a_source_that_holds_deaths_says_who_lived():
    """One recorded death shows that deaths are recorded: everybody else is taken to have lived."""
    row = found(
        LEFT_OUT,
        measurement=scores("phq-9 | 2020-01-01 | 12"),
        person="person_id | death_date\n1 | \n2 | 2016-01-01",
        observation_period="start_date | end_date\n2015-01-01 | 2021-03-01",
    )
    assert row["is_included"] is True


@pytest.mark.parametrize(
    ("supplies", "days", "reached"),
    [
        (["sertraline | 2020-01-01 | 2020-02-29"], 60, True),
        (["sertraline | 2020-01-01 | 2020-02-28"], 59, False),
        (["sertraline | 2020-01-01 | 2020-01-30", "venlafaxine | 2020-01-21 | 2020-02-29"], 60, True),
        (["sertraline | 2020-01-01 | 2020-01-30", "venlafaxine | 2020-03-01 | 2020-06-30"], 60, True),
        (["sertraline | 2020-01-01 | 2020-01-30", "venlafaxine | 2020-03-02 | 2020-06-30"], 59, False),
        (["sertraline | 2020-01-01 | 2020-01-30", "venlafaxine | 2020-03-31 | 2020-06-30"], 30, False),
        (["sertraline | 2020-01-01 | 2020-01-30", "lithium | 2020-02-01 | 2020-06-30"], 30, False),
        (["sertraline | 2020-01-01 | "], 1, None),
    ],
    ids=["60 days", "59 days", "two at once", "up to day 90", "a day later", "after day 90", "lithium", "end unknown"],
)
def test_days_with_an_antidepressant_at_hand(supplies, days, reached):
    """On at least 60 of the 90 days that begin with the first: any antidepressant, each day once."""
    row = found(
        COVERED,
        medication="\n".join(["ingredient | start_date | end_date", *supplies]),
        condition="condition_date | codeset\n2020-01-10 | major-depression",
    )
    assert (row["n_days_covered"], row["is_reached"]) == (days, reached)


@pytest.mark.parametrize(
    ("supplies", "diagnosed", "seen", "start"),
    [
        ([], "2020-01-21", "2015-01-01", "2020-01-01"),
        ([], "2020-01-22", "2015-01-01", None),
        ([], "2020-01-01", "2019-11-12", "2020-01-01"),
        ([], "2020-01-01", "2019-11-13", None),
        (["fluoxetine | 2019-10-01 | 2019-11-11"], "2020-01-01", "2015-01-01", "2020-01-01"),
        (["fluoxetine | 2019-10-01 | 2019-11-12"], "2020-01-01", "2015-01-01", None),
    ],
    ids=[
        "diagnosed 20 days after",
        "21 days",
        "observed for 50 days",
        "for 49",
        "50 days without one",
        "49 days without",
    ],
)
def test_a_new_course_of_treatment(supplies, diagnosed, seen, start):
    """The first antidepressant after 50 observed days without one, near a diagnosis."""
    drawn = ["ingredient | start_date | end_date", *supplies, "sertraline | 2020-01-01 | 2020-03-31"]
    row = found(
        COVERED,
        medication="\n".join(drawn),
        condition=f"condition_date | codeset\n{diagnosed} | major-depression",
        observation_period=f"start_date | end_date\n{seen} | 2021-12-31",
    )
    assert in_date(row["start_day"]) == start
