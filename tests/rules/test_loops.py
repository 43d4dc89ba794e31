"""The rules as loops give the same whatever the order of the rows, and whether they are compiled or not."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest
from clinic import FORMS, KNOWLEDGE
from untidy import untidy_crowd

from stepwell.rules import judge_records
from stepwell.tables import RECORDS

_HERE = Path(__file__).parent


def in_arrow(rows: dict[str, list[dict]]) -> dict[str, pa.Table]:
    """Record tables of drawn rows; a table that is not drawn is empty."""
    return {t.name: pa.Table.from_pylist(rows.get(t.name, []), schema=t.schema.to_pyarrow()) for t in RECORDS}


def test_the_order_of_the_rows_does_not_matter():
    crowd = untidy_crowd(Random("order"), 200, KNOWLEDGE)
    shuffled = {name: Random(name).sample(rows, len(rows)) for name, rows in crowd.items()}
    one, other = (judge_records(in_arrow(c), FORMS, KNOWLEDGE, frozenset(crowd)) for c in (crowd, shuffled))
    assert {name: table.equals(other[name]) for name, table in one.items()} == dict.fromkeys(one, True)


@pytest.mark.parametrize(
    ("stages", "table"),
    [
        ("definitions", "determination"),
        pytest.param("staging", "stage", marks=pytest.mark.long),
        pytest.param("sessions", "judged_session", marks=pytest.mark.long),
    ],
)
def test_plain_python_gives_the_same_as_machine_code(tmp_path, stages, table):
    """Without Numba the same functions run as plain Python: the debugger, and a check of every index by NumPy."""
    script = _HERE / "judge_in_plain_python.py"
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, str(script), stages, str(tmp_path / "plain.arrow")], env=environment, check=True)
    with pa.memory_map(str(tmp_path / "plain.arrow")) as source:
        plain = pa.ipc.open_file(source).read_all()
    found = runpy.run_path(str(script))["judged"](stages)
    assert list(zip(*plain.to_pydict().values(), strict=True)) == found
    assert any(name == table for name, _ in found)
