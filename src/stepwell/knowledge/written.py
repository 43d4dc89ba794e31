"""Knowledge files as they are written: YAML and CSV read into plain data, with the line of every part, so that whatever is
wrong later can be said with `file:line`. Nothing here knows what the data mean."""

from __future__ import annotations

import csv
import difflib
import io
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from ..errors import Problem
from ..text import is_printable, printable
from .slips import not_yaml, odd_indentation

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
        if path.exists() and not path.is_file() and not path.is_dir():  # reading it may wait for ever
            problems.append(Problem(file, "is a pipe or a device", "a file", "write it into a file"))
            return None
        return path.read_text(encoding="utf-8-sig")  # editors on Windows put a mark before the first letter
    except UnicodeDecodeError as error:
        line = 1 + error.object[: error.start].count(b"\n")
        found = "holds a letter that is not written in UTF-8"
        remedy = "save it as UTF-8 (in the editor: save as, encoding UTF-8)"
        problems.append(Problem(f"{file}:{line}", found, "a text file in UTF-8", remedy))
    except FileNotFoundError:
        near = difflib.get_close_matches(path.name, _neighbours(path), n=1)
        remedy = f"did you mean `{path.with_name(near[0])}`?" if near else "check the name and the folder"
        problems.append(Problem(file, "there is no such file", "a file that exists", remedy))
    except IsADirectoryError:
        problems.append(Problem(file, "is a folder", "a file", "name the file in it"))
    except OSError as error:
        problems.append(Problem(file, f"cannot be read ({error.strerror})", "a readable file", "check who may read it"))
    return None


def _neighbours(path: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in path.parent.iterdir())
    except OSError:
        return []


def read_yaml(path: Path, file: str, problems: list[Problem]) -> Written | None:
    """One YAML file; None where it cannot be read as a list of keys. A key written twice is a problem, not a choice."""
    text = read_text(path, file, problems)
    if text is None:
        return None
    odd = list(odd_indentation(text, file))
    if odd:
        problems.extend(odd)
        return None
    try:
        if (line := _too_deep(text)) is not None:
            found = f"lists or fields more than {_DEEPEST} deep within each other"
            problems.append(
                Problem(f"{file}:{line}", found, "what a definition asks for", "look for brackets too many")
            )
            return None
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        problems.append(not_yaml(text, error, file))
        return None
    data = None
    if root is not None:
        reader = _Plain(file, problems)
        data = reader.value(root, ())
    if not isinstance(data, dict):
        found = "is empty" if root is None else "is a list" if isinstance(data, list) else "is one piece of text"
        remedy = "`stepwell definition new FILE` writes one to start from"
        problems.append(Problem(f"{file}:1", found, "`field: value` lines", remedy))
        return None
    return Written(file, data, reader.lines)


_DEEPEST = 40


def _too_deep(text: str) -> int | None:
    """The line from which the file is nested deeper than any that means something, if any: reading it takes the stack."""
    n_openings = text.count("[") + text.count("{") + text.count("- - ") + text.count("? ")
    if n_openings <= _DEEPEST and f"\n{' ' * _DEEPEST}" not in text:
        return None
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            return event.start_mark.line + 1
    return None


_READ_AS = {
    "null": r"~|null|Null|NULL|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?(0|[1-9]\d*)",
    "float": r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?",
}
"""What is read as something else than text. YAML would also read `no`, `on`, `12:30`, `010` and dates in ways nobody expects."""
_TEXT = {"str", "timestamp", "value", "merge", *_READ_AS}


_ITSELF = object()
"""What an alias inside its own anchor stands for: nothing that can be written out."""


class _Plain:
    """Makes plain data of YAML's nodes, and notes the line of each part."""

    def __init__(self, file: str, problems: list[Problem]):
        self.file = file
        self.problems = problems
        self.lines: dict[Path_, int] = {(): 1}
        self.said: dict[int, object] = {}
        self.n_aliases = 0
        self.with_aliases: set[int] = set()

    def value(self, node: yaml.Node, path: Path_) -> object:
        """What the node says."""
        if id(node) in self.said:  # an alias gives the same node again
            found = "`*name` stands for what is written elsewhere"
            self._problem(self.lines.get(path, 1), found, "every value written out", "write it out in its place")
            self.n_aliases += 1
            # Aliases of aliases of aliases stand for more values than any memory holds.
            return _ITSELF if id(node) in self.with_aliases else self.said[id(node)]
        self.said[id(node)] = _ITSELF
        n_before = self.n_aliases
        self.said[id(node)] = said = self._read(node, path)
        if self.n_aliases > n_before:
            self.with_aliases.add(id(node))
        return said

    def _read(self, node: yaml.Node, path: Path_) -> object:
        if isinstance(node, yaml.MappingNode):
            return self._fields(node, path)
        if isinstance(node, yaml.SequenceNode):
            for position, item in enumerate(node.value):
                self.lines[(*path, position)] = item.start_mark.line + 1
            values = [self.value(item, (*path, position)) for position, item in enumerate(node.value)]
            return [value for value in values if value is not _ITSELF]
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        if kind not in _TEXT:
            found = f"`{node.tag}` at its beginning is a sign that YAML keeps for itself"
            self._problem(node.start_mark.line + 1, found, "text", "put the whole text in quotes")
            return f"{node.tag} {node.value}".strip()
        if not is_printable(node.value):
            found = "a character that cannot be shown (a control character)"
            self._problem(node.start_mark.line + 1, found, "text", "write the text anew")
            return printable(node.value)
        if kind in _READ_AS and re.fullmatch(_READ_AS[kind], node.value):
            return yaml.constructor.SafeConstructor().construct_object(node)
        return node.value

    def _fields(self, node: yaml.MappingNode, path: Path_) -> dict[str, object]:
        data: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                found = "a bracket stands where a field's name belongs"
                self._problem(line, found, "`field: value`", "put the text in quotes")
                continue
            key = key_node.value
            if key in data:
                found = f"`{key}` is written twice (first on line {self.lines[(*path, key)]})"
                self._problem(line, found, "each field once", "delete one of the two")
                continue
            self.lines[(*path, key)] = line
            value = self.value(value_node, (*path, key))
            if value is not _ITSELF:
                data[key] = value
        return data

    def _problem(self, line: int, found: str, expected: str, remedy: str) -> None:
        self.problems.append(Problem(f"{self.file}:{line}", found, expected, remedy))


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
