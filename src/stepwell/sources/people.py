"""People and their numbers: 1, 2, 3 ... in the order of the source's own ids, which may be anything."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from .stored import run, store
from .values import identifier, whole, whole_id


@dataclass(frozen=True)
class People:
    """The numbered people. `numbers` has one row per person: `key` as other tables hold it, `person_id`,
    `source_person_id`; `n` of them. `without_gaps` are the first and the last key, where they are whole numbers of which none is
    left out."""

    numbers: ir.Table
    n: int
    keys_are_integers: bool
    without_gaps: tuple[int, int] | None

    def attach(self, rows: ir.Table, column: str) -> ir.Table:
        """The rows with `person_id`, NULL where the id is not among the people: ids are compared as they are written."""
        key = whole_id(rows[column]) if self.keys_are_integers else identifier(rows[column]).cast("string")
        if self.without_gaps is not None:
            # Millions of people need not be looked up.
            first, last = self.without_gaps
            key = key.between(first, last).ifelse(key, ibis.null("int64"))
            return rows.mutate(person_id=key - first + 1)
        numbers = self.numbers.select(_key="key", person_id="person_id")
        return rows.mutate(_person=key).left_join(numbers, [("_person", "_key")]).drop("_person", "_key")


def number_people(con: ibis.BaseBackend, ids: ir.Column, where: str) -> People:
    """Numbers the distinct ids, in numeric order when all are whole numbers, else in text order.

    The numbers are stored in a temporary table of the connection, unless they follow from the ids. Ids are joined as integers
    only when nothing is lost by it: "007" and "7" stay two people, and ids of 20 digits stay text.
    """
    rows = ids.name("id").as_table()
    key = identifier(rows.id)
    seen = rows.select(key=key)
    order, are_integers = ["key"], True
    if key.type().is_string():
        cell = seen.key
        canonical = (whole(cell).cast("string") == cell).fill_null(False)
        shape = run(
            seen.agg(canonical=canonical.all(where=cell.notnull()), numeric=cell.re_search(r"^-?\d+$").all()), where
        ).to_pylist()[0]
        are_integers = bool(shape["canonical"])
        if are_integers:
            seen = seen.mutate(key=whole(cell))
        order = [seen.key.try_cast("decimal(38, 0)"), seen.key] if shape["numeric"] else ["key"]
    seen = seen.filter(seen.key.notnull()).distinct()
    ends = run(seen.agg(n=seen.count(), first=seen.key.min(), last=seen.key.max()), where).to_pylist()[0]
    n, first, last = ends["n"], ends["first"], ends["last"]
    if are_integers and n and last - first + 1 == n:
        # Millions of people need not be kept to be counted.
        numbered = seen.mutate(person_id=(seen.key - first + 1).cast("int64"))
        return People(_with_source_id(numbered), n, are_integers, (first, last))
    numbered = seen.mutate(person_id=(ibis.row_number().over(order_by=order) + 1).cast("int64"))
    return People(_with_source_id(store(con, numbered, where)), n, are_integers, None)


def _with_source_id(numbers: ir.Table) -> ir.Table:
    """The people with the id as the source writes it. It is the key in letters: to keep both would take twice the memory."""
    return numbers.mutate(source_person_id=numbers.key.cast("string"))
