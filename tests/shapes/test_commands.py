"""Every command that takes a result, with every option that changes what it does, on results of every shape that `run` accepts.

`python -m pytest -m shapes` runs them all; the default suite runs one shape, `-m long` the others. The commands and their options
are read from the application itself: one that is not tried here fails a test.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import typer
from every_command import TRIED, first, once, try_commands, varied
from record_shapes import SHAPES

from stepwell.cli import app
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


def _about_results() -> dict[str, object]:
    return {words: c for words, c in _commands() if any(p.name == "result" for p in c.params)}


def test_every_command_that_takes_a_result_is_tried():
    assert set(_about_results()) == set(TRIED)


@pytest.mark.parametrize("words", sorted(TRIED))
def test_every_option_of_such_a_command_is_tried(words):
    options = {p.opts[0] for p in _about_results()[words].params if p.opts[0].startswith("-")} - {"--help"}
    assert options == {word for line in TRIED[words] for word in line.split() if word.startswith("--")}


def test_every_command_copes_with_a_result_without_definitions(tmp_path):
    _try(QUICK, tmp_path, first)


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
    try_commands(run(records, place / "result", definitions=SHAPES[name].definitions), records, place, wanted)
