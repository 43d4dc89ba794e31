"""Without the extra `clinic`, stepwell starts, and `stepwell clinic` says in one sentence what to install."""

from __future__ import annotations

import subprocess
import sys

_WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("django", "allauth", "axes", "csp", "waitress"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
import importlib.util
real = importlib.util.find_spec
def find_spec(name, *more):
    try:
        return real(name, *more)
    except ModuleNotFoundError:
        return None
importlib.util.find_spec = find_spec
sys.argv = ["stepwell", *sys.argv[1:]]
from stepwell.cli import main
main()
"""


def _run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", _WITHOUT, *arguments], capture_output=True, text=True, timeout=120)


def test_the_other_commands_start(tmp_path):
    assert _run("--help").returncode == 0
    assert _run("template", str(tmp_path / "records")).returncode == 0
    assert _run("clinic", "--help").returncode == 0


def test_the_clinic_says_what_to_install(tmp_path):
    for arguments in (("run", "d"), ("demo", "d"), ("backup", "d", "f"), ("export", "d", "o"), ("verify", "d")):
        told = _run("clinic", *arguments)
        assert told.returncode == 12
        assert "pip install 'stepwell[clinic]'" in told.stderr
        assert "Traceback" not in told.stderr
