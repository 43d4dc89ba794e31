"""Sessions that are killed while they run, and two nurses at one sheet at the same moment, on both databases."""

from __future__ import annotations

import json

import clinic_session_kill
import pytest
from clinic_app import inside, made
from clinic_kill import PREPARE
from postgresql import postgresql_server

_RUN = """
import json, sys
sys.path.insert(0, {tests!r})
import clinic_session_kill
print(json.dumps(clinic_session_kill.{call}))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def clinic(request, tmp_path):
    """A new clinic on each database."""
    if request.param == "sqlite":
        yield made(tmp_path / "clinic")
    else:
        with postgresql_server() as server:
            yield made(tmp_path / "clinic", server.address())


def _told(clinic, call: str) -> dict:
    tests = str(clinic_session_kill.__file__).rpartition("/")[0]
    return json.loads(inside(clinic, PREPARE + _RUN.format(tests=tests, call=call)).splitlines()[-1])


@pytest.mark.long
def test_no_acknowledged_entry_is_lost_and_no_dose_stands_without_its_stock_in_30_kills(clinic):
    told = _told(clinic, "kill_often(30)")
    assert told["lost"] == 0
    assert told["acknowledged"] > 60
    assert told["signed"] > 0


@pytest.mark.long
def test_two_nurses_at_the_same_moment_are_one_reading_and_one_dose_and_the_second_is_told(clinic):
    told = _told(clinic, "two_nurses(25)")
    assert told == {"rounds": 25, "wrong": 0, "untold": 0}
