"""How many rows and people the record tables of a source have, counted where they are read, some people at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

import polars as pl

_BY = {"medication": "ingredient", "measurement": "instrument", "condition": "codeset", "procedure": "procedure"}
"""The tables of which is counted by what their rows are of, and the column that says it."""


@dataclass(frozen=True)
class Counts:
    """Numbers of rows, people and values, each added up over all parts of the people. `tables`: rows and people of each table;
    `birth`: people whose birth is known. The others are by ingredient, instrument or code set: rows and people, of `medication`
    the rows whose dose, end and supply are known and those that are orders alone, of `measurement` the usable totals. `doses`:
    the rows of medication whose dose of the session is known."""

    tables: dict[str, tuple[int, ...]]
    birth: dict[str, tuple[int, ...]]
    medication: dict[str, tuple[int, ...]]
    measurement: dict[str, tuple[int, ...]]
    condition: dict[str, tuple[int, ...]]
    procedure: dict[str, tuple[int, ...]]
    doses: dict[str, tuple[int, ...]]

    def with_one_for_everybody(self, table: str) -> Counts:
        """The numbers with one more row of this table for each person."""
        n_rows, _n_people = self.tables[table]
        n_everybody, _n_people = self.tables["person"]
        return replace(self, tables={**self.tables, table: (n_rows + n_everybody, n_everybody)})


def count_records(tables: Mapping[str, pl.DataFrame]) -> Counts:
    """The numbers of the record tables of some people."""
    rows, people = pl.len(), pl.col("person_id").drop_nulls().n_unique()
    is_supplied = pl.col("is_supplied")
    more = {
        "medication": (
            pl.col("mg_per_day").count().alias("dose"),
            pl.col("end_date").count().alias("end"),
            is_supplied.sum().alias("supplied"),
            (~is_supplied).sum().alias("ordered"),
        ),
        "measurement": (pl.col("total").count(),),
    }

    def by_kind(name: str) -> dict[str, tuple[int, ...]]:
        counted = tables[name].group_by(_BY[name]).agg(rows.alias("rows"), people.alias("people"), *more.get(name, ()))
        return _as_dict(counted)

    dosed = tables["dose"].filter(pl.col("mg").is_not_null())
    medication = tables["medication"].join(dosed, ["ingredient", "address"], "semi")
    return Counts(
        tables={name: (of.height, of["person_id"].drop_nulls().n_unique()) for name, of in tables.items()},
        birth={"": (tables["person"]["birth_earliest_date"].count(),)},
        **{name: by_kind(name) for name in _BY},
        doses=_as_dict(medication.group_by("ingredient").agg(rows)),
    )


def add_counts(parts: Iterable[Counts]) -> Counts:
    """The numbers of all parts together."""
    total: dict[str, dict[str, tuple[int, ...]]] = {f.name: {} for f in fields(Counts)}
    for part in parts:
        for name, of in total.items():
            for key, numbers in getattr(part, name).items():
                of[key] = tuple(a + b for a, b in zip(of.get(key, (0,) * len(numbers)), numbers, strict=True))
    return Counts(**total)


def _as_dict(counted: pl.DataFrame) -> dict[str, tuple[int, ...]]:
    return {key: tuple(int(n) for n in numbers) for key, *numbers in counted.iter_rows()}
