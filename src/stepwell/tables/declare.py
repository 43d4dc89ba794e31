"""How a table is declared: its grain, its key, and for every column the type, the unit, the meaning and what NULL says.

The declarations in `records.py` and `derived.py` feed the reader's checks, the engine, the data dictionary, the tests
and the simulator. A table that is not declared does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from .ranges import Range


@dataclass(frozen=True)
class Column:
    """One column. `null` says what an empty value means; an empty `null` says that the value is always there.
    A value outside its `range` is read as unknown."""

    name: str
    type: str
    meaning: str
    unit: str = ""
    null: str = ""
    values: tuple[str, ...] = ()
    range: Range | None = None


@dataclass(frozen=True)
class Table:
    """One table. `grain` completes "One row is ..."; `key` is a full order: no two rows share it."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        object.__setattr__(self, "by_name", {c.name: c for c in self.columns})
        unknown = [k for k in self.key if k not in self.by_name]
        assert not unknown, f"{self.name}: key columns {unknown} are not declared"

    @cached_property
    def schema(self) -> ibis.Schema:
        """The Ibis schema; columns whose `null` is empty are not nullable in meaning, but every engine may store NULL."""
        return ibis.schema({c.name: c.type for c in self.columns})

    @cached_property
    def arrow_schema(self) -> pa.Schema:
        """The Arrow schema."""
        return self.schema.to_pyarrow()

    def unbound(self, name: str | None = None) -> ir.Table:
        """The table as an Ibis expression that belongs to no connection, for building the engine's expressions."""
        return ibis.table(self.schema, name=name or self.name)
