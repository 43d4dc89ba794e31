"""The folder that a result grows in: made beside the result, marked as stepwell's own, put in its place.

Nothing is removed from a folder without the mark, and from a folder with it nothing but what stepwell writes: a note, a copy
of the records or a link that lies among the tables stops a replacement before it begins.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from stepwell.errors import Problem, QuestionError, UnfinishedError
from stepwell.output import cannot_write, check_name, is_own_file, new_parents
from stepwell.tables import DERIVED, RECORDS

MARK = ".stepwell"
"""The file that says whose a folder is."""

_MARKED = "stepwell made this folder, and may replace it or remove it. Keep files of your own elsewhere.\n"
_TABLES = frozenset(table.name for table in (*RECORDS, *DERIVED))
_FILES = re.compile(r"\.stepwell|run\.json|timing\.json|definition/\d+-[^/]+|[a-z_]+/part-\d+\.parquet")

_CANNOT = "The result folder cannot be written."
_SHOWN = 5
_FULL = {
    errno.ENOSPC: "there is no room left on the disk",
    errno.EDQUOT: "this user may not store more on the disk",
    errno.EFBIG: "this user may not write files of that size",
}
# DuckDB says what the system said, in the C library's words, and gives no number.
_WORDS = {"No space left": errno.ENOSPC, "Disk quota": errno.EDQUOT, "File too large": errno.EFBIG}


def say_full(error: Exception) -> str | None:
    """What is to be said of a write that found no room; None of any other error."""
    number = error.errno if isinstance(error, OSError) else None
    number = number or next((n for words, n in _WORDS.items() if words in str(error)), None)
    return _FULL.get(number)


@contextmanager
def told_when_full(folder: Path) -> Iterator[None]:
    """Turns a write that found no room on the disk, and work that found none in memory, into an `UnfinishedError`."""
    try:
        yield
    except (OSError, duckdb.IOException, duckdb.FatalException, duckdb.OutOfMemoryException) as error:
        if found := say_full(error):
            remedy = "make room there, or name a folder on another disk with --out"
            problem = Problem(str(folder), found, "room for the records and the result", remedy)
            raise UnfinishedError("The result could not be written.", [problem]) from None
        if isinstance(error, duckdb.OutOfMemoryException):
            remedy = "give more with --memory, or work with fewer --threads, each of which needs memory of its own"
            problem = Problem("--memory", "the work did not fit into it", "more memory", remedy)
            raise UnfinishedError("The memory was not enough.", [problem]) from None
        raise


@contextmanager
def partial_folder(out: Path, replace_existing: bool) -> Iterator[Path]:
    """The folder beside the result, new or left by a run that was stopped, for the block to fill and to put in its place.

    Where the block fails, missing folders above it that were made for it go again, unless it leaves something there.
    Raises `QuestionError` where the result may not be written: where something is there that stepwell did not make, or that
    holds what stepwell did not write.
    """
    with new_parents(out, _CANNOT):
        try:
            yield _make_partial(out, replace_existing)
        except BaseException:
            leave_if_empty(_partial_of(out))
            raise


def _make_partial(out: Path, replace_existing: bool) -> Path:
    partial = _partial_of(out)
    try:
        check_name(out)
        if os.path.lexists(out) and not replace_existing:
            remedy = "name another folder with --out, or add --replace"
            raise QuestionError(
                "The result folder is already there.", [Problem(str(out), "exists", "a new folder", remedy)]
            )
        for place in (out, _old(out), partial) if os.path.lexists(out) else (partial,):
            _check_own(place)
        make_own(partial)
        (partial / "work").mkdir(exist_ok=True)
    except (OSError, ValueError) as error:
        raise cannot_write(out, error, _CANNOT) from None
    return partial


def _partial_of(out: Path) -> Path:
    # One name for every run of the same result: what a killed run left behind is found, and continued or replaced.
    # Absolute: Arrow takes a relative path such as `s3:out/x` for an address.
    return out.absolute().with_name(f"{out.name}.partial")


def make_own(folder: Path) -> None:
    """Makes a folder and marks it; one that is there and empty is marked too. What is there already was checked."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text(_MARKED, "utf-8")


def remove_own(folder: Path) -> None:
    """Removes a folder that stepwell made with all that it wrote there. Whatever else is in it stays, and so does a link."""
    if folder.is_symlink() or not (folder / MARK).is_file():
        return
    strangers = _strangers(folder)
    for entry in [entry for entry in folder.iterdir() if entry not in strangers and entry.name != MARK]:
        if not entry.is_dir():
            entry.unlink()
        elif not any(entry in path.parents for path in strangers):
            shutil.rmtree(entry)
        else:
            for path in [path for path in entry.iterdir() if path not in strangers]:
                path.unlink()
    if not strangers:
        (folder / MARK).unlink()
        folder.rmdir()


def leave_if_empty(partial: Path) -> None:
    """Takes back a folder in which nobody has begun to write."""
    with suppress(OSError, ValueError):  # a name that is no path is told by what made it
        (partial / "work").rmdir()
    with suppress(OSError, ValueError):
        if [entry.name for entry in partial.iterdir()] == [MARK]:
            (partial / MARK).unlink()
            partial.rmdir()


def put_in_place(partial: Path, out: Path, replace_existing: bool) -> None:
    """Everything is done: the folder takes the result's name, and what had it goes.

    Raises `UnfinishedError`, and keeps what was done, where something came into the way since the run began.
    """
    try:
        if os.path.lexists(out) and not replace_existing:
            remedy = "move it away"
            raise QuestionError("It is there now.", [Problem(str(out), "appeared meanwhile", "nothing there", remedy)])
        _check_own(out)
        shutil.rmtree(partial / "work")
        if out.exists():
            remove_own(_old(out))
            out.rename(_old(out))
        partial.rename(out)
    except QuestionError as error:
        raise UnfinishedError("The result is done, and cannot be put in its place.", error.problems) from None
    remove_own(_old(out))


def clear_away(partial: Path, keep: Path) -> None:
    """Clears away what a killed run of another question left behind; the lock of this run stays."""
    _check_own(partial)
    for entry in (*partial.iterdir(), *keep.iterdir()):
        if entry.is_dir() and entry != keep and entry.name != "spill":
            shutil.rmtree(entry)
        elif entry.is_file() and entry.name not in ("lock", MARK):
            entry.unlink()


def _old(out: Path) -> Path:
    """Where a result waits that is being replaced."""
    return out.with_name(f"{out.name}.old.partial")


def _check_own(folder: Path) -> None:
    """Raises `QuestionError` where a folder is there that stepwell did not make, or that holds what it did not write."""
    if not os.path.lexists(folder) or (folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir())):
        return
    title = "There is something else in the place of the result."
    if folder.is_symlink() or not folder.is_dir():
        found = "is a link" if folder.is_symlink() else "is a file"
    elif not (folder / MARK).is_file():
        found = f"was not made by stepwell: it has no file {MARK}"
    elif strangers := _strangers(folder):
        names = ", ".join(str(path.relative_to(folder)) for path in strangers[:_SHOWN])
        more = f" and {len(strangers) - _SHOWN} more" if len(strangers) > _SHOWN else ""
        found = f"holds what stepwell did not write: {names}{more}"
    else:
        return
    remedy = "move it away, or name another folder with --out"
    raise QuestionError(
        title, [Problem(str(folder), found, "a folder that stepwell made, with nothing else in it", remedy)]
    )


def _strangers(folder: Path) -> list[Path]:
    """What stepwell did not write in a folder: links, files and folders of other names. A page says itself whose it is."""
    found = []
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink():
            found.append(entry)
        elif entry.is_dir() and entry.name in _TABLES | {"definition"}:
            found += [path for path in sorted(entry.iterdir()) if not _is_ours(path, folder)]
        elif not (entry.is_dir() and entry.name == "work") and not _is_ours(entry, folder):
            found.append(entry)
    return found


def _is_ours(file: Path, folder: Path) -> bool:
    if file.is_symlink() or not file.is_file():
        return False
    return bool(_FILES.fullmatch(file.relative_to(folder).as_posix())) or (file.suffix == ".html" and is_own_file(file))
