"""The spec tests as a document: what each says, the small tables it says it with, and the cases that it tries.

`python tests/spec/print_spec.py` prints it, the docs site holds it.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import sys
from contextlib import suppress
from inspect import cleandoc
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parent
READERS = ("read", "sessions", "judged", "stage")
"""The fixtures that read drawn records."""
_MOST_EXAMPLES = 2
_WORDS = {True: "yes", False: "no", None: ""}


def spec() -> str:
    """All chapters, in the order of docs/engine.md."""
    lines = [
        "# The rules, by example",
        "",
        "Made from the spec tests (`tests/spec/`), which run on the engine, and most of them on a plain-loop oracle too; do not",
        "edit. Each rule is shown with the first records that it is tried on, and with all its cases.",
    ]
    for file in sorted(FOLDER.glob("test_*.py")):
        tests = vars(_load(file))
        number, title = file.stem.removeprefix("test_").split("_", 1)
        lines += ["", f"## {number} {title.replace('_', ' ').capitalize()}"]
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and ast.get_docstring(node):
                lines += _of_test(tests[node.name], node)
    return "\n".join(lines) + "\n"


def _load(file: Path) -> ModuleType:
    sys.path[:0] = [str(FOLDER.parent)] if str(FOLDER.parent) not in sys.path else []
    of = importlib.util.spec_from_file_location(f"printed_{file.stem}", file)
    module = importlib.util.module_from_spec(of)
    of.loader.exec_module(module)
    return module


def _of_test(test, node: ast.FunctionDef) -> list[str]:
    name = test.__name__.removeprefix("test_").replace("_", " ")
    lines = ["", f"**{name.capitalize()}.** {' '.join(ast.get_docstring(node).split())}"]
    cases = _cases(test)
    for word, table, text in _drawn(test, cases) or _written(node):
        lines += ["", f"{word} `{table}`", "", "```", text, "```"]
    return lines + _table_of(cases)


class _EnoughError(Exception):
    """A test looks into what came out: from here on nothing is drawn."""


class _Drawing:
    """Stands for what comes out of drawn records, and remembers what a test draws."""

    def __init__(self):
        self.drawn: list[tuple[str, str, str]] = []
        self.n_read = 0

    def read(self, *_form, has=None, **drawn: object) -> _Drawing:
        self.n_read += 1
        if self.n_read > _MOST_EXAMPLES:
            raise _EnoughError
        self._note("given", drawn)
        return self

    def shows(self, **drawn: str) -> _Drawing:
        self._note("then", drawn)
        return self

    def shows_no(self, *_names: str) -> _Drawing:
        return self

    def __getattr__(self, name: str):
        raise _EnoughError

    def _note(self, word: str, drawn: dict[str, object]) -> None:
        texts = ((table, cleandoc(text)) for table, text in drawn.items() if isinstance(text, str) and text.strip())
        self.drawn += [(word, table, text) for table, text in texts]


def _drawn(test, cases: list[dict]) -> list[tuple[str, str, str]]:
    """What the test draws in its first case, by running it as far as it draws."""
    wanted = inspect.signature(test).parameters
    drawing = _Drawing()
    readers = {name: drawing.read for name in wanted if name in READERS}
    given = {name: value for name, value in (cases[0] if cases else {}).items() if name in wanted}
    if readers and set(wanted) == set(readers) | set(given):
        # What stands for the answer is none: where the test looks into it, it cannot go on, and need not.
        with suppress(Exception):
            test(**given, **readers)
    return drawing.drawn


def _written(test: ast.FunctionDef) -> list[tuple[str, str, str]]:
    """The tables that stand in the test's own text, where it reads them in another way."""
    return [
        ("with", node.arg, cleandoc(node.value.value))
        for statement in test.body[1:]
        for node in ast.walk(statement)
        if isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant) and _is_table(node.value.value)
    ]


def _is_table(value: object) -> bool:
    return isinstance(value, str) and "\n" in value and "|" in value


def _cases(test) -> list[dict]:
    """The cases of a parametrised test, each with its name as `case` where it has one."""
    marks = [m for m in getattr(test, "pytestmark", []) if m.name == "parametrize"]
    if len(marks) != 1:
        return []
    (mark,) = marks
    names = [n.strip() for n in mark.args[0].split(",")] if isinstance(mark.args[0], str) else list(mark.args[0])
    rows = []
    for n, values in enumerate(mark.args[1]):
        called = mark.kwargs["ids"][n] if isinstance(mark.kwargs.get("ids"), (list, tuple)) else None
        if isinstance(values, type(pytest.param())):
            values, called = values.values, values.id
        elif len(names) == 1:
            values = (values,)
        rows.append({**({"case": called} if called else {}), **dict(zip(names, values, strict=True))})
    return rows


def _table_of(cases: list[dict]) -> list[str]:
    """The cases as a table, without the columns that no cell can hold."""
    columns = [name for name in (cases[0] if cases else ()) if all(_fits(case.get(name)) for case in cases)]
    if not columns:
        return []
    rows = [columns, *([_in_words(case.get(name)) for name in columns] for case in cases)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(columns))]
    table = [" │ ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return ["", "cases", "", "```", *table, "```"]


def _fits(value: object) -> bool:
    is_plain = value is None or isinstance(value, (str, int, float, bool))
    return is_plain and "\n" not in str(value) and len(str(value)) <= 70


def _in_words(value: object) -> str:
    return _WORDS[value] if value is None or isinstance(value, bool) else str(value)


if __name__ == "__main__":
    print(spec(), end="")
