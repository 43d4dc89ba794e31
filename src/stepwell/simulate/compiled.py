"""Which files go into the machine code of the simulator's model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stepwell.machine_code import compile_function

_ROOT = Path(__file__).parent
SOURCES = ("chance", "clock", "layout", "lives", "quantities", "states", "step", "streams", "walk", "well")
"""The modules of which something goes into the machine code of the model."""


def compiled(function: Callable) -> Callable:
    """The function in machine code. For a function that lies elsewhere and calls the model's, all files beside it count too."""
    folder = Path(function.__code__.co_filename).parent
    beside = set() if folder == _ROOT else set(folder.glob("*.py"))
    return compile_function(function, {_ROOT / f"{name}.py" for name in SOURCES} | beside)
