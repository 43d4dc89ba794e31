"""6b Further criteria of a trial: drugs named, supplies counted, scores still high, switches between classes."""

import pytest
from clinic import branch, define


def judged(read, definition, medication, number=1, **records) -> dict:
    """The verdicts on one trial under the first branch."""
    rows = read(definition, medication=medication, **records).tables["judged_trial"]
    return next(r for r in rows if r["trial_number"] == number and r["branch"] == 1)


def test_several_roles(read):
    """A definition may ask for trials of any of several roles."""
    read(
        define(branch(role=("antidepressant", "augmentation"), use="any", having_taken=True)),
        medication="""
            ingredient | start_date | end_date
            lithium    | 2020-01-01 | 2020-02-29
            quetiapine | 2020-01-01 | 2020-02-29
            sertraline | 2020-01-01 | 2020-02-29
        """,
    ).shows(
        judged_trial="""
            trial_number | trial.role | counts
            1            | met        | met
            2            | not met    | not met
            3            | met        | met
        """,
    )


@pytest.mark.parametrize(
    ("drug", "sertraline", "venlafaxine"),
    [({"any_of": ("sertraline", "bupropion")}, True, False), ({"of_class": ("SNRI",)}, False, True)],
    ids=["by name", "by class"],
)
def test_drug(read, drug, sertraline, venlafaxine):
    """Only the drugs named count, by their names or by their class."""
    medication = """
        ingredient  | start_date | end_date
        sertraline  | 2020-01-01 | 2020-02-29
        venlafaxine | 2020-03-01 | 2020-04-30
    """
    definition = define(branch(drug=drug, having_taken=True))
    assert judged(read, definition, medication, 1)["trial.drug"] is sertraline
    assert judged(read, definition, medication, 2)["trial.drug"] is venlafaxine


@pytest.mark.parametrize(
    ("supplies", "seen", "verdict"),
    [
        (("2020-01-01", "2020-02-01"), "2021-12-31", True),
        (("2020-01-01",), "2021-12-31", False),
        (("2020-01-01", "2020-01-01"), "2021-12-31", False),
        (("2020-01-01",), "2020-02-10", None),
    ],
    ids=["two", "one", "two on one day are one", "one, and a second may still come"],
)
def test_min_supplies(read, supplies, seen, verdict):
    """So many supplies with days of their own; unknown where more may have come than the record shows."""
    drawn = ["ingredient | start_date | end_date | mg_per_day"]
    drawn += [f"sertraline | {day} | {day[:-2]}31 | {50 + i}" for i, day in enumerate(supplies)]
    row = judged(
        read,
        define(branch(min_supplies=2, having_taken=True), max_gap=14),
        "\n".join(drawn).replace("2020-02-31", "2020-02-29"),
        observation_period=f"start_date | end_date\n2015-01-01 | {seen}",
    )
    assert row["trial.min_supplies"] is verdict


@pytest.mark.parametrize(
    ("instrument", "endpoint", "verdict"),
    [("phq-9", "15", True), ("phq-9", "14", False), ("qids-sr16", "20", None), ("phq-9", "", None)],
    ids=["at the limit", "below it", "by an instrument without a limit", "no endpoint"],
)
def test_still_ill(read, instrument, endpoint, verdict):
    """The endpoint is at or above the limit of its instrument; unknown without one, and by any other instrument."""
    scores = f"instrument | measured_date | total\n{instrument} | 2020-01-01 | 20"
    if endpoint:
        scores += f"\n{instrument} | 2020-02-15 | {endpoint}"
    row = judged(
        read,
        define(branch(still_ill={"phq-9": 15}, having_taken=True)),
        "ingredient | start_date | end_date\nsertraline | 2020-01-01 | 2020-02-29",
        measurement=scores,
    )
    assert row["trial.still_ill"] is verdict


@pytest.mark.parametrize(
    ("endpoint", "below", "at_most"), [("15", False, True), ("14", False, False), ("16", True, True)]
)
def test_at_most_a_share_and_less_than_it(read, endpoint, below, at_most):
    """An improvement by exactly a quarter is at most 25 %, and not less than 25 %."""
    medication = "ingredient | start_date | end_date\nsertraline | 2020-01-01 | 2020-02-29"
    scores = f"instrument | measured_date | total\nphq-9 | 2020-01-01 | 20\nphq-9 | 2020-02-15 | {endpoint}"
    for one, verdict in ((branch(improvement=25), below), (branch(improvement_at_most=25), at_most)):
        assert judged(read, define(one), medication, measurement=scores)["failure.improvement"] is verdict


@pytest.mark.parametrize(
    ("following", "dose", "any_drug", "other_class"),
    [("fluoxetine", 20, True, False), ("venlafaxine", 75, True, True), ("trazodone", "", None, None)],
    ids=["of the same class", "of another class", "perhaps for sleep"],
)
def test_a_switch_to_another_class(read, following, dose, any_drug, other_class):
    """A switch between classes begins a drug of another class; a drug of unknown use may be one."""
    medication = f"""
        ingredient  | start_date | end_date   | mg_per_day
        sertraline  | 2020-01-01 | 2020-02-29 | 50
        {following} | 2020-03-01 | 2020-04-30 | {dose}
    """
    for to, verdict in (("another drug", any_drug), ("another class", other_class)):
        row = judged(read, define(branch(switched=(42, "always", to))), medication)
        assert row["failure.switched"] is verdict


def test_the_next_drug_of_another_class_need_not_be_the_next(read):
    """What was begun first after the end is the switch; the first of another class is the switch between classes."""
    read(
        define(branch(switched=(60, "always", "another class"))),
        medication="""
            ingredient  | start_date | end_date
            sertraline  | 2020-01-01 | 2020-02-29
            fluoxetine  | 2020-03-01 | 2020-03-31
            venlafaxine | 2020-04-01 | 2020-05-31
        """,
    ).shows(
        trial="""
            ingredient  | switch_date | class_switch_date
            sertraline  | 2020-03-01  | 2020-04-01
            fluoxetine  | 2020-04-01  | 2020-04-01
            venlafaxine |             |
        """,
        judged_trial="""
            trial_number | failure.switched
            1            | met
            2            | met
            3            | not met
        """,
    )
