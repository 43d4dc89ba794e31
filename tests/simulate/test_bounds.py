"""The simulator's compiled code with a check of every index: none lies past the end of an array."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stepwell.simulate.records.folder import simulate

_SIMULATED = """
import sys
from pathlib import Path
import numpy as np
from stepwell.machine_code import compile_function
from stepwell.simulate.records.folder import simulate

def past_the_end(values):
    return values[len(values)]

try:
    compile_function(past_the_end, [])(np.zeros(3))
except IndexError:
    simulate(400, 14, Path(sys.argv[1]))
else:
    sys.exit("indices are not checked")
"""


@pytest.mark.long
def test_the_simulator_reads_and_fills_only_what_it_was_given(tmp_path):
    own = {
        "NUMBA_BOUNDSCHECK": "1",
        "NUMBA_CACHE_DIR": str(tmp_path / "checked-code"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    call = [sys.executable, "-c", _SIMULATED, str(tmp_path / "checked")]
    done = subprocess.run(call, env=os.environ | own, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    simulate(400, 14, tmp_path / "unchecked")
    made = files(tmp_path / "checked")
    assert made
    assert made == files(tmp_path / "unchecked")


def files(folder: Path) -> dict[str, bytes]:
    """Every file of the folder, by its name there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
