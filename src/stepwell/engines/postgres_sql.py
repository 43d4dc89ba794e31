"""What Ibis says to PostgreSQL, where its own words fail on records: text that may be no number, text in an order, NULL keys."""

# ruff: noqa: N802  (Ibis names the methods after its operations)

from __future__ import annotations

import sqlglot.expressions as sge
from ibis.backends.postgres import Backend
from ibis.backends.sql.compilers.postgres import PostgresCompiler

from .expressions import Through

_NUMBER = r"^\s*[+-]?(\d{1,100}(\.\d{0,100})?|\.\d{1,100})([eE][+-]?\d{1,2})?\s*$"
"""What is read as a number: few enough digits that the cast cannot overflow."""

_DAY = r"^\s*\d{4}-\d{1,2}-\d{1,2}\s*$"

# PostgreSQL 15 cannot try a cast. Plain SQL functions are written into the query that calls them, so they cost what
# their body costs; CASE is what keeps a cast from being worked out for cells that it would fail on.
FUNCTIONS = (
    rf"""CREATE OR REPLACE FUNCTION pg_temp.stepwell_number(text) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN $1 ~ '{_NUMBER}' THEN CAST($1 AS double precision) END $$""",
    rf"""CREATE OR REPLACE FUNCTION pg_temp.stepwell_whole(text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN $1 ~ '^\s*[+-]?\d{{1,18}}\s*$' THEN CAST($1 AS bigint)
        WHEN $1 ~ '{_NUMBER}' THEN
            CASE WHEN abs(CAST($1 AS numeric)) < 9223372036854775807 THEN CAST(CAST($1 AS numeric) AS bigint) END
    END $$""",
    r"""CREATE OR REPLACE FUNCTION pg_temp.stepwell_long(text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN $1 ~ '^\s*[+-]?\d{1,38}\s*$' THEN CAST($1 AS numeric) END $$""",
    rf"""CREATE OR REPLACE FUNCTION pg_temp.stepwell_day(text) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN $1 ~ '{_DAY}' THEN
        CASE WHEN CAST(split_part($1, '-', 1) AS integer) > 0
              AND CAST(split_part($1, '-', 2) AS integer) BETWEEN 1 AND 12 THEN
            CASE WHEN CAST(split_part($1, '-', 3) AS integer) BETWEEN 1 AND CAST(EXTRACT(day FROM
                make_date(CAST(split_part($1, '-', 1) AS integer), CAST(split_part($1, '-', 2) AS integer), 1)
                + interval '1 month' - interval '1 day') AS integer)
            THEN make_date(CAST(split_part($1, '-', 1) AS integer), CAST(split_part($1, '-', 2) AS integer),
                           CAST(split_part($1, '-', 3) AS integer)) END
        END
    END $$""",
)
"""Made in the session's temporary schema, and gone with it."""


class _Compiler(PostgresCompiler):
    def visit_Cast(self, op, *, arg, to):
        cast = super().visit_Cast(op, arg=arg, to=to)
        # Numbers turned into text would be in the order of the database's language, unlike everything else here.
        return sge.Collate(this=cast, expression=sge.to_identifier("C", quoted=True)) if to.is_string() else cast

    def visit_TryCast(self, op, *, arg, to):
        if not op.arg.dtype.is_string():
            return self.visit_Cast(op, arg=arg, to=to)
        names = ((to.is_integer(), "whole"), (to.is_floating(), "number"), (to.is_date(), "day"), (True, "long"))
        function = next(name for applies, name in names if applies)
        return self.f.anon[f"pg_temp.stepwell_{function}"](arg)

    def visit_IdenticalTo(self, op, *, left, right):
        identical = super().visit_IdenticalTo(op, left=left, right=right)
        empty = sge.convert("" if op.left.dtype.is_string() else 0)
        # PostgreSQL hashes equal values only. Equal stand-ins for NULL narrow a join down to where it must look.
        return sge.And(this=self.f.coalesce(left, empty).eq(self.f.coalesce(right, empty)), expression=identical)


class PostgresTables(Through, Backend):
    """Ibis on a `Postgres` engine."""

    compiler = _Compiler()
