"""Rows into a Parquet file: the same rows give the same bytes, whichever engine they come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

_DELTAS = "DELTA_BINARY_PACKED"
"""For days and whole numbers, which mostly follow one another: the differences."""
_SUFFIXES = "DELTA_BYTE_ARRAY"
"""For addresses, of which every row has another: what differs from the address before."""


def write_parquet(parts: Iterable[pa.Table], schema: pa.Schema, path: Path | BinaryIO) -> None:
    """Writes tables one after the other, each in the order of its rows; one is in memory at a time.

    Files are lean: people alone have statistics, since rows are only ever looked up by person.
    """
    encodings = {column.name: encoding for column in schema if (encoding := _encoding(column)) is not None}
    options = {
        "compression": "zstd",
        "column_encoding": encodings,
        "use_dictionary": [name for name in schema.names if name not in encodings],
        "write_statistics": ["person_id"],
    }
    with pq.ParquetWriter(path, schema, **options) as writer:
        for part in parts:
            writer.write_table(part.cast(schema))


def _encoding(column: pa.Field) -> str | None:
    """How a column's values are written; None for values that come again and again, which are numbered."""
    if pa.types.is_integer(column.type) or pa.types.is_date(column.type):
        return _DELTAS
    return _SUFFIXES if column.name.endswith("address") else None


def in_order(rows: pa.Table, order: Sequence[str]) -> pa.Table:
    """The rows in the order of these columns, texts byte by byte: databases have orders of their own for text."""
    return rows.sort_by([(column, "ascending") for column in order])
