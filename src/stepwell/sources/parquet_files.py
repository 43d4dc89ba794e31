"""What is wrong with Parquet files before any row of them is read. No message repeats a name of a column or a value."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import Problem

_MARK = b"PAR1"


def parquet_problem(path: Path) -> Problem | None:
    """What keeps a Parquet file from being read: its mark, its length or its end."""
    size = path.stat().st_size
    expected = "a whole Parquet file, which begins and ends with the mark PAR1"
    if size == 0:
        return Problem(path.name, "the file is empty (0 bytes)", expected, "copy or write it anew")
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(max(size - 4, 0))
        tail = file.read(4)
    if head != _MARK:
        return Problem(path.name, "the file is not Parquet, whatever its name says", expected, "check how it was made")
    if tail != _MARK or size < 12:
        return Problem(path.name, "the file is cut off: its end is missing", expected, "copy or write it anew")
    try:
        pq.read_schema(path.absolute())
    except (OSError, pa.ArrowException, ValueError):
        return Problem(
            path.name, "the end of the file, which says what is in it, is damaged", expected, "copy or write it anew"
        )
    return None


def unlike_parts(parts: Sequence[Path]) -> list[Problem]:
    """The parts of a table that have other columns or types than the first."""
    first = pq.read_schema(parts[0].absolute())
    problems = []
    for part in parts[1:]:
        schema = pq.read_schema(part.absolute())
        unlike = [c.name for c in first if c.name not in schema.names or not schema.field(c.name).type.equals(c.type)]
        unlike = [position for position, name in enumerate(first.names, 1) if name in unlike]
        if unlike or len(schema) != len(first):
            columns = f"columns {', '.join(map(str, unlike))}" if unlike else "the number of columns"
            found = f"differs from {parts[0].name} in {columns}"
            problems.append(
                Problem(part.name, found, "the same columns and types in all parts", "write the parts anew")
            )
    return problems
