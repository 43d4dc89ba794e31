"""No acknowledged answer of a questionnaire is lost when the program is killed, and none is there in part."""

from __future__ import annotations

import json

import pytest
from clinic_app import inside, made
from clinic_kill import PREPARE

_RUN = """
import json, sys
sys.path.insert(0, {tests!r})
import clinic_answer_kill
print(json.dumps(clinic_answer_kill.kill_often({n})))
"""


def _told(clinic, n: int) -> dict:
    import clinic_answer_kill

    tests = str(clinic_answer_kill.__file__).rpartition("/")[0]
    return json.loads(inside(clinic, PREPARE + _RUN.format(tests=tests, n=n)).splitlines()[-1])


@pytest.mark.long
def test_no_acknowledged_answer_of_a_questionnaire_is_lost(tmp_path):
    told = _told(made(tmp_path / "clinic"), 25)
    assert told["lost"] == 0
    assert told["acknowledged"] > 25
    assert told["finished"] > 10
