"""An OMOP CDM inside PostgreSQL: only ever read, by SELECTs that name its schema."""

from __future__ import annotations

import pyarrow as pa

from ..errors import SourceError
from ..knowledge.forms import Knowledge
from .database import StoredColumn, find_home, homes_of_tables, open_table
from .omop import read_omop
from .source import Source

_KIND_OF_CATEGORY = {"S": "text", "D": "date", "N": "number"}
"""PostgreSQL's own categories of types (pg_type.typcategory): strings, dates and times, numbers."""

_RELATIONS = """
SELECT n.nspname AS schema, c.relname AS name
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1, 2
"""
_COLUMNS = """
SELECT n.nspname AS schema, c.relname AS name, a.attname AS column, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
    CASE WHEN t.typname IN ('int2', 'int4', 'int8') THEN 'W' WHEN t.typname IN ('time', 'timetz') THEN 'X'
         WHEN t.typname = 'uuid' THEN 'S' ELSE t.typcategory::text END AS category,
    has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT') AS may_be_read
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY 1, 2, a.attnum
"""


def open_postgres(schema: str, con, knowledge: Knowledge, vocabulary: str = "") -> Source:
    """Opens and checks the CDM in a schema (empty: the only one that holds a CDM), its vocabularies there or in `vocabulary`.
    `con` is a `PostgresTables`."""
    database = _rows(con, "SELECT current_database() AS database", "database")[0]["database"]
    schemas: dict[str, dict[str, str]] = {}
    for row in _rows(con, _RELATIONS, "schema", "name"):
        schemas.setdefault(row["schema"], {})[row["name"].lower()] = row["name"]
    home = find_home(schemas, schema, database)
    homes = homes_of_tables(schemas, home, vocabulary, database)
    columns: dict[tuple[str, str], list[StoredColumn]] = {}
    for row in _rows(con, _COLUMNS, "schema", "name", "column", "type", "category", "may_be_read"):
        kind = "whole" if row["category"] == "W" else _KIND_OF_CATEGORY.get(row["category"], "other")
        column = StoredColumn(row["column"], row["type"], kind, row["may_be_read"] == "true")
        columns.setdefault((row["schema"], row["name"]), []).append(column)
    tables, problems = {}, []
    for name, (where, own) in homes.items():
        relation = con.engine.relation(where, own)
        raw, found = open_table(con, name, f"{where}.{own}", relation, columns.get((where, own), []))
        problems += found
        if raw is not None:
            tables[name] = raw
    if problems:
        raise SourceError("This CDM cannot be read.", problems)
    return read_omop(tables, con, knowledge).named(f"{database}.{home}", f"{database}.{home}", "")


def _rows(con, sql: str, *columns: str) -> list[dict]:
    return con.engine.read(sql, pa.schema([(c, pa.string()) for c in columns])).to_pylist()
