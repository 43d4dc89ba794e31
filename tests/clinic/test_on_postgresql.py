"""All tests of the clinic once more, on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from postgresql import postgresql_server


@pytest.mark.long
def test_every_test_of_the_clinic_passes_on_postgresql():
    if "STEPWELL_CLINIC_TEST_DATABASE" in os.environ:
        pytest.skip("this is the run on PostgreSQL")
    with postgresql_server() as server:
        environment = {**os.environ, "STEPWELL_CLINIC_TEST_DATABASE": server.address()}
        call = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            str(Path(__file__).parent),
        ]
        done = subprocess.run(call, env=environment, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
