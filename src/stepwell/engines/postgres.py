"""PostgreSQL, by way of psycopg: temporary tables of one session, which the server itself drops when the session ends."""

from __future__ import annotations

import io
from functools import cached_property

import psycopg
import psycopg.rows
import pyarrow as pa
import pyarrow.csv
from psycopg.pq import TransactionStatus

from stepwell.errors import Problem, QuestionError

from .postgres_errors import in_our_words

_TYPES = {
    pa.int8(): "smallint",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.date32(): "date",
    pa.bool_(): "boolean",
    # Databases sort text by the rules of a language. Trials are numbered by the ingredient's name and an address is the first of
    # several, so the order must be that of the other engines: byte by byte.
    pa.string(): 'text COLLATE "C"',
}

_SETTINGS = {
    # No table, type or function of the database can be mistaken for ours, or ours for one of the database.
    "search_path": "pg_temp, pg_catalog",
    # Compiling the queries to machine code takes longer than it saves.
    "jit": "off",
    # What is turned into text or a day must not depend on how the server is set up.
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "extra_float_digits": "1",
}


class Postgres:
    """Temporary tables on a psycopg connection, for the length of a `with` block.

    With `in_pieces` every statement is a transaction of its own, for work of hours: what is made is dropped at the end, and the
    settings of the connection are given back; should the process die before, the server drops it. Otherwise everything happens in
    one transaction (a savepoint, where the caller has begun one) that is rolled back on leaving: no table, no setting and no lock
    stays, whether the work was done or failed. What PostgreSQL says when it fails may quote a value of a patient, so errors carry
    its code and not its words.
    """

    kind = "postgres"

    def __init__(self, connection: psycopg.Connection, *, in_pieces: bool = False):
        self._con = connection
        self._in_pieces = in_pieces
        self._made: dict[str, str] = {}
        self._callers_own: frozenset[str] = frozenset()

    def __enter__(self) -> Postgres:
        try:
            if self._in_pieces:
                self._begin_in_pieces()
            else:
                self._bracket = self._con.transaction(force_rollback=True)
                self._bracket.__enter__()
            for name, value in _SETTINGS.items():
                self._set(name, value)
        except psycopg.Error as error:
            raise in_our_words(error) from None
        return self

    def __exit__(self, kind, error, trace) -> None:
        if self._in_pieces:
            self._end_in_pieces()
        else:
            self._bracket.__exit__(kind, error, trace)
        if isinstance(error, psycopg.Error):
            raise in_our_words(error) from None

    def _begin_in_pieces(self) -> None:
        if self._con.info.transaction_status not in (TransactionStatus.IDLE, TransactionStatus.UNKNOWN):
            problem = Problem("connection", "a transaction is open on it", "none", "commit or roll back first")
            raise QuestionError("stepwell cannot work on this connection.", [problem])
        self._autocommit = self._con.autocommit
        self._con.autocommit = True
        if not self._value("SELECT has_database_privilege(current_database(), 'TEMPORARY')"):
            remedy = f'ask its owner for GRANT TEMPORARY ON DATABASE "{self._con.info.dbname}" for this user'
            found = "this user may not make temporary tables"
            self._con.autocommit = self._autocommit
            problem = Problem(self._con.info.dbname, found, "the right to make them", remedy)
            raise QuestionError("stepwell cannot work in this database.", [problem])
        rows = "SELECT array(SELECT relname::text FROM pg_catalog.pg_class WHERE relnamespace = pg_my_temp_schema())"
        self._callers_own = frozenset(self._value(rows))
        self._settings = {name: self._value(f"SELECT current_setting('{name}')") for name in _SETTINGS}

    def _end_in_pieces(self) -> None:
        try:
            for name, kind in reversed(self._made.items()):
                self._execute(f"DROP {kind} IF EXISTS pg_temp.{_quoted(name)} CASCADE")
            for name, value in self._settings.items():
                self._set(name, value)
            self._con.autocommit = self._autocommit
        except psycopg.Error:
            pass  # The session is gone, and with it whatever we had made.

    @cached_property
    def tables(self):
        """The engine as Ibis sees it, for the readers of sources."""
        from .postgres_sql import FUNCTIONS, PostgresTables

        for name, function in FUNCTIONS.items():
            self._made[name] = "FUNCTION"
            self._execute(function)
        return PostgresTables().on(self)

    def side_by_side(self, memory_each: int) -> list:
        """This engine alone: it has cores of its own to share out."""
        return [self]

    def store(self, name: str, rows: pa.Table) -> None:
        """Copies the rows into a table, in place of what had the name."""
        columns = ", ".join(f"{_quoted(field.name)} {_TYPES[field.type]}" for field in rows.schema)
        self._replace(name, f"({columns})")
        text = io.BytesIO()
        pyarrow.csv.write_csv(rows, text, pyarrow.csv.WriteOptions(include_header=False))
        with psycopg.Cursor(self._con) as cursor, cursor.copy(f"COPY {_quoted(name)} FROM STDIN (FORMAT csv)") as copy:
            copy.write(text.getbuffer())
        self._execute(f"ANALYZE {_quoted(name)}")

    def create(self, name: str, sql: str) -> None:
        """Keeps the rows of a SELECT in a table, in place of what had the name."""
        self._replace(name, f"AS {sql}")
        # Nobody else counts the rows of a temporary table, and without counts the joins of the next stage are planned blindly.
        self._execute(f"ANALYZE {_quoted(name)}")

    def read(self, sql: str, schema: pa.Schema) -> pa.Table:
        """The rows of a SELECT, in the types of the schema."""
        text = io.BytesIO()
        copied = f"COPY (SELECT {_typed(schema)} FROM ({sql}) AS rows) TO STDOUT (FORMAT csv)"
        with psycopg.Cursor(self._con) as cursor, cursor.copy(copied) as copy:
            for block in copy:
                text.write(block)
        text.seek(0)
        return _from_csv(text, schema)

    def keep(self, name: str, sql: str, schema: pa.Schema, key: str) -> str:
        """Keeps the rows of a SELECT in these types, found quickly by a key. Returns a digest of the rows in any order."""
        self.create(name, f"SELECT {_typed(schema)} FROM ({sql}) AS rows")
        self._execute(f"CREATE INDEX ON {_quoted(name)} ({_quoted(key)})")
        row = "('x' || left(md5(CAST(kept AS text)), 15))::bit(60)::bigint"
        return self._value(f"SELECT concat_ws('-', count(*), sum({row})) FROM {_quoted(name)} AS kept")

    def name(self, name: str, sql: str) -> None:
        """Gives a SELECT a name; it is run where the name is read."""
        self._take(name, "VIEW")
        self._execute(f"CREATE OR REPLACE TEMP VIEW {_quoted(name)} AS {sql}")

    def selected(self, name: str, type_: pa.DataType) -> str:
        """A column of a foreign table in this type, under its name in lower case. Days that only PostgreSQL knows (infinity, the
        years before Christ) are the first or the last day that others know."""
        cell = _cast(name, type_)
        if pa.types.is_date(type_):
            first, last = "DATE '0001-01-01'", "DATE '9999-12-31'"
            cell = f"CASE WHEN {cell} < {first} THEN {first} WHEN {cell} > {last} THEN {last} ELSE {cell} END"
        return f"{cell} AS {_quoted(name.lower())}"

    def relation(self, *names: str) -> str:
        """A table of a schema, as SQL says it."""
        return ".".join(map(_quoted, names))

    def _replace(self, name: str, what: str) -> None:
        self._take(name, "TABLE")
        # With the names that were given to readings of it.
        self._execute(f"DROP TABLE IF EXISTS pg_temp.{_quoted(name)} CASCADE")
        self._execute(f"CREATE TEMP TABLE {_quoted(name)} {what}")

    def _take(self, name: str, kind: str) -> None:
        if name in self._callers_own:
            found = f"it has a temporary table of its own called {name!r}"
            problem = Problem("connection", found, "none of that name", "rename it, or give a connection without it")
            raise QuestionError("stepwell cannot work on this connection.", [problem])
        self._made[name] = kind

    def _set(self, name: str, value: str) -> None:
        with psycopg.Cursor(self._con) as cursor:
            cursor.execute("SELECT pg_catalog.set_config(%s, %s, %s)", (name, value, not self._in_pieces))

    def _value(self, sql: str) -> str:
        with psycopg.Cursor(self._con, row_factory=psycopg.rows.tuple_row) as cursor:
            return cursor.execute(sql).fetchone()[0]

    def _execute(self, sql: str) -> None:
        with psycopg.Cursor(self._con) as cursor:
            cursor.execute(sql)


def _typed(schema: pa.Schema) -> str:
    """The columns in their declared types: sums are of other types than Ibis believes."""
    return ", ".join(f"{_cast(c.name, c.type)} AS {_quoted(c.name)}" for c in schema)


def _cast(name: str, type_: pa.DataType) -> str:
    sql, collate, order = _TYPES[type_].partition(" COLLATE ")
    return f"CAST({_quoted(name)} AS {sql}){collate}{order}"


def _from_csv(text: io.BytesIO, schema: pa.Schema) -> pa.Table:
    if not text.getbuffer().nbytes:
        return schema.empty_table()
    return pyarrow.csv.read_csv(
        text,
        pyarrow.csv.ReadOptions(column_names=schema.names),
        pyarrow.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),  # a lone NULL is an empty line
        pyarrow.csv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
