"""One process at a time in a folder: a lock of the operating system, by filelock."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING

from stepwell.errors import Problem, QuestionError

if TYPE_CHECKING:
    from filelock import FileLock

_CANNOT_LOCK = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ELOOP, errno.EACCES, errno.EPERM)


def hold_lock(file: Path, held: QuestionError) -> FileLock:
    """The lock on `file`, held until `release()` or until the process ends, even where it was killed.

    It never waits. Raises `held` where another process holds it, and another `QuestionError` where the file cannot be locked.
    """
    from filelock import FileLock, Timeout  # here: most commands lock nothing

    # No marker file where the file system has no locks: that of a process killed on another machine would stop every later run.
    lock = FileLock(file, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise held from None
    except OSError as error:
        if error.errno not in _CANNOT_LOCK:
            raise
        problem = Problem(
            str(file),
            f"cannot be locked ({error.strerror})",
            "a file that may be written, on a disk that knows locks",
            "name another folder with --out",
        )
        raise QuestionError("The folder cannot be locked.", [problem]) from None
    return lock
