"""Compiling plain Python functions to machine code, kept on disk where that is possible."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from numba import njit

_ROOT = Path(__file__).parent
SOURCES = ("chance", "clock", "layout", "lives", "quantities", "states", "step", "streams", "walk", "well")
"""The modules of which something goes into the machine code of the model."""


# Numba looks only at the file of the compiled function itself to see whether what it kept is still good, not at the files of
# the functions that it calls. With the digest of all of them in its name, nothing stale is ever taken.
@cache
def _digest(folder: Path) -> str:
    """Of the model's modules, and, for code that lies elsewhere and calls the model's, of all that lies beside it."""
    files = {_ROOT / f"{name}.py" for name in SOURCES} | (set() if folder == _ROOT else set(folder.glob("*.py")))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()[:12]


def compiled(function: Callable) -> Callable:
    """The function in machine code, with IEEE arithmetic to the letter and without Python's global lock."""
    function.__qualname__ = f"{function.__qualname__}_{_digest(Path(function.__code__.co_filename).parent)}"
    how = {"nogil": True, "fastmath": False, "error_model": "numpy"}
    try:
        return njit(cache=True, **how)(function)
    except RuntimeError:  # a read-only installation without a home folder: compile anew in each process
        return njit(**how)(function)
