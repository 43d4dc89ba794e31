"""The clinic app as a user runs it: commands in a process of their own, on a directory of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PASSWORD = "a long pass phrase of tests"
_SAID = ("--name", "Lakeside", "--time-zone", "America/Chicago", "--administrator", "admin")


def command(*arguments, given: str = "") -> subprocess.CompletedProcess:
    """`stepwell clinic ...`, with what is typed."""
    call = [sys.executable, "-m", "stepwell", "clinic", *map(str, arguments)]
    return subprocess.run(call, input=given, capture_output=True, text=True, timeout=120)


def made(path: Path, database: str = "sqlite") -> Path:
    """A new clinic."""
    done = command("init", path, *_SAID, "--database", database, given=f"{PASSWORD}\n{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    return path


def inside(path: Path, code: str) -> str:
    """What Python code prints that runs in the clinic's directory."""
    start = f"from pathlib import Path; from stepwell.clinic import commands; commands.opened(Path({str(path)!r}))\n"
    call = [sys.executable, "-c", start + code]
    done = subprocess.run(call, capture_output=True, text=True, timeout=550, env=os.environ.copy())
    assert done.returncode == 0, done.stderr
    return done.stdout
