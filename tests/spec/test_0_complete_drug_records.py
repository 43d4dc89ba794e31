"""0 Complete drug records: where the absence of a drug says something."""

from clinic import branch, define

ONE = """
    ingredient | start_date | end_date
    sertraline | 2020-01-01 | 2020-01-20
"""
TWO_STAYS = """
    ingredient  | start_date | end_date   | end_basis
    sertraline  | 2020-01-01 | 2020-01-01 | administration
    sertraline  | 2020-01-11 | 2020-01-11 | administration
    venlafaxine | 2020-01-21 | 2020-01-21 | administration
"""


def test_an_unidentified_drug_may_be_any(read):
    """One antidepressant of two is not too few where another row is of a drug that nobody could identify: it may be the
    second, or more of the first."""
    ask = define(branch(min_duration=28, switched=(30, "always")))
    read(
        ask,
        medication=ONE,
        incomplete_medication="""
            reason             | n_rows | n_of
            unidentified drugs | 1      | 2
        """,
    ).shows(
        determination="""
            verdict | count   | n_counted | n_needed
            unknown | unknown | 0         | 2
        """,
        judged_trial="""
            trial_number | trial.min_duration | failure.switched
            1            | unknown            | unknown
        """,
        step="""
            step_number | ended
            1           |
        """,
    )
    read(ask, medication=ONE).shows(
        determination="""
            verdict | count
            not met | not met
        """,
        judged_trial="""
            trial_number | trial.min_duration | failure.switched
            1            | not met            | not met
        """,
        step="""
            step_number | ended
            1           | lost
        """,
    )


def test_what_is_recorded_stays_met(read):
    """Two trials that count are enough, whatever the others are; but nobody knows which antidepressant was the first."""
    read(
        define(branch(having_taken=True), washout=180),
        medication=ONE + "    venlafaxine | 2020-02-01 | 2020-03-01",
        incomplete_medication="""
            reason             | n_rows | n_of
            unidentified drugs | 1      | 3
        """,
    ).shows(
        determination="""
            verdict | count | who.washout
            unknown | met   | unknown
        """,
    )


def test_between_stays_nothing_is_known(read):
    """Given in care only: a switch between two stays is unknown, and the days between two doses may have been days without."""
    read(
        define(branch(min_duration=10, switched=(30, "always"))),
        medication=TWO_STAYS,
        incomplete_medication="""
            reason             | n_rows | n_of
            given in care only | 3      | 3
        """,
    ).shows(
        determination="""
            verdict
            unknown
        """,
        judged_trial="""
            trial_number | trial.min_duration | failure.switched
            1            | unknown            | unknown
            2            | unknown            | unknown
        """,
    )


def test_a_program_asks_for_no_gap_but_finds_no_unidentified_drug(read):
    """Of a definition that follows a program the trials are read as recorded. What it would find in unidentified drugs
    stepwell cannot know."""
    ask = define(branch(having_taken=True), as_code=True)
    for reason, expected in (("unidentified drugs", "unknown"), ("given in care only", "not met")):
        read(
            ask,
            medication=ONE,
            incomplete_medication=f"""
                reason   | n_rows | n_of
                {reason} | 1      | 2
            """,
        ).shows(
            determination=f"""
                verdict
                {expected}
            """,
        )
