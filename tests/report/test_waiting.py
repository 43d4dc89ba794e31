"""The waiting-time curve against a product-limit estimate worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta
from math import exp, log, sqrt

import pytest

from stepwell.report.waiting import summarise_waiting

START = date(2020, 1, 1)


@pytest.fixture
def waiting_of(table_of):
    """People as (verdict, day on which it was met or watching ended), counted from the first antidepressant."""

    def make(*people: tuple[str, int], suppress_below: int = 0):
        numbered = list(enumerate(people, start=1))
        determination = [
            {
                "definition": "one@1",
                "person_id": p,
                "verdict": verdict,
                "met_date": START + timedelta(day) if verdict == "met" else None,
            }
            for p, (verdict, day) in numbered
        ]
        trial = [
            {
                "setting": "s",
                "person_id": p,
                "trial_number": n,
                "role": role,
                "is_antidepressant_use": True,
                "start_date": START + timedelta(shift),
                "end_date": START + timedelta(30),
            }
            for p, _ in numbered
            # An added drug that came first does not start the clock.
            for n, role, shift in ((1, "augmentation", -50), (2, "antidepressant", 0))
        ]
        watched = [
            {"person_id": p, "start_date": START, "end_date": START + timedelta(day if verdict != "met" else 2000)}
            for p, (verdict, day) in numbered
        ]
        tables = (table_of("determination", determination), table_of("trial", trial))
        (found,) = summarise_waiting(*tables, table_of("observation_period", watched), ("one@1",), suppress_below)
        return found

    return make


def test_product_limit_by_hand(waiting_of):
    """4 watched: one meets on day 40, one is lost on day 50, one meets on day 100: 3/4, then x 1/2."""
    found = waiting_of(("met", 40), ("not met", 50), ("met", 100), ("not met", 400))
    assert found.at(1).share.value == 0
    assert found.at(2).share.value == pytest.approx(1 - 3 / 4)
    assert found.at(6).share.value == pytest.approx(1 - 3 / 4 * 1 / 2)
    half = 1.959963984540054 * sqrt(1 / (4 * 3) + 1 / (2 * 1)) / abs(log(3 / 8))
    low, high = 1 - (3 / 8) ** exp(-half), 1 - (3 / 8) ** exp(half)
    assert (found.at(6).share.low, found.at(6).share.high) == pytest.approx((low, high))
    assert found.at(14) is None


def test_unknown_people_are_counted_but_in_no_curve(waiting_of):
    found = waiting_of(("met", 40), ("not met", 400), ("unknown", 400))
    assert (found.people.n, found.met.n, found.unknown.n) == (2, 1, 1)
    assert found.at(2).share.value == pytest.approx(1 / 2)


def test_no_rise_on_the_page_is_one_persons(waiting_of):
    people = [*(("met", 30 * k + 20) for k in range(12)), *(("not met", 3000) for _ in range(88))]
    found = waiting_of(*people, suppress_below=5)
    shares = sorted({round(p.share.value * 100) for p in found.points})
    assert shares == [0, 5, 10]


def test_too_few_who_met_it_give_no_curve(waiting_of):
    found = waiting_of(("met", 40), *(("not met", 400) for _ in range(20)), suppress_below=5)
    assert found.points == ()
    assert found.met.n is None
