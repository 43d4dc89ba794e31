"""One bucket of people: the tables of a result that are made from its records, wherever the bucket is judged."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from stepwell import rules, tables
from stepwell.engines import in_order, written
from stepwell.machine_code import digest
from stepwell.rules import Question, judge
from stepwell.version import __version__

_SOURCES = (
    *(path for room in (rules, tables) for path in Path(room.__file__).parent.rglob("*.py")),
    Path(__file__),
    Path(written.__file__),
)


def build() -> str:
    """Names the code that judges and writes a bucket: the version, and a digest of the source files."""
    return f"{__version__} ({digest(_SOURCES)})"


def judge_bucket(
    question: Question, records: Mapping[str, pa.Table], wanted: Collection[str]
) -> Iterator[tuple[str, pa.Table]]:
    """The wanted tables of the result, by name: record tables that a result keeps, then what the rules say of these records."""
    for name in sorted(set(wanted).intersection(records)):
        # In the order of every column, so that equal rows give equal files.
        yield name, in_order(records[name], records[name].schema.names)
    for name, rows in judge(question, records).items():
        if name in wanted:
            yield name, rows
