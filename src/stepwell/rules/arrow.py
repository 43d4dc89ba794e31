"""Rows that the rules made -> declared tables (Arrow), column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from stepwell.tables import Column, Table
from stepwell.tables.row_type import NA, field_name

from .criterion_numbers import NONE
from .verdicts import MET, NOT_MET

Words = Mapping[str, Sequence[str]]
"""The words behind the codes of a column, by its name; of other columns, the declared `values`."""


def as_arrow(
    table: Table,
    rows: np.recarray,
    words: Words,
    person_ids: np.ndarray,
    addresses: pa.Array,
    made: Mapping[str, pa.Array],
) -> pa.Table:
    """The table in the order of its key. Columns in `made` are taken from there. People are numbered by their place in
    `person_ids`."""
    by = table.key[0]
    if by in words and len(rows):
        rank = np.argsort(np.argsort(np.array(words[by])))  # names in the order of their text
        order = np.argsort(rank[rows[by]], kind="stable")
        rows, made = rows[order], {name: array.take(pa.array(order)) for name, array in made.items()}
    schema = table.arrow_schema
    arrays = []
    for column in table.columns:
        if column.name in made:
            array = made[column.name]
        elif column.name == "person_id":
            array = pa.array(person_ids[rows["person_id"]])
        elif column.name == "address":
            array = addresses.take(pa.array(rows["address"]))
        else:
            array = _values(rows[field_name(column)], column, words)
        declared = schema.field(column.name).type
        arrays.append(array if array.type == declared else array.cast(declared))
    return pa.table(arrays, schema=schema)


def verdicts(codes: np.ndarray) -> pa.Array:
    """Met, not met, and NULL for what is unknown or not asked."""
    return pa.array(codes == MET, mask=(codes != MET) & (codes != NOT_MET))


def in_words(codes: np.ndarray, words: Sequence[str]) -> pa.Array:
    """The words of the codes, NULL for NONE."""
    return pa.array(words, pa.string()).take(pa.array(codes.astype(np.int32), mask=codes == NONE))


def _values(values: np.ndarray, column: Column, words: Words) -> pa.Array:
    """One column, missing values as NULL."""
    values = np.ascontiguousarray(values)
    if column.type == "string":
        return in_words(values, words.get(column.name, column.values))
    if column.type == "boolean":
        return verdicts(values)
    if column.type == "float64":
        return pa.array(values, mask=np.isnan(values))
    whole = pa.array(values, mask=values == NA)
    return whole.cast(pa.date32()) if column.type == "date" else whole
