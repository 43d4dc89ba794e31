"""Every command that takes a result, with every option that changes what it does, on results of every shape that `run` accepts.

`python -m pytest -m shapes` runs them all; the default suite runs one shape, `-m long` the others. The commands and their options
are read from the application itself: one that is not tried here fails a test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import typer
from every_command import ON_RECORDS, SERVES, TRIED, first, once, try_commands, try_pages, varied
from record_shapes import SHAPES

from stepwell.cli import app
from stepwell.report.page import render_report
from stepwell.result import Result
from stepwell.runner import run

pytestmark = pytest.mark.shapes

QUICK = "a clinic without diagnoses"
VARIED = ("one person, two trials, no scores", QUICK)


def _commands(group=None, path: str = "") -> Iterator[tuple[str, object]]:
    """Every command of the application, with the words that call it."""
    for name, command in (group or typer.main.get_command(app)).commands.items():
        words = f"{path} {name}".strip()
        if hasattr(command, "commands"):
            yield from _commands(command, words)
        else:
            yield words, command


def _with_argument(name: str) -> dict[str, object]:
    return {words: c for words, c in _commands() if any(p.name == name for p in c.params)}


def test_every_command_that_takes_a_result_or_records_is_tried():
    assert set(_with_argument("result")) == {*TRIED, SERVES}
    assert set(_with_argument("source")) == {"run", *ON_RECORDS}


@pytest.mark.parametrize("words", sorted(TRIED))
def test_every_option_of_such_a_command_is_tried(words):
    options = {p.opts[0] for p in _with_argument("result")[words].params if p.opts[0].startswith("-")} - {"--help"}
    assert options == {word for line in TRIED[words] for word in line.split() if word.startswith("--")}


def test_every_command_copes_with_a_result_without_definitions(tmp_path):
    """And the page of the report judges nobody: there is nobody to whom *not met* could be said."""
    _try(QUICK, tmp_path, first)
    words = " ".join(re.sub(r"<[^>]+>", " ", render_report(Result.open(tmp_path / "result"))).split())
    assert (
        "No definition of treatment-resistant depression can be answered from these records, so nobody was judged"
        in words
    )
    assert "Nobody in these records has" not in words
    assert "n = 0, the denominator" not in words


@pytest.mark.long
@pytest.mark.parametrize("name", SHAPES)
def test_every_command_copes_with_every_shape(name, tmp_path):
    _try(name, tmp_path, once)


@pytest.mark.long
@pytest.mark.parametrize("name", VARIED)
def test_varying_a_definition_copes(name, tmp_path):
    _try(name, tmp_path, varied)


def _try(name: str, place, wanted) -> None:
    records = SHAPES[name].write(place / "records")
    result = run(records, place / "result", definitions=SHAPES[name].definitions)
    try_commands(result, records, place, wanted)
    if wanted is not varied:
        try_pages(result)
