"""The NumPy record of a declared table: what one of its rows is inside the compiled rules.

| declared | in the record | missing |
|---|---|---|
| `date` | `int32`, days since 1970-01-01; `start_date` is called `start_day` | `NA` |
| `boolean` | `int8`, a verdict: 0 not met (no), 1 unknown, 2 met (yes) | 1 |
| `int32`, `int64` | the same | `NA` |
| `float64` | the same | NaN |
| `string` | `int16`, a place in a list of words: the declared `values`, or one made for the run | -1 |
| `address` | `int64`, a place in the sorted addresses of the records | -1 |

A dot in a name becomes an underscore (`who.age` is `who_age`).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .declare import Column, Table

NA = -(2**31)
"""A day or a whole number that is not known."""

_TYPES = {"date": "i4", "boolean": "i1", "int32": "i4", "int64": "i8", "float64": "f8", "string": "i2"}


def field_name(column: Column) -> str:
    """`start_date` -> `start_day`, `who.age` -> `who_age`."""
    name = column.name.replace(".", "_")
    return name.removesuffix("_date") + "_day" if column.type == "date" and name.endswith("_date") else name


def row_type(table: Table, leave_out: Iterable[str] = (), **more: str | tuple) -> np.dtype:
    """The record of the table's rows, without the columns `leave_out`, and with `more` fields that only the rules need."""
    leave_out = set(leave_out)
    fields = [
        (field_name(column), "i8" if column.name == "address" else _TYPES[column.type])
        for column in table.columns
        if column.name not in leave_out
    ]
    fields += [(name, *(kind if isinstance(kind, tuple) else (kind,))) for name, kind in more.items()]
    # As plain Python, a record would give its own method in place of a field of that name.
    shadowed = [name for name, *_ in fields if hasattr(np.record, name)]
    assert not shadowed, f"{table.name}: fields named like methods of a NumPy record: {shadowed}"
    return np.dtype(fields, align=True)
