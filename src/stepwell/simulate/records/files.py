"""The open files of a simulation: one a table, written part after part."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from stepwell.paths import pattern


class Files:
    """Parquet, CSV or NDJSON, as the format asks; the truth is Parquet in any case. Leaves closed files behind."""

    def __init__(self, folder: Path, form: str):
        self._folder, self._form = folder, form
        self._writers: dict[str, pa.parquet.ParquetWriter | pa.csv.CSVWriter | BinaryIO] = {}
        self._n_rows: dict[str, int] = {}

    def __enter__(self) -> Files:
        return self

    def __exit__(self, *_) -> None:
        for writer in self._writers.values():
            writer.close()

    def write(self, name: str, rows: pa.Table | pa.Array, *, is_truth: bool = False) -> None:
        """Adds rows to a table, or lines (each with its line end) to an NDJSON file."""
        self._n_rows[name] = self._n_rows.get(name, 0) + len(rows)
        if name not in self._writers:
            self._writers[name] = self._open(name, rows, is_truth)
        if isinstance(rows, pa.Table):
            self._writers[name].write(rows)
        else:
            self._writers[name].write(_bytes(rows))

    def finish(self) -> dict[str, int]:
        """Closes everything; the number of rows of each table, by name."""
        for writer in self._writers.values():
            writer.close()
        if self._form == "omop-duckdb":
            self._fill_database()
        return dict(sorted(self._n_rows.items()))

    def _open(self, name: str, rows: pa.Table | pa.Array, is_truth: bool):
        if isinstance(rows, pa.Array):
            return (self._folder / f"{name}.ndjson").open("wb")
        if is_truth:
            return _parquet(self._folder / "truth" / f"{name}.parquet", rows.schema)
        if self._form in ("omop-csv", "csv-folder"):
            return pa.csv.CSVWriter(self._folder / f"{name}.csv", rows.schema)
        return _parquet(self._folder / f"{name}.parquet", rows.schema)

    def _fill_database(self) -> None:
        """The tables written so far, moved into one database file. Raises OSError where it cannot be written."""
        try:
            with duckdb.connect(str((self._folder / "records.duckdb").absolute())) as con:
                for file in sorted(self._folder.glob("*.parquet")):
                    con.read_parquet(pattern(file), hive_partitioning=False).create(file.stem)
                    file.unlink()
                con.execute("CHECKPOINT")  # on closing, DuckDB would keep it to itself that this fails
        except (duckdb.IOException, duckdb.FatalException):
            raise OSError(errno.EIO, "the database found no room") from None


def _parquet(path: Path, schema: pa.Schema) -> pa.parquet.ParquetWriter:
    """Numbers that count rows or people are kept as differences: smaller, and faster to write, than as a dictionary."""
    counted = [f.name for f in schema if f.type == pa.int64() and f.name.endswith("_id") and "concept" not in f.name]
    return pa.parquet.ParquetWriter(
        path,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=[name for name in schema.names if name not in counted],
        column_encoding=dict.fromkeys(counted, "DELTA_BINARY_PACKED"),
    )


def _bytes(lines: pa.Array) -> bytes | memoryview:
    """All lines, one after the other: what an array of text holds in any case."""
    if not len(lines):
        return b""
    lines = lines.cast(pa.large_string())
    offsets = memoryview(lines.buffers()[1]).cast("q")
    return memoryview(lines.buffers()[2])[offsets[lines.offset] : offsets[lines.offset + len(lines)]]
