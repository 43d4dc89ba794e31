"""9f What a series did: one scale, checkpoints, onset, loss, bridge, load, episodes."""

from datetime import date, timedelta

import pytest

DAY = date(2020, 3, 2)


def at(offset: int) -> date:
    return DAY + timedelta(offset)


def sprays(*offsets: int) -> str:
    lines = [f"spray | {at(n)} | administration | 40" for n in offsets]
    return "\n".join(["ingredient | given_date | kind | mg", *lines])


def scores(*pairs: tuple[int, float], instrument: str = "phq-9") -> str:
    return "\n".join(["instrument | measured_date | total", *(f"{instrument} | {at(n)} | {v}" for n, v in pairs)])


@pytest.mark.parametrize(
    ("baseline", "used"), [(-14, True), (-15, False), (0, True), (1, False)],
    ids=["14 days before", "15 days", "on the day", "the day after"],
)  # fmt: skip
def test_the_baseline(judged, baseline, used):
    """The latest score from 14 days before the first session to its day."""
    (effect,) = judged(dose=sprays(0), measurement=scores((baseline, 20), (5, 8))).tables["effect"]
    assert (effect["baseline_total"] == 20) is used
    assert (effect["instrument"] is not None) is used


def test_scales_are_never_mixed(judged):
    """The scale with a baseline and most later scores is the one, even where a scale of lower rank has some."""
    measurement = "\n".join(
        [
            scores((-1, 20), (1, 2)),
            *scores((-1, 20), (1, 18), (15, 9), instrument="qids-sr16").splitlines()[1:],
        ]
    )
    judged(dose=sprays(0), measurement=measurement).shows(
        series_response="""
            checkpoint | instrument | baseline_total | total | improvement_pct | is_response | is_remission
            day 1      | qids-sr16  | 20             | 18    | 10              | no          | no
            induction  | qids-sr16  | 20             | 9     | 55              | yes         | no
            later      | qids-sr16  | 20             |       |                 |             |
        """,
    )


@pytest.mark.parametrize(
    ("offset", "checkpoint"),
    [(1, "day 1"), (2, "day 1"), (3, None), (9, None), (10, "induction"), (20, "induction"), (21, None)],
)
def test_checkpoints(judged, offset, checkpoint):
    """A score counts in the window of its checkpoint, first and last day included."""
    rows = judged(dose=sprays(0), measurement=scores((-1, 20), (offset, 8))).tables["series_response"]
    assert [r["checkpoint"] for r in rows if r["total"] is not None] == ([checkpoint] if checkpoint else [])
    assert len(rows) == 3


@pytest.mark.parametrize(
    ("total", "response", "remission"), [(10, True, False), (10.5, False, False), (4, True, True), (5, True, False)]
)
def test_response_and_remission(judged, total, response, remission):
    """Half of the baseline is a response; at or below the cut is remission."""
    rows = judged(dose=sprays(0), measurement=scores((-1, 20), (1, total))).tables["series_response"]
    assert (rows[0]["is_response"], rows[0]["is_remission"]) == (response, remission)


@pytest.mark.parametrize(
    ("named", "first", "last", "n"),
    [("phq-9", "", "", None), ("phq-9", "2020-03-01", "2020-03-31", None), ("phq-9", "2019-01-01", "2019-01-31", 2)],
    ids=["any day", "a month of the series", "a year before"],
)
def test_a_score_without_a_day(judged, named, first, last, n):
    """It may lie at any checkpoint, be the baseline, or make another scale the one with most scores: the series is not scored. An
    episode that a diagnosis without a day may begin or join is not counted."""
    gaps = (
        "record | codeset | reason | first_date | last_date | n_rows\n"
        f"measurement | {named} | without a day | {first} | {last} | 1\n"
        "condition | major-depression | without a day | | | 1"
    )
    found = judged(dose=sprays(0), measurement=scores((-1, 20), (1, 8), (15, 9)), code_gap=gaps).tables
    (effect,) = found["effect"]
    assert (effect["n_scores"] or None, effect["n_episodes_before"], effect["n_episodes_after"]) == (n, None, None)
    assert [r["is_response"] for r in found["series_response"]] == [n and True, n and True, None]


def test_who_is_well_at_the_start_cannot_improve(judged):
    """A baseline at or below the cut leaves response unknown, and there is no onset."""
    found = judged(dose=sprays(0), measurement=scores((-1, 4), (1, 1)))
    found.shows(
        effect="""
            n_scores | baseline_total | best_total | best_improvement_pct | onset_date | ended
            1        | 4              | 1          |                      |            |
        """
    )
    assert found.tables["series_response"][0]["is_response"] is None


@pytest.mark.parametrize(
    ("lost", "ended"), [(60, "relapse"), (61, "recurrence")], ids=["50 days after onset", "51 days"]
)
def test_onset_and_loss(judged, lost, ended):
    """Benefit lasts from the first score in response to the last one before it was lost, no day longer than scores show."""
    offsets = (0, 5, 12, 35, 58)
    judged(
        dose=sprays(*offsets),
        measurement=scores((-1, 20), (1, 15), (10, 10), (40, 4), (lost, 11), (lost + 5, 3)),
    ).shows(
        effect=f"""
            onset_date | n_days_to_onset | n_sessions_to_onset | remission_date | last_response_date | n_days_benefit | ended
            {at(10)}   | 10              | 2                   | {at(40)}       | {at(40)}           | 30             | {ended}
        """
    )


def test_days_of_benefit_for_each_session(judged):
    """30 days of benefit by three sessions up to the last score in response are 10 for each."""
    (effect,) = judged(dose=sprays(0, 5, 25), measurement=scores((-1, 20), (10, 8), (40, 8))).tables["effect"]
    assert (effect["n_days_benefit"], effect["n_days_benefit_per_session"]) == (30, 10)
    assert (effect["ended"], effect["end_date"]) == ("not seen to end", at(40))


@pytest.mark.parametrize(("offset", "seen"), [(100, True), (101, False)])
def test_scores_long_after_the_last_session_tell_nothing(judged, offset, seen):
    """100 days after the last session still count, 101 do not."""
    (effect,) = judged(dose=sprays(0), measurement=scores((-1, 20), (5, 8), (offset, 19))).tables["effect"]
    assert (effect["ended"] == "recurrence") is seen


def test_the_next_series_ends_the_one_before(judged):
    """Scores from its first day on belong to it."""
    judged(dose=sprays(0, 50), measurement=scores((-1, 20), (10, 8), (49, 9), (55, 4))).shows(
        effect=f"""
            series_number | baseline_total | n_scores | ended           | end_date
            1             | 20             | 2        | next series     | {at(50)}
            2             | 9              | 1        | not seen to end | {at(55)}
        """
    )


@pytest.mark.parametrize(
    ("begun", "taken", "bridge"),
    [(-10, 15, True), (-11, 15, False), (20, 40, True), (21, 40, False), (0, 14, False), (0, None, None)],
    ids=["10 days before", "11 days", "20 days after", "21 days", "14 days after the last", "end unknown"],
)
def test_an_antidepressant_that_takes_over(judged, begun, taken, bridge):
    """Begun from 10 days before the first session to 20 days after it, and still taken 15 days after the last."""
    end = "" if taken is None else at(taken)
    medication = f"ingredient | start_date | end_date\nsertraline | {at(begun)} | {end}"
    (effect,) = judged(dose=sprays(0), medication=medication).tables["effect"]
    assert effect["bridge"] is bridge


def test_a_drug_without_a_day_may_have_been_begun_before(judged):
    """An antidepressant that seems to have taken over may have been taken for long."""
    medication = f"ingredient | start_date | end_date\nsertraline | {at(0)} | {at(40)}"
    undated = "reason | n_rows | n_of\ndrugs without a day | 1 | 2"
    (effect,) = judged(dose=sprays(0), medication=medication, incomplete_medication=undated).tables["effect"]
    assert effect["bridge"] is None


def test_nobody_knows_what_was_not_observed(judged):
    """Bridge and episodes are unknown where the time was not observed."""
    period = f"start_date | end_date\n{at(-99)} | {at(14)}"
    (effect,) = judged(dose=sprays(0), observation_period=period).tables["effect"]
    assert (effect["bridge"], effect["n_episodes_before"], effect["n_episodes_after"]) == (None, None, None)


def test_episodes_before_and_after(judged):
    """Episodes that begin in the 100 days on either side are counted."""
    (effect,) = judged(
        dose=sprays(0),
        condition=f"condition_date | codeset\n{at(-100)} | major-depression\n{at(100)} | major-depression",
        observation_period="start_date | end_date\n2010-01-01 | 2022-01-01",
    ).tables["effect"]
    # The second diagnosis comes 200 days after the first: more than the pause of 182 days that begins a new episode.
    assert (effect["n_episodes_before"], effect["n_episodes_after"]) == (1, 1)


def test_medicines_before_during_and_after(judged):
    """Different drugs in each stretch, and their greatest doses as shares of the label's. Low doses for sleep do not count, nor
    does the treatment itself."""
    judged(
        dose=sprays(0, 10),
        medication=f"""
            ingredient  | start_date | end_date | mg_per_day
            sertraline  | {at(-60)}  | {at(-30)} | 100
            venlafaxine | {at(-5)}   | {at(60)}  | 150
            bupropion   | {at(5)}    | {at(8)}   |
            lithium     | {at(11)}   | {at(20)}  | 600
            trazodone   | {at(0)}    | {at(20)}  | 50
        """,
    ).shows(
        load="""
            stretch | n_antidepressants | n_psychotropics | n_dose_known | label_share_pct
            before  | 2                 | 2               | 2            | 100
            during  | 2                 | 2               | 1            | 50
            after   | 1                 | 2               | 1            | 50
        """
    )
