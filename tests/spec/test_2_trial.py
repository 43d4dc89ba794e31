"""2 Trial: one unbroken course of one ingredient."""

from clinic import define


def test_a_gap_of_14_days_is_bridged(read):
    """A pause as long as the longest gap allowed does not break the trial; its days count as treated, at the dose before."""
    read(
        define(max_gap=14),
        medication="""
            ingredient | start_date | end_date   | mg_per_day
            sertraline | 2020-01-01 | 2020-01-28 | 50
            sertraline | 2020-02-12 | 2020-02-25 | 25
        """,
    ).shows(
        trial="""
            trial_number | start_date | end_date   | n_days | n_gap_days | n_exposures | n_days_adequate
            1            | 2020-01-01 | 2020-02-25 | 56     | 14         | 2           | 42
        """,
    )


def test_a_gap_of_15_days_breaks_the_trial(read):
    """One day more and a new trial begins."""
    read(
        define(max_gap=14),
        medication="""
            ingredient | start_date | end_date   | mg_per_day
            sertraline | 2020-01-01 | 2020-01-28 | 50
            sertraline | 2020-02-13 | 2020-02-25 | 25
        """,
    ).shows(
        trial="""
            trial_number | start_date | end_date   | n_days | n_gap_days | n_exposures | n_days_adequate
            1            | 2020-01-01 | 2020-01-28 | 28     | 0          | 1           | 28
            2            | 2020-02-13 | 2020-02-25 | 13     | 0          | 1           | 0
        """,
    )


def test_a_trial_can_end_and_begin_again(read):
    """Each pause that is too long begins a new trial, and what follows belongs to the new one."""
    read(
        define(max_gap=14),
        medication="""
            ingredient | start_date | end_date
            sertraline | 2020-01-01 | 2020-01-28
            sertraline | 2020-01-29 | 2020-02-25
            sertraline | 2020-06-01 | 2020-06-28
            sertraline | 2020-06-29 | 2020-07-26
            sertraline | 2020-12-01 | 2020-12-28
        """,
    ).shows(
        trial="""
            trial_number | start_date | end_date   | n_exposures
            1            | 2020-01-01 | 2020-02-25 | 2
            2            | 2020-06-01 | 2020-07-26 | 2
            3            | 2020-12-01 | 2020-12-28 | 1
        """,
    )


def test_a_supply_of_unknown_length_reaches_the_next_one(read):
    """After a supply without an end, the next within the time a supply may last continues the trial, a day later not."""
    definition = define(max_gap=14, unknown_supply=45)
    for second, expected in (
        (
            "2020-02-15",
            """
            start_date | end_date   | is_end_known | n_days | n_gap_days
            2020-01-01 | 2020-02-28 | yes          | 59     | 44
            """,
        ),
        (
            "2020-02-16",
            """
            start_date | end_date   | is_end_known | n_days | n_gap_days
            2020-01-01 | 2020-01-01 | no           | 1      | 0
            2020-02-16 | 2020-02-28 | yes          | 13     | 0
            """,
        ),
    ):
        read(
            definition,
            medication=f"""
                ingredient | start_date | end_date
                sertraline | 2020-01-01 |
                sertraline | {second}   | 2020-02-28
            """,
        ).shows(trial=expected)


def test_by_prescriptions_only_their_days_matter(read):
    """By prescriptions, ends are not used: a trial runs from its first to its last, and the last supply is not counted."""
    read(
        define(basis="prescriptions", max_gap=182),
        medication="""
            ingredient  | start_date | end_date   | mg_per_day
            sertraline  | 2020-01-01 | 2020-01-28 | 25
            sertraline  | 2020-02-01 | 2020-12-31 | 50
            sertraline  | 2020-08-01 |            | 50
            venlafaxine | 2021-01-01 | 2021-02-01 | 75
            venlafaxine | 2021-07-03 | 2021-08-01 | 75
        """,
    ).shows(
        trial="""
            ingredient  | start_date | end_date   | n_days | n_exposures | n_days_adequate
            sertraline  | 2020-01-01 | 2020-08-01 | 213    | 3           | 182
            venlafaxine | 2021-01-01 | 2021-01-01 | 0      | 1           | 0
            venlafaxine | 2021-07-03 | 2021-07-03 | 0      | 1           | 0
        """,
    )


def test_by_prescriptions_a_trial_has_a_known_end_and_no_gaps(read):
    """By prescriptions the last one ends the trial, known or not how long its supply lasted, and no day is without supply."""
    read(
        define(basis="prescriptions", max_gap=182),
        medication="""
            ingredient | start_date | end_date
            sertraline | 2020-01-01 | 2020-01-28
            sertraline | 2020-03-01 |
        """,
    ).shows(
        trial="""
            end_date   | is_end_known | n_days | n_gap_days
            2020-03-01 | yes          | 60     | 0
        """,
    )


def test_days_at_the_minimum_dose_decide(read):
    """A day at the minimum is adequate, a day at 1 mg less is not; a great dose for a short time makes no other day adequate."""
    read(
        medication="""
            ingredient | start_date | end_date   | mg_per_day
            sertraline | 2020-01-01 | 2020-01-10 | 49
            sertraline | 2020-01-11 | 2020-01-30 | 50
            sertraline | 2020-01-31 | 2020-02-03 | 200
            sertraline | 2020-02-04 | 2020-02-08 |
        """,
    ).shows(
        trial="""
            n_days | n_days_adequate | n_days_dose_unknown | first_mg_per_day | max_mg_per_day | min_adequate_mg_per_day
            39     | 24              | 5                   | 49               | 200            | 50
        """,
    )


def test_without_a_minimum_no_dose_can_be_judged(read):
    """Where the standard gives the drug no minimum, every day's adequacy is unknown."""
    read(
        medication="""
            ingredient | start_date | end_date   | mg_per_day
            bupropion  | 2020-01-01 | 2020-01-10 | 450
        """,
    ).shows(
        trial="""
            n_days | n_days_adequate | n_days_dose_unknown | min_adequate_mg_per_day
            10     | 0               | 10                  |
        """,
    )


def test_use_of_a_trial(read):
    """One supply at an antidepressant's dose makes the trial antidepressant use; else one of unknown use makes it unknown."""
    read(
        medication="""
            person_id | ingredient | start_date | end_date   | mg_per_day
            1         | trazodone  | 2020-01-01 | 2020-01-10 | 50
            1         | trazodone  | 2020-01-11 | 2020-01-20 | 150
            1         | trazodone  | 2020-01-21 | 2020-01-30 |
            2         | trazodone  | 2020-01-01 | 2020-01-10 | 50
            2         | trazodone  | 2020-01-11 | 2020-01-20 |
            3         | trazodone  | 2020-01-01 | 2020-01-20 | 50
        """,
    ).shows(
        trial="""
            person_id | is_antidepressant_use
            1         | yes
            2         | unknown
            3         | no
        """,
    )


def test_the_last_supply_says_how_it_ended(read):
    """Stop reason and known end are those of the trial's last supply."""
    read(
        medication="""
            ingredient | start_date | end_date   | stop_reason
            sertraline | 2020-01-01 | 2020-01-10 | intolerance
            sertraline | 2020-01-11 |            |
        """,
    ).shows(
        trial="""
            end_date   | is_end_known | stop_reason
            2020-01-11 | no           |
        """,
    )


def test_trials_are_numbered_by_first_day_then_ingredient(read):
    """Numbers run over drugs of all roles."""
    read(
        medication="""
            ingredient  | start_date | end_date
            venlafaxine | 2020-01-01 | 2020-02-10
            lithium     | 2020-01-15 | 2020-02-10
            sertraline  | 2020-01-01 | 2020-02-10
        """,
    ).shows(
        trial="""
            trial_number | ingredient  | drug_class      | role
            1            | sertraline  | SSRI            | antidepressant
            2            | venlafaxine | SNRI            | antidepressant
            3            | lithium     | mood stabiliser | augmentation
        """,
    )


def test_ongoing_when_observation_ends_within_the_gap(read):
    """With 14 days observed after the last one a refill may still come; with 15 it is known to have ended."""
    for last_seen, ongoing in (("2020-02-11", "yes"), ("2020-02-12", "no")):
        read(
            define(max_gap=14),
            medication="""
                ingredient | start_date | end_date
                sertraline | 2020-01-01 | 2020-01-28
            """,
            observation_period=f"""
                start_date | end_date
                2019-01-01 | {last_seen}
            """,
        ).shows(
            trial=f"""
                is_ongoing | observed_until_date
                {ongoing}  | {last_seen}
            """,
        )


def test_ongoing_is_unknown_outside_observation(read):
    """A trial that ended on a day that no observation period holds may or may not have gone on."""
    read(
        medication="""
            ingredient | start_date | end_date
            sertraline | 2020-01-01 | 2020-01-28
        """,
        observation_period="""
            start_date | end_date
            2019-01-01 | 2020-01-27
            2020-01-30 | 2020-12-31
        """,
    ).shows(
        trial="""
            is_ongoing | observed_until_date
            unknown    |
        """,
    )


def test_adjoining_observation_periods_do_not_lose_a_trial(read):
    """A period that begins the day after the trial's end goes on observing it; of several, the latest end holds."""
    read(
        medication="""
            ingredient | start_date | end_date
            sertraline | 2020-01-01 | 2020-01-28
        """,
        observation_period="""
            start_date | end_date
            2019-01-01 | 2020-01-28
            2020-01-29 | 2020-12-31
        """,
    ).shows(
        trial="""
            is_ongoing | observed_until_date
            no         | 2020-12-31
        """,
    )


def test_a_drug_set_aside_makes_no_trial(read):
    """A drug that is nearly always taken for something else is no trial, and no addition to one."""
    read(
        medication="""
            ingredient | start_date | end_date
            sertraline | 2020-01-01 | 2020-03-31
            tryptophan | 2020-02-01 | 2020-03-31
        """,
    ).shows(
        trial="""
            trial_number | ingredient | added_date
            1            | sertraline |
        """,
        step="""
            step_number | ingredients
            1           | sertraline
        """,
    )
