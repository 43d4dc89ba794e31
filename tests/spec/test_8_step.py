"""8 Step: the ladder of one episode."""

import pytest
from clinic import define


def test_start_switch_and_addition(read):
    """The first drug is a start; one begun beside it for more than the cross-taper an addition; one after it a switch."""
    read(
        define(cross_taper=14),
        medication="""
            ingredient  | start_date | end_date
            sertraline  | 2020-01-01 | 2020-02-29
            lithium     | 2020-02-01 | 2020-02-29
            venlafaxine | 2020-03-01 | 2020-04-30
        """,
    ).shows(
        step="""
            step_number | kind   | ingredients | start_date | end_date   | n_days | ended
            1           | start  | sertraline  | 2020-01-01 | 2020-01-31 | 31     | next step
            2           | add    | lithium     | 2020-02-01 | 2020-02-29 | 29     | next step
            3           | switch | venlafaxine | 2020-03-01 | 2020-04-30 | 61     | lost
        """,
    )


@pytest.mark.parametrize(("end", "kind"), [("2020-03-14", "switch"), ("2020-03-15", "add")])
def test_cross_taper_is_a_switch(read, end, kind):
    """14 days beside the drug before are a cross-taper, 15 an addition."""
    rows = read(
        define(cross_taper=14),
        medication=f"""
            ingredient  | start_date | end_date
            sertraline  | 2020-01-01 | {end}
            venlafaxine | 2020-03-01 | 2020-04-30
        """,
    ).tables["step"]
    assert [r["kind"] for r in rows] == ["start", kind]


def test_drugs_begun_on_one_day_share_a_rung(read):
    """Two drugs begun together are one rung, and coming back to one of them is no new one."""
    read(
        medication="""
            ingredient  | start_date | end_date
            venlafaxine | 2020-01-01 | 2020-02-29
            sertraline  | 2020-01-01 | 2020-01-31
            sertraline  | 2020-04-01 | 2020-04-30
        """,
    ).shows(
        step="""
            step_number | ingredients              | start_date | end_date
            1           | sertraline + venlafaxine | 2020-01-01 | 2020-04-30
        """,
    )


@pytest.mark.parametrize(("start", "n"), [("2020-03-14", 2), ("2020-03-15", 1)])
def test_other_roles_only_beside_an_antidepressant(read, start, n):
    """A drug of another role is a rung while an antidepressant runs or within the cross-taper after it, else not."""
    rows = read(
        define(cross_taper=14),
        medication=f"""
            ingredient | start_date | end_date
            lithium    | 2019-12-01 | 2020-01-20
            sertraline | 2020-01-01 | 2020-02-29
            quetiapine | {start}    | 2020-04-30
        """,
    ).tables["step"]
    assert len(rows) == n


def test_a_drug_for_sleep_is_no_rung(read):
    """A drug certainly not used as an antidepressant is no rung; one of unknown use is."""
    for dose, n in (("50", 1), ("", 2)):
        rows = read(
            medication=f"""
                ingredient | start_date | end_date   | mg_per_day
                sertraline | 2020-01-01 | 2020-02-29 | 50
                trazodone  | 2020-02-01 | 2020-02-28 | {dose}
            """,
        ).tables["step"]
        assert len(rows) == n


def test_each_episode_has_its_own_ladder(read):
    """A new episode begins again at its first step."""
    read(
        define(episode_gap=182),
        medication="""
            ingredient  | start_date | end_date
            sertraline  | 2018-01-01 | 2018-02-28
            sertraline  | 2020-01-01 | 2020-02-29
            venlafaxine | 2020-03-01 | 2020-04-30
        """,
    ).shows(
        step="""
            episode_number | step_number | kind   | ingredients | ended
            1              | 1           | start  | sertraline  | lost
            2              | 1           | start  | sertraline  | next step
            2              | 2           | switch | venlafaxine | lost
        """,
    )


def test_response_on_a_rung(read):
    """Baseline and endpoint are looked for as for a trial, over the rung and not after the next one begins."""
    read(
        define(baseline=(14, 7), endpoint=(21, 14)),
        medication="""
            ingredient  | start_date | end_date   | stop_reason
            sertraline  | 2020-01-01 | 2020-02-29 | intolerance
            venlafaxine | 2020-03-01 | 2020-04-30 |
        """,
        measurement="""
            instrument | measured_date | total
            phq-9      | 2020-01-01    | 20
            phq-9      | 2020-03-01    | 16
            phq-9      | 2020-05-14    | 4
            phq-9      | 2020-05-15    | 20
        """,
    ).shows(
        step="""
            step_number | instrument | improvement_pct | is_response | is_remission | is_intolerance | ended
            1           | phq-9      | 20              | no          | no           | yes            | next step
            2           | phq-9      | 75              | yes         | yes          | no             | remission
        """,
    )


@pytest.mark.parametrize(
    ("seen", "ended"),
    [("2020-03-14", "still treated"), ("2020-03-15", "lost"), ("2020-02-28", None)],
    ids=["observed for 14 days more", "observed for 15 days more", "its last day is not observed"],
)
def test_how_the_last_rung_ended(read, seen, ended):
    """Lost when observation goes on for longer than the longest gap; unknown when the last day was not observed."""
    rows = read(
        define(max_gap=14),
        medication="""
            ingredient | start_date | end_date
            sertraline | 2020-01-01 | 2020-02-29
        """,
        observation_period=f"""
            start_date | end_date
            2015-01-01 | {seen}
        """,
    ).tables["step"]
    assert [r["ended"] for r in rows] == [ended]


def test_no_rung_reads_the_observation_of_an_earlier_drug(read):
    """Observation that ended before the last drug's end says nothing about what came after it."""
    rows = read(
        medication="""
            ingredient  | start_date | end_date
            sertraline  | 2020-01-01 | 2020-02-29
            venlafaxine | 2020-03-10 | 2020-04-30
        """,
        observation_period="""
            start_date | end_date
            2015-01-01 | 2020-03-05
        """,
    ).tables["step"]
    assert [r["ended"] for r in rows] == ["next step", None]


def test_a_drug_that_is_no_rung_does_not_prolong_the_last_one(read):
    """A low dose for sleep that goes on for a year is not treatment on the ladder."""
    rows = read(
        medication="""
            ingredient | start_date | end_date   | mg_per_day
            sertraline | 2020-01-01 | 2020-02-29 | 50
            trazodone  | 2020-01-15 | 2020-12-31 | 50
        """,
    ).tables["step"]
    assert [str(r["end_date"]) for r in rows] == ["2020-02-29"]


def test_nobody_remits_on_a_rung_that_began_in_remission(read):
    """A score at the cut before and after is health kept, not remission reached: the rung's remission is unknown."""
    rows = read(
        medication="""
            ingredient | start_date | end_date
            sertraline | 2020-01-01 | 2020-02-29
        """,
        measurement="""
            instrument | measured_date | total
            phq-9      | 2020-01-01    | 4
            phq-9      | 2020-02-20    | 2
        """,
    ).tables
    assert [r["is_remission"] for r in rows["step"]] == [None]
    assert [r["is_remission"] for r in rows["trial"]] == [True]
