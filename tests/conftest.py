"""What the tests of the engine share: `read` runs drawn records through the engine and through the oracle."""

from __future__ import annotations

import oracle
import pytest
from agreement import TABLES, by_engine
from clinic import KNOWLEDGE, define
from drawn import complete, parse
from hypothesis import settings
from spec_cases import Answer

settings.register_profile("stepwell", deadline=None, derandomize=True)
settings.load_profile("stepwell")


@pytest.fixture(params=["engine", "oracle"])
def read(request):
    """Reads drawn record tables under a definition, once by the engine and once by the oracle."""

    def read(definition=None, has=None, **drawn: str) -> Answer:
        records = complete({name: parse(text, TABLES[name]) if text else [] for name, text in drawn.items()})
        definition = definition or define()
        if request.param == "engine":
            return Answer(by_engine(records, [definition], KNOWLEDGE, has))
        return Answer(oracle.determine(records, definition, KNOWLEDGE, has))

    return read
