"""7 Counting: what the absence of a diagnosis says where codes could not be read (`code_gap`)."""

from __future__ import annotations

import pytest
from clinic import branch, define

TWO = """
    ingredient  | start_date | end_date
    sertraline  | 2020-01-01 | 2020-02-29
    venlafaxine | 2020-03-01 | 2020-04-30
"""


@pytest.mark.parametrize(
    ("record", "codeset", "first", "last", "expected"),
    [
        ("condition", "", "2019-01-01", "2019-06-01", (None, None)),
        ("condition", "bipolar", "2019-01-01", "2019-06-01", (False, None)),
        ("condition", "major-depression", "2019-01-01", "2019-06-01", (None, True)),
        ("condition", "aneurysm", "2019-01-01", "2019-06-01", (False, True)),
        ("procedure", "", "2019-01-01", "2019-06-01", (False, True)),
        ("condition", "", "", "", (None, None)),
        ("condition", "", "2020-05-01", "2020-06-01", (False, True)),
    ],
    ids=["any code", "one set", "the other set", "a third set", "procedures", "whole source", "after the index day"],
)
def test_an_absence_that_unread_codes_may_hide(read, record, codeset, first, last, expected):
    """Rows that nobody could identify, or in a vocabulary that a code set does not hold, may be of the set: where nothing else
    was found in the days asked, it is unknown whether there is such a diagnosis."""
    definition = define(diagnosis=(("major-depression",), 1, "before"), never=(("bipolar",), "before"))
    row = read(
        definition,
        medication=TWO,
        code_gap=f"record | codeset | first_date | last_date | n_rows\n{record} | {codeset} | {first} | {last} | 3",
    ).tables["determination"][0]
    assert (row["who.diagnosis"], row["who.never"]) == expected


def test_what_is_recorded_counts_whatever_could_not_be_read(read):
    """A diagnosis on record settles both: unread codes can add to it, and take nothing away."""
    row = read(
        define(diagnosis=(("major-depression",), 1, "before"), never=(("bipolar",), "before")),
        medication=TWO,
        condition="""
            condition_date | codeset
            2019-01-01     | major-depression
            2019-01-01     | bipolar
        """,
        code_gap="""
            record    | first_date | last_date  | n_rows
            condition | 2019-01-01 | 2019-06-01 | 3
        """,
    ).tables["determination"][0]
    assert (row["who.diagnosis"], row["who.never"]) == (True, False)


@pytest.mark.parametrize(("last", "expected"), [("2020-02-29", False), ("2020-03-01", None)])
def test_only_the_days_that_are_looked_at(read, last, expected):
    """Unread codes that all lie before the days asked hide nothing: here the 60 days up to 2020-04-30, the index day."""
    row = read(
        define(diagnosis=(("major-depression",), 1, "before", 60)),
        medication=TWO,
        code_gap=f"record | first_date | last_date | n_rows\ncondition | 2019-01-01 | {last} | 3",
    ).tables["determination"][0]
    assert (str(row["index_date"]), row["who.diagnosis"]) == ("2020-04-30", expected)


@pytest.mark.parametrize(
    ("record", "counted"), [("condition", {"after": "first diagnosis"}), ("procedure", {"before": ["ect"]})]
)
def test_counting_from_a_code_that_may_be_hidden(read, record, counted):
    """Where a branch counts from the first diagnosis, or up to a procedure, unread codes may hide it: `count` is unknown."""
    gap = f"record | first_date | last_date | n_rows\n{record} | 2019-01-01 | 2019-06-01 | 3"
    definition = define(
        branch(within={"days": "90 days", **counted}, having_taken=True), diagnosis=(("major-depression",), 1, "ever")
    )
    for more, expected in (({}, False), ({"code_gap": gap}, None)):
        assert read(definition, medication=TWO, **more).tables["determination"][0]["count"] is expected


@pytest.mark.parametrize(
    ("first", "last", "expected"), [("2019-01-01", "2019-11-30", 0), ("2019-12-31", "2020-06-01", None)]
)
def test_a_diagnosis_behind_a_trial_that_may_be_hidden(read, first, last, expected):
    """`trial.diagnosed` is unknown where no such diagnosis was found and codes of those days could not be read."""
    row = read(
        define(branch(diagnosed=(("major-depression",), 30), having_taken=True)),
        medication=TWO,
        code_gap=f"record | first_date | last_date | n_rows\ncondition | {first} | {last} | 3",
    ).tables["judged_trial"][0]
    assert (row["n_recent_diagnoses"], row["trial.diagnosed"]) == (expected, None if expected is None else False)
