"""Dated data files in the manner of stepwell's knowledge, for parts that bring their own: the types of cited values, and a
reader that says every problem with its line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from .errors import Problem
from .knowledge.cited import Cited, Day, Form, Mg, Minutes, MmHg, Years, quantity
from .knowledge.criteria import Id
from .knowledge.definition import Status
from .knowledge.folder_reader import FolderReader
from .knowledge.forms import Reference
from .knowledge.loader import load

__all__ = ["Cited", "Day", "Filled", "Form", "Id", "Mg", "Minutes", "MmHg", "Status", "Years", "quantity", "read_file"]

F = TypeVar("F", bound=Form)


@dataclass(frozen=True)
class Filled(Generic[F]):
    """A file that was read: the filled form, or None with its problems; and the sources that it may name, by id."""

    form: F | None
    references: dict[str, Reference]
    problems: tuple[Problem, ...]


def read_file(path: Path, form: type[F]) -> Filled[F]:
    """A YAML file that is one form, with sources of its own under `references:`. Problems name the file without its folder."""
    reader = FolderReader(path.parent)
    references = dict(load().references)
    found = reader.own(path, form, references)
    problems = tuple(
        Problem(p.where.replace(str(path), path.name), p.found, p.expected, p.remedy) for p in reader.problems
    )
    return Filled(found[0] if found and not problems else None, references, problems)
