"""No acknowledged write is lost when the program is killed while it writes: 200 times here, 10,000 in benchmarks/."""

from __future__ import annotations

import json

import pytest
from clinic_app import inside, made
from clinic_kill import PREPARE
from postgresql import postgresql_server

_RUN = """
import json, sys
sys.path.insert(0, {tests!r})
import clinic_kill
print(json.dumps(clinic_kill.kill_often({n})))
"""


def _told(clinic, n: int) -> dict:
    import clinic_kill

    tests = str(clinic_kill.__file__).rpartition("/")[0]
    return json.loads(inside(clinic, PREPARE + _RUN.format(tests=tests, n=n)).splitlines()[-1])


@pytest.mark.long
def test_no_acknowledged_write_is_lost_in_200_kills(tmp_path):
    told = _told(made(tmp_path / "clinic"), 200)
    assert told["lost"] == 0
    assert told["acknowledged"] > 200


@pytest.mark.long
def test_no_acknowledged_write_is_lost_on_postgresql(tmp_path):
    with postgresql_server() as server:
        told = _told(made(tmp_path / "clinic", server.address()), 50)
    assert told["lost"] == 0
    assert told["acknowledged"] > 50
