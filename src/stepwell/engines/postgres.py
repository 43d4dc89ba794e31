"""PostgreSQL, by way of psycopg: temporary tables on one connection, inside one transaction that is rolled back at the end."""

from __future__ import annotations

import io

import psycopg
import psycopg.rows
import pyarrow as pa
import pyarrow.csv

from stepwell.errors import InternalError, Problem, QuestionError

_TYPES = {
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.date32(): "date",
    pa.bool_(): "boolean",
    # Databases sort text by the rules of a language. Trials are numbered by the ingredient's name and an address is the first of
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
    setting and no lock stays, whether the work was done or failed. What PostgreSQL says when it fails may quote a value of a
    patient, so errors carry its code and not its words.
    """

    dialect = "postgres"

    def __init__(self, connection: psycopg.Connection):
        self._con = connection

    def __enter__(self) -> Postgres:
        try:
            self._bracket = self._con.transaction(force_rollback=True)
            self._bracket.__enter__()
            for setting in _SETTINGS:
                self._execute(setting)
        except psycopg.Error as error:
            raise _in_our_words(error) from None
        return self

    def __exit__(self, kind, error, trace) -> None:
        self._bracket.__exit__(kind, error, trace)
        if isinstance(error, psycopg.Error):
            raise _in_our_words(error) from None

    def store(self, name: str, rows: pa.Table) -> None:
        """Copies the rows into a table, in place of what had the name."""
        columns = ", ".join(f'"{field.name}" {_TYPES[field.type]}' for field in rows.schema)
        self._replace(name, f"({columns})")
        text = io.BytesIO()
        pyarrow.csv.write_csv(rows, text, pyarrow.csv.WriteOptions(include_header=False))
        with psycopg.Cursor(self._con) as cursor, cursor.copy(f'COPY "{name}" FROM STDIN (FORMAT csv)') as copy:
            copy.write(text.getbuffer())

    def create(self, name: str, sql: str) -> None:
        """Keeps the rows of a SELECT in a table, in place of what had the name."""
        self._replace(name, f"AS {sql}")
        # Nobody else counts the rows of a temporary table, and without counts the joins of the next stage are planned blindly.
        self._execute(f'ANALYZE "{name}"')

    def name(self, name: str, sql: str) -> None:
        """Gives a SELECT a name; it is run where the name is read."""
        self._execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS {sql}')

    def read(self, sql: str, schema: pa.Schema) -> pa.Table:
        """The rows of a SELECT, in the types of the schema."""
        with psycopg.Cursor(self._con, row_factory=psycopg.rows.tuple_row) as cursor:
            rows = cursor.execute(sql, binary=True).fetchall()
        columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
        return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)

    def _replace(self, name: str, what: str) -> None:
        self._execute(f'DROP TABLE IF EXISTS pg_temp."{name}"')
        self._execute(f'CREATE TEMP TABLE "{name}" {what}')

    def _execute(self, sql: str) -> None:
        with psycopg.Cursor(self._con) as cursor:
            cursor.execute(sql)


def _in_our_words(error: psycopg.Error) -> QuestionError | InternalError:
    found = f"{type(error).__name__}, code {error.sqlstate}" if error.sqlstate else type(error).__name__
    may_not = (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | may_not[0] | may_not[1]):
        remedy = "see that the server is running, has room, and lets this user make temporary tables"
        return QuestionError(
            "PostgreSQL could not do the work.", [Problem("PostgreSQL", found, "a live connection", remedy)]
        )
    return InternalError("PostgreSQL did not accept what stepwell asked.", [Problem("PostgreSQL", found)])
