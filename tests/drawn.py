"""Tables drawn as text, and records made of them.

    ingredient | start_date | end_date   | mg_per_day
    sertraline | 2020-01-01 | 2020-03-05 | 50

An empty cell is NULL. A boolean is written yes or no, or, where it is a verdict, met, not met or unknown.
"""

from __future__ import annotations

from datetime import date

from stepwell.tables import RECORDS, Table

Row = dict[str, object]
_TRUTH = {"yes": True, "met": True, "no": False, "not met": False, "unknown": None}


def parse(text: str, table: Table) -> list[Row]:
    """The drawn rows, each value of the type that the declared table gives its column."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    names, body = lines[0], lines[1:]
    ragged = [line for line in body if len(line) != len(names)]
    assert not ragged, f"drawn rows with too many or too few cells: {ragged}"
    return [{n: _value(cell, table.by_name[n].type) for n, cell in zip(names, line, strict=True)} for line in body]


def _value(cell: str, kind: str) -> object:
    if cell == "":
        return None
    if kind == "date":
        return date.fromisoformat(cell)
    if kind == "boolean":
        return _TRUTH[cell]
    return float(cell) if kind == "float64" else int(cell) if kind.startswith("int") else cell


def complete(tables: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Whole record tables of partial ones: person 1 where none is named, every column, an address for every row.

    Unless `person` and `observation_period` are given, everybody was born on 1 January 1980 and is observed from 2010 to 2029.
    """
    tables = {name: [{"person_id": 1, **row} for row in rows] for name, rows in tables.items()}
    people = sorted({row["person_id"] for rows in tables.values() for row in rows}) or [1]
    born = {"birth_earliest_date": date(1980, 1, 1), "birth_latest_date": date(1980, 1, 1)}
    seen = {"start_date": date(2010, 1, 1), "end_date": date(2029, 12, 31)}
    tables.setdefault("person", [{"person_id": p, **born} for p in people])
    tables.setdefault("observation_period", [{"person_id": p, **seen} for p in people])
    always = {"vocabulary": "ICD10CM", "code": "F33.1", "dose_basis": "recorded dose"}
    whole = {}
    for table in RECORDS:
        rows = enumerate(tables.get(table.name, []), start=1)
        blank = {c.name: always.get(c.name) for c in table.columns}
        whole[table.name] = [{**blank, "address": f"{table.name}/{i}", **row} for i, row in rows]
    for row in whole["person"]:
        row["source_person_id"] = row["source_person_id"] or str(row["person_id"])
    return whole
