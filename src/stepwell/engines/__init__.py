"""Where a plan runs: DuckDB embedded, PostgreSQL, or Spark. The plan is the same everywhere; an engine only keeps tables.

An engine has a `dialect` and four methods: `store` keeps rows held in memory, `create` keeps the rows of a SELECT, `name` gives a
SELECT a name without running it, `read` gives its rows back. All tables live for the length of a `with` block, are seen by nobody
else, and leave nothing behind.
"""

from .choose import Connection, Engine, engine_on

__all__ = ["Connection", "Engine", "engine_on"]
