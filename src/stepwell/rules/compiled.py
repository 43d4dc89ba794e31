"""Which files go into the machine code of the rules: all of this room, and the declared tables that give the rows their types."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stepwell import machine_code, tables

_SOURCES = [*Path(__file__).parent.rglob("*.py"), *Path(tables.__file__).parent.glob("*.py")]


def compiled(function: Callable) -> Callable:
    """The function in machine code, for other compiled functions to call."""
    return machine_code.compile_function(function, _SOURCES, is_called_from_python=False)


def compiled_entry(function: Callable) -> Callable:
    """The function in machine code, to be called from Python."""
    return machine_code.compile_function(function, _SOURCES)
