"""A folder of OMOP tables as Parquet, put into a database in the types that OMOP's own DDL gives."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

LENGTHS = {"concept_name": 255, "vocabulary_id": 20, "domain_id": 20, "invalid_reason": 1}


def load_into_postgres(folder: Path, connection, schema: str, names=None) -> None:
    """Makes a schema with the tables of the folder (or only these), and gives its statistics."""
    connection.execute(f'CREATE SCHEMA "{schema}"')
    for file in sorted(folder.glob("*.parquet")):
        if names is not None and file.stem not in names:
            continue
        rows = pq.read_table(file)
        columns = ", ".join(f"{c.name} {omop_type(c)}" for c in rows.schema)
        connection.execute(f'CREATE TABLE "{schema}".{file.stem} ({columns})')
        text = io.BytesIO()
        pyarrow.csv.write_csv(rows, text, pyarrow.csv.WriteOptions(include_header=False))
        with connection.cursor().copy(f'COPY "{schema}".{file.stem} FROM STDIN (FORMAT csv)') as copy:
            copy.write(text.getbuffer())
    connection.commit()


def omop_type(column: pa.Field) -> str:
    if pa.types.is_integer(column.type):
        return "bigint" if column.name == "measurement_id" else "integer"
    if pa.types.is_floating(column.type):
        return "numeric"
    if pa.types.is_string(column.type):
        return f"varchar({LENGTHS.get(column.name, 50)})" if column.name != "value_as_string" else "varchar(60)"
    return "date" if pa.types.is_date(column.type) else "timestamp"
