"""DuckDB, PostgreSQL and Spark stage people alike, value by value."""

from __future__ import annotations

from random import Random

import pytest
from clinic import define
from staged import CLINIC, MODELS
from untidy import untidy_crowd

from stepwell.in_memory import determine_records


@pytest.mark.long
def test_untidy_people_under_every_model(elsewhere):
    """Models that between them ask everything, on people whose records are untidy in every way the tests know."""
    crowd = untidy_crowd(Random("stages"), 150, CLINIC)
    here = determine_records(crowd, [define()], CLINIC, stagings=MODELS)
    there = determine_records(crowd, [define()], CLINIC, stagings=MODELS, connection=elsewhere)
    for name in ("stage", "staged_trial"):
        assert here[name].num_rows > 100
        assert there[name].schema == here[name].schema
        assert there[name].to_pylist() == here[name].to_pylist(), name
