from __future__ import annotations

import pytest

from stepwell.runner import run
from stepwell.simulate import simulate


@pytest.fixture(scope="session")
def records(tmp_path_factory):
    """A few hundred simulated people with untidy records."""
    folder = tmp_path_factory.mktemp("simulated") / "records"
    simulate(400, 7, folder, noise="realistic")
    return folder


@pytest.fixture(scope="session")
def result(records, tmp_path_factory):
    return run(records, tmp_path_factory.mktemp("result") / "result")
