"""The rules as loops say what the oracle says of every drawn case, and what the engine says of crowds of untidy people.

The engine goes when runs use the loops; until then a difference between the two fails here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import oracle
import pyarrow as pa
import pytest
from clinic import FORMS, KNOWLEDGE, define
from session_cases import session_cases
from session_clinic import SESSION_CLINIC
from spec_cases import spec_cases
from staged import CLINIC, MODELS
from untidy import untidy_crowd

from stepwell.knowledge.load import load
from stepwell.rules import judge_records
from stepwell.session import determine_records
from stepwell.tables import RECORDS

pytestmark = pytest.mark.long
_HERE = Path(__file__).parent


def in_arrow(rows: dict[str, list[dict]]) -> dict[str, pa.Table]:
    """Record tables of drawn rows; a table that is not drawn is empty."""
    return {t.name: pa.Table.from_pylist(rows.get(t.name, []), schema=t.schema.to_pyarrow()) for t in RECORDS}


def differences(engine: dict[str, pa.Table], loops: dict[str, pa.Table]) -> list[str]:
    """Every column of every table in which the two differ, with the number of rows."""
    found = [f"{name}: only one has it" for name in sorted(engine.keys() ^ loops.keys())]
    for name in engine.keys() & loops.keys():
        a, b = engine[name], loops[name]
        if a.num_rows != b.num_rows:
            found.append(f"{name}: {a.num_rows} rows and {b.num_rows}")
        elif not a.equals(b):
            for column in a.column_names:
                pairs = zip(a[column].to_pylist(), b[column].to_pylist(), strict=True)
                if n := sum(x != y for x, y in pairs):
                    found.append(f"{name}.{column}: {n} of {a.num_rows} rows")
    return found


def test_every_drawn_case_agrees_with_the_oracle():
    differ = []
    for number, (records, definition, has) in enumerate(spec_cases()):
        held = frozenset(records if has is None else has)
        found = judge_records(in_arrow(records), [definition], KNOWLEDGE, held)
        expected = oracle.determine(records, definition, KNOWLEDGE, has)
        for name in ("exposure", "trial", "episode", "determination", "step"):
            rows = [{k: v for k, v in row.items() if k != "setting"} for row in found[name].to_pylist()]
            plain = [{k: v for k, v in row.items() if k != "setting"} for row in expected[name]]
            if rows != plain:
                differ.append(f"case {number}: {name}")
    assert not differ


def test_drawn_sessions_agree_with_the_engine():
    """All drawn cases of sessions as one crowd, for each set of tables that a source may hold."""
    crowds: dict[frozenset | None, list[dict]] = {}
    for records, has in session_cases():
        crowds.setdefault(None if has is None else frozenset(has), []).append(records)
    for has, cases in crowds.items():
        crowd: dict[str, list[dict]] = {t.name: [] for t in RECORDS}
        n_people = 0
        for records in cases:
            number = {row["person_id"]: n_people + n for n, row in enumerate(records["person"], 1)}
            n_people += len(number)
            for name, rows in records.items():
                crowd[name] += [row | {"person_id": number[row["person_id"]]} for row in rows]
        held, tables = frozenset(crowd) if has is None else has, in_arrow(crowd)
        engine = determine_records(tables, [define()], SESSION_CLINIC, has=held)
        assert not differences(engine, judge_records(tables, [define()], SESSION_CLINIC, held))


def test_a_crowd_agrees_with_the_engine_under_every_made_up_form():
    crowd = untidy_crowd(Random("loops"), 800, KNOWLEDGE)
    tables, held = in_arrow(crowd), frozenset(crowd)
    engine = determine_records(tables, FORMS, KNOWLEDGE, has=held)
    assert not differences(engine, judge_records(tables, FORMS, KNOWLEDGE, held))


@pytest.mark.parametrize("missing", [None, "condition", "procedure", "medication"])
def test_a_crowd_agrees_with_the_engine_under_every_staging_model(missing):
    crowd = untidy_crowd(Random(f"stages {missing}"), 300, CLINIC)
    held = frozenset(crowd) - {missing}
    tables = in_arrow({name: rows for name, rows in crowd.items() if name in held})
    engine = determine_records(tables, [define()], CLINIC, has=held, stagings=MODELS)
    assert not differences(engine, judge_records(tables, [define()], CLINIC, held, MODELS))


def test_a_crowd_agrees_with_the_engine_under_every_packaged_definition_and_model():
    knowledge = load()
    drugs = ("sertraline", "fluoxetine", "venlafaxine", "bupropion", "mirtazapine", "quetiapine", "lithium")
    ruled = sorted({r.ingredient for r in knowledge.role_rules})
    crowd = untidy_crowd(Random("packaged loops"), 400, knowledge, drugs=(*drugs, *ruled))
    definitions, models = tuple(knowledge.definitions.values()), tuple(knowledge.stagings.values())
    tables, held = in_arrow(crowd), frozenset(crowd)
    engine = determine_records(tables, definitions, knowledge, has=held, stagings=models)
    assert not differences(engine, judge_records(tables, definitions, knowledge, held, models))


def test_the_order_of_the_rows_does_not_matter():
    crowd = untidy_crowd(Random("order"), 200, KNOWLEDGE)
    shuffled = {name: Random(name).sample(rows, len(rows)) for name, rows in crowd.items()}
    one, other = (judge_records(in_arrow(c), FORMS, KNOWLEDGE, frozenset(crowd)) for c in (crowd, shuffled))
    assert {name: table.equals(other[name]) for name, table in one.items()} == dict.fromkeys(one, True)


def test_plain_python_gives_the_same_as_machine_code(tmp_path):
    """Without Numba the same functions run as plain Python: the debugger, and a check of every index by NumPy."""
    script = _HERE / "judge_in_plain_python.py"
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, str(script), str(tmp_path / "plain.arrow")], env=environment, check=True)
    with pa.memory_map(str(tmp_path / "plain.arrow")) as source:
        plain = pa.ipc.open_file(source).read_all()
    crowd = untidy_crowd(Random("plain"), 40, KNOWLEDGE)
    found = judge_records(in_arrow(crowd), FORMS, KNOWLEDGE, frozenset(crowd))
    assert plain["table"].to_pylist() == [name for name, table in found.items() for _ in range(table.num_rows)]
    assert plain["row"].to_pylist() == [repr(row) for table in found.values() for row in table.to_pylist()]
