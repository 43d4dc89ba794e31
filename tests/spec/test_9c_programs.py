"""9c What published programs ask: drug eras, the next prescription, looking back inside one observation, and no unknown."""

import pytest
from clinic import branch, define

ADJOINING = "start_date | end_date\n2019-01-01 | 2019-12-31\n2020-01-01 | 2025-12-31"
APART = "start_date | end_date\n2019-01-01 | 2019-12-30\n2020-01-01 | 2025-12-31"


def prescribed(**asked):
    """A definition on prescriptions, whose courses end with a pause of more than 182 days; a switch is the next prescription."""
    switched = (98, "always", "another drug", "next prescription")
    way = branch(**{"use": "any", "switched": switched, "within": "ever", **asked})
    return define(way, basis="prescriptions", max_gap=182, cross_taper=0)


def test_an_era_lasts_to_the_latest_end(read):
    """With eras, a later supply does not shorten the one before; the next may begin 30 days after the latest end, not 31."""
    read(
        define(basis="eras", max_gap=30),
        medication="""
            ingredient  | start_date | end_date
            sertraline  | 2020-01-01 | 2020-03-31
            sertraline  | 2020-02-01 | 2020-02-10
            sertraline  | 2020-04-30 | 2020-05-10
            venlafaxine | 2021-01-01 | 2021-03-31
            venlafaxine | 2021-02-01 | 2021-02-10
            venlafaxine | 2021-05-01 | 2021-05-10
        """,
    ).shows(
        trial="""
            ingredient  | start_date | end_date   | is_end_known | n_days | n_gap_days | n_exposures
            sertraline  | 2020-01-01 | 2020-05-10 | yes          | 131    | 29         | 3
            venlafaxine | 2021-01-01 | 2021-03-31 | yes          | 90     | 0          | 2
            venlafaxine | 2021-05-01 | 2021-05-10 | yes          | 10     | 0          | 1
        """,
    )


def test_an_era_of_unknown_end(read):
    """A supply of unknown end lasts to the day after its first, and the end is taken as known."""
    read(
        define(basis="eras", max_gap=30),
        medication="""
            ingredient | start_date | end_date
            sertraline | 2020-01-01 |
            sertraline | 2020-02-01 |
        """,
    ).shows(
        trial="""
            start_date | end_date   | is_end_known | n_exposures
            2020-01-01 | 2020-02-02 | yes          | 2
        """,
    )


def test_the_next_prescription(read):
    """It is that of the antidepressant that comes next, also of one taken before; of one day, in the order of the drugs' names.
    Nothing else counts: no drug of another role, and not the same drug again."""
    read(
        prescribed(),
        medication="""
            ingredient  | start_date | end_date
            venlafaxine | 2020-01-01 |
            bupropion   | 2020-01-11 |
            venlafaxine | 2020-02-12 |
            lithium     | 2020-02-20 |
            bupropion   | 2020-03-01 |
            sertraline  | 2020-03-01 |
            sertraline  | 2021-03-01 |
        """,
    ).shows(
        trial="""
            ingredient  | start_date | end_date   | next_prescription_date
            venlafaxine | 2020-01-01 | 2020-02-12 | 2020-03-01
            bupropion   | 2020-01-11 | 2020-03-01 | 2020-03-01
            lithium     | 2020-02-20 | 2020-02-20 |
            sertraline  | 2020-03-01 | 2020-03-01 |
            sertraline  | 2021-03-01 | 2021-03-01 |
        """,
        judged_trial="""
            trial_number | failure.switched
            1            | met
            2            | not met
            3            | not met
            4            | not met
            5            | not met
        """,
    )


@pytest.mark.parametrize(
    ("next_day", "is_long_enough", "is_switch"),
    [
        ("2020-02-11", False, True),
        ("2020-02-12", True, True),
        ("2020-04-08", True, True),
        ("2020-04-09", False, False),
    ],
    ids=["41 days", "42 days", "98 days", "99 days"],
)
def test_a_single_prescription(read, next_day, is_long_enough, is_switch):
    """It lasts until the next of another antidepressant, if that is not too late; then it is no switch either."""
    medication = f"ingredient | start_date | end_date\nsertraline | 2020-01-01 |\nvenlafaxine | {next_day} |"
    row = read(prescribed(min_duration=(42, 98)), medication=medication).tables["judged_trial"][0]
    assert (row["trial.min_duration"], row["failure.switched"]) == (is_long_enough, is_switch)


@pytest.mark.parametrize(("when", "day"), [("ever", "2016-02-12"), ("by then", "2022-01-01")])
def test_drugs_taken_later_do_not_put_off_the_date(read, when, day):
    """With `when: ever`, the three drugs may be taken after the day on which enough trials counted."""
    (row,) = read(
        prescribed(taken=(3, "ingredient", when), count=1, dated="next prescription"),
        medication="""
            ingredient  | start_date | end_date
            sertraline  | 2016-01-01 |
            venlafaxine | 2016-02-12 |
            sertraline  | 2016-09-01 |
            bupropion   | 2022-01-01 |
        """,
    ).tables["determination"]
    assert (row["verdict"], str(row["met_date"])) == ("met", day)


@pytest.mark.parametrize(
    ("first_end", "second_start", "seen", "n", "n_before", "verdict"),
    [
        ("2020-01-02", "2020-06-01", "2015-01-01 | 2025-12-31", 3, 2, True),
        ("2020-01-01", "2020-06-01", "2015-01-01 | 2025-12-31", 2, 1, False),
        ("2020-01-02", "2021-01-01", "2015-01-01 | 2025-12-31", 3, 1, False),
        ("2020-01-02", "2020-06-01", "2019-12-01 | 2021-01-10", 3, 2, True),
        ("2020-01-02", "2020-06-01", "2019-12-02 | 2021-01-10", 2, 1, False),
        ("2020-01-02", "2020-06-01", "2019-12-01 | 2021-01-09", 2, 2, False),
        ("2020-01-02", "2020-06-01", "2022-01-01 | 2025-12-31", None, None, None),
    ],
    ids=[
        "ended 365 days before",
        "ended 366 days before",
        "begun on one day",
        "just inside the observation",
        "begun a day before the observation",
        "its own ends a day after the observation",
        "not observed",
    ],
)
def test_recent_drugs(read, first_end, second_start, seen, n, n_before, verdict):
    """Drugs whose courses ended in the time before or go on, all of it inside the observation that holds the first day."""
    recent = (("sertraline", "venlafaxine", "bupropion"), 3, 2, 365)
    found = read(
        define(branch(recent=recent, having_taken=True, count=1), basis="eras", max_gap=30),
        medication=f"""
            ingredient  | start_date | end_date
            sertraline  | 2019-12-01 | {first_end}
            venlafaxine | {second_start} | 2021-01-05
            bupropion   | 2021-01-01 | 2021-01-10
        """,
        observation_period=f"start_date | end_date\n{seen}",
    ).tables
    number = next(t["trial_number"] for t in found["trial"] if t["ingredient"] == "bupropion")
    row = next(j for j in found["judged_trial"] if j["trial_number"] == number)
    assert (row["n_recent_drugs"], row["n_recent_drugs_before"], row["trial.recent"]) == (n, n_before, verdict)


@pytest.mark.parametrize(
    ("day", "since", "verdict"),
    [
        ("2019-01-01", "2015-01-01", True),
        ("2018-12-31", "2015-01-01", False),
        ("2020-01-01", "2015-01-01", True),
        ("2020-01-02", "2015-01-01", False),
        ("2019-06-01", "2019-06-02", False),
        ("2019-06-01", "2020-01-02", None),
    ],
    ids=["365 days before", "366 days before", "on the day", "after it", "before the observation", "not observed"],
)
def test_diagnosed(read, day, since, verdict):
    """A diagnosis in the time before the first day, inside the observation that holds it."""
    row = read(
        define(branch(diagnosed=(("major-depression",), 365), having_taken=True, count=1)),
        medication="ingredient | start_date | end_date\nsertraline | 2020-01-01 | 2020-02-29",
        condition=f"condition_date | codeset\n{day} | major-depression",
        observation_period=f"start_date | end_date\n{since} | 2025-12-31",
    ).tables["judged_trial"][0]
    assert row["trial.diagnosed"] is verdict


@pytest.mark.parametrize(("counted", "numbers"), [("records", [2, 1]), ("days", [1, 1])])
def test_two_records_of_one_day(read, counted, numbers):
    """Counted as records they are two, and one record in two sets is one; counted as days all are one."""
    answer = read(
        define(diagnosis=(("major-depression", "depression-other"), 2, "ever"), counted=counted),
        condition="""
            person_id | condition_date | codeset          | code  | address
            1         | 2020-01-01     | major-depression | F32.2 | condition/1
            1         | 2020-01-01     | major-depression | F32.2 | condition/2
            2         | 2020-01-01     | major-depression | F32.3 | condition/3
            2         | 2020-01-01     | depression-other | F32.3 | condition/3
        """,
    )
    assert [row["n_diagnoses"] for row in answer.tables["determination"]] == numbers


@pytest.mark.parametrize(
    ("periods", "verdict"), [(ADJOINING, False), (APART, True)], ids=["adjoining", "a day between"]
)
def test_never_in_one_period(read, periods, verdict):
    """What was recorded in an earlier observation is not seen; periods that adjoin are one."""
    way = branch(having_taken=True, count=1, within="ever", dated="trial start")
    (row,) = read(
        define(way, never=(("bipolar",), "before", True)),
        medication="ingredient | start_date | end_date\nsertraline | 2020-06-01 | 2020-07-29",
        condition="condition_date | codeset\n2019-06-01 | bipolar",
        observation_period=periods,
    ).tables["determination"]
    assert row["who.never"] is verdict


@pytest.mark.parametrize(("as_code", "verdicts"), [(False, (None, None, "unknown")), (True, (False, True, "not met"))])
def test_a_program_knows_no_unknown(read, as_code, verdicts):
    """Nobody was observing and the source holds no diagnoses: the words leave it open, the program says no."""
    way = branch(min_duration=61, having_taken=True, count=1, within="ever")
    (row,) = read(
        define(way, never=(("bipolar",), "ever"), as_code=as_code),
        has={"person", "medication"},
        medication="ingredient | start_date | end_date\nsertraline | 2020-06-01 | 2020-07-29",
        observation_period="",
    ).tables["determination"]
    assert (row["count"], row["who.never"], row["verdict"]) == verdicts
