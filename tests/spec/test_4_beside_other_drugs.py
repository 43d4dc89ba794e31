"""4 Beside other drugs: switch, addition, combination."""

import pytest
from clinic import define

FIRST = "sertraline  | 2020-01-01 | 2020-03-01 | 50"


@pytest.mark.parametrize(
    ("second", "switch", "added"),
    [
        ("2020-03-02 | 2020-04-30", "2020-03-02", ""),
        ("2020-02-16 | 2020-04-30", "2020-02-16", ""),
        ("2020-02-15 | 2020-04-30", "", "2020-02-15"),
        ("2020-02-16 | 2020-03-01", "", ""),
        ("2020-01-10 | 2020-01-23", "", ""),
        ("2020-01-10 | 2020-01-24", "", "2020-01-10"),
        ("2020-01-01 | 2020-04-30", "", ""),
    ],
    ids=[
        "a new drug begun after the end is a switch",
        "begun 14 days before the end and going on, still a switch",
        "begun 15 days before the end and going on, an addition",
        "begun late and ended with the first, neither",
        "beside it for 14 days, no addition",
        "beside it for 15 days, an addition",
        "begun on the same day, neither",
    ],
)
def test_switch_or_addition(read, second, switch, added):
    """Overlap of up to the cross-taper is a switch if the new drug goes on; longer beside the first, it is an addition."""
    definition = define(cross_taper=14)
    first = read(
        definition,
        medication=f"""
            ingredient  | start_date | end_date   | mg_per_day
            {FIRST}
            venlafaxine | {second} | 75
        """,
    ).tables["trial"][0]
    assert [str(first[c] or "") for c in ("switch_date", "added_date")] == [switch, added]


def test_the_first_of_several_is_the_switch(read):
    """Of several later antidepressants the one begun first is the switch; an added drug of another role never is."""
    read(
        medication="""
            ingredient  | start_date | end_date
            sertraline  | 2020-01-01 | 2020-03-01
            lithium     | 2020-03-05 | 2020-04-30
            fluoxetine  | 2020-03-20 | 2020-04-30
            venlafaxine | 2020-03-10 | 2020-04-30
        """,
    ).shows(
        trial="""
            ingredient  | switch_date
            sertraline  | 2020-03-10
            lithium     |
            venlafaxine |
            fluoxetine  |
        """,
    )


def test_a_drug_of_any_role_can_be_added(read):
    """An antipsychotic or an augmentation agent beside the trial is an addition."""
    read(
        medication="""
            ingredient | start_date | end_date
            sertraline | 2020-01-01 | 2020-03-01
            quetiapine | 2020-02-01 | 2020-04-30
            lithium    | 2020-01-20 | 2020-04-30
        """,
    ).shows(
        trial="""
            ingredient | added_date
            sertraline | 2020-01-20
            lithium    | 2020-02-01
            quetiapine |
        """,
    )


def test_unknown_use_gives_possible_dates(read):
    """A drug of which nobody can say whether it was for sleep is a possible switch or addition, one for sleep is neither."""
    for dose, possible in (("", "2020-02-01"), ("50", "")):
        read(
            medication=f"""
                ingredient | start_date | end_date   | mg_per_day
                sertraline | 2020-01-01 | 2020-03-01 | 50
                trazodone  | 2020-02-01 | 2020-02-28 | {dose}
                fluoxetine | 2020-01-01 | 2020-01-31 | 20
            """,
        ).shows(
            trial=f"""
                ingredient | switch_date | possible_switch_date | added_date | possible_added_date
                fluoxetine |             | {possible}           |            |
                sertraline |             |                      |            | {possible}
                trazodone  |             |                      |            |
            """,
        )


def test_the_same_ingredient_is_no_other_drug(read):
    """Coming back to the drug itself is neither a switch nor an addition."""
    read(
        medication="""
            ingredient | start_date | end_date
            sertraline | 2020-01-01 | 2020-01-31
            sertraline | 2020-03-01 | 2020-03-31
        """,
    ).shows(
        trial="""
            trial_number | switch_date | possible_switch_date | added_date
            1            |             |                      |
            2            |             |                      |
        """,
    )


def test_joined_to_an_antidepressant_already_running(read):
    """A drug begun beside one that runs on for more than the cross-taper joins it; of two begun together the second joins."""
    read(
        define(cross_taper=14),
        medication="""
            person_id | ingredient  | start_date | end_date
            1         | sertraline  | 2020-01-01 | 2020-03-01
            1         | venlafaxine | 2020-02-16 | 2020-03-31
            2         | sertraline  | 2020-01-01 | 2020-03-01
            2         | venlafaxine | 2020-02-17 | 2020-03-31
            3         | sertraline  | 2020-01-01 | 2020-03-01
            3         | venlafaxine | 2020-01-01 | 2020-03-31
            3         | lithium     | 2020-01-10 | 2020-03-31
            4         | lithium     | 2020-01-01 | 2020-03-31
            4         | sertraline  | 2020-01-10 | 2020-03-01
        """,
    ).shows(
        trial="""
            person_id | ingredient  | joined_trial_number
            1         | sertraline  |
            1         | venlafaxine | 1
            2         | sertraline  |
            2         | venlafaxine |
            3         | sertraline  |
            3         | venlafaxine | 1
            3         | lithium     | 1
            4         | lithium     |
            4         | sertraline  |
        """,
    )


def test_an_antidepressant_before(read):
    """The last day of another antidepressant up to the trial's start, which is the start itself where it still runs."""
    read(
        medication="""
            person_id | ingredient | start_date | end_date   | mg_per_day
            1         | sertraline | 2020-01-01 | 2020-01-31 | 50
            1         | trazodone  | 2020-02-01 | 2020-02-28 |
            1         | quetiapine | 2020-06-01 | 2020-06-30 |
            2         | sertraline | 2020-01-01 | 2020-12-31 | 50
            2         | quetiapine | 2020-06-01 | 2020-06-30 |
        """,
    ).shows(
        trial="""
            person_id | ingredient | antidepressant_before_date | possible_antidepressant_before_date
            1         | sertraline |                            |
            1         | trazodone  | 2020-01-31                 | 2020-01-31
            1         | quetiapine | 2020-01-31                 | 2020-02-28
            2         | sertraline |                            |
            2         | quetiapine | 2020-06-01                 | 2020-06-01
        """,
    )
