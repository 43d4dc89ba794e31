"""Imports run one way: the contracts of pyproject.toml (import-linter), and that these see what they should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def lint(folder: Path) -> tuple[int, str]:
    """Checks the contracts of the `pyproject.toml` in a folder with `src/stepwell`. A process of its own: import-linter looks for
    the package on the path of the process."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, 'src'); {LINT}", "--no-cache"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def test_imports_run_one_way():
    status, said = lint(ROOT)
    assert status == 0, said
    assert "4 kept, 0 broken" in said


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("rules/days.py", "from stepwell.sources import People", "The layers of the house"),
        ("rules/days.py", "from stepwell.paths import patterns", "The rules know tables and knowledge alone"),
        ("why/rows.py", "from stepwell.result import Result", "The layers of the house"),
        ("fetch/web.py", "from stepwell.tables import RECORDS", "Fetching knows nothing of depression"),
        ("rules/days.py", "from .person import judge_people", "No module imports itself by way of others"),
        ("newcomer.py", "", "The layers of the house"),
    ],
)
def test_an_import_the_other_way_is_found(tmp_path, file, line, broken):
    """A copy of the package with one import more."""
    for source in (ROOT / "src/stepwell").rglob("*.py"):
        copy = tmp_path / source.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    changed = tmp_path / "src/stepwell" / file
    changed.write_text((changed.read_text("utf-8") if changed.exists() else "") + f"\n{line}\n", "utf-8")
    status, said = lint(tmp_path)
    assert status == 1
    assert f"{broken} BROKEN" in said
