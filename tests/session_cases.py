"""What the tests of sessions share: drawn records read by the engine and by the oracle, and every case as one crowd."""

from __future__ import annotations

import importlib.util
import inspect

import oracle_sessions
from clinic import define
from drawn import complete, parse
from session_clinic import SESSION_CLINIC
from spec_cases import SPEC, Answer, _parameters

from stepwell.in_memory import determine_records
from stepwell.tables import DERIVED, RECORDS

TABLES = {t.name: t for t in (*RECORDS, *DERIVED)}
DIAGNOSED = "condition_date | codeset\n2020-01-01 | major-depression"
"""Everybody is diagnosed on the first day of 2020, unless a test says otherwise."""


def drawn_records(drawn: dict[str, str]) -> dict[str, list[dict]]:
    rows = {name: parse(text, TABLES[name]) if text else [] for name, text in {"condition": DIAGNOSED, **drawn}.items()}
    return complete(rows)


def by_engine(records, has=None, knowledge=SESSION_CLINIC) -> dict[str, list[dict]]:
    found = determine_records(records, [define()], knowledge, has=has)
    return {name: table.to_pylist() for name, table in found.items()}


class Sessions(Answer):
    """What came out; the oracle knows only some columns, and is asked only for those."""


def read_by_oracle(records, has=None, knowledge=SESSION_CLINIC) -> dict[str, list[dict]]:
    held = frozenset(t.name for t in RECORDS) if has is None else frozenset(has)
    return oracle_sessions.find_sessions(records, knowledge, held)


def session_cases() -> list[tuple[dict, frozenset | None]]:
    """`(records, has)` of every call of `sessions` in the spec suite."""
    cases = []

    def sessions(has=None, **drawn: str) -> Sessions:
        records = drawn_records(drawn)
        cases.append((records, has))
        return Sessions(by_engine(records, has))

    for file in sorted(SPEC.glob("test_9[def]_*.py")):
        spec = importlib.util.spec_from_file_location(f"spec_{file.stem}", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, test in vars(module).items():
            if name.startswith("test_") and inspect.isfunction(test):
                wanted = set(inspect.signature(test).parameters) & {"sessions", "judged"}
                for given in _parameters(test) if wanted else []:
                    test(**given, **dict.fromkeys(wanted, sessions))
    return cases
