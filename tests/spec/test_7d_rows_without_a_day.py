"""7 Counting: diagnoses, procedures and scores without a usable day (`code_gap`, reason `without a day`)."""

from __future__ import annotations

import pytest
from clinic import branch, define

TWO = """
    ingredient  | start_date | end_date
    sertraline  | 2020-01-01 | 2020-02-29
    venlafaxine | 2020-03-01 | 2020-04-30
"""
APART = """
    ingredient  | start_date | end_date
    sertraline  | 2018-01-01 | 2018-02-28
    venlafaxine | 2018-11-01 | 2018-12-31
"""
SCORED = """
    instrument | measured_date | total
    phq-9      | 2020-01-01    | 20
    phq-9      | 2020-02-15    | 18
    phq-9      | 2020-03-01    | 18
    phq-9      | 2020-04-15    | 16
"""


def undated(record: str, named: str, first: str = "", last: str = "", n: int = 1) -> str:
    return (
        "record | codeset | reason | first_date | last_date | n_rows\n"
        f"{record} | {named} | without a day | {first} | {last} | {n}"
    )


@pytest.mark.parametrize(
    ("named", "first", "last", "expected"),
    [
        ("bipolar", "", "", (None, "unknown")),
        ("bipolar", "2019-05-01", "2019-05-31", (None, "unknown")),
        ("bipolar", "2020-05-01", "2020-05-31", (True, "met")),
        ("cystitis", "", "", (True, "met")),
    ],
    ids=["of no day at all", "a month before", "a month after the index day", "another diagnosis"],
)
def test_a_diagnosis_that_excludes(read, named, first, last, expected):
    """An excluding diagnosis without a day leaves it open whether it came before the index day. A month that lies wholly after
    it, or a diagnosis that nobody asks for, changes nothing."""
    row = read(
        define(never=(("bipolar",), "before")), medication=TWO, code_gap=undated("condition", named, first, last)
    ).tables["determination"][0]
    assert (row["who.never"], row["verdict"]) == expected


@pytest.mark.parametrize(
    ("first", "last", "n", "count"),
    [
        ("", "", 1, None),
        ("2018-07-01", "2018-07-31", 1, None),
        ("2018-01-01", "2018-01-31", 1, False),
        ("2019-05-01", "2019-05-31", 1, False),
    ],
    ids=["any day", "a month in the pause", "a month in the first episode", "a month after both"],
)
def test_a_pause_that_a_diagnosis_may_fill(read, first, last, n, count):
    """Two drugs in two episodes are not two in one; but a diagnosis of depression without a day may lie in the pause between,
    which makes one episode of both."""
    row = read(medication=APART, code_gap=undated("condition", "major-depression", first, last, n)).tables[
        "determination"
    ][0]
    assert row["count"] is count


@pytest.mark.parametrize(("n", "count"), [(1, False), (2, None)])
def test_one_diagnosis_fills_no_longer_pause(read, n, count):
    """A pause of 426 days, at most 182 without anything: one diagnosis is not enough, two may be."""
    row = read(
        medication=APART.replace("2018-11", "2019-05").replace("2018-12-31", "2019-06-30"),
        code_gap=undated("condition", "depression-other", n=n),
    ).tables["determination"][0]
    assert row["count"] is count


def test_what_another_index_day_would_change(read):
    """Enough drugs in the second episode, and one in the first: if both are one, the definition is met earlier, and a diagnosis
    between the two days no longer excludes. Age and count are the same on both days."""
    medication = APART + "    fluoxetine  | 2019-01-01 | 2019-02-28"
    asked = define(branch(having_taken=True), age=18, never=(("bipolar",), "before"))
    condition = "condition_date | codeset\n2019-01-15 | bipolar"
    gap = undated("condition", "major-depression")
    for more, never in (({}, False), ({"code_gap": gap}, None)):
        row = read(asked, medication=medication, condition=condition, **more).tables["determination"][0]
        assert (row["count"], row["who.age"], row["who.never"]) == (True, True, never)


def test_a_first_diagnosis_that_may_be_earlier(read):
    """Trials are counted in the 90 days from the first diagnosis: one without a day may be earlier, and then too few are. One of
    a later month changes nothing."""
    asked = define(
        branch(within={"days": "90 days", "after": "first diagnosis"}, having_taken=True, dated="trial start"),
        diagnosis=(("major-depression",), 1, "ever"),
    )
    condition = "condition_date | codeset\n2020-01-01 | major-depression"
    for span, count in ((("", ""), None), (("2019-05-01", "2019-05-31"), None), (("2020-05-01", "2020-05-31"), True)):
        gap = undated("condition", "major-depression", *span)
        row = read(asked, medication=TWO, condition=condition, code_gap=gap).tables["determination"][0]
        assert row["count"] is count


def test_a_procedure_up_to_which_trials_are_counted(read):
    """The day of the procedure is the index day; where it may be another, nobody knows what held on it."""
    asked = define(branch(within={"days": "90 days", "before": ("ect",)}, having_taken=True, count=1), age=18)
    row = read(asked, medication=TWO, code_gap=undated("procedure", "ect")).tables["determination"][0]
    assert (row["count"], row["who.age"], row["verdict"]) == (None, None, "unknown")


@pytest.mark.parametrize(
    ("named", "first", "last", "failed"),
    [
        ("phq-9", "", "", [None, None]),
        ("phq-9", "2020-03-01", "2020-03-31", [None, None]),
        ("phq-9", "2020-02-01", "2020-02-29", [True, True]),
        ("phq-9", "2020-04-01", "2020-04-30", [True, None]),
        ("phq-9", "2019-05-01", "2019-05-31", [True, True]),
        ("qids-sr16", "", "", [True, True]),
    ],
    ids=[
        "any day",
        "an endpoint and a baseline",
        "before those there",
        "an endpoint",
        "long before",
        "an instrument of lower rank",
    ],
)
def test_a_score_that_may_be_the_baseline_or_the_endpoint(read, named, first, last, failed):
    """A score without a day may be later than the one that would be read, and say something else: whether the trial failed is
    unknown wherever it may lie in a window, at or after the score there."""
    found = read(
        define(branch(improvement=25)),
        medication=TWO,
        measurement=SCORED,
        code_gap=undated("measurement", named, first, last),
    ).tables
    assert [row["failure.improvement"] for row in found["judged_trial"]] == failed
    assert [row["improvement_pct"] is not None for row in found["trial"]] == [f is not None for f in failed]


def test_a_switch_is_no_failure_of_a_trial_that_may_be_scored(read):
    """`switched`, where it is asked of unscored trials only, is unknown for a trial that has a score without a day."""
    asked = define(branch(improvement=25, switched=(42, "unscored"), count=1))
    for more, expected in (({}, True), ({"code_gap": undated("measurement", "phq-9")}, None)):
        found = read(asked, medication=TWO, **more).tables
        assert found["judged_trial"][0]["failure.switched"] is expected
        assert found["trial"][0]["outcome"] == ("switched, unscored" if expected else "unknown")


def test_a_program_reads_what_is_dated(read):
    """A definition that follows a program (`as_code`) does not ask for such rows."""
    asked = define(branch(having_taken=True), never=(("bipolar",), "before"), as_code=True)
    row = read(asked, medication=TWO, code_gap=undated("condition", "bipolar")).tables["determination"][0]
    assert (row["who.never"], row["verdict"]) == (True, "met")
