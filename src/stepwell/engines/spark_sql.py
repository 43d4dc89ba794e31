"""What Ibis says to Spark, where its own words fail on records: text that may be no number, parts of what was matched."""

# ruff: noqa: N802  (Ibis names the methods after its operations)

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import sqlglot.expressions as sge
from ibis.backends.pyspark import Backend
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from pyspark.sql.types import DataType, StringType, StructField, StructType, TimestampNTZType, TimestampType

from .expressions import Through
from .spark_types import kind_of

_TYPES = {"whole": pa.int64(), "number": pa.float64(), "date": pa.date32(), "text": pa.string(), "other": pa.string()}

# Spark reads more as a number or a date than the other engines: 1d, 1.5f, the year 2020 alone.
_NUMBER = r"^\s*[+-]?(\d{1,100}(\.\d{0,100})?|\.\d{1,100})([eE][+-]?\d{1,3})?\s*$"
_DAY = r"^\s*\d{4}-\d{1,2}-\d{1,2}\s*$"


class _Compiler(PySparkCompiler):
    def visit_TryCast(self, op, *, arg, to):
        if not op.arg.dtype.is_string():
            return self.visit_Cast(op, arg=arg, to=to)
        looks_right = self.f.rlike(arg, sge.convert(_DAY if to.is_date() else _NUMBER))
        if to.is_integer():  # a fraction is rounded, not cut off
            arg = self.f.round(self._try_cast(arg, sge.DataType.build("decimal(38, 9)")))
        return self.if_(looks_right, self._try_cast(arg, self.type_mapper.from_ibis(to)), sge.Null())

    def _try_cast(self, arg: sge.Expression, to: sge.DataType) -> sge.TryCast:
        return sge.TryCast(this=arg, to=to, safe=True)  # without `safe` it is written as a plain cast

    def visit_BitOr(self, op, *, arg, where):
        return self.agg.bit_or(arg, where=where)

    def visit_Strip(self, op, *, arg):
        # Ibis lists the blanks to strip in escapes, two of which Spark takes for the letters v and f: venlafaxine loses its v.
        blanks = self.f.concat(" \t\n\r", self.f.char(11), self.f.char(12))
        return sge.Trim(this=arg, expression=blanks)

    def visit_RegexReplace(self, op, *, arg, pattern, replacement):
        if isinstance(replacement, sge.Literal):  # Java writes $1 for what others write \1
            replacement = sge.convert(re.sub(r"\\(\d)", r"$\1", replacement.this))
        return super().visit_RegexReplace(op, arg=arg, pattern=pattern, replacement=replacement)


def _type_of(type_: DataType) -> pa.DataType:
    if isinstance(type_, TimestampType | TimestampNTZType):  # a moment within its day, as files hold it elsewhere
        return pa.timestamp("us")
    return _TYPES[kind_of(type_)]


class SparkTables(Through, Backend):
    """Ibis on a `Spark` engine."""

    compiler = _Compiler()

    def read_parquet(self, paths: Sequence[str], /, *, table_name: str, **_) -> ir.Table:
        """Parquet files as a view, in the types that stepwell works with."""
        frame = self._read.parquet(*paths)
        return self._as_view(frame, {c.name: _type_of(c.dataType) for c in frame.schema}, table_name)

    def read_csv(self, path: str, /, *, table_name: str, columns: Mapping[str, str], delim: str, **_) -> ir.Table:
        """A CSV file as a view, all cells as text."""
        form = StructType([StructField(name, StringType()) for name in columns])
        frame = self._read.csv(
            path,
            form,
            sep=delim,
            quote='"',
            escape='"',
            header=True,
            enforceSchema=True,
            multiLine=True,
            mode="FAILFAST",
        )
        return self._as_view(frame, dict.fromkeys(columns, pa.string()), table_name)

    @property
    def _read(self):
        """Spark's reader of files, told that a path is a path and no pattern."""
        return self.engine.session.read.option("__globPaths__", "false")

    def _as_view(self, frame, types: Mapping[str, pa.DataType], name: str) -> ir.Table:
        frame.createOrReplaceTempView(f"{name}_read")
        selected = ", ".join(self.engine.selected(*column) for column in types.items())
        self.engine.name(name, f"SELECT {selected} FROM {name}_read")
        return self.named(name, ibis.Schema.from_pyarrow(pa.schema({c.lower(): t for c, t in types.items()})))
