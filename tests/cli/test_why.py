"""`stepwell why`: one line for each definition first, all lines of one that is asked for, and people whose ids are negative
numbers."""

from __future__ import annotations

import json

import pytest
import typer
from record_shapes import SHAPES
from typer.testing import CliRunner

from stepwell.cli import app
from stepwell.cli.app import PersonCommand
from stepwell.knowledge.loader import load
from stepwell.runner import run

MORE = "cobalt-2013"
"""A definition that is not run by default."""


def call(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "160", "NO_COLOR": "1"})


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A result of one definition more than are run by default."""
    place = tmp_path_factory.mktemp("many")
    usual = [d.id for d in load().definitions.values() if d.by_default]
    records = SHAPES["all definitions"].write(place / "records")
    return run(records, place / "result", definitions=[*usual, MORE])


def test_many_definitions_have_one_line_each(many):
    told = call("why", many.folder, "ann").output
    verdicts = {r["definition"]: r for r in many.rows_of("determination", many.person_id("ann"))}
    assert {"met", "not met"} <= {v["verdict"] for v in verdicts.values()}
    for name, found in verdicts.items():
        (line,) = [line for line in told.splitlines() if name in line]
        assert found["verdict"] in line
    met = next(line for line in told.splitlines() if "sforzini-2022@1" in line)
    assert " ".join(met.split()) == "✓ sforzini-2022@1 met on 15 Sep 2023 2 of 2 different drugs count"
    assert "Asked:" not in told
    stages = {r["staging"] for r in many.rows_of("stage", many.person_id("ann"))}
    assert stages
    assert all(sum(name in line for line in told.splitlines()) == 1 for name in stages)
    assert "--definition ID" in told
    assert "988" in told


def test_what_is_missing_is_said_of_an_unknown_verdict(many):
    """Of bob, who was never observed, and of trials."""
    told = call("why", many.folder, "bob").output
    assert "so more may be missing from the record" in " ".join(told.split())
    from stepwell.why.summary import decisive

    rows = [
        {"trial_number": None, "criterion": "count", "verdict": "unknown", "found": "1 of 2 drugs count"},
        {"trial_number": None, "criterion": "who.age", "verdict": "met", "found": "Aged 40"},
        {"trial_number": 1, "criterion": "trial.min_dose", "verdict": "unknown", "found": "-"},
        {"trial_number": 2, "criterion": "trial.min_dose", "verdict": "unknown", "found": "-"},
        {"trial_number": 2, "criterion": "failure.improvement", "verdict": "not met", "found": "-"},
    ]
    assert decisive("unknown", rows) == ["1 of 2 drugs count", "trial.min_dose unknown of 2 trials"]


def test_a_definition_is_opened_by_its_id_and_all_by_all(many):
    one = call("why", many.folder, "ann", "--definition", MORE, "--definition", "us-label").output
    assert f"({MORE}@1" in one
    assert "(us-label@1" in one
    assert "sforzini" not in one
    every = call("why", many.folder, "ann", "--definition", "all").output
    assert all(f"({d.name}" in every for d in many.definitions)
    assert every.count("Asked:") >= len(many.definitions)
    rows = json.loads(call("why", many.folder, "ann", "--definition", "all", "--json").output)["answer"]
    assert {d.name for d in many.definitions} <= {r["definition"] for r in rows}
    unknown = call("why", many.folder, "ann", "--definition", "li-2018")
    assert unknown.exit_code == 12


def test_a_staging_model_is_opened_by_its_id(many):
    (first, second) = many.stagings[:2]
    told = call("why", many.folder, "ann", "--definition", first.id).output
    assert f"({first.name}, " in told
    assert f"({second.name}, " not in told
    assert "Asked:" not in told


def test_a_definition_that_was_run_alone_is_told_line_by_line(tmp_path):
    result = run(SHAPES["all definitions"].write(tmp_path / "records"), tmp_path / "out", definitions=["us-label"])
    assert "Asked:" in call("why", result.folder, "ann").output


@pytest.mark.parametrize("columns", ["60", "80"])
def test_no_drug_and_no_day_is_cut_off(many, columns):
    told = CliRunner().invoke(app, ["why", str(many.folder), "ann"], env={"COLUMNS": columns, "NO_COLOR": "1"}).output
    trials = [t for t in many.rows_of("trial", many.person_id("ann")) if t["setting"] == many.manifest["step_setting"]]
    assert trials
    for trial in trials:
        (line,) = [line for line in told.splitlines() if line.startswith(f"{trial['trial_number']} ")]
        assert many.knowledge.ingredients[trial["ingredient"]].label in line
        assert str(trial["start_date"].year) in line
    assert "…" not in told


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    place = tmp_path_factory.mktemp("odd")
    records = SHAPES["ids that look like options and markup"].write(place / "records")
    return run(records, place / "result", definitions=["fabbri-2021"])


@pytest.mark.parametrize(
    "words",
    [
        ("why", "{result}", "-257"),
        ("why", "{result}", "--definition", "fabbri-2021", "-257"),
        ("why", "{result}", "-257", "--json"),
        ("why", "{result}", "--", "-257"),
        ("candidacy", "{result}", "-257", "--policy", "esketamine-us", "--json"),
        ("person", "{result}", "-257", "--html", "{page}"),
        ("report", "{result}", "--out", "{page}", "--person", "-257"),
    ],
)
def test_a_person_may_have_a_negative_number(odd, tmp_path, words):
    page = tmp_path / "page.html"
    done = call(*(word.format(result=odd.folder, page=page) for word in words))
    assert done.exit_code == 0, done.output
    assert page.exists() is ("{page}" in words)


def test_a_mistake_in_an_option_is_still_said(odd):
    done = call("why", odd.folder, "-257", "--defintion", "fabbri-2021")
    assert done.exit_code == 2
    assert "--definition" in done.output
    assert call("why", odd.folder, "-258").exit_code == 12


def test_every_command_about_a_person_takes_such_an_id():
    commands = typer.main.get_command(app).commands.values()
    about_one = [c for c in commands if any(p.name == "person" and p.param_type_name == "argument" for p in c.params)]
    assert {c.name for c in about_one} == {"why", "candidacy", "person"}
    assert all(isinstance(c, PersonCommand) for c in about_one)
