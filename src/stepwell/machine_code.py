"""Compiles plain Python functions to machine code with Numba, and keeps the machine code on disk where that is possible.

With `NUMBA_DISABLE_JIT=1` the same functions run as plain Python, for the debugger.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from numba import njit


def compile_function(function: Callable, sources: Iterable[Path], *, is_called_from_python: bool = True) -> Callable:
    """The function in machine code, with IEEE arithmetic to the letter and without Python's global lock. A function that only
    compiled code calls needs no wrapper, which would take as long to compile as the function itself.

    `sources` are all files whose code goes into it. Numba looks only at the file of the compiled function to see whether the
    machine code on disk is still good, not at the files of the functions that it calls. With the digest of all of them in the
    function's name, stale machine code is never used.
    """
    function.__qualname__ = f"{function.__qualname__}_{_digest(tuple(sorted(sources)))}"
    how = {"nogil": True, "fastmath": False, "error_model": "numpy"}
    if not is_called_from_python:
        how |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    try:
        return njit(cache=True, **how)(function)
    except RuntimeError:  # a read-only installation without a home folder: compile anew in each process
        return njit(**how)(function)


@cache
def _digest(sources: tuple[Path, ...]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
