"""Diagnoses and procedures of a CDM, and the care that it keeps among observations and visits: the rows that carry a code of a
set."""

from __future__ import annotations

import polars as pl

from ..tables.ranges import QUANTITY
from .cells import Cells, is_outside, within
from .codes import CODED, Columns, visit_columns
from .files import RawTable
from .findings import Finding, settle, without_repeats
from .source import Loss
from .undated import undated_rows

CODESET_COLUMN = {"condition": "codeset", "procedure": "procedure"}
"""The column of the record table that names the code set."""


def find_care(filled: dict[str, RawTable]) -> list[tuple[RawTable, Columns, str]]:
    """The tables besides diagnoses and procedures that may hold care, each with its codes and its date."""
    tables = []
    if "observation" in filled:
        tables.append((filled["observation"], CODED["observation"], "observation_date"))
    if "visit_occurrence" in filled:
        visit = filled["visit_occurrence"]
        tables += [(visit, columns, date) for columns, date in visit_columns(visit)]
    return tables


def without_value(rows: pl.DataFrame) -> pl.DataFrame:
    """The raw rows of an observation table that have no value. A row with a value answers a question, maybe with no."""
    cells = Cells(rows)
    stated = (
        cells.text("value_as_string"),
        cells.text("value_source_value"),
        cells.number("value_as_number").cast(pl.String),
        cells.concept("value_as_concept_id").cast(pl.String),
    )
    return rows.filter(pl.coalesce(*stated).is_null())


def read_coded(rows: pl.DataFrame, record: str, table: str, date: str) -> tuple[pl.DataFrame, pl.DataFrame, list[Loss]]:
    """`condition` or `procedure` from the raw rows of a table that carry a code of a set, once per set (`set_id`, `vocabulary`,
    `code`), with the rows of `code_gap` that those without a day make. `date` is the column of the day."""
    cells = Cells(rows)
    when, (first, last) = cells.day(date), cells.span(date)
    told = rows.select(
        "person_id",
        "set_id",
        "vocabulary",
        "code",
        date=when.value,
        is_unreadable=when.is_unreadable,
        is_marker=when.is_marker,
        is_shifted=when.is_shifted,
        first=first,
        last=last,
        address=cells.address(table, f"{table}_id"),
        **({} if record == "condition" else _more_of_procedure(cells)),
    )
    undated = [
        Finding(pl.col("is_unreadable"), "rows whose date cannot be read", "left out"),
        Finding(pl.col("is_marker"), "rows dated before 1900 or after 2299", "left out"),
        Finding(pl.col("date").is_null(), "rows without a date", "left out"),
    ]
    kept, losses = settle(
        record,
        told,
        [
            Finding(pl.col("person_id").is_null(), "rows of people who are not in person", "left out"),
            *undated,
            Finding(pl.col("is_shifted"), "rows dated after 2100, as in records whose dates were shifted", "kept"),
            *(procedure_findings() if record == "procedure" else ()),
        ],
    )
    gap, counted = undated_rows(told, undated, record, "set_id")
    kept = kept.rename({"set_id": CODESET_COLUMN[record], "date": f"{record}_date"})
    more = [] if record == "condition" else ["quantity", "minute"]
    kept = kept.select("person_id", f"{record}_date", CODESET_COLUMN[record], "vocabulary", "code", *more, "address")
    kept, repeats = without_repeats(record, kept, CODESET_COLUMN[record])
    return kept, gap, [*losses, counted, *repeats]


def _more_of_procedure(cells: Cells) -> dict[str, pl.Expr]:
    quantity = cells.number("quantity")
    return {
        "quantity": within(QUANTITY, quantity),
        "minute": cells.minute("procedure_datetime").cast(pl.Int32),
        "is_quantity_outside": is_outside(QUANTITY, quantity),
        "is_time_unreadable": cells.is_no_time("procedure_datetime"),
    }


def new_diagnoses(among: pl.DataFrame, known: pl.DataFrame) -> tuple[pl.DataFrame, Loss]:
    """Of diagnoses among the observations, those that do not stand among the diagnoses (`known`) too. Some exports write every
    diagnosis into both tables: it is one diagnosis."""
    new = among.join(known, ["person_id", "condition_date", "codeset", "code"], "anti")
    what = "diagnoses among the observations that stand among the diagnoses too, of the same day and code"
    return new, Loss("condition", what, "corrected", among.height - new.height)


def procedure_findings() -> list[Finding]:
    """What is said of the quantity and the time of procedures (`is_quantity_outside`, `is_time_unreadable`)."""
    return [
        Finding(pl.col("is_quantity_outside"), f"procedures with a quantity outside {QUANTITY}", "read as unknown"),
        Finding(pl.col("is_time_unreadable"), "procedures whose time cannot be read", "read as unknown"),
    ]
