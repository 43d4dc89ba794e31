"""What Ibis says to PostgreSQL, where its own words fail on records: text that may be no number, text in an order, NULL keys."""

# ruff: noqa: N802  (Ibis names the methods after its operations)

from __future__ import annotations

import sqlglot.expressions as sge
from ibis.backends.postgres import Backend
from ibis.backends.sql.compilers.postgres import PostgresCompiler

from .expressions import Through

_NUMBER = r"^\s*[+-]?(\d{1,100}(\.\d{0,100})?|\.\d{1,100})([eE][+-]?\d{1,3})?\s*$"
"""What is read as a number."""

_DAY = r"^\s*\d{4}-\d{1,2}-\d{1,2}\s*$"

_YEAR, _MONTH, _DAY_OF_MONTH = (f"CAST(split_part($1, '-', {n}) AS integer)" for n in (1, 2, 3))
_LAST_OF_MONTH = f"make_date({_YEAR}, {_MONTH}, 1) + interval '1 month' - interval '1 day'"

# PostgreSQL 15 cannot try a cast. Plain SQL functions are written into the query that calls them, so they cost what
# their body costs; CASE is what keeps a cast from being worked out for cells that it would fail on.
_BODIES = {
    # A number too great is none, and one too small is 0, as elsewhere; the cast itself would fail on them.
    "number": (
        "double precision",
        f"""CASE WHEN $1 ~ '{_NUMBER}' THEN CASE WHEN abs(CAST($1 AS numeric)) BETWEEN 1e-307 AND 1.7e308
            THEN CAST($1 AS double precision) WHEN abs(CAST($1 AS numeric)) < 1 THEN 0 END END""",
    ),
    "whole": (
        "bigint",
        rf"""CASE WHEN $1 ~ '^\s*[+-]?\d{{1,18}}\s*$' THEN CAST($1 AS bigint)
             WHEN $1 ~ '{_NUMBER}' THEN
             CASE WHEN CAST($1 AS numeric) BETWEEN -9223372036854775808 AND 9223372036854775807
                  THEN CAST(CAST($1 AS numeric) AS bigint) END END""",
    ),
    "long": ("numeric", r"CASE WHEN $1 ~ '^\s*[+-]?\d{1,38}\s*$' THEN CAST($1 AS numeric) END"),
    "day": (
        "date",
        f"""CASE WHEN $1 ~ '{_DAY}' THEN CASE WHEN {_YEAR} > 0 AND {_MONTH} BETWEEN 1 AND 12 THEN
            CASE WHEN {_DAY_OF_MONTH} BETWEEN 1 AND CAST(EXTRACT(day FROM {_LAST_OF_MONTH}) AS integer)
            THEN make_date({_YEAR}, {_MONTH}, {_DAY_OF_MONTH}) END END END""",
    ),
}
FUNCTIONS = {
    f"stepwell_{name}": f"CREATE OR REPLACE FUNCTION pg_temp.stepwell_{name}(text) RETURNS {type_} LANGUAGE sql IMMUTABLE "
    f"AS $$ SELECT {body} $$"
    for name, (type_, body) in _BODIES.items()
}
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
