"""3 Episode: treatment and diagnoses without a longer pause."""

from clinic import define


def test_a_pause_of_182_days_stays_in_the_episode(read):
    """A pause as long as the longest allowed keeps one episode, a day more begins another."""
    # Between 31 January and 1 August lie 182 days, between 1 August and 1 February 183.
    read(
        define(episode_gap=182),
        medication="""
            ingredient  | start_date | end_date
            sertraline  | 2020-01-01 | 2020-01-31
            venlafaxine | 2021-02-01 | 2021-02-28
        """,
        condition="""
            condition_date | codeset
            2020-08-01     | major-depression
        """,
    ).shows(
        episode="""
            episode_number | start_date | end_date   | n_trials | n_diagnoses
            1              | 2020-01-01 | 2020-08-01 | 1        | 1
            2              | 2021-02-01 | 2021-02-28 | 1        | 0
        """,
    )


def test_days_with_a_diagnosis_hold_an_episode_together(read):
    """A diagnosis of depression on the way bridges a pause that would be too long; a day with two counts once."""
    read(
        define(episode_gap=182),
        medication="""
            ingredient  | start_date | end_date
            sertraline  | 2020-01-01 | 2020-01-31
            venlafaxine | 2020-12-15 | 2021-01-14
        """,
        condition="""
            condition_date | codeset
            2020-07-01     | depression-other
            2020-07-01     | major-depression
        """,
    ).shows(
        episode="""
            start_date | end_date   | n_trials | n_diagnoses
            2020-01-01 | 2021-01-14 | 2        | 1
        """,
        trial="""
            trial_number | episode_number
            1            | 1
            2            | 1
        """,
    )


def test_other_diagnoses_make_no_episode(read):
    """Only the code sets of depression belong to an episode."""
    read(
        condition="""
            condition_date | codeset
            2020-07-01     | bipolar
        """,
    ).shows_no("episode")


def test_a_long_trial_reaches_over_a_shorter_one(read):
    """The pause is counted from the latest day of treatment so far, not from the trial that began last."""
    read(
        define(episode_gap=182),
        medication="""
            ingredient  | start_date | end_date
            sertraline  | 2020-01-01 | 2020-12-31
            venlafaxine | 2020-02-01 | 2020-02-28
            fluoxetine  | 2021-03-01 | 2021-03-31
        """,
    ).shows(
        episode="""
            start_date | end_date   | n_trials
            2020-01-01 | 2021-03-31 | 3
        """,
    )


def test_an_added_drug_belongs_to_the_episode_that_runs_or_just_ended(read):
    """A drug of another role makes no episode; it belongs to one that ended at most so many days before it began."""
    read(
        define(episode_gap=182),
        medication="""
            ingredient | start_date | end_date
            lithium    | 2019-12-31 | 2020-01-31
            sertraline | 2020-01-01 | 2020-01-31
            quetiapine | 2020-07-31 | 2020-08-31
            lithium    | 2020-08-01 | 2020-08-31
        """,
    ).shows(
        episode="""
            start_date | end_date   | n_trials
            2020-01-01 | 2020-01-31 | 1
        """,
        trial="""
            ingredient | start_date | episode_number
            lithium    | 2019-12-31 |
            sertraline | 2020-01-01 | 1
            quetiapine | 2020-07-31 | 1
            lithium    | 2020-08-01 |
        """,
    )


def test_a_drug_for_sleep_makes_no_episode(read):
    """A drug certainly not used as an antidepressant makes no episode; one of unknown use does."""
    for dose, number in (("50", ""), ("", "1")):
        answer = read(
            medication=f"""
                ingredient | start_date | end_date   | mg_per_day
                trazodone  | 2020-01-01 | 2020-01-31 | {dose}
            """,
        ).shows(
            trial=f"""
                trial_number | episode_number
                1            | {number}
            """,
        )
        if number:
            answer.shows(
                episode="""
                    episode_number | n_trials
                    1              | 1
                """,
            )
        else:
            answer.shows_no("episode")
