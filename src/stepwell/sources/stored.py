"""What the readers bring here from the engine, and the small tables that they keep on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import polars as pl
from ibis.util import gen_name

from ..errors import SourceError
from ..folder import say_full
from .files import RawTable, read_problem

STORED = "stepwell_stored"
_READ_ERRORS = (
    duckdb.InvalidInputException,
    duckdb.IOException,
    duckdb.ConversionException,
    duckdb.InternalException,
)


@contextmanager
def in_our_words(where: str) -> Iterator[None]:
    """Within it, a row that cannot be read becomes a SourceError that names file and line."""
    try:
        yield
    except duckdb.Error as error:
        if not _is_of_the_file(error):
            raise
        raise SourceError("These records cannot be read.", [read_problem(where, error)]) from None


def run(expr: ir.Expr, where: str):
    """Executes an expression over raw rows. Raises SourceError for a row that cannot be read."""
    with in_our_words(where):
        return expr.to_pyarrow()


def _is_of_the_file(error: duckdb.Error) -> bool:
    """Whether a file is at fault. DuckDB gives what its reader of Parquet pages says no type of its own."""
    is_of_reading = isinstance(error, _READ_ERRORS) or type(error) is duckdb.Error
    return is_of_reading and say_full(error) is None


def filled_tables(tables: dict[str, RawTable]) -> dict[str, RawTable]:
    """The tables that hold rows. Raises SourceError with every table that cannot be read to its end."""
    filled, problems = {}, []
    for name, raw in tables.items():
        try:
            if run(raw.rows.count(), raw.where).as_py():
                filled[name] = raw
        except SourceError as error:
            problems += error.problems
    if problems:
        raise SourceError("These records cannot be read.", problems)
    return filled


def fetch(rows: ir.Table, where: str) -> pl.DataFrame:
    """A few rows, brought here. Raises SourceError as `run` does."""
    return pl.from_arrow(run(rows, where))


def store(con: ibis.BaseBackend, rows: ir.Table, where: str) -> ir.Table:
    """The rows as a temporary table of the connection (for small tables only), until `forget_stored`."""
    name = gen_name(STORED)
    with in_our_words(where):
        if con.name != "duckdb" or rows.op().find(ops.InMemoryTable):
            return con.create_table(name, rows, temp=True)
        # In one statement: Ibis takes five.
        con.raw_sql(f'CREATE TEMP TABLE "{name}" AS {con.compile(rows)}')
        return con.table(name, database=("temp", "main"))


def keep(con: ibis.BaseBackend, rows: pl.DataFrame) -> ir.Table:
    """Rows that were worked out here, as a temporary table of the connection, until `forget_stored`."""
    name, table = gen_name(STORED), rows.to_arrow(compat_level=pl.CompatLevel.oldest())
    schema = ibis.Schema.from_pyarrow(table.schema)
    table = table.cast(schema.to_pyarrow())  # Polars gives long strings, which PostgreSQL has no type for
    if con.name != "duckdb":
        return con.create_table(name, ibis.memtable(table), temp=True)
    given = f"{name}_given"
    con.con.register(given, table)
    con.raw_sql(f'CREATE TEMP TABLE "{name}" AS FROM "{given}"')
    con.con.unregister(given)
    return _temporary(con, name, schema)


def _temporary(con: ibis.BaseBackend, name: str, schema: ibis.Schema) -> ir.Table:
    """A temporary table of DuckDB that is known to have this schema."""
    place = ops.Namespace(catalog="temp", database="main")
    return ops.DatabaseTable(name, schema=schema, source=con, namespace=place).to_expr()


def forget_stored(con: ibis.BaseBackend) -> None:
    """Drops the tables of `store`, once the records that rest on them lie elsewhere."""
    for name in con.list_tables(like=STORED):
        con.drop_table(name)
