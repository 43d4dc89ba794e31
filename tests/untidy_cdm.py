"""An OMOP CDM in which everything that stepwell reads is missing once, wrong once, there twice, or on the last day there is.

Made from tidier records: some of their people are there again under new ids, once for every way of being untidy.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stepwell.sources.database import KIND_OF

DATES = (date(1, 1, 1), date(1899, 12, 31), date(1900, 1, 1), date(2100, 1, 1), date(2299, 12, 31), date(9999, 12, 31))
NUMBERS = (0, -1, 1, 366, 367, 2**31 - 1)
AMOUNTS = (0.0, -1.0, 0.1, 1e-9, 1e9, float("nan"))
TEXTS = (
    "",
    " ",
    "NULL",
    "n/a",
    "17",
    " 17 ",
    "17.5",
    "1e400",
    "17 points",
    "none",
    "nan",
    "Infinity",
    "-3",
    "+4",
    "1d",
    "é",
)
NAMES = (
    "PHQ-9 total score",
    "f33.1",
    "F33.1",
    "fluoxetine 20 MG",
    "venlafaxine",
    "296.33",
    "Side Effects",
    "ineffective",
)
"""Entries of source columns: for the code sets, the drugs' names and the reasons for stopping."""

VOCABULARY = ("concept", "concept_ancestor", "drug_strength")


def make_untidy(folder: Path, out: Path, *, people: int = 3) -> None:
    """Writes the tables of a folder again, with further people whose records are untidy."""
    out.mkdir()
    tables = {f.stem: pq.read_table(f) for f in sorted(folder.glob("*.parquet"))}
    busiest = pc.value_counts(tables["drug_exposure"]["person_id"]).to_pylist()
    chosen = [r["values"] for r in sorted(busiest, key=lambda r: (-r["counts"], r["values"]))[:people]]
    their = {
        name: rows.filter(pc.is_in(rows["person_id"], pa.array(chosen))).to_pylist()
        for name, rows in tables.items()
        if name not in VOCABULARY
    }
    copies = [their]
    for name, rows in their.items():
        for column in tables[name].column_names:
            if column in KIND_OF and column != "person_id":
                copies.append({**their, name: [{**row, column: None} for row in rows]})
                copies.append(
                    {**their, name: [{**row, column: wrong} for row, wrong in _wrong(tables[name], column, rows)]}
                )
        copies.append({**their, name: [row for row in rows for _ in "ab"]})  # sent more than once
        copies.append({**their, name: []})
    further: dict[str, list[dict]] = {name: [] for name in their}
    for number, copy in enumerate(copies, 1):
        for name, rows in copy.items():
            further[name] += [
                {**row, "person_id": row["person_id"] + number * 100_000}
                for row in rows
                if row["person_id"] is not None
            ]
    for name, rows in their.items():
        for nobody in (None,) if name == "person" else (None, 7):
            further[name] += [{**row, "person_id": nobody} for row in rows[:1]]
    for name, rows in tables.items():
        schema = pa.schema([column.with_nullable(True) for column in rows.schema])
        more = pa.Table.from_pylist(further.get(name, []), schema=schema)
        pq.write_table(pa.concat_tables([rows.cast(schema), more]), out / f"{name}.parquet")


def _wrong(table: pa.Table, column: str, rows: list[dict]):
    """Each row with a value for the column that is unusual for its type."""
    type_ = table.schema.field(column).type
    if pa.types.is_date(type_):
        values = DATES
    elif pa.types.is_timestamp(type_):
        values = [datetime(d.year, d.month, d.day, 23, 59) for d in DATES]
    elif pa.types.is_integer(type_):
        values = NUMBERS
    else:
        values = AMOUNTS if pa.types.is_floating(type_) else TEXTS + NAMES
    return ((row, values[n % len(values)]) for n, row in enumerate(rows))
