"""Every command prints JSON in one shape, or has a reason why it prints none."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer
from every_command import ON_RECORDS, TRIED
from typer.testing import CliRunner

import stepwell
from stepwell.cli import app
from stepwell.knowledge.fill import MARK
from stepwell.knowledge.loader import load
from stepwell.own import write_new

ROOT = Path(__file__).parents[2]

WITHOUT = {
    "demo": "shows a newcomer around",
    "run": "writes run.json and tables",
    "template": "writes files to be filled in",
    "report": "writes a page",
    "person": "writes a page; `why` and `candidacy` have the rows",
    "programme": "writes a page",
    "open": "serves pages until it is stopped",
    "export": "writes files of other systems",
    "definition new": "writes a form to be filled in",
    "methods": "writes CSV, SVG and BibTeX",
    "review sample": "writes forms and pages; key/design.json says what was drawn",
    "score": "prints CSV",
    "simulate": "writes records and simulation.json",
    "fhir fetch": "writes records and fetch.json",
    "fhir jwks": "prints a JSON Web Key Set, whose shape is a standard's",
    "clinic": "all of its commands set up, serve or keep the clinic app, whose answers are pages",
}
"""The commands, and the group of commands, that print no JSON, with the reason."""

TRIED_ELSEWHERE = {
    **{words: "tests/shapes" for words, lines in (TRIED | ON_RECORDS).items() if any("--json" in x for x in lines)},
    "review score": "tests/review/test_score.py",
    "what-if": "tests/whatif/test_whatif.py",
    "bench": "tests/bench/test_command.py",
    "validate": "the long test below",
    "calibrate": "the long test below",
}
"""Where the JSON of a command is read that is not called here."""


def _commands(group=None, path=""):
    for name, command in (group or typer.main.get_command(app)).commands.items():
        words = f"{path} {name}".strip()
        if hasattr(command, "commands"):
            yield from _commands(command, words)
        else:
            yield words, {option for p in command.params for option in p.opts}


def answer_of(*words: str, exit_code: int = 0):
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == exit_code, done.output
    told = json.loads(done.stdout)
    assert list(told) == ["stepwell", "command", "answer"]
    assert told["stepwell"] == stepwell.__version__
    assert " ".join(words).startswith(told["command"])
    return told["answer"]


def test_every_command_prints_json_or_says_why_not():
    with_json = {words for words, options in _commands() if "--json" in options}
    others = {words for words, _ in _commands()} - with_json
    assert {"clinic" if words.startswith("clinic ") else words for words in others} == set(WITHOUT)
    here = {"knowledge list", "knowledge show", "definition check", "definition explain", "definition test"}
    assert with_json == {*TRIED_ELSEWHERE, *here}


def test_the_page_names_every_answer():
    page = (ROOT / "docs/commands.md").read_text("utf-8")
    table = page.partition("| command | `answer` |")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    named = {words for cell in cells for words in re.findall(r"`([^`]+)`", cell)}
    assert named == {words for words, options in _commands() if "--json" in options}


def test_what_stepwell_knows_as_json():
    listed = answer_of("knowledge", "list")
    assert {"kind": "Doses", "id": "doses"}.items() <= listed[-1].items()
    assert {entry["id"] for entry in listed} >= set(load().definitions) | set(load().codesets)
    (card,) = answer_of("knowledge", "show", "sforzini-2022")
    duration = card["form"]["branch"][0]["trial"]["min_duration"]
    assert duration["at_least"] == 28
    assert duration["source"] == "sforzini-2022"
    assert [card["kind"] for card in answer_of("knowledge", "show", "ect")] == ["treatment", "code set"]
    assert len(answer_of("knowledge", "show", "doses")) == len(load().dose_minima)


def test_a_definition_of_ones_own_as_json(tmp_path):
    file, people = write_new(tmp_path / "mine.yaml", load(), "us-label")
    checked = answer_of("definition", "check", str(file))
    assert checked["definition"].startswith("mine@")
    explained = answer_of("definition", "explain", str(file))
    assert (explained["id"], explained["title"]) == ("mine", checked["title"])
    people.write_text(people.read_text("utf-8").replace(MARK, "unknown"), "utf-8")
    tried = answer_of("definition", "test", str(file), exit_code=1)
    for one in tried:
        assert one["as_expected"] == (one["verdict"] == "unknown")
        assert one["as_expected"] or one["differences"][0] == {
            "name": "verdict",
            "expected": "unknown",
            "found": one["verdict"],
        }
    assert {row["criterion"] for one in tried for row in one["evidence"]} >= {"trial.min_duration", "count"}


@pytest.mark.long
def test_the_simulators_numbers_as_json():
    results = answer_of("calibrate", "--as-shipped", "--people", "100")["results"]
    assert {row["kind"] for row in results} == {"calibrated", "went in", "held out"}
    validated = answer_of("validate", "--people", "100")
    assert validated["people"] == 100
    assert {row["noise"] for row in validated["by_definition"]} >= {"off", "realistic"}
