"""Compiling: nothing stale is taken from disk, and an installation that cannot be written to works too."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from numba.core.errors import NumbaError

import stepwell.simulate
from stepwell import machine_code
from stepwell.simulate import compiled

FOLDER = Path(stepwell.simulate.__file__).parent


def relative_imports(module: str) -> set[str]:
    tree = ast.parse((FOLDER / f"{module}.py").read_text("utf-8"))
    return {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 1}


def test_the_digest_covers_whatever_is_compiled_in():
    decorated = {path.stem for path in FOLDER.glob("*.py") if "\n@compiled\n" in path.read_text("utf-8")}
    needed = decorated.union(*(relative_imports(module) for module in decorated)) - {"compiled"}
    assert needed == set(compiled.SOURCES)


def test_where_nothing_can_be_kept_it_is_compiled_anew(monkeypatch):
    kept = machine_code.njit

    def no_place(cache=False, **how):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return kept(**how)

    monkeypatch.setattr(machine_code, "njit", no_place)

    def doubled(x):
        return 2 * x

    function = compiled.compiled(doubled)
    assert function(21) == 42
    assert type(function._cache).__name__ != "FunctionCache"


def test_compiled_code_makes_no_arrays():
    def sum_of_new_array(n):
        return np.ones(n).sum()

    with pytest.raises(NumbaError, match="array"):
        compiled.compiled(sum_of_new_array)(3)


def test_a_function_is_compiled_once_for_all_numbers():
    @compiled.compiled
    def doubled(x):
        return 2 * x

    @compiled.compiled
    def two_doubled():
        return doubled(20) + doubled(1)

    assert two_doubled() == 42
    assert len(doubled.overloads) == 1


@pytest.mark.parametrize("name", ["log", "exp", "uniform"])
def test_machine_code_is_exact(name):
    from stepwell.simulate import chance

    options = getattr(chance, name).targetoptions
    assert options["fastmath"] is False
    assert options["nogil"] is True
