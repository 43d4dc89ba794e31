"""Rows into a Parquet file: the same rows give the same bytes, whichever engine they come from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from .choose import Engine


def write_parquet(engine: Engine, parts: Sequence[str], schema: pa.Schema, order: Sequence[str], path: Path) -> None:
    """Writes the rows of SELECTs, one after the other, each in the order of these columns; one part is in memory at a time."""
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for part in parts:
            writer.write_table(engine.read(part, schema, order).cast(schema))


def in_order(rows: pa.Table, order: Sequence[str]) -> pa.Table:
    """The rows in the order of these columns, texts byte by byte: databases have orders of their own for text."""
    return rows.sort_by([(column, "ascending") for column in order]) if order else rows
