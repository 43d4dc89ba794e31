"""Paths as readers and SQL must be given them: a path names one file, whatever characters stand in it.

DuckDB takes a path with `*`, `?` or `[` for a pattern and has no escape for it; a path relative to the working folder may
also look like an address (`s3:`, `file:`) or a home folder (`~`). Everything that hands a path to DuckDB takes it from here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from stepwell.errors import Problem

# Within a pattern DuckDB takes `\` for a separator. This class holds every ASCII character but `\`, and is negated.
_BACKSLASH = "[!]-\x7f\x01-[]"


def pattern(path: Path | str, below: str = "") -> str:
    """The pattern that matches exactly this path, for DuckDB's readers: `rec[1]` becomes `/data/rec[[]1]`.

    `below` is a pattern of the files asked for below it, such as `*.parquet`.
    """
    text = os.path.abspath(path)
    if not below and not any(c in text for c in "*?["):
        return text
    escaped = "".join(f"[{c}]" if c in "*?[" else _BACKSLASH if c == "\\" else c for c in text)
    return f"{escaped}/{below}" if below else escaped


def patterns(paths: Iterable[Path | str]) -> list[str]:
    """The patterns that match exactly these paths."""
    return [pattern(path) for path in paths]


def literal(text: Path | str) -> str:
    """A text as SQL writes it: `it's` becomes `'it''s'`."""
    return "'" + str(text).replace("'", "''") + "'"


def shown(location: Path | str) -> str:
    """A location that was not found, as a message may repeat it: not at all where it may be an address with a password in it."""
    text = str(location)
    # A colon stands in addresses (`host:5432`), and after the letter of a Windows drive.
    is_suspect = re.search(r"[=@;]|(?<!^[a-z]):|:/|pass|pwd", text, re.IGNORECASE)
    return "the place that was named" if is_suspect else text


def parquet_parts(folder: Path) -> list[Path]:
    """The Parquet files below a folder, in order. Raises `OSError` where a folder in it may not be looked into."""

    def refused(error: OSError) -> None:
        raise error

    found = []
    for above, _, files in os.walk(folder, onerror=refused):
        found += [Path(above, name) for name in files if name.endswith(".parquet")]
    return sorted(found)


def file_problem(path: Path, expected: str) -> Problem | None:
    """What keeps a file from being read: it is not there, it is a folder, a pipe or a device, or this user may not read it.

    A pipe is refused because reading one waits for ever where nobody writes into it.
    """
    try:
        os.fsencode(path).decode("utf-8")
        if not path.exists():
            return Problem(str(path), "no such file", expected, "check the path")
        if not path.is_file():
            found = "is a folder" if path.is_dir() else "is a pipe or a device"
            return Problem(str(path), found, expected, "name a file")
        with path.open("rb"):
            return None
    except UnicodeDecodeError:
        return Problem(ascii(str(path)), "the path is not UTF-8", expected, "rename it")
    except OSError as error:
        return Problem(str(path), error.strerror or "cannot be read", expected, "check the path and your rights to it")
