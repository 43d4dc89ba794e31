"""Knowledge files as they are written: YAML and CSV read into plain data, with the line of every part, so that whatever is
wrong later can be said with `file:line`. Nothing here knows what the data mean."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import yaml

from ..errors import Problem

Path_ = tuple[str | int, ...]
"""Where something stands inside a file: the keys and positions that lead to it."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Written:
    """What one file, or one row of a CSV file, says: `file` as it is shown to people, plain `data`, and the line of each part."""

    file: str
    data: dict
    lines: dict[Path_, int]

    def at(self, path: Path_ = ()) -> str:
        """`file:line` of that part, or of the nearest part around it that is written at all."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.file}:{self.lines.get(path, 1)}"


def read_text(path: Path, file: str, problems: list[Problem]) -> str | None:
    """The file's text; None, with a problem, where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        problems.append(Problem(file, "is not text in UTF-8", "a text file", "save it as UTF-8"))
    except OSError as error:
        problems.append(Problem(file, f"cannot be read ({error.strerror})", "a readable file", "check the path"))
    return None


def read_yaml(path: Path, file: str, problems: list[Problem]) -> Written | None:
    """One YAML file; None where it cannot be read as a list of keys. A key written twice is a problem, not a choice."""
    text = read_text(path, file, problems)
    if text is None:
        return None
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        found = f"is not YAML: {error.problem}"
        problems.append(Problem(f"{file}:{line}", found, "", "check indentation, colons and quotes on this line"))
        return None
    except yaml.YAMLError:
        problems.append(Problem(file, "is not YAML", "", "remove control characters and save it as UTF-8"))
        return None
    lines: dict[Path_, int] = {(): 1}
    data = _plain(root, (), lines, file, problems) if root is not None else None
    if not isinstance(data, dict):
        problems.append(
            Problem(f"{file}:1", "holds no fields", "`field: value` lines", "see the files shipped with stepwell")
        )
        return None
    return Written(file, data, lines)


def _plain(node: yaml.Node, path: Path_, lines: dict[Path_, int], file: str, problems: list[Problem]) -> object:
    if isinstance(node, yaml.MappingNode):
        data: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = str(getattr(key_node, "value", key_node))
            line = key_node.start_mark.line + 1
            if key in data:
                first = lines[(*path, key)]
                found = f"`{key}` is written twice (first on line {first})"
                problems.append(Problem(f"{file}:{line}", found, "each field once", "delete one of the two"))
                continue
            lines[(*path, key)] = line
            data[key] = _plain(value_node, (*path, key), lines, file, problems)
        return data
    if isinstance(node, yaml.SequenceNode):
        values = []
        for position, item in enumerate(node.value):
            lines[(*path, position)] = item.start_mark.line + 1
            values.append(_plain(item, (*path, position), lines, file, problems))
        return values
    if node.tag.endswith(":timestamp"):
        return node.value
    return yaml.constructor.SafeConstructor().construct_object(node)


def read_csv(path: Path, file: str, columns: tuple[str, ...], problems: list[Problem]) -> list[Written] | None:
    """The rows of one CSV file with exactly these columns, or None where it is no such file.

    An empty cell is a field that was not filled in.
    """
    text = read_text(path, file, problems)
    if text is None:
        return None
    rows = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if tuple(header) != columns:
            missing = [c for c in columns if c not in header]
            unknown = [c for c in header if c not in columns]
            parts = [f"{', '.join(missing)} missing"] * bool(missing) + [f"{', '.join(unknown)} unknown"] * bool(
                unknown
            )
            found = f"wrong header: {'; '.join(parts) or 'other order, or a column twice'}"
            problems.append(Problem(f"{file}:1", found, ",".join(columns), "write the header exactly so"))
            return None
        line = reader.line_num + 1
        for cells in reader:
            if len(cells) != len(columns):
                found = f"{len(cells)} cells in a row of {len(columns)}"
                problems.append(Problem(f"{file}:{line}", found, ",".join(columns), "quote cells that hold a comma"))
            else:
                filled = {c: cell.strip() for c, cell in zip(columns, cells, strict=True) if cell.strip()}
                rows.append(Written(file, filled, {(): line}))
            line = reader.line_num + 1
    except csv.Error as error:
        problems.append(
            Problem(f"{file}:{reader.line_num}", f"is not CSV: {error}", "", "check the quotes on this line")
        )
        return None
    return rows
