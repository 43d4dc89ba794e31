"""Where outputs go: the one rule by which every command writes files and folders.

* What stepwell did not write, it does not change, move or remove.
* A file that is there already is replaced where `--replace` asks for it, or where it says itself that stepwell wrote it (a page
  does). A link, a folder, a pipe or a device is never written to.
* A file appears whole or not at all; so does a new folder. Whatever goes wrong, nothing half-written is left.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from stepwell.errors import Problem, QuestionError
from stepwell.text import for_spreadsheets

GENERATOR = '<meta name="generator" content="stepwell">'
"""Stands in the head of every page that stepwell writes."""

MADE_BY = "# Made by `stepwell "
"""How a text file begins that stepwell writes and may write anew."""

_MARK_WITHIN = 4096
_TITLE = "Nothing was written."


def check_file(out: Path | str, replace: bool = False) -> Path:
    """The path, where a file may be written there. Raises `QuestionError` otherwise; asked before the work, not after it."""
    out = Path(out)
    try:
        check_name(out)
        _refuse_parent(out)
        if out.is_symlink():
            raise _refused(out, "is a link", "a file that is no link", "name the place that it leads to")
        if out.is_dir():
            raise _refused(out, "is a folder", "a file", "name a file in it")
        if out.exists() and not out.is_file():
            raise _refused(out, "is a pipe or a device", "a file", "name a file")
        if out.exists() and not replace and not is_own_file(out):
            raise _refused(out, "exists already", "a new file", "name another one, or add --replace")
    except (OSError, ValueError) as error:
        raise cannot_write(out, error) from None
    return out


@contextmanager
def new_file(out: Path | str, replace: bool = False) -> Iterator[Path]:
    """A temporary path beside `out` to write to. It takes the place of `out` when the block ends well, and goes otherwise.

    Raises `QuestionError` as `check_file` does, and where the system refuses to write.
    """
    out = check_file(out, replace)
    # Absolute: Arrow takes a relative path such as `s3:out/x` for an address.
    partial = out.absolute().with_name(f".stepwell-{secrets.token_hex(6)}.partial")
    try:
        # Made here, so that it is this run's own; the system's umask says who may read it.
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        try:
            yield partial
            if out.exists():  # a page that was kept from others stays so
                partial.chmod(out.stat().st_mode & 0o777)
            check_file(out, replace)
            partial.replace(out)
        finally:
            with suppress(FileNotFoundError):
                partial.unlink()
    except OSError as error:
        raise cannot_write(out, error) from None


def write_text(out: Path | str, text: str, replace: bool = False) -> Path:
    """Writes a text file in UTF-8 and returns where it is. Raises `QuestionError` as `new_file` does."""
    with new_file(out, replace) as partial:
        partial.write_text(text, "utf-8", newline="\n")
    return Path(out)


def write_table(out: Path, rows: pa.Table, replace: bool = False) -> None:
    """Writes rows as Parquet where the name ends so, and otherwise as CSV for spreadsheets. Raises as `new_file` does."""
    with new_file(out, replace) as partial:
        if out.suffix.lower() == ".parquet":
            pyarrow.parquet.write_table(rows, partial)
        else:
            pyarrow.csv.write_csv(for_spreadsheets(rows), partial)


@contextmanager
def new_folder(out: Path | str, title: str = _TITLE) -> Iterator[Path]:
    """A folder to fill. What is in it stands in `out` when the block ends well; otherwise `out` is as it was.

    Raises `QuestionError` where `out` is there and holds something, or cannot be written.
    """
    try:
        check_name(Path(out))
        out = Path(out).absolute()
        is_there = os.path.lexists(out)
        if is_there and (not out.is_dir() or any(out.iterdir())):
            found = "already exists and is not empty" if out.is_dir() else "is no folder"
            raise _refused(out, found, "a new or empty folder", "name another one", title)
    except (OSError, ValueError) as error:
        raise cannot_write(out, error, title) from None
    with new_parents(out, title):
        partial = (out if is_there else out.parent) / f".stepwell-{secrets.token_hex(6)}.partial"
        try:
            partial.mkdir()
            yield partial
            if is_there:  # the folder stays the user's own, with the rights that it has
                for entry in partial.iterdir():
                    entry.rename(out / entry.name)
            else:
                partial.rename(out)
        except OSError as error:
            raise cannot_write(out, error, title) from None
        finally:
            shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def new_parents(out: Path, title: str = _TITLE) -> Iterator[None]:
    """Makes the folders above `out` that are missing. Where the block fails, removes them again if they are empty.

    Raises `QuestionError` where they cannot be made.
    """
    out = out.absolute()
    missing = []
    try:
        try:
            missing = [parent for parent in out.parents if not parent.exists()]
            out.parent.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            raise cannot_write(out, error, title) from None
        yield
    except BaseException:
        for parent in missing:  # the innermost first
            with suppress(OSError):
                parent.rmdir()
        raise


def check_name(out: Path) -> None:
    """Raises `OSError` for a path that is not UTF-8, which DuckDB, Arrow and YAML cannot write, and for an address."""
    try:
        os.fsencode(out).decode("utf-8")
    except UnicodeDecodeError:
        raise OSError(errno.EILSEQ, "the path is not UTF-8") from None
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/.*@", str(out), re.DOTALL):
        raise OSError(errno.EINVAL, "is an address, not a path")


def in_folder(out: Path | str, name: str) -> Path:
    """The file of that name where `out` is a folder, and otherwise `out`."""
    return Path(out, name) if os.path.isdir(out) else Path(out)


def cannot_write(out: Path, error: OSError | ValueError, title: str = _TITLE) -> QuestionError:
    """The error for a place that the system refuses."""
    found = getattr(error, "strerror", None) or "no path that this system knows"
    problem = Problem(
        str(out), f"cannot be written ({found})", "a place that may be written, with room", "name another"
    )
    return QuestionError(title, [problem])


def _refuse_parent(out: Path) -> None:
    if not out.parent.is_dir():
        raise _refused(out, f"there is no folder {out.parent}", "a folder that exists", "make it, or name another")


def _refused(out: Path, found: str, expected: str, remedy: str, title: str = _TITLE) -> QuestionError:
    return QuestionError(title, [Problem(str(out), found, expected, remedy)])


def is_own_file(file: Path) -> bool:
    """Whether a file says itself that stepwell wrote it."""
    with file.open("rb") as opened:
        head = opened.read(_MARK_WITHIN)
    return GENERATOR.encode() in head or head.startswith(MADE_BY.encode())
