"""Pages with what their commands print: `python tests/docs/play.py` runs every command again and writes the pages anew.

A comment `<!-- play: empty -->` or `<!-- play: demo -->` in a page says in which folder its commands are run: an
empty one, or one in which `stepwell demo` was run. From there on, a block `sh` that begins with `stepwell` holds one
command, and the block `text` after it what the command prints; `| head -n N` and `| tail -n N` show a part of that. A
block `python` is run, with what it prints in the block `text` after it. A block `diff` holds an edit of the file that
its first line names.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from typer.testing import CliRunner

from stepwell.cli import app
from stepwell.cli.app import err_console, out_console

ROOT = Path(__file__).parents[2]
_START = re.compile(r"^<!-- play: (empty|demo) -->$", re.MULTILINE)
_BLOCK = re.compile(r"^```(sh|python|diff)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
_PART = re.compile(r"\| (head|tail) -n (\d+)")


def played_pages() -> list[Path]:
    """The pages that say in which folder they are played."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in pages if _START.search(page.read_text("utf-8"))]


def play(text: str, folder: Path) -> str:
    """The page as it must read, its commands run and its edits made in that empty folder."""
    start = _START.search(text)
    shared: dict = {}
    with contextlib.chdir(folder):
        if start[1] == "demo":
            _printed("stepwell demo")
        return text[: start.end()] + _BLOCK.sub(lambda block: _played(block, shared), text[start.end() :])


def _played(block: re.Match, shared: dict) -> str:
    kind, content, shown = block.groups()
    if kind == "diff":
        _edit(content)
        return block[0]
    if kind == "python":
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(content, shared)
        return block[0] if shown is None else _blocks(kind, content, _plain(printed.getvalue()))
    command = content.strip().partition("  #")[0]
    if not command.startswith("stepwell "):
        return block[0]
    exit_code, printed = _printed(_PART.sub("", command))
    lines = printed.splitlines()
    for way, n in _PART.findall(command):
        lines = lines[: int(n)] if way == "head" else lines[-int(n) :]
    remark = f"  # exit code {exit_code}" if exit_code else ""
    return _blocks(kind, f"{command}{remark}\n", "\n".join(lines))


def _blocks(kind: str, content: str, printed: str) -> str:
    return f"```{kind}\n{content}```\n\n```text\n{printed}\n```\n"


def _printed(command: str) -> tuple[int, str]:
    """The exit code of a command and what it prints, without blanks at the ends of lines."""
    _program, *arguments = command.split()
    for console in (out_console, err_console):
        console.width = 100  # whatever the terminal was when the commands were first imported
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, _plain(done.output)


def _plain(printed: str) -> str:
    return "\n".join(line.rstrip() for line in printed.strip("\n").splitlines())


def _edit(content: str) -> None:
    """Puts the lines marked + in place of those marked -, which stand in the file once, one below the other."""
    name, *lines = content.splitlines()
    path = Path(name.removeprefix("--- "))
    old, new = ("".join(f"{line[1:]}\n" for line in lines if line[0] == sign) for sign in "-+")
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"in {path} stands {text.count(old)} times:\n{old}"
    path.write_text(text.replace(old, new), "utf-8")


def _play_again(pages: list[Path]) -> Iterator[Path]:
    for page in pages:
        with tempfile.TemporaryDirectory() as folder:
            page.write_text(play(page.read_text("utf-8"), Path(folder)), "utf-8")
        yield page


if __name__ == "__main__":
    import sys

    os.environ.pop("FORCE_COLOR", None)
    for page in _play_again([Path(name).resolve() for name in sys.argv[1:]] or played_pages()):
        print(page.relative_to(ROOT))
