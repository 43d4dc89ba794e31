"""`stepwell bench` as a user meets it, at a size at which it proves nothing about speed."""

from __future__ import annotations

import importlib.util
import json
import re

import pytest
from stepwell_bench.benchmark import BY_DEFAULT, PARTS, RIVALS, run_bench
from stepwell_bench.tables import tables, write_into
from typer.testing import CliRunner

from stepwell.cli import app
from stepwell.errors import QuestionError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def found(folder):
    rivals = ("floor", "eras", "polars", "pandas")
    return run_bench(folder, people=150, pairs=2, only=rivals, growth=(60,), memory="500MB")


@pytest.mark.long
def test_everything_is_measured_as_often_as_asked(found):
    runs = found["beside"]["runs"]
    assert list(runs) == ["stepwell", "floor", "eras", "polars", "pandas"]
    assert {len(r) for r in runs.values()} == {2}
    assert all(m["wall_s"] > 0 and m["cpu_s"] > 0 and m["peak_bytes"] > 0 for r in runs.values() for m in r)
    assert [g["people"] for g in found["growth"]] == [60]


@pytest.mark.long
def test_only_records_and_answers_stay_and_records_are_used_again(found, folder):
    assert not (folder / "result").exists()
    before = (folder / "records-150").stat().st_mtime_ns
    left = folder / "result.partial"
    left.mkdir()
    run_bench(folder, people=150, pairs=1, only=["floor"])
    assert (folder / "records-150").stat().st_mtime_ns == before
    assert not left.exists()


@pytest.mark.long
def test_the_tables_stand_in_their_places_under_their_command(found, tmp_path):
    document = tmp_path / "page.md"
    document.write_text(
        "before\n<!-- bench beside -->\nold\n<!-- end -->\nbetween\n<!-- bench growth -->\n<!-- end -->\n"
    )
    made = tables(found)
    write_into(document, made)
    text = document.read_text("utf-8")
    assert "old" not in text
    assert text.startswith("before\n<!-- bench beside -->\n`stepwell bench --people 150 --pairs 2 --only floor,eras")
    assert "`stepwell bench --only growth --growth 60 --memory 500MB`" in text
    assert len(re.findall(r"\d\.\d\d \(\d+\.\d\d to \d+\.\d\d\)", text)) == 4 * 3
    write_into(document, made)
    assert document.read_text("utf-8") == text


@pytest.mark.long
def test_the_command_writes_into_a_document(tmp_path):
    document = tmp_path / "page.md"
    document.write_text("<!-- bench beside -->\n<!-- end -->\n")
    command = ["bench", "--people", "60", "--pairs", "1", "--only", "floor", "--folder", str(tmp_path / "bench")]
    done = CliRunner().invoke(app, [*command, "--write", str(document)])
    assert done.exit_code == 0, done.output
    assert "| the floor |" in document.read_text("utf-8")
    kept = json.loads((tmp_path / "bench" / "measured.json").read_text("utf-8"))
    assert list(kept["beside"]["runs"]) == ["stepwell", "floor"]


@pytest.mark.long
def test_one_person_warm_is_told_as_json(tmp_path):
    command = ["bench", "--only", "one-person", "--pairs", "1", "--folder", str(tmp_path), "--json"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    by = json.loads(done.stdout)["answer"]["one_person"]["by"]
    assert [len(process) for taken in by.values() for process in taken["warm_ms"]] == [20, 20]
    assert all(taken["first_ms"][0] > 0 and min(taken["warm_ms"][0]) > 0 for taken in by.values())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--only", "flor,pandas"), ("flor", "floor")),
        (("--only", "growth"), ("--growth 10000",)),
        (("--growth", "0"), ("0 people",)),
        (("--only", "floor", "--folder", "{file}"), ("--folder",)),
        # Said before anything is measured.
        (("--only", "floor", "--write", "{file}"), ("<!-- bench beside -->",)),
        (("--growth", "10", "--write", "{file}"), ("<!-- bench growth -->", "<!-- bench one_person -->")),
    ],
)
def test_each_mistake_has_one_message(tmp_path, arguments, words):
    (tmp_path / "file").touch()
    done = CliRunner().invoke(app, ["bench", *(a.format(file=tmp_path / "file") for a in arguments)])
    assert done.exit_code == 12, done.output
    assert all(word in done.stderr for word in words)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_sizes_that_are_no_numbers_are_told():
    done = CliRunner().invoke(app, ["bench", "--growth", "ten"])
    assert done.exit_code == 2
    assert "--growth" in done.stderr


def test_a_missing_package_is_told_with_the_extra_that_brings_it(tmp_path, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "polars" else real(name))
    with pytest.raises(QuestionError) as raised:
        run_bench(tmp_path / "new", people=10, pairs=1, only=BY_DEFAULT)
    (problem,) = raised.value.problems
    assert problem.where == "polars"
    assert ".[bench]" in problem.remedy
    assert not (tmp_path / "new").exists()


def test_a_document_without_places_is_left_alone(tmp_path):
    document = tmp_path / "page.md"
    document.write_text("nothing here\n")
    with pytest.raises(QuestionError) as raised:
        write_into(document, {"beside": "table"})
    assert "<!-- bench beside -->" in raised.value.problems[0].expected
    with pytest.raises(QuestionError, match="cannot be written"):
        write_into(tmp_path / "none.md", {"beside": "table"})
    assert document.read_text("utf-8") == "nothing here\n"


def test_what_takes_long_or_fetches_packages_is_left_to_be_asked_for():
    assert set(PARTS) - set(BY_DEFAULT) == {"cardinal", "growth"}
    assert set(RIVALS) < set(PARTS)


def test_without_a_checkout_the_command_says_what_to_do(tmp_path, monkeypatch):
    """The rivals are no part of the installed package."""
    monkeypatch.setattr("stepwell.cli.bench.find_spec", lambda name: None)
    monkeypatch.setattr("stepwell.cli.bench._BENCHMARKS", tmp_path / "benchmarks")
    done = CliRunner().invoke(app, ["bench"])
    assert done.exit_code == 12
    assert "clone the repository" in " ".join(done.stderr.split())
    assert not list(tmp_path.iterdir())
