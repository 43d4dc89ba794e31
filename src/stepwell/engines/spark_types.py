"""What the types of Spark hold."""

from __future__ import annotations

from pyspark.sql import types


def kind_of(type_: types.DataType) -> str:
    """What a type holds: `whole`, `number`, `date`, `text` or `other`."""
    if isinstance(type_, types.IntegralType):
        return "whole"
    if isinstance(type_, types.NumericType):
        return "number"
    if isinstance(type_, types.DateType | types.TimestampType | types.TimestampNTZType):
        return "date"
    return "text" if isinstance(type_, types.StringType | types.CharType | types.VarcharType) else "other"
