"""The demo's day of sessions: signed, running and planned ones, written by the functions of the pages."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from django.utils import timezone

from stepwell.clinic.exchange import demo_day
from stepwell.clinic.sessions import clock, sheets
from stepwell.clinic.sessions.records import person_records
from stepwell.clinic.stock.models import LedgerLine


@pytest.mark.parametrize(("hour", "signed", "running"), [(19, 2, 3), (6, 0, 0)], ids=["afternoon", "after midnight"])
def test_a_day_of_the_demo(home, person, actor, monkeypatch, hour, signed, running):
    """The clinic is in New York: 19:00 UTC is two in the afternoon there, 6:00 UTC one at night."""
    now = dt.datetime(2026, 11, 27, hour, 0, tzinfo=dt.UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)
    kept = clock.now
    people = [person(given_name=f"P{n}", sex="male" if n % 2 else "female") for n in range(8)]
    made = demo_day.fill(people, actor("prescriber"), actor("nurse"))
    assert clock.now is kept
    day = sheets.of_day(home, dt.date(2026, 11, 27))
    assert len(day) == len(made) == len(demo_day.MINUTES_AGO)
    states = Counter("signed" if s.is_signed else "running" if s.is_given else "planned" for s in day)
    assert (states["signed"], states["running"]) == (signed, running)
    for sheet in day:
        if sheet.is_signed:
            assert sheet.observed.by_monotonic
            assert round(sheet.minutes) == 125
            records, _has = person_records(sheet.person, [], [sheet])
            assert records["dose"][0]["mg"] == 56
    used = -sum(LedgerLine.objects.filter(kind="use").values_list("n_devices", flat=True))
    assert used == sum(len(sheet.doses) for sheet in day)
