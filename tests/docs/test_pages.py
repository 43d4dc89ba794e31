"""Pages show what happens: every command of them is run, every edit made."""

import runpy
from pathlib import Path

import pytest

PLAY = runpy.run_path(str(Path(__file__).parent / "play.py"))
PAGES = {str(page.relative_to(PLAY["ROOT"])): page for page in PLAY["played_pages"]()}


@pytest.mark.long
@pytest.mark.parametrize("name", PAGES)
def test_the_page_shows_what_the_commands_print(name, tmp_path):
    text = PAGES[name].read_text("utf-8")
    assert PLAY["play"](text, tmp_path) == text, f"python tests/docs/play.py {name}"


def test_the_readme_and_the_tutorials_are_played():
    assert {"README.md", "docs/own-definition.md"} <= set(PAGES)


def test_the_page_of_own_definitions_uses_every_command_of_the_group():
    import typer

    from stepwell.cli import app

    text = PAGES["docs/own-definition.md"].read_text("utf-8")
    for name in typer.main.get_command(app).commands["definition"].commands:
        assert f"\nstepwell definition {name} " in text, name
