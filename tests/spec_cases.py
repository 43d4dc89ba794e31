"""The cases of the spec suite: the records that each draws, the definition that it asks, and what came out of them."""

from __future__ import annotations

import importlib.util
import inspect
import itertools
from pathlib import Path

import oracle
import pytest
from agreement import TABLES
from clinic import KNOWLEDGE, define
from drawn import complete, parse

SPEC = Path(__file__).parent / "spec"


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


def spec_cases() -> list[tuple]:
    """`(records, definition, has)` of every call of `read` in the spec suite, in its order."""
    cases = []

    def read(definition=None, has=None, **drawn: str) -> Answer:
        records = complete({name: parse(text, TABLES[name]) if text else [] for name, text in drawn.items()})
        definition = definition or define()
        cases.append((records, definition, has))
        return Answer(oracle.determine(records, definition, KNOWLEDGE, has))

    for file in sorted(SPEC.glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(f"spec_{file.stem}", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, test in vars(module).items():
            if name.startswith("test_") and inspect.isfunction(test) and "read" in inspect.signature(test).parameters:
                for given in _parameters(test):
                    test(**given, read=read)
    return cases


def _parameters(test) -> list[dict]:
    """What pytest would call the test with, besides `read`."""
    marks = [m for m in getattr(test, "pytestmark", []) if m.name == "parametrize"]
    choices = []
    for mark in marks:
        names = [n.strip() for n in mark.args[0].split(",")] if isinstance(mark.args[0], str) else list(mark.args[0])
        rows = [v.values if isinstance(v, type(pytest.param())) else v for v in mark.args[1]]
        choices.append([dict(zip(names, row if len(names) > 1 else _one(row), strict=True)) for row in rows])
    return [dict(itertools.chain.from_iterable(c.items() for c in chosen)) for chosen in itertools.product(*choices)]


def _one(row) -> tuple:
    return row if isinstance(row, tuple) and len(row) == 1 else (row,)
