"""docs/own-definition.md with every command run again: `python tests/own/print_page.py > page && mv page docs/own-definition.md`.

In the page, a block `sh` holds one command and the block `text` after it what the command prints; a block `diff` holds an edit of
the file that its first line names. All of it happens in one folder that is empty at first.
"""

import contextlib
import os
import re
import sys
import tempfile
from pathlib import Path

from typer.testing import CliRunner

from stepwell.cli import app
from stepwell.cli.app import err_console, out_console

PAGE = Path(__file__).parents[2] / "docs/own-definition.md"
_BLOCK = re.compile(r"^```(sh|diff)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)


def page(text: str, folder: Path) -> str:
    """The page as it must read, its commands run and its edits made in that folder."""
    with contextlib.chdir(folder):
        return _BLOCK.sub(_played, text)


def _played(block: re.Match) -> str:
    kind, content, _ = block.groups()
    if kind == "diff":
        _edit(content)
        return block[0]
    command = content.strip().partition("  #")[0]
    program, *arguments = command.split()
    assert program == "stepwell", command
    for console in (out_console, err_console):
        console.width = 100  # whatever the terminal was when the commands were first imported
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    remark = f"  # exit code {done.exit_code}" if done.exit_code else ""
    printed = "\n".join(line.rstrip() for line in done.output.strip("\n").splitlines())
    return f"```sh\n{command}{remark}\n```\n\n```text\n{printed}\n```\n"


def _edit(content: str) -> None:
    """Puts the lines marked + in place of those marked -, which stand in the file once, one below the other."""
    name, *lines = content.splitlines()
    path = Path(name.removeprefix("--- "))
    old, new = ("".join(f"{line[1:]}\n" for line in lines if line[0] == sign) for sign in "-+")
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"in {path} stands {text.count(old)} times:\n{old}"
    path.write_text(text.replace(old, new), "utf-8")


if __name__ == "__main__":
    os.environ.pop("FORCE_COLOR", None)
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(page(PAGE.read_text("utf-8"), Path(folder)))
