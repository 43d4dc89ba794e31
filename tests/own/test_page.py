"""The page for those who do not program shows what happens: every command of it is run, every edit made."""

import runpy
from pathlib import Path

import pytest

PRINTER = Path(__file__).parent / "print_page.py"


@pytest.mark.long
def test_the_page_shows_what_the_commands_print(tmp_path):
    printer = runpy.run_path(str(PRINTER))
    text = printer["PAGE"].read_text("utf-8")
    assert printer["page"](text, tmp_path) == text, (
        "python tests/own/print_page.py > page && mv page docs/own-definition.md"
    )


def test_the_page_uses_every_command_of_the_group():
    import typer

    from stepwell.cli import app

    text = runpy.run_path(str(PRINTER))["PAGE"].read_text("utf-8")
    for name in typer.main.get_command(app).commands["definition"].commands:
        assert f"\nstepwell definition {name} " in text, name
