from __future__ import annotations

import pytest

from stepwell.simulate import simulate

PEOPLE = 3000


@pytest.fixture(scope="session", params=["off", "realistic"])
def cohort(request, tmp_path_factory):
    """Simulated records, tidy and untidy."""
    folder = tmp_path_factory.mktemp(f"noise-{request.param}") / "records"
    simulate(PEOPLE, 3, folder, noise=request.param)
    return folder
