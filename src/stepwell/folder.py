"""The folder that a result grows in: made beside the result, cleared, put in its place. And what is said where room runs out."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from stepwell.errors import Problem, QuestionError, UnfinishedError

_FULL = {
    errno.ENOSPC: "there is no room left on the disk",
    errno.EDQUOT: "this user may not store more on the disk",
    errno.EFBIG: "this user may not write files of that size",
}
# DuckDB says what the system said, in the C library's words, and gives no number.
_WORDS = {"No space left": errno.ENOSPC, "Disk quota": errno.EDQUOT, "File too large": errno.EFBIG}


@contextmanager
def told_when_full(folder: Path) -> Iterator[None]:
    """Turns a write that found no room on the disk, and work that found none in memory, into an `UnfinishedError`."""
    try:
        yield
    except (OSError, duckdb.IOException, duckdb.FatalException, duckdb.OutOfMemoryException) as error:
        number = error.errno if isinstance(error, OSError) else None
        number = number or next((n for words, n in _WORDS.items() if words in str(error)), None)
        if number in _FULL:
            remedy = "make room there, or name a folder on another disk with --out"
            problem = Problem(str(folder), _FULL[number], "room for the records and the result", remedy)
            raise UnfinishedError("The result could not be written.", [problem]) from None
        if isinstance(error, duckdb.OutOfMemoryException):
            remedy = "give more with --memory, or work with fewer --threads, each of which needs memory of its own"
            problem = Problem("--memory", "the work did not fit into it", "more memory", remedy)
            raise UnfinishedError("The memory was not enough.", [problem]) from None
        raise


def make_partial(out: Path, replace_existing: bool) -> Path:
    """The folder beside the result. Raises `QuestionError` where the result may not be written."""
    if out.exists() and not replace_existing:
        raise QuestionError(
            "The result folder is already there.",
            [Problem(str(out), "exists", "a new folder", "name another folder with --out, or add --replace")],
        )
    if out.exists() and not (out / "run.json").is_file():
        raise QuestionError(
            "The folder to replace is no stepwell result.",
            [Problem(str(out), "has no run.json", "a folder that stepwell wrote", "name another folder")],
        )
    # One name for every run of the same result: what a killed run left behind is found, and continued or replaced.
    partial = out.with_name(f"{out.name}.partial")
    try:
        (partial / "work").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise QuestionError(
            "The result folder cannot be written.",
            [
                Problem(
                    str(out), error.strerror or "not writable", "a folder that may be written", "name another folder"
                )
            ],
        ) from None
    return partial


def leave_if_empty(partial: Path) -> None:
    """Takes back a folder in which nobody has begun to write."""
    with suppress(OSError):
        (partial / "work").rmdir()
        partial.rmdir()


def put_in_place(partial: Path, out: Path) -> None:
    """Everything is done: the folder takes the result's name, and what had it goes."""
    shutil.rmtree(partial / "work")
    if out.exists():
        old = out.with_name(f"{out.name}.old.partial")
        shutil.rmtree(old, ignore_errors=True)
        out.rename(old)
        partial.rename(out)
        shutil.rmtree(old)
    else:
        partial.rename(out)


def clear_away(partial: Path, keep: Path) -> None:
    """Clears away what a killed run of another question left behind; the lock of this run stays."""
    for entry in (*partial.iterdir(), *keep.iterdir()):
        if entry.is_dir() and entry != keep and entry.name != "spill":
            shutil.rmtree(entry)
        elif entry.is_file() and entry.name != "lock":
            entry.unlink()
