"""Runs a file of SQL on DuckDB, in memory, over a folder of records: python run_sql.py FILE.sql RECORDS"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import duckdb


def run_sql(sql: Path, records: Path) -> duckdb.DuckDBPyConnection:
    """The connection after the last statement, whose rows can be fetched from it. The file finds the records as the variable
    `records`."""
    # Only where memory runs out; by itself DuckDB would spill into the folder that the user stands in.
    con = duckdb.connect(config={"temp_directory": str(Path(tempfile.gettempdir()) / "stepwell-bench-spill")})
    # Written out: to bind a parameter, DuckDB would first import pandas.
    con.execute("SET VARIABLE records = '{}'".format(str(records).replace("'", "''")))
    con.execute(sql.read_text("utf-8"))
    return con


if __name__ == "__main__":
    run_sql(*map(Path, sys.argv[1:])).fetchall()
