"""Rows into a Parquet file: the same rows give the same bytes, whichever engine they come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def write_parquet(parts: Iterable[pa.Table], schema: pa.Schema, path: Path) -> None:
    """Writes tables one after the other, each in the order of its rows; one is in memory at a time."""
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for part in parts:
            writer.write_table(part.cast(schema))


def in_order(rows: pa.Table, order: Sequence[str]) -> pa.Table:
    """The rows in the order of these columns, texts byte by byte: databases have orders of their own for text."""
    return rows.sort_by([(column, "ascending") for column in order])
