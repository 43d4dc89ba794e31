"""Compiling plain Python functions to machine code, kept on disk where that is possible."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from numba import njit

SOURCES = ("chance", "clock", "layout", "lives", "quantities", "states", "step", "streams", "walk", "well")
"""The modules of which something goes into the machine code."""

# Numba looks only at the file of the compiled function itself to see whether what it kept is still good, not at the files of
# the functions that it calls. With the digest of all of them in its name, nothing stale is ever taken.
_DIGEST = hashlib.sha256(b"".join(Path(__file__).with_name(f"{name}.py").read_bytes() for name in SOURCES)).hexdigest()


def compiled(function: Callable) -> Callable:
    """The function in machine code, with IEEE arithmetic to the letter and without Python's global lock."""
    function.__qualname__ = f"{function.__qualname__}_{_DIGEST[:12]}"
    how = {"nogil": True, "fastmath": False, "error_model": "numpy"}
    try:
        return njit(cache=True, **how)(function)
    except RuntimeError:  # a read-only installation without a home folder: compile anew in each process
        return njit(**how)(function)
