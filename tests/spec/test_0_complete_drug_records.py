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


TWO_DRUGS = """
    ingredient  | start_date | end_date   | stop_reason
    sertraline  | 2020-01-01 | 2020-03-31 |
    venlafaxine | 2020-04-10 | 2020-07-31 | intolerance
"""


def test_a_drug_without_a_day_may_move_every_trial(read):
    """Two drugs within a year, each for long enough, scored and followed by the next. But a third row has no day: it may be
    sertraline taken before, beside or after venlafaxine. Then no first or last day is certain, nor anything that rests on it."""
    ask = define(
        branch(
            within=365,
            having_taken=True,
            min_duration=28,
            min_supplies=1,
            preceded_by=("antidepressant", 60),
            still_ill={"phq-9": 10},
            improvement=50,
            not_remitted=True,
            intolerant=True,
            switched=(30, "always"),
            added_to="always",
        )
    )
    scores = """
        instrument | measured_date | total
        phq-9      | 2020-01-01    | 20
        phq-9      | 2020-03-30    | 18
        phq-9      | 2020-04-10    | 18
        phq-9      | 2020-07-30    | 17
    """
    failures = "failure.improvement | failure.not_remitted | failure.intolerant | failure.switched | failure.taken"
    dated = read(ask, medication=TWO_DRUGS, measurement=scores)
    dated.shows(
        judged_trial="""
            trial_number | trial.role | trial.use | trial.min_duration | trial.preceded_by | trial.still_ill
            1            | met        | met       | met                | not met           | met
            2            | met        | met       | met                | met               | met
        """,
        determination="""
            verdict | count   | n_counted
            not met | not met | 1
        """,
    )
    dated.shows(
        judged_trial=f"""
            trial_number | {failures}
            1            | met | met | unknown | met     | met
            2            | met | met | met     | not met | met
        """
    )
    undated = read(
        ask,
        medication=TWO_DRUGS,
        measurement=scores,
        incomplete_medication="""
            reason              | n_rows | n_of
            drugs without a day | 1      | 3
        """,
    )
    undated.shows(
        judged_trial="""
            trial_number | trial.role | trial.use | trial.min_duration | trial.preceded_by | trial.still_ill
            1            | met        | met       | unknown            | unknown           | unknown
            2            | met        | met       | unknown            | unknown           | unknown
        """,
        determination="""
            verdict | count   | n_counted | n_possible
            unknown | unknown | 0         | 2
        """,
    )
    undated.shows(
        judged_trial=f"""
            trial_number | {failures}
            1            | unknown | unknown | unknown | unknown | unknown
            2            | unknown | unknown | unknown | unknown | unknown
        """
    )


def test_a_drug_that_only_interacts_and_has_no_day_opens_no_trial(read):
    """Whether a tranquilliser was taken, and when, says nothing about antidepressants: the person is judged as without it."""
    ask = define(branch(having_taken=True, count=3))
    for reason, verdict in (("drugs without a day", "unknown"), ("interacting drugs without a day", "not met")):
        read(
            ask,
            medication=TWO_DRUGS,
            incomplete_medication=f"""
                reason   | n_rows | n_of
                {reason} | 1      | 3
            """,
        ).shows(
            determination=f"""
                verdict
                {verdict}
            """,
        )


def test_a_drug_without_a_day_leaves_what_was_taken_within_days_open(read):
    """Two drugs begun within a year, as it seems: the first may have been begun long before. An unidentified drug settles
    nothing against it."""
    ask = define(branch(having_taken=True, within=365, count=2))
    for reason, verdict in (("drugs without a day", "unknown"), ("unidentified drugs", "met")):
        read(
            ask,
            medication=TWO_DRUGS,
            incomplete_medication=f"""
                reason   | n_rows | n_of
                {reason} | 1      | 3
            """,
        ).shows(
            determination=f"""
                verdict
                {verdict}
            """,
        )
