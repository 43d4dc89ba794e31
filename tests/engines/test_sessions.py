"""DuckDB, PostgreSQL and Spark make the same sessions, series and effects, value by value."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from random import Random

import pytest
from clinic import define
from session_cases import session_cases
from session_clinic import SESSION_CLINIC

from stepwell.in_memory import determine_records

NAMES = ("session", "series", "judged_session", "judged_series", "series_response", "effect", "load",
         "arm_response")  # fmt: skip


def _module(place: Path):
    spec = importlib.util.spec_from_file_location(place.stem, place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def assert_same(records, elsewhere, has=None) -> None:
    here = determine_records(records, [define()], SESSION_CLINIC, has=has, stagings=())
    there = determine_records(records, [define()], SESSION_CLINIC, has=has, stagings=(), connection=elsewhere)
    for name in NAMES:
        assert there[name].schema == here[name].schema, name
        pairs = list(zip(here[name].to_pylist(), there[name].to_pylist(), strict=True))
        differ = [({c: (a[c], b[c]) for c in a if a[c] != b[c]}, a["person_id"]) for a, b in pairs if a != b]
        assert differ == [], name


@pytest.mark.long
def test_every_case_of_the_spec_and_untidy_people(elsewhere):
    """All that the spec draws of sessions, as one crowd, and people untidy in every way."""
    groups: dict[frozenset | None, list[dict]] = {}
    for records, has in session_cases():
        groups.setdefault(has and frozenset(has), []).append(records)
    assert sum(map(len, groups.values())) > 120
    untidy = _module(Path(__file__).parents[1] / "properties" / "test_sessions.py").untidy_sessions
    groups[None].append(untidy(Random("engines"), 100))
    for has, crowds in groups.items():
        assert_same(_renumbered(crowds), elsewhere, has)


def _renumbered(crowds: list[dict[str, list[dict]]]) -> dict[str, list[dict]]:
    together, numbers = {}, {}
    for place, crowd in enumerate(crowds):
        for name, rows in crowd.items():
            for row in rows:
                number = numbers.setdefault((place, row["person_id"]), len(numbers) + 1)
                together.setdefault(name, []).append({**row, "person_id": number})
    return together
