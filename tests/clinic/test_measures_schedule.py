"""The rules of a schedule: pure functions of days, and windows that hold through a change of the clock."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from stepwell.clinic.measures import library
from stepwell.clinic.measures.schedule import (
    AfterTreatment,
    AtBeginning,
    BeforeDose,
    EveryDays,
    begins_at,
    due_days,
    window,
)

NEW_YORK = ZoneInfo("America/New_York")
BEGUN = dt.date(2026, 1, 1)
CLOCK = AfterTreatment(kind="after treatment", every_days=7, times=4, then_every_days=14)


def day(n: int) -> dt.date:
    """So many days after the beginning."""
    return BEGUN + dt.timedelta(days=n)


def due(rule, given=(), planned=(), until=200) -> list[int]:
    days = due_days(rule, begun=BEGUN, given=list(given), planned=list(planned), until=day(until))
    return [(one - BEGUN).days for one in days]


def test_the_clock_restarts_at_each_treatment():
    assert due(CLOCK, [day(0)], until=60) == [7, 14, 21, 28, 42, 56]
    # The second treatment, on day 10, begins the clock anew: 21 and 28 of the first one are due no more.
    assert due(CLOCK, [day(0), day(10)], until=60) == [7, 17, 24, 31, 38, 52]
    # Weekly treatments: due on the day of the next one, whether or not it was given yet.
    assert due(CLOCK, [day(0)], until=7) == due(CLOCK, [day(0), day(7)], until=7) == [7]
    # Twice a week: never between two treatments.
    assert due(CLOCK, [day(n) for n in (0, 3, 7, 10, 14)], until=20) == []
    assert due(CLOCK, []) == []
    # A treatment before the schedule began starts the clock too.
    assert due(CLOCK, [day(-5)], until=10) == [2, 9]


def test_before_a_dose_at_the_beginning_and_every_so_many_days():
    assert due(BeforeDose(kind="before a dose", days=1), planned=[day(3), day(10), day(0)]) == [2, 9]
    assert due(AtBeginning(kind="beginning")) == [0]
    assert due(EveryDays(kind="every", days=28), until=90) == [28, 56, 84]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-40, 150), max_size=8), st.integers(0, 160))
def test_a_day_is_due_counted_from_the_last_treatment_before_it(treated, until):
    """Checked against the definition, day by day."""
    expected = []
    for n in range(until + 1):
        before = [t for t in treated if t < n]
        if before and (
            n - max(before) in (7, 14, 21, 28) or (n - max(before) > 28 and (n - max(before) - 28) % 14 == 0)
        ):
            expected.append(n)
    assert due(CLOCK, [day(t) for t in treated], until=until) == expected


def test_a_window_begins_at_nine_there_and_lasts_hours_that_pass_when_the_clock_changes():
    plan = library.schedules()["treatment"]
    for changed in (dt.date(2026, 3, 7), dt.date(2026, 10, 31), dt.date(2026, 6, 1)):
        first, last = window(plan, CLOCK, changed, NEW_YORK)
        assert first.astimezone(NEW_YORK).time() == dt.time(9)
        assert last - first == dt.timedelta(hours=96)
    # Four days later it ends at 10 where the clock went forward in between, at 8 where it went back.
    assert window(plan, CLOCK, dt.date(2026, 3, 7), NEW_YORK)[1].astimezone(NEW_YORK).hour == 10
    assert window(plan, CLOCK, dt.date(2026, 10, 31), NEW_YORK)[1].astimezone(NEW_YORK).hour == 8
    # One before a dose ends with the day of the dose, by the patient's own clock.
    before = BeforeDose(kind="before a dose", days=1)
    assert window(plan, before, dt.date(2026, 3, 7), NEW_YORK)[1].astimezone(NEW_YORK) == dt.datetime(
        2026, 3, 9, tzinfo=NEW_YORK
    )


def test_a_time_that_the_clock_skips_is_after_the_change_and_one_that_comes_twice_is_the_first():
    skipped = begins_at(dt.date(2026, 3, 8), dt.time(2, 30), NEW_YORK)
    assert skipped == dt.datetime(2026, 3, 8, 7, 30, tzinfo=dt.UTC)
    assert skipped.astimezone(NEW_YORK).time() == dt.time(3, 30)
    twice = begins_at(dt.date(2026, 11, 1), dt.time(1, 30), NEW_YORK)
    assert twice == dt.datetime(2026, 11, 1, 5, 30, tzinfo=dt.UTC)


def test_the_schedules_say_where_they_are_from():
    for one in library.schedules().values():
        assert one.source, one.id
        assert one.seen in ("abstract", "choice", "full", "recalled", "secondary"), one.id
