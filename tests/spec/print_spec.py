"""The spec tests as a document: what each says, and the small tables it says it with.

python tests/spec/print_spec.py > docs/spec.md
"""

from __future__ import annotations

import ast
from inspect import cleandoc
from pathlib import Path

FOLDER = Path(__file__).parent
RECORDS = ("person", "observation_period", "condition", "medication", "measurement", "procedure")


def spec() -> str:
    """All chapters, in the order of docs/engine.md."""
    lines = [
        "# The rules, by example",
        "",
        "Made from the spec tests (`tests/spec/`), each of which runs on the engine and on the plain-loop oracle; do not edit.",
    ]
    for file in sorted(FOLDER.glob("test_*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        number, title = file.stem.removeprefix("test_").split("_", 1)
        lines += ["", f"## {number} {title.replace('_', ' ').capitalize()}"]
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and ast.get_docstring(node):
                lines += _of_test(node)
    return "\n".join(lines) + "\n"


def _of_test(test: ast.FunctionDef) -> list[str]:
    name = test.name.removeprefix("test_").replace("_", " ")
    lines = ["", f"**{name.capitalize()}.** {' '.join(ast.get_docstring(test).split())}"]
    drawn = [
        (node.arg, cleandoc(node.value.value))
        for statement in test.body[1:]
        for node in ast.walk(statement)
        if isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant) and _is_drawn(node.value.value)
    ]
    for word, is_record in (("given", True), ("then", False)):
        for table, text in drawn:
            if (table in RECORDS) == is_record:
                lines += ["", f"{word} `{table}`", "", "```", text, "```"]
    return lines


def _is_drawn(value: object) -> bool:
    return isinstance(value, str) and "\n" in value and "|" in value


if __name__ == "__main__":
    print(spec(), end="")
