"""7b Further counting: stretches tied to a day, additions, new users, ages up to a limit, recent diagnoses."""

import pytest
from clinic import branch, define

TWO = """
    ingredient  | start_date | end_date
    sertraline  | 2020-01-01 | 2020-02-29
    venlafaxine | 2020-03-01 | 2020-04-30
"""


def verdict(read, definition, medication=TWO, **records) -> dict:
    return read(definition, medication=medication, **records).tables["determination"][0]


@pytest.mark.parametrize(
    ("diagnosed", "expected"),
    [("2020-01-02", "met"), ("2020-01-01", "not met"), ("2020-02-29", "met"), ("2020-03-01", "not met")],
    ids=["the last day is in", "the last day is out", "the first day is in", "the first day is out"],
)
def test_days_after_the_first_diagnosis(read, diagnosed, expected):
    """120 days beginning with the first diagnosis: trials that count on one of them are counted."""
    row = verdict(
        read,
        define(
            branch(having_taken=True, within={"days": "120 days", "after": "first diagnosis"}),
            diagnosis=(("major-depression",), 1, "ever"),
        ),
        condition=f"condition_date | codeset\n{diagnosed} | major-depression\n2021-01-01 | major-depression",
    )
    assert row["verdict"] == expected


@pytest.mark.parametrize(("days", "expected"), [(121, "met"), (120, "not met")])
def test_days_after_the_first_trial(read, days, expected):
    """The first day of the first trial of the role is day one, also of one that does not count."""
    row = verdict(
        read,
        define(branch(having_taken=True, min_duration=28, within={"days": f"{days} days", "after": "first trial"})),
    )
    assert row["verdict"] == expected


@pytest.mark.parametrize(
    ("procedures", "expected", "day"),
    [
        ((), "not met", None),
        (("2020-04-29 | ect",), "not met", None),
        (("2020-04-30 | ect",), "met", "2020-04-30"),
        (("2020-04-30 | tms",), "not met", None),
        (("2020-06-07 | ect",), "met", "2020-06-07"),
        (("2020-06-08 | ect",), "not met", None),
        (("2020-03-01 | ect", "2020-06-01 | ect", "2020-06-02 | ect"), "met", "2020-06-01"),
    ],
    ids=[
        "none",
        "before the second counts",
        "on that day",
        "another procedure",
        "the first still in the 100 days",
        "and no longer",
        "the first that is late enough",
    ],
)
def test_days_up_to_a_procedure(read, procedures, expected, day):
    """What counts in the 100 days up to and including the procedure is counted; the definition is met on its day."""
    row = verdict(
        read,
        define(branch(having_taken=True, within={"days": "100 days", "before": ("ect",)})),
        procedure="\n".join(["procedure_date | procedure", *procedures]) if procedures else "",
    )
    assert (row["verdict"], row["met_date"] and str(row["met_date"])) == (expected, day)


def test_no_procedure_needs_a_source_that_holds_procedures(read):
    """Where a source holds no procedures at all, nobody is known not to have had one."""
    definition = define(branch(having_taken=True, within={"days": "100 days", "before": ("ect",)}))
    held = {"person", "medication", "observation_period"}
    assert verdict(read, definition, has=held)["verdict"] == "unknown"
    assert verdict(read, definition, has=held | {"procedure"})["verdict"] == "not met"


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ("lithium | 2020-03-10 | 2020-04-06", "met"),
        ("lithium | 2020-03-10 | 2020-04-05", "not met"),
        ("lithium | 2020-05-01 | 2020-06-30", "not met"),
        ("lithium | 2020-03-10 |", "unknown"),
        ("bupropion | 2020-03-10 | 2020-04-30", "not met"),
    ],
    ids=["28 days", "27 days", "after the last antidepressant", "of unknown length", "an antidepressant"],
)
def test_added(read, added, expected):
    """So many drugs of other roles must have been begun beside an antidepressant and taken for so long, helping or not."""
    read(
        define(branch(having_taken=True, added=(1, 28))),
        medication=f"{TWO}    {added}",
    ).shows(determination=f"verdict | n_counted\n{expected} | {3 if 'bupropion' in added else 2}")


@pytest.mark.parametrize(
    ("periods", "days", "expected"),
    [
        (["2019-12-02 | 2020-12-31"], 30, "met"),
        (["2019-12-03 | 2020-12-31"], 29, "not met"),
        (["2019-11-01 | 2019-12-15", "2019-12-16 | 2020-12-31"], 61, "met"),
        (["2019-11-01 | 2019-12-14", "2019-12-16 | 2020-12-31"], 16, "not met"),
        (["2020-01-02 | 2020-12-31"], None, "unknown"),
        (["2018-01-01 | 2018-12-31", "2020-01-01 | 2020-12-31"], 0, "not met"),
    ],
    ids=[
        "30 days",
        "29 days",
        "adjoining periods",
        "a day between them",
        "not observed on that day",
        "observed once before",
    ],
)
def test_washout(read, periods, days, expected):
    """The person was observed without a break for so long before the first antidepressant. Unobserved time is unknown."""
    row = verdict(
        read,
        define(branch(having_taken=True), washout=30),
        observation_period="\n".join(["start_date | end_date", *periods]),
    )
    assert (row["n_days_washout"], row["verdict"]) == (days, expected)


@pytest.mark.parametrize(("born", "expected"), [("1970-05-01", "met"), ("1970-04-30", "not met"), ("", "unknown")])
def test_age_up_to_a_limit(read, born, expected):
    """18 to 49 years: 49 the day before the birthday, 50 on it."""
    row = verdict(
        read,
        define(branch(having_taken=True), age=(18, 49)),
        person=f"person_id | birth_earliest_date | birth_latest_date\n1 | {born} | {born}",
    )
    assert row["verdict"] == expected


@pytest.mark.parametrize(
    ("diagnosed", "expected"),
    [("2020-04-30", "met"), ("2020-03-31", "met"), ("2020-03-30", "not met"), ("2020-05-01", "not met")],
    ids=["on the day", "30 days before", "31 days before", "the day after"],
)
def test_a_recent_diagnosis(read, diagnosed, expected):
    """`within` asks for the diagnosis in the days before the day of meeting, that day included."""
    row = verdict(
        read,
        define(branch(having_taken=True), diagnosis=(("major-depression",), 1, "before", 30)),
        condition=f"condition_date | codeset\n{diagnosed} | major-depression",
    )
    assert row["verdict"] == expected


def test_a_recent_diagnosis_while_the_day_is_open(read):
    """While it is open on which day the definition is met, a diagnosis too old for the last day may do for an earlier one."""
    definition = define(branch(intolerant=True), diagnosis=(("major-depression",), 1, "before", 30))
    for diagnosed, expected in (("2020-02-29", None), ("2020-05-01", False)):
        row = verdict(read, definition, condition=f"condition_date | codeset\n{diagnosed} | major-depression")
        assert (row["count"], row["who.diagnosis"]) == (None, expected)
