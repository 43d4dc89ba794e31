"""The profile watches a run as it is, and leaves no trace of itself."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest

import stepwell.runner
import stepwell.session
from stepwell.bench.question import DEFINITION
from stepwell.engines.duckdb import DuckDB
from stepwell.runner import run
from stepwell.simulate import simulate
from stepwell.tables import DERIVED, RECORDS

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "profile_stages.py"


@pytest.fixture(scope="module")
def profile():
    return runpy.run_path(str(SCRIPT))["profile"]


def test_every_step_of_a_run_is_timed_once(profile, tmp_path, capsys):
    simulate(60, 1, tmp_path / "records")
    create, write = DuckDB.create, stepwell.session.write_parquet
    watch = profile(tmp_path / "records", tmp_path / "result", [DEFINITION], explain="counted_0")
    assert DuckDB.create is create
    assert stepwell.session.write_parquet is stepwell.runner.write_parquet is write

    steps = watch.steps
    assert {f"reading {t.name}" for t in RECORDS} < set(steps)
    assert {"stage exposure", "stage score", "stage counted_0", "stage candidate_0"} < set(steps)
    rows = json.loads((tmp_path / "result" / "run.json").read_text("utf-8"))["rows"]
    written = {t.name for t in DERIVED if rows.get(t.name)} - {"attrition"}
    assert {f"writing {name}" for name in written} < set(steps)
    assert all(s.wall_s >= 0 and s.cpu_s >= 0 for s in steps.values())
    assert re.search(r"\| all \| \d+\.\d{3} s \| \d+\.\d{3} s \|", watch.table())
    assert "Total Time" in capsys.readouterr().out

    unwatched = run(tmp_path / "records", tmp_path / "again", definitions=[DEFINITION])
    for table in unwatched.manifest["rows"]:
        for part in (tmp_path / "again" / table).iterdir():
            assert part.read_bytes() == (tmp_path / "result" / table / part.name).read_bytes(), table
