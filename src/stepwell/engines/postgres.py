"""PostgreSQL, by way of psycopg: temporary tables on one connection, inside one transaction that is rolled back at the end."""

from __future__ import annotations

import io

import psycopg
import pyarrow as pa
import pyarrow.csv

_TYPES = {
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.date32(): "date",
    pa.bool_(): "boolean",
    # Databases sort text by the rules of a language. Trials are numbered by the ingredient's name and addresses are the first of
    # several, so the order must be that of the other engines: byte by byte.
    pa.string(): 'text COLLATE "C"',
}

_SETTINGS = (
    # No table, type or function of the database can be mistaken for ours, or ours for one of the database.
    "SET LOCAL search_path = pg_temp, pg_catalog",
    # Compiling a plan's queries to machine code takes longer than running them on one person, and hardly pays on many.
    "SET LOCAL jit = off",
)


class Postgres:
    """Temporary tables on a psycopg connection.

    Everything happens in a transaction (a savepoint, where the caller has begun one) that is rolled back on leaving: no table, no
    setting and no lock stays, whether the work was done or failed.
    """

    dialect = "postgres"

    def __init__(self, connection: psycopg.Connection):
        self._con = connection

    def __enter__(self) -> Postgres:
        self._bracket = self._con.transaction(force_rollback=True)
        self._bracket.__enter__()
        for setting in _SETTINGS:
            self._con.execute(setting)
        return self

    def __exit__(self, *raised) -> None:
        self._bracket.__exit__(*raised)

    def store(self, name: str, rows: pa.Table) -> None:
        """Copies the rows into a table, in place of what had the name."""
        columns = ", ".join(f'"{field.name}" {_TYPES[field.type]}' for field in rows.schema)
        self._replace(name, f"({columns})")
        text = io.BytesIO()
        pyarrow.csv.write_csv(rows, text, pyarrow.csv.WriteOptions(include_header=False))
        with self._con.cursor() as cursor, cursor.copy(f'COPY pg_temp."{name}" FROM STDIN (FORMAT csv)') as copy:
            copy.write(text.getbuffer())
        self._con.execute(f'ANALYZE pg_temp."{name}"')

    def create(self, name: str, sql: str) -> None:
        """Keeps the rows of a SELECT in a table, in place of what had the name."""
        self._replace(name, f"AS {sql}")
        # Nobody else counts the rows of a temporary table, and without counts the joins of the next stage are planned blindly.
        self._con.execute(f'ANALYZE pg_temp."{name}"')

    def read(self, sql: str, schema: pa.Schema) -> pa.Table:
        """The rows of a SELECT, in the types of the schema."""
        with self._con.cursor(binary=True) as cursor:
            rows = cursor.execute(sql).fetchall()
        columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
        return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)

    def _replace(self, name: str, what: str) -> None:
        self._con.execute(f'DROP TABLE IF EXISTS pg_temp."{name}"')
        self._con.execute(f'CREATE TEMP TABLE "{name}" {what}')
