"""Measurements and observations that nobody could identify: any of them may be an answer to a questionnaire or its total.

They become rows of `code_gap` of the record `answer`: that no answer of a person was found says nothing on those days.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ..knowledge.forms import Knowledge
from ..tables import ANSWER
from .codes import NAME, SetCode, instrument_codes
from .identify import LOCAL_FROM
from .source import Loss
from .source_value import SHAPES, is_of
from .undated import UNREAD, as_gap, ends_of
from .vitals import vital_codes

_SPOKEN = ("LOINC", "SNOMED")
"""The vocabularies in which a bare source value names a measurement."""
_BILLED = ("CPT4", "HCPCS")
"""The vocabularies in which a measurement is billed."""


def unread_keys(keys: pl.DataFrame, knowledge: Knowledge) -> pl.DataFrame:
    """The keys of a table (`Codes.keys`) that nobody could identify."""
    return keys.filter(~_is_identified(knowledge))


def unread_rows(rows: pl.DataFrame) -> tuple[pl.DataFrame, Loss]:
    """The rows of `code_gap` that unidentified rows of measurements and observations (`person_id`, `date`) make, and the line of
    `attrition`."""
    found = rows.filter(pl.col("person_id").is_not_null())
    each = found.group_by("person_id").agg(**ends_of("date"), n_rows=pl.len())
    what = (
        "measurements and observations that nobody could identify: no vocabulary table holds the concept, and the source value "
        "is no code and no known name; for these people it is unknown whether a question was answered, about "
        "suicide too; add the vocabulary tables that hold the concepts"
    )
    gap = as_gap(each.with_columns(codeset=pl.lit(None, pl.String)), ANSWER.name, UNREAD)
    return gap, Loss(ANSWER.name, what, "read as unknown", found.height, each.height)


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
