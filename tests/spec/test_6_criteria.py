"""6 Criteria of a trial: each one met, not met and unknown."""

from datetime import date

import pytest
from clinic import branch, define

NEVER_SEEN = ""
"""No observation period."""


def judged(read, definition, medication, number=1, **records) -> dict:
    """The verdicts on one trial under the first branch."""
    rows = read(definition, medication=medication, **records).tables["judged_trial"]
    return next(r for r in rows if r["trial_number"] == number and r["branch"] == 1)


def seen_until(day: str) -> str:
    return f"start_date | end_date\n2015-01-01 | {day}"


def test_role(read):
    """A trial of a drug of another role does not count."""
    definition = define(branch(role="antipsychotic", having_taken=True, count=1))
    read(
        definition,
        medication="""
            ingredient | start_date | end_date
            sertraline | 2020-01-01 | 2020-02-29
            quetiapine | 2020-01-01 | 2020-02-29
        """,
    ).shows(
        judged_trial="""
            trial_number | trial.role | failure.taken | failed | counts
            1            | met        | met           | met    | met
            2            | not met    | met           | met    | not met
        """,
    )


@pytest.mark.parametrize(("dose", "asked", "any_use"), [("150", True, True), ("50", False, True), ("", None, True)])
def test_use(read, dose, asked, any_use):
    """A low dose for sleep is no antidepressant use; a definition may count any use."""
    medication = f"""
        ingredient | start_date | end_date   | mg_per_day
        trazodone  | 2020-01-01 | 2020-02-29 | {dose}
    """
    for use, verdict in (("antidepressant dose", asked), ("any", any_use)):
        assert judged(read, define(branch(use=use, having_taken=True)), medication)["trial.use"] is verdict


@pytest.mark.parametrize(
    ("last", "seen", "verdict"),
    [
        ("2020-01-28", "2021-12-31", True),
        ("2020-01-27", "2021-12-31", False),
        ("2020-01-28", "2020-01-28", True),
        ("2020-01-27", "2020-02-10", None),
        ("2020-01-27", "2020-02-11", False),
        ("", "2021-12-31", None),
        ("2020-01-27", "", None),
    ],
    ids=[
        "28 days",
        "27 days",
        "28 days and perhaps more to come",
        "27 days and a refill may still come",
        "27 days and no refill in the longest gap",
        "end unknown",
        "27 days, never observed",
    ],
)
def test_min_duration(read, last, seen, verdict):
    """28 days are enough and 27 are not; too short is unknown where the end is, or where the trial may have gone on."""
    row = judged(
        read,
        define(branch(min_duration=28, having_taken=True), max_gap=14),
        f"ingredient | start_date | end_date\nsertraline | 2020-01-01 | {last}",
        observation_period=seen_until(seen) if seen else NEVER_SEEN,
    )
    assert row["trial.min_duration"] is verdict
    assert row["counts"] is verdict


@pytest.mark.parametrize(
    ("supplies", "verdict"),
    [
        (["2020-01-01 | 2020-01-28 | 50"], True),
        (["2020-01-01 | 2020-01-28 | 49"], False),
        (["2020-01-01 | 2020-01-27 | 50"], False),
        (["2020-01-01 | 2020-01-28 |"], None),
        (["2020-01-01 | 2020-01-27 |"], False),
        (["2020-01-01 | 2020-01-14 | 50", "2020-01-15 | 2020-01-28 |"], None),
        (["2020-01-01 | 2020-01-14 | 50", "2020-01-15 | 2020-01-27 |"], False),
        (["2020-01-01 | 2020-01-27 | 200", "2020-01-28 | 2020-03-31 | 25"], False),
        (["2020-01-01 | 2020-01-14 | 50", "2020-01-15 | | 50"], None),
        (["2020-01-01 | 2020-01-14 | 50", "2020-01-15 | |"], None),
        (["2020-01-01 | 2020-01-14 | 50", "2020-01-15 | | 49"], False),
    ],
    ids=[
        "28 days at the minimum",
        "28 days at 1 mg below it",
        "27 days at the minimum",
        "28 days at an unknown dose",
        "27 days at an unknown dose",
        "14 days at the minimum and 14 unknown",
        "14 days at the minimum and 13 unknown",
        "27 days at a great dose and long below the minimum",
        "end unknown, last dose enough",
        "end unknown, last dose unknown",
        "end unknown, last dose too low",
    ],
)
def test_min_dose(read, supplies, verdict):
    """The days at or above the minimum dose decide; days of unknown dose, or an unknown end, leave it open."""
    drawn = "\n".join(
        ["ingredient | start_date | end_date | mg_per_day", *(f"sertraline | {supply}" for supply in supplies)]
    )
    row = judged(read, define(branch(min_dose=28, having_taken=True)), drawn)
    assert row["trial.min_dose"] is verdict


def test_min_dose_of_a_trial_that_may_go_on(read):
    """Where observation ends within the longest gap, days at an adequate dose may still come."""
    for dose, verdict in (("50", None), ("49", False)):
        row = judged(
            read,
            define(branch(min_dose=28, having_taken=True), max_gap=14),
            f"ingredient | start_date | end_date | mg_per_day\nsertraline | 2020-01-01 | 2020-01-20 | {dose}",
            observation_period=seen_until("2020-01-25"),
        )
        assert row["trial.min_dose"] is verdict


@pytest.mark.parametrize(
    ("before", "verdict"),
    [
        ("sertraline | 2019-01-01 | 2019-06-01 | 50", False),
        ("sertraline | 2019-01-01 | 2019-06-02 | 50", True),
        ("sertraline | 2020-05-31 | 2021-01-01 | 50", True),
        ("sertraline | 2020-06-01 | 2021-01-01 | 50", False),
        ("trazodone  | 2019-01-01 | 2019-06-02 |", None),
        ("trazodone  | 2019-01-01 | 2019-06-02 | 50", False),
        ("lithium    | 2019-01-01 | 2019-06-02 | 900", False),
    ],
    ids=[
        "ended 365 days before",
        "ended 364 days before",
        "begun on the same day",
        "begun the day after",
        "of unknown use",
        "taken for sleep",
        "no antidepressant",
    ],
)
def test_preceded_by(read, before, verdict):
    """An antidepressant begins no later than the trial. It still runs then, or it ended at most so many days before."""
    definition = define(
        branch(role="antipsychotic", use="any", preceded_by=("antidepressant", 364), count=1, having_taken=True)
    )
    read_rows = read(
        definition,
        medication=f"""
            ingredient | start_date | end_date   | mg_per_day
            quetiapine | 2020-05-31 | 2020-12-31 | 300
            {before}
        """,
    ).tables
    number = next(t["trial_number"] for t in read_rows["trial"] if t["ingredient"] == "quetiapine")
    row = next(r for r in read_rows["judged_trial"] if r["trial_number"] == number)
    assert row["trial.preceded_by"] is verdict


SCORED_TRIAL = "ingredient | start_date | end_date\nsertraline | 2020-01-15 | 2020-03-15"


def scores(baseline, endpoint) -> str:
    return "\n".join(
        ["instrument | measured_date | total", f"phq-9 | 2020-01-15 | {baseline}", f"phq-9 | 2020-03-01 | {endpoint}"]
    )


@pytest.mark.parametrize(
    ("baseline", "endpoint", "verdict"),
    [(20, 15, False), (20, 15.02, True), (24, 18, False), (20, 20, True), (4, 10, None), (20, "", None)],
    ids=["25 %", "24.9 %", "25 % of 24", "0 %", "too well at baseline", "no endpoint"],
)
def test_improvement(read, baseline, endpoint, verdict):
    """24.9 % is below 25 %, 25 % is not; without a percentage nobody can say."""
    row = judged(read, define(branch(improvement=25)), SCORED_TRIAL, measurement=scores(baseline, endpoint))
    assert row["failure.improvement"] is verdict
    assert row["failed"] is verdict


@pytest.mark.parametrize(("endpoint", "verdict"), [(4, False), (5, True), ("", None)])
def test_not_remitted(read, endpoint, verdict):
    """An endpoint above the remission cut is no remission."""
    row = judged(read, define(branch(not_remitted=True)), SCORED_TRIAL, measurement=scores(20, endpoint))
    assert row["failure.not_remitted"] is verdict


@pytest.mark.parametrize(
    ("reason", "seen", "verdict"),
    [
        ("intolerance", "2020-12-31", True),
        ("no effect", "2020-12-31", False),
        ("other", "2020-12-31", False),
        ("", "2020-12-31", None),
        ("", "2020-03-20", False),
        ("", "", None),
    ],
    ids=["intolerance", "no effect", "other", "not recorded", "not recorded and still treated", "never observed"],
)
def test_intolerant(read, reason, seen, verdict):
    """Only a recorded intolerance is one; no reason at all leaves it open, unless the drug is still taken."""
    row = judged(
        read,
        define(branch(intolerant=True)),
        f"ingredient | start_date | end_date | stop_reason\nsertraline | 2020-01-15 | 2020-03-15 | {reason}",
        observation_period=seen_until(seen) if seen else NEVER_SEEN,
    )
    assert row["failure.intolerant"] is verdict


@pytest.mark.parametrize(
    ("other", "seen", "verdict"),
    [
        ("venlafaxine | 2020-04-12 | 2020-06-30 | 75", "2021-12-31", True),
        ("venlafaxine | 2020-04-13 | 2020-06-30 | 75", "2021-12-31", False),
        ("venlafaxine | 2020-03-02 | 2020-06-30 | 75", "2021-12-31", True),
        ("trazodone   | 2020-04-12 | 2020-06-30 |", "2021-12-31", None),
        ("trazodone   | 2020-04-13 | 2020-06-30 |", "2021-12-31", False),
        ("trazodone   | 2020-04-12 | 2020-06-30 | 50", "2021-12-31", False),
        ("lithium     | 2020-04-12 | 2020-06-30 | 900", "2021-12-31", False),
        ("lithium     | 2020-04-12 | 2020-06-30 | 900", "2020-04-12", False),
        ("lithium     | 2020-04-12 | 2020-06-30 | 900", "2020-04-11", None),
        ("lithium     | 2020-04-12 | 2020-06-30 | 900", "", None),
    ],
    ids=[
        "on day 42",
        "on day 43",
        "before the end",
        "of unknown use, on day 42",
        "of unknown use, on day 43",
        "for sleep",
        "no antidepressant",
        "42 days observed",
        "41 days observed",
        "never observed",
    ],
)
def test_switched(read, other, seen, verdict):
    """Another antidepressant begun at most 42 days after the last day; open where one may have begun unseen."""
    row = judged(
        read,
        define(branch(switched=(42, "always"))),
        f"ingredient | start_date | end_date | mg_per_day\nsertraline | 2020-01-01 | 2020-03-01 | 50\n{other}",
        observation_period=seen_until(seen) if seen else NEVER_SEEN,
    )
    assert row["failure.switched"] is verdict


@pytest.mark.parametrize(
    ("other", "seen", "verdict"),
    [
        ("lithium   | 2020-02-01 | 2020-06-30 | 900", "2021-12-31", True),
        ("lithium   | 2020-03-02 | 2020-06-30 | 900", "2021-12-31", False),
        ("trazodone | 2020-02-01 | 2020-06-30 |", "2021-12-31", None),
        ("trazodone | 2020-02-01 | 2020-06-30 | 50", "2021-12-31", False),
        ("lithium   | 2020-03-02 | 2020-06-30 | 900", "", None),
    ],
    ids=["beside it", "after it", "of unknown use", "for sleep", "never observed"],
)
def test_added_to(read, other, seen, verdict):
    """Another drug added while the trial went on; open where one may have been."""
    row = judged(
        read,
        define(branch(added_to="always")),
        f"ingredient | start_date | end_date | mg_per_day\nsertraline | 2020-01-01 | 2020-03-01 | 50\n{other}",
        observation_period=seen_until(seen) if seen else NEVER_SEEN,
    )
    assert row["failure.added_to"] is verdict


@pytest.mark.parametrize(
    ("when", "endpoint", "verdict"),
    [("unscored", 10, False), ("always", 10, True), ("unscored", "", True)],
    ids=["a score speaks", "always", "no score"],
)
def test_unscored_rules_are_silent_where_a_score_speaks(read, when, endpoint, verdict):
    """A switch or an addition is read as failure only where no percentage says how the trial went, if the form says so."""
    medication = f"""
        {SCORED_TRIAL}
        lithium     | 2020-03-10 | 2020-06-30
        quetiapine  | 2020-02-25 | 2020-06-30
        venlafaxine | 2020-03-16 | 2020-06-30
    """
    definition = define(branch(switched=(42, when), added_to=when), endpoint=(21, 14))
    row = judged(read, definition, medication, measurement=scores(20, endpoint).replace("2020-03-01", "2020-02-20"))
    assert (row["failure.switched"], row["failure.added_to"], row["failed"]) == (verdict, verdict, verdict)


def test_any_way_of_failing_is_enough(read):
    """A trial failed when any way is met; else it is unknown when any is unknown; else it did not fail."""
    definition = define(branch(improvement=25, intolerant=True))
    for endpoint, reason, failed in (
        (20, "other", True),
        (10, "intolerance", True),
        ("", "intolerance", True),
        (10, "", None),
        ("", "other", None),
        (10, "other", False),
    ):
        row = judged(
            read,
            definition,
            f"ingredient | start_date | end_date | stop_reason\nsertraline | 2020-01-15 | 2020-03-15 | {reason}",
            measurement=scores(20, endpoint),
        )
        assert row["failed"] is failed


def test_all_criteria_are_needed_to_count(read):
    """One criterion not met is enough not to count, whatever is unknown."""
    definition = define(branch(min_duration=90, min_dose=28, improvement=25))
    row = judged(read, definition, SCORED_TRIAL)
    assert (row["trial.min_duration"], row["trial.min_dose"], row["failed"]) == (False, None, None)
    assert row["counts"] is False


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("trial start", date(2020, 1, 1)),
        ("trial end", date(2020, 3, 1)),
        ("next treatment start", date(2020, 2, 1)),
    ],
)
def test_dated(read, at, day):
    """A trial counts on its first day, its last day, or the day on which the next treatment began."""
    medication = """
        ingredient  | start_date | end_date
        sertraline  | 2020-01-01 | 2020-03-01
        lithium     | 2020-02-01 | 2020-06-30
        venlafaxine | 2020-03-10 | 2020-06-30
    """
    assert judged(read, define(branch(having_taken=True, dated=at)), medication)["counted_date"] == day


def test_dated_without_a_next_treatment(read):
    """Where no treatment followed, the last day stands in for its start."""
    row = judged(
        read,
        define(branch(having_taken=True, dated="next treatment start")),
        "ingredient | start_date | end_date\nsertraline | 2020-01-01 | 2020-03-01",
    )
    assert row["counted_date"] == date(2020, 3, 1)


@pytest.mark.parametrize(
    "later", ["venlafaxine | 2020-06-01 | 2020-09-30 | 150", "lithium | 2020-06-01 | 2020-09-30 | 900"]
)
def test_an_unknown_end_leaves_switch_and_addition_open(read, later):
    """Where the end of a drug is unknown, a switch and an addition are unknown too: it may have gone on beside the next drug."""
    row = judged(
        read,
        define(branch(switched=(42, "always"), added_to="always")),
        f"ingredient | start_date | end_date | mg_per_day\nsertraline | 2020-01-01 | | 50\n{later}",
    )
    assert (row["failure.switched"], row["failure.added_to"], row["failed"]) == (None, None, None)
