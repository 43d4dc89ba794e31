"""Vital signs: blood pressure and oxygen saturation, from a CDM and from own folders. They are no scores; the engine never
reads them."""

from __future__ import annotations

import polars as pl

from ..knowledge.forms import Knowledge
from ..tables import VITAL
from .cells import Cells, chosen
from .codes import NAME, SetCode
from .findings import Finding, settle, without_repeats
from .source import Loss
from .undated import undated_rows


def read_vitals(rows: pl.DataFrame, knowledge: Knowledge) -> tuple[pl.DataFrame, pl.DataFrame, list[Loss]]:
    """Vital signs among the raw measurements of a CDM, which have `person_id` and `set_id` (`vital_codes`); with the rows of
    `code_gap`."""
    cells = Cells(rows)
    first, last = cells.span("measurement_date")
    rows = rows.select(
        "person_id",
        vital="set_id",
        measured_date=cells.day("measurement_date").value,
        first=first,
        last=last,
        value=pl.coalesce(cells.number("value_as_number"), cells.number("value_source_value")),
        address=cells.address("measurement", "measurement_id"),
    )
    kept, gap, losses = _settle(rows, knowledge)
    kept, repeats = without_repeats(VITAL.name, kept, "vital")
    return kept, gap, losses + repeats


def read_own_vitals(lines: pl.DataFrame, knowledge: Knowledge) -> tuple[pl.DataFrame, pl.DataFrame, list[Loss]]:
    """Vital signs of an own folder, with the rows of `code_gap`."""
    cells, called = Cells(lines), pl.col("vital").str.to_lowercase()
    first, last = cells.span("measured_date")
    rows = lines.select(
        "person_id",
        "address",
        vital=called.replace_strict(vital_names(knowledge), default=None, return_dtype=pl.String),
        measured_date=cells.day("measured_date").value,
        first=first,
        last=last,
        value=pl.when(is_percent(called, knowledge)).then(cells.number("percent")).otherwise(cells.number("mmhg")),
    )
    return _settle(rows, knowledge)


def vital_names(knowledge: Knowledge) -> dict[str, str]:
    """The ids of vital signs by every name under which an own folder may write them, in lower case."""
    return {name.lower(): v.vital for v in knowledge.vitals.values() for name in (v.vital, v.label, *v.names)}


def is_percent(called: pl.Expr, knowledge: Knowledge) -> pl.Expr:
    """Whether a vital sign, by any of its names in lower case, is read in per cent, and not in mmHg."""
    names = [name for name, v in vital_names(knowledge).items() if knowledge.vitals[v].unit == "%"]
    return called.is_in(names).fill_null(False)


def vital_codes(knowledge: Knowledge) -> list[SetCode]:
    """The codes and names of vital signs."""
    return [
        SetCode(v.vital, vocabulary, str(code), "exact")
        for v in knowledge.vitals.values()
        for vocabulary, codes in (("LOINC", v.loinc), ("OMOP", v.omop), (NAME, v.names))
        for code in codes
    ]


def is_possible(vital: pl.Expr, value: pl.Expr, knowledge: Knowledge) -> pl.Expr:
    """Whether a value lies in the range of its vital sign, beyond which it is a misprint."""
    vitals = knowledge.vitals.values()
    low = chosen(*((vital == v.vital, float(v.at_least)) for v in vitals), otherwise=0.0)
    high = chosen(*((vital == v.vital, float(v.at_most)) for v in vitals), otherwise=0.0)
    return value.is_between(low, high)


def _settle(rows: pl.DataFrame, knowledge: Knowledge) -> tuple[pl.DataFrame, pl.DataFrame, list[Loss]]:
    """Vital signs from rows with `person_id`, `vital`, `measured_date`, `first` and `last` (the ends of what its cell can mean),
    `value`, `address`; beyond the range they are unknown. Those without a day leave a gap."""
    value, is_usable = pl.col("value"), pl.col("is_usable")
    rows = rows.with_columns(
        is_usable=is_possible(pl.col("vital"), value, knowledge), of_percent=is_percent(pl.col("vital"), knowledge)
    )
    rows = rows.with_columns(
        mmhg=pl.when(is_usable & ~pl.col("of_percent")).then(value),
        percent=pl.when(is_usable & pl.col("of_percent")).then(value),
    )
    undated = Finding(pl.col("measured_date").is_null(), "vital signs without a usable date", "left out")
    kept, losses = settle(
        VITAL.name,
        rows,
        [
            Finding(pl.col("person_id").is_null(), "vital signs of people who are not in person", "left out"),
            undated,
            Finding(value.is_null(), "vital signs without a value", "kept"),
            Finding(value.is_not_null() & ~is_usable, "vital signs outside the range of any", "read as unknown"),
        ],
    )
    gap, counted = undated_rows(rows, [undated], VITAL.name, "vital")
    kept = kept.select("person_id", "vital", "measured_date", "mmhg", "percent", "address")
    return kept, gap, [*losses, counted]
