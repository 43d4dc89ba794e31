"""Measurements and observations that nobody could identify: any of them may be an answer to a questionnaire or its total.

They become rows of `code_gap` of the record `answer`: that no answer of a person was found says nothing on those days.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import polars as pl

from ..knowledge.forms import Knowledge
from .codes import CODED, NAME, PLACES, Codes, SetCode, instrument_codes
from .files import RawTable
from .identify import LOCAL_FROM
from .people import People
from .source import Loss
from .source_value import SHAPES, is_of
from .stored import run, store
from .undated import UNREAD, ends_of
from .values import day
from .vitals import vital_codes

_SPOKEN = ("LOINC", "SNOMED")
"""The vocabularies in which a bare source value names a measurement."""
_BILLED = ("CPT4", "HCPCS")
"""The vocabularies in which a measurement is billed."""


def find_unread(coded: Codes, people: People, raw: RawTable, date: str, knowledge: Knowledge) -> ir.Table | None:
    """One row per unidentified row of a measurement or observation table: `person_id` and `date`; None where there is none."""
    columns = CODED[raw.name]
    unread = coded.keys(raw.name, columns).filter(~_is_identified(knowledge))
    if unread.is_empty():
        return None
    rows = coded.rows_of(raw, columns, unread.select(*PLACES))
    rows = people.attach(rows.select(id="person_id", date=day(rows[date]).value), "id").drop("id")
    return rows.filter(rows.person_id.notnull())


def settle_unread(con: ibis.BaseBackend, parts: Sequence[ir.Table], where: str) -> tuple[ir.Table | None, list[Loss]]:
    """The rows of `code_gap` that these make, and the line of `attrition`."""
    if not parts:
        return None, []
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    each = rows.group_by("person_id").agg(**ends_of(rows.date), n_rows=rows.count())
    of = {"record": ibis.literal("answer"), "codeset": ibis.null("string"), "reason": ibis.literal(UNREAD)}
    each = store(con, each.mutate(**of), where)
    counted = run(each.agg(n_rows=each.n_rows.sum(), n_people=each.count()), where).to_pylist()[0]
    if not counted["n_people"]:
        return None, []
    what = (
        "measurements and observations that nobody could identify: no vocabulary table holds the concept, and the source value "
        "is no code and no known name; for these people it is unknown whether a question was answered, about "
        "suicide too; add the vocabulary tables that hold the concepts"
    )
    return each, [Loss("answer", what, "read as unknown", int(counted["n_rows"]), int(counted["n_people"]))]


def _is_identified(knowledge: Knowledge) -> pl.Expr:
    """Whether a concept or the source value says what a key (`Codes.keys`) is: a site's own concept does not."""
    codes = [*instrument_codes(knowledge.all_instruments.values()), *vital_codes(knowledge)]
    standard, source = pl.col("standard"), pl.col("source")
    # Five digits may be a site's own number. They are a billing code where it has a concept of its own.
    is_billed = pl.any_horizontal(is_of(v) for v in _BILLED) & (standard == source).fill_null(False)
    ids = [int(c.code) for c in codes if c.vocabulary == "OMOP"]
    return pl.any_horizontal(
        *(_says(place, ids) for place in ("standard", "source")),
        *(is_of(v) for v in _SPOKEN),
        pl.col("value").is_in(_names(codes)).fill_null(False),
        is_billed,
    )


def _says(place: str, ids: Sequence[int]) -> pl.Expr:
    """Whether the concept tells what was measured: stepwell knows its id, or a vocabulary that is not the site's own holds it."""
    concept, vocabulary = pl.col(place), pl.col(f"{place}_vocabulary")
    is_held = (vocabulary.is_not_null() & (concept < LOCAL_FROM)) | vocabulary.is_in(tuple(SHAPES))
    return (concept.is_in(ids) | is_held).fill_null(False)


def _names(codes: Sequence[SetCode]) -> list[str]:
    return sorted({c.code.strip().upper() for c in codes if c.vocabulary == NAME})
