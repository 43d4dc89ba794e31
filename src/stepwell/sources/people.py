"""People and their numbers: 1, 2, 3 ... in the order of the source's own ids, which may be anything."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from .files import run, store
from .values import text


@dataclass(frozen=True)
class People:
    """The numbered people. `numbers` has one row per person: `key` as other tables hold it, `person_id`,
    `source_person_id`."""

    numbers: ir.Table
    keys_are_integers: bool

    def attach(self, rows: ir.Table, column: str) -> ir.Table:
        """The rows with `person_id`, NULL where the id is not among the people."""
        key = _integer(rows[column]) if self.keys_are_integers else text(rows[column])
        numbers = self.numbers.select(_key="key", person_id="person_id")
        return rows.mutate(_person=key).left_join(numbers, [("_person", "_key")]).drop("_person", "_key")


def number_people(con: Backend, ids: ir.Column, where: str) -> People:
    """Numbers the distinct ids, in numeric order when all are whole numbers, else in text order.

    The numbers are stored in a temporary table of the connection. Ids are joined as integers only when nothing is lost by
    it: "007" and "7" stay two people, and ids of 20 digits stay text.
    """
    rows = ids.name("id").as_table()
    as_text = _integer(rows.id).cast("string") if rows.id.type().is_floating() else text(rows.id)
    seen = rows.select(id=as_text)
    seen = seen.filter(seen.id.notnull()).distinct()
    canonical = seen.id.try_cast("int64").cast("string") == seen.id
    big = seen.id.try_cast("decimal(38, 0)")
    shape = run(
        seen.agg(canonical=canonical.fill_null(False).all(), numeric=seen.id.re_search(r"^-?\d+$").all()), where
    ).to_pylist()[0]
    order = [big, seen.id] if shape["numeric"] else [seen.id]
    numbered = seen.mutate(person_id=ibis.row_number().over(order_by=order) + 1).select(
        key=seen.id.cast("int64") if shape["canonical"] else seen.id,
        person_id=ibis._.person_id.cast("int64"),
        source_person_id=ibis._.id,
    )
    return People(store(con, numbered.order_by("person_id"), where), bool(shape["canonical"]))


def _integer(column: ir.Column) -> ir.Column:
    if column.type().is_integer():
        return column.cast("int64")
    if column.type().is_floating():
        return column.try_cast("int64")
    return text(column).try_cast("int64")
