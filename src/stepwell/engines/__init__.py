"""Where records are read: DuckDB embedded, PostgreSQL, or Spark. An engine keeps tables and gives their rows back.

An engine has five methods: `store` keeps rows held in memory, `create` keeps the rows of a SELECT, `name` gives a
SELECT a name without running it, `read` gives its rows back, `side_by_side` gives engines for several buckets at a time.
`tables` is the same engine as Ibis sees it, for the readers of sources. All tables live for the length of a `with` block, are
seen by nobody else, and leave nothing behind.
"""

from .address import Address, read_address
from .choose import Connection, Engine, engine_on
from .connect import ENGINES, Place, connect
from .duckdb import DuckDB, interrupt_queries
from .written import in_order, write_parquet

__all__ = [
    "ENGINES",
    "Address",
    "Connection",
    "DuckDB",
    "Engine",
    "Place",
    "connect",
    "engine_on",
    "in_order",
    "interrupt_queries",
    "read_address",
    "write_parquet",
]
