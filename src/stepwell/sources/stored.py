"""What the readers bring here from the engine, and the small tables that they keep on it."""

from __future__ import annotations

import duckdb
import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import polars as pl
from ibis.util import gen_name

from ..errors import SourceError
from .files import RawTable, read_problem

STORED = "stepwell_stored"
_FEW = 100_000
"""At most this many rows are few: a dozen such tables fit into memory."""
_FEW_STORED = f"{STORED}_few"
_READ_ERRORS = (
    duckdb.InvalidInputException,
    duckdb.IOException,
    duckdb.ConversionException,
    duckdb.InternalException,
)


def run(expr: ir.Expr, where: str):
    """Executes an expression over raw rows; a row that cannot be read becomes a SourceError that names file and line."""
    try:
        return expr.to_pyarrow()
    except duckdb.Error as error:
        if not _is_of_the_file(error):
            raise
        raise SourceError("These records cannot be read.", [read_problem(where, error)]) from None


def _is_of_the_file(error: duckdb.Error) -> bool:
    """Whether a file is at fault. DuckDB gives what its reader of Parquet pages says no type of its own."""
    return isinstance(error, _READ_ERRORS) or type(error) is duckdb.Error


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


def store(con: ibis.BaseBackend, rows: ir.Table, where: str, named: str = STORED) -> ir.Table:
    """The rows as a temporary table of the connection (for small tables only), until `forget_stored`."""
    name = gen_name(named)
    try:
        if con.name != "duckdb" or rows.op().find(ops.InMemoryTable):
            return con.create_table(name, rows, temp=True)
        # In one statement: Ibis takes five, and there are dozens of such tables in a small run.
        con.raw_sql(f'CREATE TEMP TABLE "{name}" AS {con.compile(rows)}')
        return con.table(name, database=("temp", "main"))
    except duckdb.Error as error:
        if not _is_of_the_file(error):
            raise
        raise SourceError("These records cannot be read.", [read_problem(where, error)]) from None


def keep_few(rows: ir.Table, where: str) -> ir.Table:
    """The rows as a temporary table where they are few, so that they are worked out once; else as they were.

    Ibis writes all that a row rests on anew into every question about it, which takes longer than the rows of a small source.
    """
    con = rows.get_backend()
    if con.name != "duckdb":
        return rows
    begun = store(con, rows.limit(_FEW + 1), where, _FEW_STORED)
    if con.con.execute(f"SELECT count(*) FROM {begun.op().name}").fetchone()[0] <= _FEW:
        return begun
    con.con.execute(f"DROP TABLE {begun.op().name}")
    return rows


def are_few(rows: ir.Table) -> bool:
    """Whether the rows rest on nothing but what `keep_few` found to be few."""
    return all(_FEW_STORED in table.name for table in rows.op().find(ops.DatabaseTable))


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
