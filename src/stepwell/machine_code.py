"""Compiles plain Python functions to machine code with Numba, and keeps the machine code on disk where that is possible.

With `NUMBA_DISABLE_JIT=1` the same functions run as plain Python, for the debugger.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from numba import config, njit
from numba.core.dispatcher import Dispatcher
from numba.core.types import unliteral

try:
    import fcntl
except ImportError:  # Windows: processes that start at one time each compile (filelock has no lock that readers share)
    fcntl = None


def compile_function(function: Callable, sources: Iterable[Path], *, is_called_from_python: bool = True) -> Callable:
    """The function in machine code, with IEEE arithmetic to the letter and without Python's global lock. A function that only
    compiled code calls needs no wrapper, which would take as long to compile as the function itself.

    It makes no arrays: it reads and fills those that it is given, and Numba refuses to compile a function that makes one. Numba
    therefore need not count who holds an array (`_nrt`). Counting took three fifths of the time of the rules.

    `sources` are all files whose code goes into it. Numba looks only at the file of the compiled function to see whether the
    machine code on disk is still good, not at the files of the functions that it calls. With the digest of all of them in the
    function's name, stale machine code is never used.
    """
    function.__qualname__ = f"{function.__qualname__}_{digest(tuple(sorted({*sources, Path(__file__)})))}"
    how = {"nogil": True, "fastmath": False, "error_model": "numpy", "_nrt": False}
    if not is_called_from_python:
        how |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    try:
        made = njit(cache=True, **how)(function)
    except RuntimeError:  # a read-only installation without a home folder: compile anew in each process
        made = njit(**how)(function)
    return made if config.DISABLE_JIT else _for_every_number(made)


def _for_every_number(made: Dispatcher) -> Dispatcher:
    """The same, compiled once for all numbers of a type. Numba would compile it anew for each number that a caller writes out."""
    template = made.get_call_template

    def for_types(args, kws):
        return template([unliteral(of) for of in args], {name: unliteral(of) for name, of in kws.items()})

    made.get_call_template = for_types
    return made


@contextmanager
def one_compiles() -> Iterator[None]:
    """A block that calls compiled functions for the first time. Of many processes that begin at one time on a machine, one
    compiles and keeps the machine code. The others wait for it and then read it side by side."""
    file = _lock_file()
    if file is None:
        yield
        return
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            fcntl.flock(file, fcntl.LOCK_SH)
        yield
    finally:
        os.close(file)


def _lock_file() -> int | None:
    """The open file of this user; None where there cannot be one: then each process compiles."""
    if fcntl is None:
        return None
    path = Path(tempfile.gettempdir(), f"stepwell-{os.getuid()}.lock")
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError:
        return None


@cache
def digest(sources: tuple[Path, ...]) -> str:
    """A digest of these files, in twelve letters."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
