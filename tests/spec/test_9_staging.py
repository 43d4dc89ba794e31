"""9 Staging: how far resistance has gone in the last episode."""

from dataclasses import replace

import oracle_staging
import pytest
from agreement import TABLES
from drawn import complete, parse
from spec_cases import Answer
from staged import CLINIC, MODELS, POINTS, by_engine, model

from stepwell.asked import find_asked
from stepwell.knowledge.staging import Staging

SUM, EACH, RUNGS, PROFILE = MODELS
ONE_FAILED = """
    ingredient  | start_date | end_date   | mg_per_day
    sertraline  | 2020-01-01 | 2020-02-29 | 50
    venlafaxine | 2020-03-01 | 2020-03-10 | 75
"""
"""Sertraline failed, as another drug followed; venlafaxine was stopped after ten days, and followed by nothing."""


@pytest.fixture(params=["engine", "oracle"])
def stage(request):
    """Stages drawn people by one model, once by the engine and once by the oracle."""

    def stage(staging: Staging, has=None, **drawn: str) -> Answer:
        records = complete({name: parse(text, TABLES[name]) if text else [] for name, text in drawn.items()})
        if request.param == "engine":
            return Answer(by_engine(records, [staging], CLINIC, has))
        return Answer(oracle_staging.stage(records, staging, CLINIC, has))

    return stage


def only(item: str) -> Staging:
    """The model of points with this item alone."""
    return model(points={item: POINTS[item]})


def test_the_last_episode_up_to_its_last_day(stage):
    """People are staged in their last episode, on its last recorded day; what failed in an earlier one is not counted."""
    stage(
        only("failed"),
        medication="""
            ingredient  | start_date | end_date   | mg_per_day
            fluoxetine  | 2018-01-01 | 2018-02-28 | 20
            venlafaxine | 2018-03-01 | 2018-04-30 | 75
            sertraline  | 2020-01-01 | 2020-02-29 | 50
            venlafaxine | 2020-03-01 | 2020-03-10 | 75
        """,
    ).shows(
        stage="""
            applies | index_date | episode_number | n_days_episode | n_failed | n_failed_possible | points_at_least | is_complete
            yes     | 2020-03-10 | 2              | 70             | 1        | 1                 | 1               | yes
        """,
        staged_trial="""
            trial_number | counts
            3            | met
            4            | not met
        """,
    )


@pytest.mark.parametrize(("end", "applies"), [("2020-01-27", False), ("2020-01-28", True)])
def test_a_failed_trial_is_one_by_the_criteria_of_its_branch(stage, end, applies):
    """Where 28 days are asked, 27 days are no trial. A person without a failed trial is not staged."""
    rows = stage(
        only("failed"),
        medication=f"""
            ingredient  | start_date | end_date   | mg_per_day
            sertraline  | 2020-01-01 | {end}      | 50
            venlafaxine | 2020-01-29 | 2020-02-10 | 75
        """,
    ).tables["stage"]
    assert [(r["applies"], r["points_at_least"], r["is_complete"]) for r in rows] == [
        (applies, 1 if applies else None, True)
    ]


def test_nobody_can_say_whether_a_trial_failed(stage):
    """An unscored trial that nothing followed may have failed: unknown whether the model applies, and the points are those of
    the case that it does."""
    stage(
        SUM,
        medication="""
            ingredient | start_date | end_date   | mg_per_day
            sertraline | 2020-01-01 | 2020-02-29 | 50
        """,
        measurement="""
            instrument | measured_date | total
            phq-9      | 2020-02-29    | 12
        """,
        condition="""
            condition_date | codeset
            2020-01-01     | major-depression
        """,
        procedure="""
            procedure_date | procedure
            2011-01-01     | ect
        """,
    ).shows(
        stage="""
            applies | n_failed | n_failed_possible | points_at_least | points_at_most | stage_at_least | stage_at_most
            unknown | 0        | 1                 | 5               | 5              |                | few
        """,
    )


@pytest.mark.parametrize(("last", "points"), [("2020-04-09", 1), ("2020-04-10", 2)])
def test_points_of_a_grade(stage, last, points):
    """100 days give the points of the first grade, 101 those of the second."""
    rows = stage(
        only("duration"),
        medication=ONE_FAILED,
        condition=f"""
            condition_date | codeset
            {last}         | major-depression
        """,
    ).tables["stage"]
    assert [(r["duration_points_at_least"], r["duration_points_at_most"]) for r in rows] == [(points, points)]


@pytest.mark.parametrize(("since", "most"), [("2019-07-03", 3), ("2019-07-02", 1)])
def test_an_onset_that_nobody_watched(stage, since, most):
    """Observed for 182 days before, where a pause of 182 days joins: the episode may have begun earlier. With 183 it did not."""
    rows = stage(
        only("duration"),
        medication=ONE_FAILED,
        condition="""
            condition_date | codeset
            2020-01-01     | major-depression
        """,
        observation_period=f"""
            start_date | end_date
            {since}    | 2022-12-31
        """,
    ).tables["stage"]
    assert [(r["is_onset_known"], r["points_at_least"], r["points_at_most"]) for r in rows] == [(most == 1, 1, most)]


@pytest.mark.parametrize(("total", "points"), [(4, 1), (5, 2), (9, 2), (10, 3), (19, 3), (19.5, 3), (20, 4)])
def test_severity_by_the_band_of_the_score(stage, total, points):
    """The points of the band; between two bands, of the lower one."""
    rows = stage(
        only("severity"),
        medication=ONE_FAILED,
        condition="""
            condition_date | codeset
            2011-01-01     | psychosis
        """,
        measurement=f"""
            instrument | measured_date | total
            qids-sr16  | 2020-03-10    | {total}
        """,
    ).tables["stage"]
    assert [(r["points_at_least"], r["points_at_most"]) for r in rows] == [(points, points)]


@pytest.mark.parametrize(
    ("day", "points"), [("2020-02-17", (1, 4)), ("2020-02-18", (2, 2)), ("2020-03-24", (2, 2)), ("2020-03-25", (1, 4))]
)
def test_the_window_of_the_score(stage, day, points):
    """From 21 days before the index day to 14 after it; outside, the severity is anything from the least to the most."""
    rows = stage(
        only("severity"),
        medication=ONE_FAILED,
        condition="""
            condition_date | codeset
            2011-01-01     | bipolar
        """,
        measurement=f"""
            instrument | measured_date | total
            phq-9      | {day}         | 7
        """,
    ).tables["stage"]
    assert [(r["points_at_least"], r["points_at_most"]) for r in rows] == [points]


@pytest.mark.parametrize(
    ("total", "day", "has", "points"),
    [
        (20, "2020-01-01", True, (5, 5)),
        (20, "2019-12-31", True, (4, 4)),
        (19, "2020-01-01", True, (3, 3)),
        (20, "2020-01-01", False, (4, 5)),
    ],
    ids=["in the episode", "before it", "not severe", "no diagnoses held"],
)
def test_severe_with_psychosis(stage, total, day, has, points):
    """A diagnosis in the episode makes severe depression severe with psychosis; without diagnoses nobody can say."""
    tables = {"medication", "measurement", "procedure", "observation_period", "person"}
    rows = stage(
        only("severity"),
        has=tables | ({"condition"} if has else set()),
        medication=ONE_FAILED,
        condition=f"""
            condition_date | codeset
            {day}          | psychosis
        """
        if has
        else "",
        measurement=f"""
            instrument | measured_date | total
            phq-9      | 2020-03-10    | {total}
        """,
    ).tables["stage"]
    assert [(r["points_at_least"], r["points_at_most"]) for r in rows] == [points]


@pytest.mark.parametrize(("end", "points"), [("2020-02-16", 0), ("2020-02-17", 1)])
def test_an_added_drug(stage, end, points):
    """Beside an antidepressant for 28 days it counts as added, for 27 it does not."""
    rows = stage(
        only("augmented"),
        medication=f"""
            ingredient  | start_date | end_date   | mg_per_day
            sertraline  | 2020-01-01 | 2020-02-29 | 50
            lithium     | 2020-01-21 | {end}      | 900
            venlafaxine | 2020-03-01 | 2020-03-10 | 75
        """,
    ).tables["stage"]
    assert [(r["points_at_least"], r["points_at_most"]) for r in rows] == [(points, points)]


@pytest.mark.parametrize(
    ("day", "given"),
    [("2019-12-31", 0), ("2020-01-01", 1), ("2020-09-08", 1), ("2020-09-09", 0)],
    ids=["the day before the episode", "its first day", "182 days after its last", "183 days after"],
)
def test_a_procedure_of_the_episode(stage, day, given):
    """From the first day of the episode to as long after its last as an episode's pause may last."""
    rows = stage(
        only("ect"),
        medication=ONE_FAILED,
        procedure=f"""
            procedure_date | procedure
            {day}          | ect
        """,
    ).tables["stage"]
    assert [(r["n_ect"], r["points_at_least"], r["points_at_most"]) for r in rows] == [(given, given, given)]


def test_a_procedure_or_a_diagnosis_that_may_be_hidden(stage):
    """Procedures and diagnoses that nobody could read may hide one: the points that they would give are possible."""
    gap = "record | first_date | last_date | n_rows\n{} | 2020-02-01 | 2020-02-01 | 3"
    (row,) = stage(only("ect"), medication=ONE_FAILED, code_gap=gap.format("procedure")).tables["stage"]
    assert (row["n_ect"], row["points_at_least"], row["points_at_most"]) == (None, 0, 1)
    severe = "instrument | measured_date | total\nphq-9 | 2020-03-10 | 20"
    drawn = {"medication": ONE_FAILED, "measurement": severe, "code_gap": gap.format("condition")}
    (row,) = stage(only("severity"), **drawn).tables["stage"]
    assert (row["is_psychotic"], row["points_at_least"], row["points_at_most"]) == (None, 4, 5)


def test_without_procedures_they_are_unknown(stage):
    """A source that holds no procedures says nothing about them."""
    stage(only("ect"), has={"person", "observation_period", "medication"}, medication=ONE_FAILED).shows(
        stage="""
            n_ect | points_at_least | points_at_most | is_complete
                  | 0               | 1              | no
        """,
    )


def test_points_for_each_trial(stage):
    """A point for each failed trial, half a point more where its dose was raised and where a drug was added; that
    electroconvulsive therapy failed is in no record, and so it may have; an item that nobody records is anything it can be."""
    stage(
        EACH,
        medication="""
            ingredient  | start_date | end_date   | mg_per_day
            sertraline  | 2020-01-01 | 2020-01-31 | 50
            sertraline  | 2020-02-01 | 2020-02-29 | 100
            lithium     | 2020-01-21 | 2020-02-29 | 900
            venlafaxine | 2020-03-01 | 2020-04-30 | 75
            fluoxetine  | 2020-05-01 | 2020-05-10 | 20
        """,
        procedure="""
            procedure_date | procedure
            2020-05-05     | ect
        """,
    ).shows(
        stage="""
            n_failed | n_raised | n_added_to | ect_points_at_least | ect_points_at_most | points_at_least | points_at_most
            2        | 1        | 1          | 0                   | 3                  | 3               | 9
        """,
    )


def test_nobody_was_watching(stage):
    """Of people never observed nobody can say how many more trials failed: there is no greatest number of points."""
    stage(EACH, medication=ONE_FAILED, observation_period="").shows(
        stage="""
            applies | n_failed | n_failed_possible | points_at_least | points_at_most | is_complete
            yes     | 1        |                   | 1               |                | no
        """,
    )


def test_two_drugs_of_one_class(stage):
    """Two failed drugs of one class stay on the first stage of a model that asks for two classes."""
    stage(
        RUNGS,
        medication="""
            ingredient  | start_date | end_date   | mg_per_day
            sertraline  | 2020-01-01 | 2020-02-29 | 50
            fluoxetine  | 2020-03-01 | 2020-04-30 | 20
            venlafaxine | 2020-05-01 | 2020-05-10 | 75
        """,
        procedure="""
            procedure_date | procedure
            2020-05-05     | ect
        """,
    ).shows(
        stage="""
            n_failed | n_classes | stage_at_least | stage_at_most | present | is_complete
            2        | 1         | one            | one           | one     | yes
        """,
    )


@pytest.mark.parametrize(("end", "reached"), [("2020-03-24", "two"), ("2020-03-23", "one")])
def test_the_time_that_failed_trials_took(stage, end, reached):
    """84 days from the first day of the first to the last day of the last reach the second stage, 83 do not."""
    rows = stage(
        RUNGS,
        medication=f"""
            ingredient  | start_date | end_date   | mg_per_day
            sertraline  | 2020-01-01 | 2020-02-20 | 50
            venlafaxine | 2020-02-21 | {end}      | 75
            fluoxetine  | 2020-03-25 | 2020-03-31 | 20
        """,
    ).tables["stage"]
    assert [(r["stage_at_least"], r["stage_at_most"]) for r in rows] == [(reached, reached)]


@pytest.mark.parametrize(("procedure", "most"), [("ect", "four"), ("tms", "two")])
def test_the_highest_stage_that_may_be(stage, procedure, most):
    """Electroconvulsive therapy was given, and nobody knows whether it failed: the highest stage is possible, not reached."""
    rows = stage(
        RUNGS,
        medication="""
            ingredient  | start_date | end_date   | mg_per_day
            sertraline  | 2020-01-01 | 2020-02-29 | 50
            venlafaxine | 2020-03-01 | 2020-04-30 | 75
            fluoxetine  | 2020-05-01 | 2020-05-10 | 20
        """,
        procedure=f"""
            procedure_date | procedure
            2020-05-05     | {procedure}
        """,
    ).tables["stage"]
    assert [(r["stage_at_least"], r["stage_at_most"], r["is_complete"]) for r in rows] == [("two", most, most == "two")]


def test_a_profile_is_a_list(stage):
    """What is present and what is unknown, and no sum; also for somebody without any failed trial."""
    stage(
        PROFILE,
        medication="""
            ingredient | start_date | end_date   | mg_per_day | stop_reason
            sertraline | 2020-01-01 | 2020-01-20 | 50         | intolerance
        """,
        condition="""
            condition_date | codeset
            2011-01-01     | bipolar
            2020-01-01     | major-depression
        """,
        measurement="""
            instrument | measured_date | total
            phq-9      | 2020-01-20    | 10
        """,
    ).shows(
        stage="""
            applies | present                   | unknown  | points_at_least | stage_at_most | is_complete
            yes     | ill not-tolerated bipolar | function |                 |               | no
        """,
    )


def test_nobody_without_an_episode_has_a_profile(stage):
    """An observed person without drugs and diagnoses has no profile; where diagnoses are not held, nobody can say."""
    tables = {"person", "observation_period", "medication", "condition", "procedure", "measurement"}
    for has, applies in ((tables, False), (tables - {"condition"}, None)):
        rows = stage(PROFILE, has=has, procedure="").tables["stage"]
        assert [(r["applies"], r["present"]) for r in rows] == [(applies, "" if applies is None else None)]


def test_models_that_are_used_by_default():
    """Without a choice, a run stages people by the models that are used by default."""
    shipped = replace(CLINIC, stagings={m.id: m for m in (SUM, EACH.model_copy(update={"by_default": False}))})
    assert [m.name for m in find_asked((), (), shipped).stagings] == [SUM.name]
