"""Records of three people with evil cells, in every form of source."""

from __future__ import annotations

import csv
import io
import random
import re
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from stepwell.errors import StepwellError
from stepwell.knowledge.loader import load
from stepwell.sources import open_source
from stepwell.sources.cdm_columns import KIND_OF
from stepwell.sources.csvform import FILES
from stepwell.sources.omop import REQUIRED_COLUMNS

from .evil import COLUMNS, SECRET, value
from .judge import Input, RefusedError, leak
from .slips import spoil_bytes

PEOPLE = ("1", "2", "3")
_OWN_ROWS = {
    "person": "{p},1980-05-17,female,",
    "observation_period": "{p},2019-01-01,2021-12-31",
    "condition": "{p},2020-01-02,ICD10CM,F33.1",
    "medication": "{p},sertraline,2020-01-01,,60,100,,,,,,,",
    "measurement": "{p},2020-01-02,phq-9,19",
    "procedure": "{p},2020-09-01,stepwell,ect,,",
    "monitoring": "{p},2020-09-01,systolic,40,128",
    "answer": "{p},2020-09-01,phq-9,9,1,,,",
    "vital": "{p},2020-09-01,blood-pressure-systolic,128,",
}
_OMOP_CELLS = {"id": "{p}", "number": "50", "date": "2020-01-02", "time": "2020-01-02 09:30:00", "text": "F33.1"}
_CONCEPTS = {
    "drug_concept_id": "739138",
    "ingredient_concept_id": "739138",
    "concept_id": "739138",
    "gender_concept_id": "8532",
    "year_of_birth": "1980",
    "days_supply": "60",
    "vocabulary_id": "ICD10CM",
    "concept_name": "sertraline",
    "domain_id": "Drug",
}
_MORE = {
    "person": ("gender_concept_id", "month_of_birth", "day_of_birth", "birth_datetime"),
    "drug_exposure": ("days_supply", "quantity", "drug_exposure_end_date", "stop_reason", "drug_source_value",
                      "route_concept_id"),
    "condition_occurrence": ("condition_source_value", "condition_source_concept_id"),
    "measurement": ("value_as_number", "measurement_source_value", "measurement_datetime", "value_source_value"),
    "observation": ("value_as_number", "observation_source_value", "value_as_string"),
    "procedure_occurrence": ("procedure_source_value", "quantity", "procedure_datetime"),
    "visit_occurrence": ("visit_end_date",),
    "concept": ("invalid_reason",),
    "drug_strength": ("amount_unit_concept_id", "numerator_value", "denominator_value"),
}  # fmt: skip
_READ_INTO = {"drug_exposure": ("drug_exposure", "medication", "incomplete_medication", "dose")}
"""The record tables under which losses of a table of the CDM are counted."""
Tables = dict[str, tuple[list[str], list[list[str]]]]


def own(chance: random.Random, place: Path) -> Input:
    """stepwell's own CSV folder. Every row that was given is read, or counted as left out."""
    tables: Tables = {
        name: ([f.name for f in fields], [_cells(_OWN_ROWS[name].format(p=p), len(fields)) for p in PEOPLE])
        for name, fields in FILES.items()
    }
    said = _spoil(tables, chance, ("person", "medication"))
    is_whole = _write_csv(tables, place / "records", chance, said)
    rows = {name: len(rows) for name, (_, rows) in tables.items()} if is_whole else {}
    return Input("; ".join(said), check=partial(_read_all, place / "records", rows), n=len(said))


def _cells(row: str, n: int) -> list[str]:
    cells = row.split(",")
    return cells + [""] * (n - len(cells))


def omop(form: str, chance: random.Random, place: Path) -> Input:
    """An OMOP CDM as CSV, as Parquet, or inside a DuckDB file."""
    tables: Tables = {}
    for name, required in REQUIRED_COLUMNS.items():
        header = [*required, *_MORE.get(name, ())]
        rows = [[_CONCEPTS.get(c, _OMOP_CELLS.get(KIND_OF[c], "{p}")).format(p=p) for c in header] for p in PEOPLE]
        tables[name] = (header, rows)
    said = _spoil(tables, chance, ("person", "drug_exposure"))
    folder, given = place / "records", _must_be_read(tables)
    if form == "csv":
        is_whole = _write_csv(tables, folder, chance, said)
        return Input("; ".join(said), check=partial(_read_all, folder, given if is_whole else {}), n=len(said))
    folder.mkdir()
    arrow = {name: _as_arrow(name, *table, chance, said) for name, table in tables.items()}
    for name, rows in arrow.items():
        pq.write_table(rows, folder / f"{name}.parquet")
    if form == "parquet":
        if chance.random() < 0.15:
            file = folder / f"{chance.choice(sorted(arrow))}.parquet"
            content, what = spoil_bytes(file.read_bytes(), chance)
            file.write_bytes(content)
            said.append(f"{file.name} {what}")
            given = {}
        return Input("; ".join(said), check=partial(_read_all, folder, given), n=len(said))
    with duckdb.connect(place / "site.duckdb") as con:
        for name in arrow:
            con.execute(f"CREATE TABLE {name} AS SELECT * FROM read_parquet('{folder / name}.parquet')")
    return Input("; ".join(said), check=partial(_read_all, place / "site.duckdb", given), n=len(said))


def _must_be_read(tables: Tables) -> dict[str, int]:
    """How many rows of a CDM must be read or counted: people, and supplies of sertraline where no vocabulary says otherwise."""
    must = {"person": len(tables["person"][1])}
    if not {"concept", "concept_ancestor", "drug_strength"} & set(tables):
        header, rows = tables["drug_exposure"]
        at = header.index("drug_concept_id")
        must["drug_exposure"] = sum(row[at] == _CONCEPTS["drug_concept_id"] for row in rows)
    return must


def _spoil(tables: Tables, chance: random.Random, needed: tuple[str, ...]) -> list[str]:
    """Writes evil values into some cells of a few tables, and leaves the other tables out; says which."""
    chosen = chance.sample(sorted(tables), 2)
    for name in sorted(set(tables) - {*chosen, *needed}):
        del tables[name]
    said = []
    for _ in range(chance.choice((1, 3, 10, 30))):
        name = chance.choice(sorted(tables))
        header, rows = tables[name]
        row, column = chance.randrange(len(rows)), chance.randrange(len(header))
        rows[row][column] = value(chance)
        said.append(f"{name}.{header[column]}[{row}]={rows[row][column][:40]!r}")
    if chance.random() < 0.1:
        header, rows = tables[chance.choice(sorted(tables))]
        header.append(chance.choice(("set_id", "vocabulary", "code", "address", "person", "", header[0], "x\x01")))
        for row in rows:
            row.append(SECRET)
        said.append(f"bytes: a column more: {header[-1]!r}")
    return said


def _write_csv(tables: Tables, folder: Path, chance: random.Random, said: list[str]) -> bool:
    """Writes the tables. Returns whether each holds the rows that it was given."""
    folder.mkdir()
    broken = chance.choice(sorted(tables)) if chance.random() < 0.2 else None
    for name, (header, rows) in tables.items():
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([header, *rows])
        content = text.getvalue().encode("utf-8", "surrogatepass")
        if name == broken:
            content, what = spoil_bytes(content, chance)
            said.append(f"{name} {what}")
        (folder / f"{name}.csv").write_bytes(content)
    return broken is None


def _as_arrow(name: str, header: list[str], rows: list[list[str]], chance: random.Random, said: list[str]) -> pa.Table:
    """The table with a column's own type where all its cells can be read so, as text where not; one column in twenty is odd."""
    columns = {}
    for n, column in enumerate(header):
        cells = pa.array([row[n].encode("utf-8", "replace").decode() or None for row in rows], pa.string())
        kind = {"id": pa.int64(), "whole": pa.int64(), "number": pa.float64(), "date": pa.date32()}.get(
            KIND_OF.get(column, "")
        )
        try:
            columns[column or "_"] = cells.cast(kind) if kind else cells
        except pa.ArrowInvalid:
            columns[column or "_"] = cells
        if chance.random() < 0.01:
            columns[column or "_"] = odd = chance.choice(COLUMNS)
            said.append(f"{name}.{column} of type {odd.type}")
    return pa.table(columns)


def _read_all(location: Path, given: dict[str, int]) -> str | None:
    """Reads every record table. Says what is wrong: another error than stepwell's, a secret in a message, a row that is lost.

    `given` is how many rows of a table must be read, or counted as left out or merged.
    """
    con = ibis.duckdb.connect()
    try:
        source = open_source(location, con, _knowledge())
        read = {name: rows.to_pyarrow() for name, rows in source.tables.items()}
    except StepwellError as error:
        if fault := f"exit code 13: {error}" if error.exit_code == 13 else leak(str(error)):
            return fault
        raise RefusedError from None
    except Exception as error:
        return f"exit code 13: {type(error).__module__}.{type(error).__name__}: {str(error)[:300]}"
    finally:
        con.disconnect()
    for loss in source.losses:
        if fault := leak(f"{loss.table}: {loss.what}"):
            return fault
    lines: Counter[str] = Counter()
    for rows in read.values():
        if "address" in rows.column_names:
            lines |= Counter(rows["address"].to_pylist())  # a row may be read into two tables, and an id stand twice
    for name, n_rows in given.items():
        kept = sum(n for line, n in lines.items() if re.match(rf"{name}(\.csv:|/)", line))
        counted = [loss for loss in source.losses if loss.table in _READ_INTO.get(name, (name,))]
        left_out = sum(loss.n_rows for loss in counted if loss.effect == "left out")
        corrected = sum(loss.n_rows for loss in counted if loss.effect == "corrected")
        if kept + left_out + corrected < n_rows:
            return f"{name}: {n_rows} rows given, {kept} read, {left_out} counted as left out"
    return None


@cache
def _knowledge():
    return load()


KINDS: dict[str, Callable[[random.Random, Path], Input]] = {
    "records: own CSV": own,
    "records: OMOP CSV": partial(omop, "csv"),
    "records: OMOP Parquet": partial(omop, "parquet"),
    "records: DuckDB": partial(omop, "duckdb"),
}
