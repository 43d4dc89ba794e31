"""No room on the disk: the one failure that any write may meet, told in one way."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from stepwell.errors import Problem, UnfinishedError

_FULL = {
    errno.ENOSPC: "there is no room left on the disk",
    errno.EDQUOT: "this user may not store more on the disk",
    errno.EFBIG: "this user may not write files of that size",
}
# DuckDB says what the system said, in the C library's words, and gives no number.
_WORDS = {"No space left": errno.ENOSPC, "Disk quota": errno.EDQUOT, "File too large": errno.EFBIG}


@contextmanager
def told_when_full(folder: Path) -> Iterator[None]:
    """Turns a write that found no room into an `UnfinishedError` that names the folder."""
    try:
        yield
    except (OSError, duckdb.IOException, duckdb.FatalException, duckdb.OutOfMemoryException) as error:
        number = error.errno if isinstance(error, OSError) else None
        number = number or next((n for words, n in _WORDS.items() if words in str(error)), None)
        if number not in _FULL:
            raise
        remedy = "make room there, or name a folder on another disk with --out"
        problem = Problem(str(folder), _FULL[number], "room for the records and the result", remedy)
        raise UnfinishedError("The result could not be written.", [problem]) from None
