"""The command line as a user meets it: one clear message, a documented exit code, nothing half-written."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stepwell.simulate import simulate


def stepwell(*arguments, cwd=None) -> subprocess.CompletedProcess:
    environment = {**os.environ, "COLUMNS": "120", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "stepwell", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=300)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    done = stepwell("demo", "--out", folder / "demo", "--people", "300")
    assert done.returncode == 0, done.stderr
    return folder / "demo", done


def test_the_demo_writes_a_report_and_says_where(demo):
    folder, done = demo
    (page,) = folder.rglob("report.html")
    assert str(page.resolve()) in done.stdout.replace("\n", "")
    (programme,) = folder.rglob("programme.html")
    assert str(programme.resolve()) in done.stdout.replace("\n", "")
    words = programme.read_text("utf-8")
    assert "of withheld" not in words
    assert "at 24 hours" in words
    assert "WSAS" in words
    assert "nobody in them exists" in done.stdout
    assert not list(folder.rglob("*.partial"))


def test_the_demo_suggests_a_command_that_works(demo):
    _, done = demo
    command = (
        next(line for line in done.stdout.splitlines() if "stepwell why" in line).split("stepwell why ")[1].split()
    )
    told = stepwell("why", *command)
    assert told.returncode == 0, told.stderr
    assert "✓" in told.stdout
    assert "clinicians decide" in told.stdout
    assert "988" in told.stdout
    assert "911" in told.stdout


def test_why_as_json_gives_the_declared_rows(demo):
    from stepwell.tables import EVIDENCE

    folder, _ = demo
    rows = json.loads(stepwell("why", folder / "result", "1", "--json").stdout)["answer"]
    assert rows
    for row in rows:
        assert set(row) == set(EVIDENCE.by_name)


def test_check_says_what_can_be_answered_and_writes_nothing(demo):
    folder, _ = demo
    before = sorted(p.name for p in (folder / "records").iterdir())
    done = stepwell("check", folder / "records")
    assert done.returncode == 0, done.stderr
    assert "sforzini-2022" in done.stdout
    assert sorted(p.name for p in (folder / "records").iterdir()) == before
    assert json.loads(stepwell("check", folder / "records", "--json").stdout)["answer"]


def test_run_refuses_to_overwrite_and_says_how_to(demo):
    folder, _ = demo
    done = stepwell("run", folder / "records", "--out", folder / "result")
    assert done.returncode == 12
    assert "--replace" in done.stderr


def test_simulated_people_are_said_to_be_none(tmp_path):
    """And how much of the model nobody has read, as simulation.json names it."""
    done = stepwell("simulate", "--people", 5, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "out" / "simulation.json").read_text("utf-8"))
    said = re.search(
        r"Nobody in them exists\. .* (\d+) are assumed and (\d+) only recalled", " ".join(done.stdout.split())
    )
    assert sum(map(int, said.groups())) == len(told["unverified"])


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "{records}", "--out", "{new}", "--definition", "sforzini"), 12, "sforzini-2022"),
        (("run", "{nowhere}", "--out", "{new}"), 11, "OMOP"),
        (("check", "{empty}"), 11, "person"),
        (("why", "{result}", "no-such-person"), 12, "source_person_id"),
        (("why", "{result}", "1", "--definition", "nonsense"), 12, "nonsense"),
        (("why", "{empty}", "1"), 12, "run.json"),
        (("report", "{empty}"), 12, "run.json"),
        (("knowledge", "show", "sertralin"), 12, "stepwell knowledge list"),
        (("simulate", "--people", "10", "--out", "{empty}", "--noise", "loud"), 12, "realistic"),
        (("run", "{records}"), 2, "--out"),
    ],
)
def test_each_mistake_has_one_message_and_its_code(demo, tmp_path, arguments, code, words):
    folder, _ = demo
    (tmp_path / "empty").mkdir()
    places = {
        "records": folder / "records",
        "result": folder / "result",
        "new": tmp_path / "new",
        "nowhere": tmp_path / "nowhere",
        "empty": tmp_path / "empty",
    }
    done = stepwell(*(a.format(**places) for a in arguments))
    assert done.returncode == code, done.stderr
    assert words in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty"]
    assert not list((tmp_path / "empty").iterdir())


def test_a_misspelt_field_in_a_definition_names_the_line(demo, tmp_path):
    folder, _ = demo
    import stepwell.knowledge as room

    packaged = Path(room.__file__).parent / "data/definition/sforzini-2022.yaml"
    text = packaged.read_text("utf-8").replace("id: sforzini-2022", "id: mine").replace("min_duration:", "min_duraton:")
    (tmp_path / "mine.yaml").write_text(text, "utf-8")
    line = next(n for n, t in enumerate(text.splitlines(), 1) if "min_duraton" in t)
    done = stepwell("run", folder / "records", "--out", tmp_path / "out", "--definition-file", tmp_path / "mine.yaml")
    assert done.returncode == 10, done.stderr
    assert f"mine.yaml:{line}" in done.stderr
    assert "min_duration" in done.stderr
    assert not (tmp_path / "out").exists()


def test_knowledge_lists_and_shows_cards():
    listed = stepwell("knowledge", "list")
    assert listed.returncode == 0, listed.stderr
    for entry in ("sforzini-2022", "phq-9", "star-d", "doses"):
        assert entry in listed.stdout
        shown = stepwell("knowledge", "show", entry)
        assert shown.returncode == 0, shown.stderr
    assert "25 %" in stepwell("knowledge", "show", "sforzini-2022").stdout


def test_a_template_that_is_not_filled_in_says_so_and_a_filled_one_runs(tmp_path):
    made = stepwell("template", tmp_path / "mine")
    assert made.returncode == 0, made.stderr
    again = stepwell("template", tmp_path / "mine")
    assert again.returncode in (11, 12)
    assert "Traceback" not in again.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_stopping_with_ctrl_c_leaves_nothing(tmp_path):
    simulate(3000, 5, tmp_path / "records")
    process = subprocess.Popen(
        [sys.executable, "-m", "stepwell", "run", str(tmp_path / "records"), "--out", str(tmp_path / "out")],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # A test suite run in the background ignores Ctrl-C, and so would what it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("out.partial")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert [p.name for p in tmp_path.iterdir()] == ["records"]


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_ctrl_c_in_code_that_was_text_has_the_same_exit_code(tmp_path):
    code = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nwhile True: pass"
    program = f"import stepwell.cli as cli\ncli.app = lambda: exec({code!r}, {{}})\ncli.main()\n"
    (tmp_path / "stopped.py").write_text(program)
    ended = subprocess.run(
        [sys.executable, "-m", "stopped"],
        cwd=tmp_path,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert ended.returncode == 130
