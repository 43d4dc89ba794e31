"""Readers of drawn sessions: `sessions` by the engine and by the oracle, `judged` by the engine alone."""

from __future__ import annotations

import pytest
from session_cases import Sessions, by_engine, drawn_records, read_by_oracle


@pytest.fixture(params=["engine", "oracle"])
def sessions(request):
    """Reads drawn records into sessions and series, once by the engine and once by the oracle."""

    def sessions(has=None, **drawn: str) -> Sessions:
        records = drawn_records(drawn)
        return Sessions(by_engine(records, has) if request.param == "engine" else read_by_oracle(records, has))

    return sessions


@pytest.fixture
def judged():
    """Reads drawn records into sessions, their adherence and their effect, by the engine."""

    def judged(has=None, **drawn: str) -> Sessions:
        return Sessions(by_engine(drawn_records(drawn), has))

    return judged
