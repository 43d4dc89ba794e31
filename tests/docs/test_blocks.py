"""Every block of shell or Python in every page is run, or stands here with the reason why it is not.

Pages with a mark `<!-- play: ... -->` are played by test_pages.py, from their mark on. All other blocks are run here, on two
people: words such as RESULT and PERSON are filled in. What is not run is still read by the command line, so that no option in a
page is unknown.
"""

from __future__ import annotations

import contextlib
import io
import re
import runpy
import shlex
import shutil
from pathlib import Path

import click
import pytest
import typer
from record_shapes import SHAPES
from typer.testing import CliRunner

import stepwell
from stepwell.cli import app

ROOT = Path(__file__).parents[2]
PLAY = runpy.run_path(str(Path(__file__).parent / "play.py"))
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

NOT_RUN = {
    "python3 -m venv": "sets up an environment: .ci/run and the reader do",
    "uv sync": "the same",
    "uv run": "the tests themselves",
    "bash .ci/run": "the tests themselves",
    "pip install": "network",
    "pipx install": "network",
    "smart-fetch": "a program of others, and a server",
    "openssl": "a program of others",
    "stepwell demo": "a minute; the README and others are played in what it leaves",
    "stepwell open": "serves until it is stopped: tests/serve",
    "stepwell clinic": "serves, or needs an app that is set up: tests/clinic",
    "stepwell run out/csv": "needs what a clinic exported: tests/clinic/test_exchange_export.py",
    "stepwell fhir": "needs a server: tests/fetch",
    "stepwell check export/": "needs an export of FHIR: tests/sources/fhir",
    "stepwell run export/": "the same",
    "stepwell run patient.json": "needs a bundle: tests/sources/fhir",
    "stepwell why patient.json": "the same: tests/cli",
    'stepwell check "postgresql': "needs PostgreSQL: tests/engines",
    'stepwell run "postgresql': "the same",
    "stepwell run spark": "needs Spark: tests/engines",
    "stepwell run /data/omop --engine spark": "the same",
    "stepwell review": "needs people enough, and forms that clinicians filled in: docs/review.md is run by tests/review",
    "stepwell validate": "minutes: tests/cli/test_json.py runs it on 100 people",
    "stepwell calibrate": "minutes: tests/calibrate",
    "stepwell what-if": "minutes: tests/whatif",
    "stepwell bench": "minutes: tests/bench",
    "stepwell simulate --people 1000": "done on fewer people in the tutorials",
}
"""How lines of shell begin that are not run, with the reason."""

NOT_RUN_PYTHON = {
    "docs/clinic-messages.md": "calls the program of a provider: tests/clinic/test_measures_outbox.py runs a command of its kind",
    "docs/engines.md": "needs PostgreSQL: tests/engines",
    "docs/review.md": "needs people enough, and forms that clinicians filled in: tests/review",
    "docs/simulator.md": "draws the lives of 10,000 people: tests/simulate",
    "docs/what-if.md": "minutes: tests/whatif",
}
"""Pages whose Python is not run, with the reason."""

FILLED = {"RECORDS": "records", "RESULT": "result", "PERSON": "ann", "ID": "us-label", "12345": "ann", "678": "bob"}
NEW = {"DIR": "new", "FOLDER": "new", "FILE": "new.yaml", "scored.parquet": "scored.parquet"}
ITEMS = "person_id," + ",".join(f"q{n}" for n in range(1, 10)) + "\nann,1,2,0,1,2,3,0,1,0\nbob,1,2,,1,2,3,0,1,0\n"


def blocks():
    """The page, language and text of every block that no other test plays."""
    for page in sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")}):
        text = page.read_text("utf-8")
        start = PLAY["_START"].search(text)
        for found in _BLOCK.finditer(text):
            kind, content = found.groups()
            is_played = start and found.start() > start.end() and (kind == "python" or content.startswith("stepwell "))
            if not is_played:
                yield str(page.relative_to(ROOT)), kind, content


def lines():
    """The lines of shell, without their remarks."""
    for page, kind, content in blocks():
        if kind == "sh":
            for line in content.splitlines():
                command = re.split(r"\s+#(?:\s|$)", line, maxsplit=1)[0].strip()
                if command:
                    yield page, command


def reason(line: str) -> str | None:
    """Why a line of shell is not run; None for one that is."""
    return next((why for begin, why in NOT_RUN.items() if line.startswith(begin)), None)


LINES = list(dict.fromkeys(lines()))
RUN = list({line: (page, line) for page, line in LINES if reason(line) is None}.values())
PYTHON = [(page, content) for page, kind, content in blocks() if kind == "python" and page not in NOT_RUN_PYTHON]


def test_every_reason_is_still_needed():
    assert [begin for begin in NOT_RUN if not any(line.startswith(begin) for _, line in LINES)] == []
    with_python = {page for page, kind, _ in blocks() if kind == "python"}
    assert set(NOT_RUN_PYTHON) <= with_python
    assert all(line.startswith("stepwell ") for _, line in RUN), RUN
    assert {kind for _, kind, _ in blocks()} <= {"", "sh", "python", "text", "diff", "yaml", "json"}


@pytest.mark.parametrize(("page", "line"), [x for x in LINES if x[1].startswith("stepwell ")], ids=lambda x: x[:60])
def test_the_command_line_knows_every_word(page, line, monkeypatch):
    """Commands, options and the number of arguments; nothing is run."""
    monkeypatch.setattr("sys.stdin", io.StringIO("word\n" * 9))  # for a command that asks for what is not given
    words = shlex.split(line.partition(" > ")[0])[1:]
    command, name = typer.main.get_command(app), "stepwell"
    while isinstance(command, click.Group) or hasattr(command, "commands"):
        name, *words = words
        assert name in command.commands, f"{page}: {line}"
        command = command.commands[name]
    with command.make_context(name, words):
        pass


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with records, a result of several definitions, and answers to a questionnaire."""
    folder = tmp_path_factory.mktemp("blocks")
    shape = SHAPES["all definitions"]
    records = shape.write(folder / "made")
    Path(records).rename(folder / "records")
    asked = ["kubitz-2013", "liu-2021", "us-label", "sforzini-2022", "clinic-two-classes"]
    stepwell.run(folder / "records", folder / "result", definitions=asked)
    (folder / "items.csv").write_text(ITEMS, "utf-8")
    (folder / "ITEMS.csv").write_text(ITEMS, "utf-8")
    return folder


@pytest.mark.long
@pytest.mark.parametrize(("page", "line"), RUN, ids=lambda x: x[:60])
def test_the_line_does_what_the_page_says(page, line, place):
    for name in {*NEW.values()}:
        shutil.rmtree(place / name, ignore_errors=True)
        (place / name).unlink(missing_ok=True)
    words = shlex.split(line.partition(" > ")[0])[1:]
    filled = FILLED | NEW
    if words[0] == "run":  # the result that the other lines read stays as it is
        filled["RESULT"] = NEW["DIR"]
    words = [filled.get(word, word) for word in words]
    with contextlib.chdir(place):
        done = CliRunner().invoke(app, words)
    refused = (
        "read from OMOP's table person" in done.output
    )  # an export of episodes needs a CDM, which these records are not
    assert done.exit_code == 0 or refused, f"{page}: {line}\n{done.output}"


@pytest.mark.long
@pytest.mark.parametrize(("page", "content"), PYTHON, ids=lambda x: x[:40])
def test_the_python_of_the_page_runs(page, content, place, tmp_path):
    shutil.copytree(place, tmp_path / "copy")
    for word, filled in FILLED.items():
        content = re.sub(rf'"{word}"', f'"{filled}"', content)
    with contextlib.chdir(tmp_path / "copy"):
        exec(content.replace('out="result"', 'out="another"'), {})
