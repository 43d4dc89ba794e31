"""cardinal_pythonlib's function: what it is given, what it answers, and what is said where it cannot run."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from pathlib import Path

import pytest
from stepwell_bench import cardinal
from stepwell_bench.benchmark import JOBS

from stepwell.errors import QuestionError
from stepwell.knowledge import load
from stepwell.simulate import simulate


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample") / "records"
    simulate(120, 1, folder)
    return folder


@pytest.mark.long
def test_mentions_are_the_antidepressants_given_each_once_a_day(records, tmp_path):
    knowledge = load()
    cardinal.write_mentions(records, knowledge, tmp_path / "mentions.csv")
    with (tmp_path / "mentions.csv").open(encoding="utf-8") as file:
        rows = [(r["patient_id"], r["drug"], r["date"]) for r in csv.DictReader(file)]
    assert len(rows) == len(set(rows)) > 1000
    assert {knowledge.ingredients[drug].role for _, drug, _ in rows} == {"antidepressant"}


@pytest.mark.long
def test_answers_are_compared_person_by_person(records, tmp_path):
    nobody = cardinal.compare_answers(records, set(), tmp_path)
    least = next(row for row in nobody if row["rule"].startswith("two antidepressants"))
    assert least["n_met"] > 0
    assert {row["n_both"] for row in nobody} == {0}
    everybody = cardinal.compare_answers(records, {str(n) for n in range(1, 121)}, tmp_path)
    assert all(row["n_both"] == row["n_met"] for row in everybody)
    assert all(row["in_common"] == row["n_met"] / 120 for row in everybody)
    assert not any(tmp_path.iterdir())


def test_a_machine_without_a_fitting_python_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(cardinal, "_PYTHONS", ("2.0",))
    with pytest.raises(QuestionError, match="needs pandas"):
        cardinal.environment(tmp_path)
    assert not any(tmp_path.iterdir())


def test_packages_that_cannot_be_had_are_told_and_nothing_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(cardinal, "_PACKAGES", ("--no-index", "cardinal_pythonlib==2.2.1"))
    with pytest.raises(QuestionError) as raised:
        cardinal.environment(tmp_path)
    assert "cardinal" in raised.value.problems[0].remedy
    assert not any(tmp_path.iterdir())


def test_the_function_names_who_took_two_drugs_one_after_the_other(tmp_path):
    folder = os.environ.get("STEPWELL_BENCH")
    if not folder or not (Path(folder) / "cardinal-environment").is_dir():
        pytest.skip("STEPWELL_BENCH names no folder in which `stepwell bench --only cardinal` made its environment")
    rows = [
        ("switched", "citalopram", "2020-01-01"),
        ("switched", "citalopram", "2020-01-28"),
        ("switched", "fluoxetine", "2020-02-01"),
        ("switched", "fluoxetine", "2020-02-28"),
        ("too short", "citalopram", "2020-01-01"),
        ("too short", "citalopram", "2020-01-27"),
        ("too short", "fluoxetine", "2020-02-01"),
        ("too short", "fluoxetine", "2020-02-28"),
    ]
    lines = ["patient_id,drug,date", *(",".join(row) for row in rows)]
    (tmp_path / "mentions.csv").write_text("\n".join(lines), "utf-8")
    python = cardinal.environment(Path(folder))
    subprocess.run([python, JOBS / "in_cardinal.py", tmp_path / "mentions.csv", tmp_path / "out.jsonl"], check=True)
    told = json.loads((tmp_path / "out.jsonl").read_text("utf-8"))
    assert told["named"] == ["switched"]
    assert told["n_people"] == 2
