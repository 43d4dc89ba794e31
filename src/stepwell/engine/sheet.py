"""The engine's tables -> result tables: what is read off an engine once, and the parts of a result table that are made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import ibis.expr.types as ir
import pyarrow as pa

from stepwell.knowledge.rules import Rule
from stepwell.tables import JUDGED_TRIAL, Table

from .intervals import in_dates, to_date
from .judge import conclude
from .look_back import BEHIND


@dataclass(frozen=True)
class Part:
    """One part of a result table: which columns of the sheet it takes under other names, and what is the same in all its rows."""

    same: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sheet:
    """Rows in the types of a result table, read in its order, and the parts made of them, which follow one another.

    Wide rows are put in order and read once for many parts, and what is the same in a whole part is not read at all.
    """

    rows: ir.Table
    order: tuple[str, ...]
    parts: Sequence[Part] = (Part(),)

    @property
    def schema(self) -> pa.Schema:
        """The schema in which the rows are read."""
        return self.rows.schema().to_pyarrow()

    def read_off(self, rows: pa.Table, schema: pa.Schema) -> Iterator[pa.Table]:
        """The parts, with the columns of the schema; a column that neither the part nor the sheet has is NULL."""
        for part in self.parts:
            arrays = []
            for column in schema:
                name = part.columns.get(column.name, column.name)
                if column.name in part.same or name not in rows.column_names:
                    value = pa.scalar(part.same.get(column.name), column.type)
                    arrays.append(pa.repeat(value, rows.num_rows))
                else:
                    arrays.append(rows[name])
            yield pa.table(arrays, schema=schema)


def sheet_of(table: Table, rows: ir.Table, **same: str) -> Sheet:
    """One part of a result table, with the columns that are the `same` in all its rows."""
    own = tuple(column for column in table.columns if column.name not in same)
    order = tuple(name for name in table.key if name not in same)
    return Sheet(in_dates(own, rows), order, (Part(same),))


def judged_sheet(judged: ir.Table, rules: Sequence[Rule]) -> Sheet:
    """`judged_trial`, of the rules that judge the same trials, one after the other."""
    columns = {"person_id": judged.person_id, "trial_number": judged.trial_number.cast("int32")}
    columns |= {name: judged[name].cast("int32") for name in BEHIND if name in judged.columns}
    parts = []
    for rule in rules:
        own = dict(rule.columns)
        day = own.pop("counted_day")
        columns |= {name: judged[name] for name in own.values()} | {day: to_date(judged[day])}
        own["counted_date"] = day
        for name, verdict in conclude(judged, rule).items():
            own[name] = f"{name} by {rule.id}"
            columns[own[name]] = verdict
        parts.append(Part({"rule": rule.id}, own))
    order = tuple(name for name in JUDGED_TRIAL.key if name != "rule")
    return Sheet(judged.select(**columns), order, parts)
