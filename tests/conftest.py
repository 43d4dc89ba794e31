"""What the tests of the engine share: `read` runs drawn records through the engine and through the oracle."""

from __future__ import annotations

import oracle
import pytest
from agreement import TABLES, by_engine
from clinic import KNOWLEDGE, define
from drawn import complete, parse
from hypothesis import settings

settings.register_profile("stepwell", deadline=None, derandomize=True)
settings.load_profile("stepwell")


class Answer:
    """What came out of drawn records; `shows` compares it with drawn tables, in the columns that they draw."""

    def __init__(self, tables: dict[str, list[dict]]):
        self.tables = tables

    def shows(self, **drawn: str) -> Answer:
        for name, text in drawn.items():
            expected = parse(text, TABLES[name])
            found = [{column: row[column] for column in expected[0]} for row in self.tables[name]]
            assert found == expected, name
        return self

    def shows_no(self, *names: str) -> Answer:
        assert {name: self.tables[name] for name in names} == {name: [] for name in names}
        return self


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
