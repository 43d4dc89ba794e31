"""Reads records into memory: a FHIR bundle, or a location that `stepwell run` reads. Nothing is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import ibis
import ibis.expr.types as ir
import polars as pl
import pyarrow as pa

from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.loader import load
from stepwell.sources import Loss, open_source
from stepwell.sources.fhir import open_bundle
from stepwell.tables import RECORDS

_KEYS = {table.name: table.key for table in RECORDS}
_DECLARED = {table.name: table for table in RECORDS}


@dataclass(frozen=True)
class Records:
    """What a source holds: its record tables as `stepwell.tables.RECORDS` declares them, each in the order of its key; `has`, the
    tables that the source has at all (what a missing one does not hold says nothing); `losses`, what was left out or read as
    unknown. `determine_records(records.tables, ..., has=records.has)` judges them."""

    tables: dict[str, pa.Table]
    has: frozenset[str]
    losses: tuple[Loss, ...] = ()


def read_records(source: Mapping | str | Path, knowledge: Knowledge | None = None) -> Records:
    """The records of a FHIR R4 bundle in memory (a mapping as `json.load` gives it), or of files: a bundle, a folder of FHIR, an
    OMOP CDM, stepwell's own CSV folder.

    Everything is held in memory: for a person or a few thousand. Raises SourceError with every problem of what cannot be read.
    """
    knowledge = knowledge or load()
    con = ibis.duckdb.connect()
    try:
        is_bundle = isinstance(source, Mapping)
        opened = open_bundle(dict(source), con, knowledge) if is_bundle else open_source(source, con, knowledge)
        tables = {name: _in_order(name, rows, opened.frames, con) for name, rows in opened.tables.items()}
    finally:
        con.disconnect()
    return Records(tables, opened.has, opened.losses)


def _in_order(name: str, rows: ir.Table, frames: Mapping[str, pl.DataFrame], con: ibis.BaseBackend) -> pa.Table:
    if name not in frames:
        return con.to_pyarrow(rows.order_by(*_KEYS[name]))
    ordered = frames[name].sort(_KEYS[name], nulls_last=True)
    return ordered.to_arrow().cast(_DECLARED[name].arrow_schema)
