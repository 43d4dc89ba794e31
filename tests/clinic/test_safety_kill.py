"""No answer above zero to item 9 is without its alert when the program is killed: 400 answers here, 100,000 in benchmarks/."""

from __future__ import annotations

import json

import pytest
from clinic_alert_kill import PREPARE
from clinic_app import inside, made
from postgresql import postgresql_server

_RUN = """
import json, sys
sys.path.insert(0, {tests!r})
import clinic_alert_kill
print(json.dumps(clinic_alert_kill.answer_often({n})))
"""


def _told(clinic, n: int) -> dict:
    import clinic_alert_kill

    tests = str(clinic_alert_kill.__file__).rpartition("/")[0]
    return json.loads(inside(clinic, PREPARE + _RUN.format(tests=tests, n=n)).splitlines()[-1])


@pytest.mark.long
def test_every_answer_above_zero_has_its_alert_in_400_answers_with_crashes(tmp_path):
    told = _told(made(tmp_path / "clinic"), 400)
    assert told["lost"] == 0
    assert told["answers"] >= 400
    assert told["crashes"] > 1
    assert told["p99"] < 60


@pytest.mark.long
def test_every_answer_above_zero_has_its_alert_on_postgresql(tmp_path):
    with postgresql_server() as server:
        told = _told(made(tmp_path / "clinic", server.address()), 100)
    assert told["lost"] == 0
    assert told["answers"] >= 100
