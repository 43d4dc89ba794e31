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


class MadeRows:
    """Rows that the rules made, in the order of the table's key: `rows["start_day"]` gives the values of one field, one after
    another in memory. `words` are those of the first column of the key."""

    def __init__(self, table: Table, rows: np.recarray, words: Words):
        self._rows = rows.view(np.ndarray)  # a record array makes a new array type for each field that is asked
        self._order = None
        by = table.key[0]
        if by in words and len(rows):
            rank = np.argsort(np.argsort(np.array(words[by])))  # names in the order of their text
            # Few names, as small numbers: NumPy then counts instead of comparing.
            self._order = np.argsort(rank.astype(np.int16)[self._rows[by]], kind="stable")

    def __getitem__(self, name: str) -> np.ndarray:
        values = self._rows[name]
        return np.ascontiguousarray(values) if self._order is None else values[self._order]

    def each_of(self, name: str) -> np.ndarray:
        """A field of several values a row, as one row of the array for each of them."""
        return np.ascontiguousarray(self[name].T)


def as_arrow(
    table: Table,
    rows: MadeRows,
    words: Words,
    person_ids: np.ndarray,
    addresses: pa.Array,
    made: Mapping[str, pa.Array],
) -> pa.Table:
    """The table. Columns in `made` are taken from there. People are numbered by their place in `person_ids`."""
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
    is_known = (codes == MET) | (codes == NOT_MET)
    return pa.BooleanArray.from_buffers(pa.bool_(), len(codes), [_bits(is_known), _bits(codes == MET)])


def _bits(flags: np.ndarray) -> pa.Buffer:
    return pa.py_buffer(np.packbits(flags, bitorder="little"))


def in_words(codes: np.ndarray, words: Sequence[str]) -> pa.Array:
    """The words of the codes, NULL for NONE."""
    return pa.array(words, pa.string()).take(pa.array(codes.astype(np.int32), mask=codes == NONE))


def _values(values: np.ndarray, column: Column, words: Words) -> pa.Array:
    """One column, missing values as NULL."""
    if column.type == "string":
        return in_words(values, words.get(column.name, column.values))
    if column.type == "boolean":
        return verdicts(values)
    if column.type == "float64":
        return pa.array(values, mask=np.isnan(values))
    whole = pa.array(values, mask=values == NA)
    return whole.cast(pa.date32()) if column.type == "date" else whole
