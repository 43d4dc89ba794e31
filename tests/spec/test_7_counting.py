"""7 Counting, person by person: how many, in which stretch, on which day, and of whom."""

import pytest
from clinic import branch, define

TWO = """
    ingredient  | start_date | end_date
    sertraline  | 2020-01-01 | 2020-02-29
    venlafaxine | 2020-03-01 | 2020-04-30
"""
TAKEN = branch(having_taken=True)


def verdict(read, definition, medication=TWO, **records) -> dict:
    return read(definition, medication=medication, **records).tables["determination"][0]


def test_enough_trials_that_count(read):
    """Met on the day on which the second of two trials counts."""
    read(define(TAKEN), medication=TWO).shows(
        determination="""
            verdict | met_date   | branch | episode_number | index_date | n_counted | n_possible | n_needed | count
            met     | 2020-04-30 | 1      | 1              | 2020-04-30 | 2         | 2          | 2        | met
        """,
    )


def test_the_third_trial_does_not_move_the_date(read):
    """The date is the day on which there were enough, whatever follows."""
    read(
        define(TAKEN),
        medication=TWO + "    fluoxetine | 2020-05-01 | 2020-06-30\n    sertraline | 2020-08-01 | 2020-08-31",
    ).shows(
        determination="""
            verdict | met_date   | n_counted
            met     | 2020-04-30 | 3
        """,
    )


def test_unknown_trials_may_be_enough(read):
    """Met and unknown together would be enough: unknown. If even they are not: not met."""
    definition = define(branch(intolerant=True))
    for third, expected in (("", "not met | 0 | 1"), ("venlafaxine | 2020-03-01 | 2020-04-30 |", "unknown | 0 | 2")):
        read(
            definition,
            medication=f"""
                ingredient | start_date | end_date   | stop_reason
                sertraline | 2020-01-01 | 2020-02-29 |
                fluoxetine | 2020-01-01 | 2020-02-29 | no effect
                {third}
            """.rstrip(),
        ).shows(
            determination=f"""
                verdict | n_counted | n_possible | met_date | index_date
                {expected} | | {"2020-04-30" if third else "2020-02-29"}
            """,
        )


@pytest.mark.parametrize(
    ("distinct", "second", "n"),
    [
        ("course", "sertraline", 2),
        ("ingredient", "sertraline", 1),
        ("ingredient", "fluoxetine", 2),
        ("class", "fluoxetine", 1),
        ("class", "venlafaxine", 2),
    ],
)
def test_what_counts_as_different(read, distinct, second, n):
    """The same drug twice is two courses, one ingredient; two drugs of a class are two ingredients, one class."""
    row = verdict(
        read,
        define(branch(having_taken=True, distinct=distinct)),
        f"""
            ingredient | start_date | end_date
            sertraline | 2020-01-01 | 2020-01-31
            {second}   | 2020-03-01 | 2020-03-31
        """,
    )
    assert (row["n_counted"], row["verdict"]) == (n, "met" if n == 2 else "not met")


@pytest.mark.parametrize(("within", "expected"), [("episode", "not met"), ("ever", "met")])
def test_in_one_episode_or_ever(read, within, expected):
    """Failures of two episodes are not put together unless the form counts ever."""
    row = verdict(
        read,
        define(branch(having_taken=True, within=within), episode_gap=182),
        """
            ingredient  | start_date | end_date
            sertraline  | 2020-01-01 | 2020-01-31
            venlafaxine | 2021-01-01 | 2021-01-31
        """,
    )
    assert (row["verdict"], row["episode_number"]) == (expected, None)


def test_the_second_episode_can_meet_it(read):
    """The episode named is the one in which there were enough."""
    read(
        define(TAKEN),
        medication="""
            ingredient  | start_date | end_date
            sertraline  | 2018-01-01 | 2018-01-31
            sertraline  | 2020-01-01 | 2020-01-31
            venlafaxine | 2020-02-01 | 2020-02-29
        """,
    ).shows(
        determination="""
            verdict | met_date   | episode_number | n_counted
            met     | 2020-02-29 | 2              | 2
        """,
    )


@pytest.mark.parametrize(("second", "expected"), [("2020-12-30", "met"), ("2020-12-31", "not met")])
def test_within_a_number_of_days(read, second, expected):
    """365 days up to and including the counted day hold a trial counted 364 days before, not one 365 days before."""
    row = verdict(
        read,
        define(branch(having_taken=True, within=365, dated="trial start")),
        f"""
            ingredient  | start_date | end_date
            sertraline  | 2020-01-01 | 2020-01-31
            venlafaxine | {second}   | 2021-03-31
        """,
    )
    assert row["verdict"] == expected


def test_so_many_must_also_have_been_taken(read):
    """`taken` asks for so many drugs, failed or not; the date is the first on which both numbers are reached."""
    definition = define(branch(switched=(42, "always"), within="ever", taken=(3, "ingredient"), dated="trial end"))
    third = "    bupropion | 2020-05-01 | 2020-06-30"
    assert verdict(read, definition)["verdict"] == "not met"
    row = verdict(read, definition, TWO + third)
    assert (row["verdict"], str(row["met_date"])) == ("met", "2020-05-01")
    assert (row["n_counted"], row["n_needed"]) == (2, 2)


def test_the_branch_met_first(read):
    """Of several branches the one met first gives the date; the others do not matter then."""
    year = branch(having_taken=True, count=3, within=365, dated="trial start")
    add_on = branch(
        role="antipsychotic",
        use="any",
        preceded_by=("antidepressant", 365),
        count=1,
        within=365,
        having_taken=True,
        dated="trial start",
    )
    both = TWO + "    fluoxetine | 2020-06-01 | 2020-06-30"
    for extra, branch_number, day in (
        ("    quetiapine | 2020-05-01 | 2020-05-31", 2, "2020-05-01"),
        ("    quetiapine | 2020-07-01 | 2020-07-31", 1, "2020-06-01"),
        ("", 1, "2020-06-01"),
    ):
        row = verdict(read, define(year, add_on), f"{both}\n{extra}".rstrip())
        assert (row["branch"], str(row["met_date"])) == (branch_number, day)


def test_everybody_has_a_verdict(read):
    """A person without any drug has a row: not met where observed, unknown where not."""
    read(
        define(TAKEN),
        person="""
            person_id | birth_earliest_date | birth_latest_date
            1         | 1980-01-01          | 1980-01-01
            2         | 1980-01-01          | 1980-01-01
        """,
        observation_period="""
            person_id | start_date | end_date
            1         | 2015-01-01 | 2021-12-31
        """,
    ).shows(
        determination="""
            person_id | verdict | index_date | n_counted | n_possible | n_needed | count
            1         | not met |            | 0         | 0          | 2        | not met
            2         | unknown |            | 0         | 0          | 2        | unknown
        """,
    )


def test_never_not_met_without_observation(read):
    """Who was never observed may have had more trials than the record shows; what it shows can still be enough."""
    one = "ingredient | start_date | end_date\nsertraline | 2020-01-01 | 2020-02-29"
    assert verdict(read, define(TAKEN), one, observation_period="")["verdict"] == "unknown"
    assert verdict(read, define(TAKEN), TWO, observation_period="")["verdict"] == "met"


def test_a_source_without_drug_records(read):
    """Where the source holds no drug records, nobody is known not to meet it."""
    row = read(define(TAKEN), has={"person", "observation_period"}, medication="").tables["determination"][0]
    assert (row["verdict"], row["count"]) == ("unknown", None)


@pytest.mark.parametrize(
    ("earliest", "latest", "age", "expected"),
    [
        ("2002-04-30", "2002-04-30", 18, True),
        ("2002-05-01", "2002-05-01", 17, False),
        ("2002-01-01", "2002-12-31", 17, None),
        ("2001-01-01", "2001-12-31", 18, True),
        ("2003-01-01", "2003-12-31", 16, False),
        ("2000-02-29", "2000-02-29", 20, True),
        ("", "", None, None),
    ],
    ids=[
        "18 on the day",
        "18 the day after",
        "only the year known, and it could be either",
        "only the year known, old enough anyway",
        "only the year known, too young anyway",
        "born on a leap day",
        "birth unknown",
    ],
)
def test_age_on_the_day_it_is_met(read, earliest, latest, age, expected):
    """Age is judged on the day of meeting, from the earliest and the latest possible day of birth."""
    row = verdict(
        read,
        define(TAKEN, age=18),
        person=f"""
            person_id | birth_earliest_date | birth_latest_date
            1         | {earliest}          | {latest}
        """,
    )
    assert (row["age_years"], row["who.age"]) == (age, expected)
    assert row["verdict"] == {True: "met", False: "not met", None: "unknown"}[expected]
    assert (row["met_date"] is not None) is (expected is True)
    assert str(row["index_date"]) == "2020-04-30"


@pytest.mark.parametrize(
    ("days", "when", "n", "expected"),
    [
        (["2020-04-29", "2020-04-30"], "before", 2, True),
        (["2020-04-30", "2020-05-01"], "before", 1, False),
        (["2020-04-30", "2020-05-01"], "ever", 2, True),
        (["2020-04-30", "2020-04-30"], "ever", 1, False),
        ([], "ever", 0, False),
    ],
    ids=["up to the day of meeting", "one the day after", "one the day after, ever", "twice on one day", "none"],
)
def test_days_with_a_diagnosis(read, days, when, n, expected):
    """So many different days with a diagnosis of any of the code sets; up to the day of meeting if the form says before."""
    drawn = [
        "condition_date | codeset",
        *(f"{d} | {c}" for d, c in zip(days, ("major-depression", "depression-other"), strict=False)),
    ]
    row = verdict(
        read,
        define(TAKEN, diagnosis=(("major-depression", "depression-other"), 2, when)),
        condition="\n".join(drawn),
    )
    assert (row["n_diagnoses"], row["who.diagnosis"]) == (n, expected)
    assert row["verdict"] == ("met" if expected else "not met")


@pytest.mark.parametrize(
    ("day", "when", "expected"),
    [("2020-04-30", "before", False), ("2020-05-01", "before", True), ("2020-05-01", "ever", False)],
)
def test_never_such_a_diagnosis(read, day, when, expected):
    """One diagnosis that the definition excludes is enough, up to the day of meeting or ever."""
    row = verdict(
        read, define(TAKEN, never=(("bipolar",), when)), condition=f"condition_date | codeset\n{day} | bipolar"
    )
    assert (row["n_excluding"], row["who.never"]) == (int(not expected), expected)
    assert row["verdict"] == ("met" if expected else "not met")


def test_absence_of_a_diagnosis_needs_a_source_that_holds_diagnoses(read):
    """No diagnosis on record says something only where the source holds diagnoses and the person was observed."""
    definition = define(TAKEN, diagnosis=(("major-depression",), 1, "ever"), never=(("bipolar",), "ever"))
    for has, seen, expected in (
        ({"person", "medication", "observation_period"}, None, (None, None, "unknown")),
        ({"person", "medication", "observation_period", "condition"}, "", (None, None, "unknown")),
        ({"person", "medication", "observation_period", "condition"}, None, (False, True, "not met")),
    ):
        period = {} if seen is None else {"observation_period": seen}
        row = read(definition, has=has, medication=TWO, **period).tables["determination"][0]
        assert (row["who.diagnosis"], row["who.never"], row["verdict"]) == expected


def test_the_index_day_without_meeting(read):
    """Else the day of the last trial that may count; else the first day of the first antidepressant; else there is none."""
    definition = define(branch(intolerant=True, count=3))
    stopped = """
        ingredient  | start_date | end_date   | stop_reason
        lithium     | 2019-01-01 | 2019-02-28 | intolerance
        sertraline  | 2020-01-01 | 2020-02-29 | {0}
        venlafaxine | 2020-03-01 | 2020-04-30 | {1}
    """
    for reasons, index in (
        (("intolerance", "intolerance"), "2020-04-30"),
        (("intolerance", ""), "2020-04-30"),
        (("intolerance", "other"), "2020-02-29"),
        (("other", "other"), "2020-01-01"),
    ):
        assert str(verdict(read, definition, stopped.format(*reasons))["index_date"]) == index
    only_lithium = "ingredient | start_date | end_date\nlithium | 2019-01-01 | 2019-02-28"
    assert verdict(read, definition, only_lithium)["index_date"] is None


def test_before_needs_an_index_day(read):
    """Without an antidepressant there is no day to look back from, and `before` cannot be judged."""
    row = verdict(
        read,
        define(TAKEN, never=(("bipolar",), "before")),
        medication="",
        condition="condition_date | codeset\n2020-01-01 | bipolar",
        observation_period="",
    )
    assert (row["index_date"], row["who.never"], row["verdict"]) == (None, None, "unknown")


@pytest.mark.parametrize(("bipolar_on", "never"), [("2020-02-29", False), ("2020-03-01", True)])
def test_an_exclusion_looks_back_from_the_first_day_that_may_count(read, bipolar_on, never):
    """While it is open which trials count, only a diagnosis before the first of them is certainly too early."""
    row = verdict(
        read,
        define(branch(intolerant=True, count=3), never=(("bipolar",), "before")),
        """
            ingredient  | start_date | end_date
            sertraline  | 2020-01-01 | 2020-02-29
            venlafaxine | 2020-03-01 | 2020-04-30
            lithium     | 2020-03-01 | 2020-04-30
        """,
        condition=f"condition_date | codeset\n{bipolar_on} | bipolar",
    )
    assert row["who.never"] is never
