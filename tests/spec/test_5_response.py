"""5 Response: baseline, endpoint, and what became of a trial."""

import pytest
from clinic import define

WINDOWS = define(baseline=(14, 7), endpoint=(21, 14))
TRIAL = """
    ingredient | start_date | end_date   | mg_per_day
    sertraline | 2020-01-15 | 2020-03-15 | 50
"""


def scored(read, *scores: str, medication: str = TRIAL):
    """The first trial, with the scores given as `instrument | day | total`."""
    drawn = "\n".join(["instrument | measured_date | total", *scores])
    return read(WINDOWS, medication=medication, measurement=drawn).tables["trial"][0]


@pytest.mark.parametrize(
    ("day", "is_baseline"),
    [("2019-12-31", False), ("2020-01-01", True), ("2020-01-22", True), ("2020-01-23", False)],
    ids=["15 days before", "14 days before", "7 days after", "8 days after"],
)
def test_the_baseline_window(read, day, is_baseline):
    """The baseline is looked for from 14 days before the first day to 7 days after it."""
    trial = scored(read, f"phq-9 | {day} | 20", "phq-9 | 2020-03-01 | 10")
    assert (trial["baseline_total"] == 20) is is_baseline
    assert (trial["improvement_pct"] == 50) is is_baseline


@pytest.mark.parametrize(
    ("day", "is_endpoint"),
    [("2020-02-04", False), ("2020-02-05", True), ("2020-03-29", True), ("2020-03-30", False)],
    ids=["20 days after the start", "21 days after the start", "14 days after the end", "15 days after the end"],
)
def test_the_endpoint_window(read, day, is_endpoint):
    """The endpoint is looked for from 21 days after the first day to 14 days after the last."""
    trial = scored(read, "phq-9 | 2020-01-15 | 20", f"phq-9 | {day} | 15")
    assert (trial["endpoint_total"] == 15) is is_endpoint
    assert (trial["instrument"] == "phq-9") is is_endpoint


def test_the_latest_score_of_each_window_counts(read):
    """Of several scores in a window the latest is taken, of two on one day the higher."""
    trial = scored(
        read,
        "phq-9 | 2020-01-10 | 27",
        "phq-9 | 2020-01-15 | 18",
        "phq-9 | 2020-01-15 | 20",
        "phq-9 | 2020-02-20 | 5",
        "phq-9 | 2020-03-10 | 16",
        "phq-9 | 2020-03-10 |",
    )
    assert (trial["baseline_total"], trial["endpoint_total"], trial["improvement_pct"]) == (20, 16, 20)


@pytest.mark.parametrize(
    ("later", "known"),
    [("2020-03-29", True), ("2020-03-30", False), ("2020-05-13", False), ("2020-05-14", True)],
    ids=["14 days after the last supply", "15 days", "59 days", "60 days"],
)
def test_a_later_score_of_a_trial_whose_end_is_unknown(read, later, known):
    """A supply of unknown length may have lasted 45 days: a score of that time and the 14 days after it would be the endpoint, if
    the trial went on. Then nobody can say which one is."""
    supplies = TRIAL + "    sertraline | 2020-03-15 | | 50"
    trial = scored(
        read, "phq-9 | 2020-01-15 | 20", "phq-9 | 2020-03-10 | 10", f"phq-9 | {later} | 4", medication=supplies
    )
    assert (str(trial["end_date"]), trial["is_end_known"]) == ("2020-03-15", False)
    assert (trial["improvement_pct"] is not None, trial["outcome"] != "unknown") == (known, known)


def test_no_endpoint_after_the_next_treatment(read):
    """A score on the day of the switch still belongs to the trial, one on the day after no longer."""
    for day, total in (("2020-03-20", 10), ("2020-03-21", None)):
        trial = scored(
            read,
            "phq-9 | 2020-01-15 | 20",
            f"phq-9 | {day} | 10",
            medication=TRIAL + "    venlafaxine | 2020-03-20 | 2020-05-31 | 75",
        )
        assert trial["endpoint_total"] == total


def test_no_endpoint_after_an_addition(read):
    """What a score says after another drug was added is no longer about this drug alone."""
    for day, total in (("2020-02-10", 10), ("2020-02-11", None)):
        trial = scored(
            read,
            "phq-9 | 2020-01-15 | 20",
            f"phq-9 | {day} | 10",
            medication=TRIAL + "    lithium | 2020-02-10 | 2020-05-31 | 900",
        )
        assert trial["endpoint_total"] == total


def test_instruments_are_never_mixed(read):
    """Baseline and endpoint are of one instrument; of several that have both, the one of the lowest rank is used."""
    assert scored(read, "phq-9 | 2020-01-15 | 20", "qids-sr16 | 2020-03-01 | 10")["instrument"] is None
    both = ("qids-sr16 | 2020-01-15 | 20", "qids-sr16 | 2020-03-01 | 15")
    assert scored(read, "phq-9 | 2020-01-15 | 20", *both)["instrument"] == "qids-sr16"
    assert scored(read, "phq-9 | 2020-01-15 | 20", "phq-9 | 2020-02-20 | 4", *both)["instrument"] == "phq-9"


@pytest.mark.parametrize(
    ("endpoint", "improvement", "outcome"),
    [
        (4, 80, "remission"),
        (5, 75, "response"),
        (10, 50, "response"),
        (10.5, 47.5, "partial response"),
        (15, 25, "partial response"),
        (15.5, 22.5, "no response"),
        (24, -20, "no response"),
    ],
)
def test_outcome_by_score(read, endpoint, improvement, outcome):
    """Remission is at or below the cut, response 50 % or more, partial response half of that, and the rest no response."""
    trial = scored(read, "phq-9 | 2020-01-15 | 20", f"phq-9 | 2020-03-01 | {endpoint}")
    assert (trial["improvement_pct"], trial["outcome"]) == (improvement, outcome)
    assert trial["is_remission"] is (outcome == "remission")


def test_too_well_at_baseline_to_improve(read):
    """Where the baseline is at or below the remission cut, no improvement can be given; remission can."""
    trial = scored(read, "phq-9 | 2020-01-15 | 4", "phq-9 | 2020-03-01 | 8")
    assert (trial["improvement_pct"], trial["is_remission"], trial["outcome"]) == (None, False, "unknown")
    trial = scored(read, "phq-9 | 2020-01-15 | 4", "phq-9 | 2020-03-01 | 3")
    assert (trial["improvement_pct"], trial["is_remission"], trial["outcome"]) == (None, True, "remission")


def test_outcome_without_response(read):
    """Recorded intolerance comes before partial and no response, but after remission and response."""
    stopped = """
        ingredient | start_date | end_date   | stop_reason
        sertraline | 2020-01-15 | 2020-03-15 | intolerance
    """
    for endpoint, outcome in ((10, "response"), (11, "intolerance")):
        trial = scored(read, "phq-9 | 2020-01-15 | 20", f"phq-9 | 2020-03-01 | {endpoint}", medication=stopped)
        assert trial["outcome"] == outcome


def test_outcome_without_scores(read):
    """Without scores a switch says more than an addition, and neither is no knowledge at all."""
    for others, outcome in (
        (
            "    lithium | 2020-02-01 | 2020-05-31 | 900\n    venlafaxine | 2020-03-20 | 2020-05-31 | 75",
            "switched, unscored",
        ),
        ("    lithium | 2020-02-01 | 2020-05-31 | 900", "added to, unscored"),
        ("", "unknown"),
    ):
        assert scored(read, medication=TRIAL + others)["outcome"] == outcome
