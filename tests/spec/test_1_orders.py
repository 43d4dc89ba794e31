"""1 Exposure, 2 trial: orders that were not dispensed, under definitions that read them and under those that do not."""

import pytest
from clinic import branch, define

TWO = """
    ingredient  | start_date | end_date   | mg_per_day | is_supplied
    sertraline  | 2020-01-01 | 2020-02-28 | 100        | yes
    venlafaxine | 2020-03-01 | 2020-04-30 | 150        | {second}
"""


def taken(evidence: str):
    return define(branch(min_duration=28, min_dose=28, having_taken=True), evidence=evidence)


@pytest.mark.parametrize(
    ("evidence", "second", "verdict", "n_counted"),
    [
        ("prescribed", "yes", "met", 2),
        ("prescribed", "no", "met", 2),
        ("prescribed", "", "met", 2),
        ("supplied", "yes", "met", 2),
        ("supplied", "no", "not met", 1),
        ("supplied", "", "unknown", 1),
    ],
)
def test_an_order_alone_makes_a_trial_only_where_the_definition_says_so(read, evidence, second, verdict, n_counted):
    """An order that was never dispensed, though fills of the person are recorded at that time, was not taken; one of which nobody
    can say whether it was dispensed may have been."""
    read(taken(evidence), medication=TWO.format(second=second)).shows(
        determination=f"""
            verdict   | n_counted   | n_needed
            {verdict} | {n_counted} | 2
        """,
        exposure=f"""
            ingredient  | is_supplied
            sertraline  | yes
            venlafaxine | {second}
        """,
    )


def test_orders_alone_say_nothing_of_what_was_supplied(read):
    """Where the records hold orders only, a definition that reads what was supplied finds nothing, and does not say no."""
    read(
        taken("supplied"),
        medication="""
            ingredient  | start_date | end_date   | is_supplied
            sertraline  | 2020-01-01 | 2020-02-28 |
            venlafaxine | 2020-03-01 | 2020-04-30 |
        """,
    ).shows(
        determination="""
            verdict | count   | n_counted
            unknown | unknown | 0
        """,
        trial="""
            ingredient
        """,
    )


def test_an_order_does_not_end_a_supply(read):
    """The next supply of a drug ends the one before; an order that was not dispensed does not, where it makes no trial."""
    drugs = """
        ingredient | start_date | end_date   | mg_per_day | is_supplied
        sertraline | 2020-01-01 | 2020-02-28 | 100        | yes
        sertraline | 2020-02-01 | 2020-02-10 | 25         | no
    """
    for evidence, days in (("prescribed", 41), ("supplied", 59)):
        read(taken(evidence), medication=drugs).shows(
            trial=f"""
                ingredient | n_days | n_exposures
                sertraline | {days} | {1 + (evidence == "prescribed")}
            """
        )
