"""1 Exposure: what was supplied."""


def test_a_row_sent_twice_is_supplied_once(read):
    """Rows that agree in days, dose, use and stop reason are one supply; the dose is not doubled."""
    read(
        medication="""
            ingredient | start_date | end_date   | mg_per_day
            sertraline | 2020-01-01 | 2020-01-28 | 50
            sertraline | 2020-01-01 | 2020-01-28 | 50
        """,
    ).shows(
        exposure="""
            ingredient | start_date | end_date   | mg_per_day | n_records | address
            sertraline | 2020-01-01 | 2020-01-28 | 50         | 2         | medication/1
        """,
    )


def test_two_strengths_on_one_day_add_up(read):
    """Two different rows that begin on one day are taken together: their doses add up, the later end holds."""
    read(
        medication="""
            ingredient | start_date | end_date   | mg_per_day
            sertraline | 2020-01-01 | 2020-01-28 | 50
            sertraline | 2020-01-01 | 2020-01-14 | 25
        """,
    ).shows(
        exposure="""
            start_date | end_date   | is_end_known | mg_per_day | n_records
            2020-01-01 | 2020-01-28 | yes          | 75         | 2
        """,
    )


def test_a_sum_of_doses_is_exact_to_a_millionth(read):
    """Thirds of a tablet add up to the whole, whatever the order of the rows."""
    read(
        medication="""
            ingredient | start_date | end_date   | mg_per_day
            sertraline | 2020-01-01 | 2020-01-28 | 16.666666666666668
            sertraline | 2020-01-01 | 2020-01-27 | 33.33333333333333
        """,
    ).shows(
        exposure="""
            start_date | mg_per_day
            2020-01-01 | 50
        """,
        trial="""
            trial_number | n_days_adequate
            1            | 28
        """,
    )


def test_one_unknown_dose_makes_the_sum_unknown(read):
    """One unknown dose makes the day's dose unknown; one known end is enough to know the end."""
    read(
        medication="""
            ingredient | start_date | end_date   | mg_per_day
            sertraline | 2020-01-01 |            | 50
            sertraline | 2020-01-01 | 2020-01-14 |
        """,
    ).shows(
        exposure="""
            start_date | end_date   | is_end_known | mg_per_day
            2020-01-01 | 2020-01-14 | yes          |
        """,
    )


def test_intolerance_outranks_the_other_stop_reasons(read):
    """Of several stop reasons on one day, intolerance is kept before no effect, and no effect before other."""
    read(
        medication="""
            ingredient  | start_date | end_date   | stop_reason
            sertraline  | 2020-01-01 | 2020-01-14 | other
            sertraline  | 2020-01-01 | 2020-01-14 | no effect
            venlafaxine | 2020-01-01 | 2020-01-14 | no effect
            venlafaxine | 2020-01-01 | 2020-01-14 | intolerance
            venlafaxine | 2020-01-01 | 2020-01-14 |
        """,
    ).shows(
        exposure="""
            ingredient  | stop_reason
            sertraline  | no effect
            venlafaxine | intolerance
        """,
    )


def test_a_supply_without_an_end_lasts_its_first_day(read):
    """Where nobody can say how long a supply lasted, its first day is all that is known."""
    read(
        medication="""
            ingredient | start_date | end_date
            sertraline | 2020-01-01 |
        """,
    ).shows(
        exposure="""
            start_date | end_date   | is_end_known
            2020-01-01 | 2020-01-01 | no
        """,
    )


def test_the_next_supply_ends_the_one_before(read):
    """An early refill replaces what went before; leftovers are not added up."""
    read(
        medication="""
            ingredient | start_date | end_date   | mg_per_day
            sertraline | 2020-01-01 | 2020-01-30 | 50
            sertraline | 2020-01-21 | 2020-02-19 | 100
        """,
    ).shows(
        exposure="""
            start_date | end_date   | mg_per_day
            2020-01-01 | 2020-01-20 | 50
            2020-01-21 | 2020-02-19 | 100
        """,
    )


def test_another_ingredient_ends_nothing(read):
    """Only the same ingredient replaces a supply; two drugs run side by side."""
    read(
        medication="""
            ingredient  | start_date | end_date
            sertraline  | 2020-01-01 | 2020-01-30
            venlafaxine | 2020-01-21 | 2020-02-19
        """,
    ).shows(
        exposure="""
            ingredient  | start_date | end_date
            sertraline  | 2020-01-01 | 2020-01-30
            venlafaxine | 2020-01-21 | 2020-02-19
        """,
    )


def test_use_at_a_low_dose(read):
    """A drug with a low-dose rule is no antidepressant use at that dose, is one just above it, and unknown without a dose."""
    read(
        medication="""
            ingredient | start_date | end_date   | mg_per_day
            trazodone  | 2020-01-01 | 2020-01-30 | 100
            trazodone  | 2020-02-01 | 2020-02-28 | 100.5
            trazodone  | 2020-03-01 | 2020-03-30 |
            sertraline | 2020-01-01 | 2020-01-30 | 12.5
            sertraline | 2020-02-01 | 2020-02-28 |
        """,
    ).shows(
        exposure="""
            ingredient | start_date | is_antidepressant_use
            sertraline | 2020-01-01 | yes
            sertraline | 2020-02-01 | yes
            trazodone  | 2020-01-01 | no
            trazodone  | 2020-02-01 | yes
            trazodone  | 2020-03-01 | unknown
        """,
    )


def test_a_product_labelled_for_another_use(read):
    """A product labelled for smoking cessation is no antidepressant use, whatever its dose."""
    read(
        medication="""
            ingredient | start_date | end_date   | mg_per_day | labelled_use
            bupropion  | 2020-01-01 | 2020-01-30 | 300        | smoking cessation
            bupropion  | 2020-03-01 | 2020-03-30 | 300        |
        """,
    ).shows(
        exposure="""
            start_date | is_antidepressant_use
            2020-01-01 | no
            2020-03-01 | yes
        """,
    )


def test_one_ordinary_product_among_labelled_ones(read):
    """Given on one day with a product for another use, an ordinary product is still antidepressant use."""
    read(
        medication="""
            ingredient | start_date | end_date   | mg_per_day | labelled_use
            bupropion  | 2020-01-01 | 2020-01-30 | 150        | smoking cessation
            bupropion  | 2020-01-01 | 2020-01-30 | 150        |
        """,
    ).shows(
        exposure="""
            start_date | mg_per_day | is_antidepressant_use
            2020-01-01 | 300        | yes
        """,
    )


def test_a_product_whose_form_is_not_known(read):
    """Where only the form would say whether it is an antidepressant, and it is not recorded, the use is unknown."""
    read(
        medication="""
            ingredient | start_date | end_date   | mg_per_day | labelled_use
            sertraline | 2020-01-01 | 2020-01-28 | 50         | not known
            sertraline | 2020-02-01 | 2020-02-28 | 50         | not known
            sertraline | 2020-02-01 | 2020-02-28 | 25         |
            sertraline | 2020-03-01 | 2020-03-28 | 50         | not known
            sertraline | 2020-03-01 | 2020-03-28 | 25         | pain
        """,
    ).shows(
        exposure="""
            start_date | mg_per_day | is_antidepressant_use
            2020-01-01 | 50         | unknown
            2020-02-01 | 75         | met
            2020-03-01 | 75         | unknown
        """,
    )
