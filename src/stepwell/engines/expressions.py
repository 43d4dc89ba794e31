"""Ibis expressions on an engine: compiled by Ibis, kept and fetched by the engine.

The readers of sources are Ibis expressions that now and then keep a small table and look at a few rows. Ibis's own connections
would make lasting tables for that, or none at all; the engine has its own that go away by themselves.
"""

from __future__ import annotations

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir


class Through:
    """What the readers use of an Ibis backend, by way of `engine`. To be mixed in before the backend of the engine's dialect."""

    def on(self, engine) -> Through:
        """This backend, working on the engine."""
        self.engine = engine
        return self

    def named(self, name: str, schema: ibis.Schema) -> ir.Table:
        """A table of the engine that is known to have this schema."""
        return ops.DatabaseTable(name, schema=schema, source=self, namespace=ops.Namespace()).to_expr()

    def create_table(self, name: str, /, obj: ir.Table | None = None, *, schema=None, temp: bool = True) -> ir.Table:
        """Keeps the rows of an expression, or an empty table of a schema, for as long as the engine lasts."""
        if obj is None:
            schema = ibis.schema(schema)
            self.engine.store(name, schema.to_pyarrow().empty_table())
            return self.named(name, schema)
        self._run_pre_execute_hooks(obj)
        self.engine.create(name, self.compile(obj))
        return self.named(name, obj.schema())

    def to_pyarrow(self, expr: ir.Expr, /, **_):
        """The rows of a table as an Arrow table, a column as an array, a value as a scalar."""
        self._run_pre_execute_hooks(expr)
        rows = expr.as_table()
        return expr.__pyarrow_result__(self.engine.read(self.compile(rows), rows.schema().to_pyarrow()))

    def _register_in_memory_table(self, op: ops.InMemoryTable) -> None:
        self.engine.store(op.name, op.data.to_pyarrow(op.schema))

    def _make_memtable_finalizer(self, name: str) -> None:
        return None  # it goes with the engine
