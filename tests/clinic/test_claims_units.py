"""How many units of an authorisation are used: signed sessions, by what one unit is, line by line."""

from __future__ import annotations

import datetime as dt

import pytest
from clinic_signed import a_signed_sheet, sign
from django.db import connection
from django.test.utils import CaptureQueriesContext

from stepwell.clinic.authorisation.calendar import entries
from stepwell.clinic.authorisation.models import Authorisation, Step
from stepwell.clinic.authorisation.status import warnings_of
from stepwell.clinic.authorisation.units import preload

TODAY = dt.date(2026, 12, 20)


@pytest.fixture
def nurse(user):
    return user("nurse")


@pytest.fixture
def approved(person):
    """Makes an approved authorisation of one person."""
    someone, numbers = person(), iter(range(1, 100))

    def make(**given) -> Authorisation:
        fields = {"policy": "cigna", "benefit": "medical", "code": "J0013", "units": 300, "number": next(numbers)}
        days = {"valid_from": dt.date(2026, 11, 1), "valid_to": dt.date(2027, 4, 30), "approval_number": "A-1"}
        one = Authorisation.objects.create(person=someone, clinic=someone.clinic, **(fields | days | given))
        Step.objects.create(authorisation=one, number=1, status="approved", day=dt.date(2026, 11, 1), actor="user 1")
        return one

    return make


@pytest.mark.parametrize(
    ("given", "each", "left"),
    [
        ({"code": "J0013"}, [56, 84], 160),
        ({"code": "S0013"}, [56, 84], 160),
        ({"code": "G2082", "units": 8}, [1, 1], 6),
        ({"code": "", "unit": "device", "units": 23}, [2, 3], 18),
        ({"code": "J0013", "unit": "visit", "units": 8}, [1, 1], 6),
        ({"code": "", "units": 8}, [None, None], None),
        ({"code": "J0013", "units": None}, [56, 84], None),
        ({"code": "J0013", "units": 100}, [56, 84], -40),
    ],
)
def test_signed_sessions_are_counted_in_the_unit_of_the_authorisation(approved, nurse, given, each, left):
    one = approved(**given)
    a_signed_sheet(one.person, nurse, authorisation=one)
    a_signed_sheet(one.person, nurse, authorisation=one, day=3, n_devices=3, dose_mg=84)
    a_signed_sheet(one.person, nurse, day=7)
    assert [line.units for line in one.use.lines] == each
    assert one.units_left == left


def test_what_is_not_signed_is_shown_and_not_counted_and_what_was_used_elsewhere_stays(approved, nurse):
    one = approved(units=200, units_used=56)
    sheet = a_signed_sheet(one.person, nurse, authorisation=one, is_signed=False)
    assert one.units_left == 144
    assert [(line.units, line.counts) for line in one.use.lines] == [(56, True), (56, False)]
    sign(sheet.session, nurse)
    assert one.units_left == 88
    assert one.use.before(sheet.session.pk) == 144


def test_the_order_of_the_dose_says_which_authorisation_it_used(approved, nurse):
    """A later version of the order names the next authorisation: sessions before it keep the one by which they were given."""
    first, second = approved(units=112), approved(units=300)
    sheet = a_signed_sheet(first.person, nurse, authorisation=first)
    later = type(sheet.order).objects.get(pk=sheet.order.pk)
    later.pk, later.version, later.authorisation, later._state.adding = None, 2, second, True
    later.save()
    a_signed_sheet(first.person, nurse, order=later, day=7)
    assert (first.units_left, second.units_left) == (56, 244)
    assert list(warnings_of(first, TODAY)) == []
    a_signed_sheet(first.person, nurse, authorisation=first, day=9, n_devices=1, dose_mg=28)
    assert list(warnings_of(first, TODAY)) == []
    third = approved(units=100)
    a_signed_sheet(first.person, nurse, authorisation=third, day=10)
    assert list(warnings_of(third, TODAY)) == ["The 44 units left do not cover a session like the last one (56 units)."]


def test_the_page_shows_the_sum_and_the_calendar_looks_once(approved, nurse, sign_in):
    one = approved(units_used=100)
    for day in range(0, 9, 3):
        a_signed_sheet(one.person, nurse, authorisation=one, day=day)
    text = sign_in("office").get(f"/people/{one.person_id}/authorisations/{one.pk}/").content.decode()
    for words in (
        "used elsewhere",
        "30 Nov 2026",
        "session: 56 mg, 2 devices",
        "Left of 300",
        "32",
        "by the code J0013",
    ):
        assert words in text
    with CaptureQueriesContext(connection) as few:
        entries(preload(Authorisation.objects.prefetch_related("steps")), TODAY)
    for _n in range(5):
        approved()
    with CaptureQueriesContext(connection) as many:
        found = entries(preload(Authorisation.objects.prefetch_related("steps")), TODAY)
    assert any("Units left: 32 of 300." in entry.why for entry in found)
    sessions = [
        sum("treatment_sessions_entry" in query["sql"] for query in one.captured_queries) for one in (few, many)
    ]
    assert sessions[0] == sessions[1] > 0


def test_units_of_an_unknown_unit_are_told_as_not_known(approved, nurse, sign_in):
    one = approved(code="X9999", units=8)
    a_signed_sheet(one.person, nurse, authorisation=one)
    assert "nobody can say how many are left" in " ".join(warnings_of(one, TODAY))
    text = sign_in("office").get(f"/people/{one.person_id}/authorisations/").content.decode()
    assert "not known: enter what one unit is" in text
