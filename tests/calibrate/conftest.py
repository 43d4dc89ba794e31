"""A small search that the tests of calibration share."""

from __future__ import annotations

import pytest

from stepwell.calibrate.search import calibrate


@pytest.fixture(scope="session")
def small():
    """One step of the search with few people: quick, and far from converged."""
    return calibrate(300, steps=1)
