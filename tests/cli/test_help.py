"""`stepwell --help`: every command stands in the group of what a user wants to do."""

from __future__ import annotations

import typer
from typer.testing import CliRunner

from stepwell.cli import app
from stepwell.cli.app import GROUPS


def test_every_command_is_in_exactly_one_group():
    grouped = [name for members in GROUPS.values() for name in members]
    assert len(grouped) == len(set(grouped))
    assert set(typer.main.get_command(app).commands) <= set(grouped)


def test_help_lists_the_groups_in_order_and_begins_with_running():
    told = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}).output
    places = [told.index(f"─ {group} ─") for group in GROUPS]
    assert places == sorted(places)
    assert told.index("demo") < told.index("bench")
    assert "─ Commands ─" not in told
