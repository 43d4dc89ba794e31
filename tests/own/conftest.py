"""What the tests of a definition of one's own share: the packaged knowledge, and a command run as a user would."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from stepwell.cli import app
from stepwell.knowledge.loader import load


@pytest.fixture(scope="session")
def knowledge():
    return load()


@pytest.fixture
def stepwell():
    """Runs a command; gives its exit code and everything that it printed."""

    def run(*arguments) -> tuple[int, str]:
        done = CliRunner().invoke(
            app, [str(a) for a in arguments], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
        )
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    return run
