"""What a bare source value may be a code of."""

from __future__ import annotations

import polars as pl
import pytest

from stepwell.sources.source_value import SHAPES, is_of, with_code

# fmt: off
READ = {
    "F33.1": (None, "F33.1", ["ICD10CM", "ICD10"]),
    "F331": (None, "F331", ["ICD10CM", "ICD10"]),
    "ICD10CM:F33.1": ("ICD10CM", "F33.1", ["ICD10CM"]),
    "ICD-10-CM: F33.1": ("ICD10CM", "F33.1", ["ICD10CM"]),
    "ICD10:F33.1": ("ICD10", "F33.1", ["ICD10CM", "ICD10"]),
    "F33.1 - TEXT": (None, "F33.1", ["ICD10CM", "ICD10"]),
    "F33.1 – TEXT": (None, "F33.1", ["ICD10CM", "ICD10"]),
    "F33.1: TEXT": (None, "F33.1", ["ICD10CM", "ICD10"]),
    "F33.1 TEXT": (None, "F33.1", ["ICD10CM", "ICD10"]),
    "G30.0+": (None, "G30.0", ["ICD10CM", "ICD10"]),
    "G30.0†": (None, "G30.0", ["ICD10CM", "ICD10"]),
    "F33.": (None, "F33", ["ICD10CM", "ICD10"]),
    "F33.1, F41.1": (None, "F33.1, F41.1", []),
    "F33.1 F41.1": (None, "F33.1 F41.1", []),
    "296.33 | TEXT": (None, "296.33", ["ICD9CM"]),
    "295 LB": (None, "295 LB", []),
    "SNOMED CT: 370143000": ("SNOMEDCT", "370143000", ["SNOMED"]),
    "90870-59": (None, "90870", ["ICD9CM", "CPT4"]),
    "44261-6": (None, "44261-6", ["LOINC"]),
    "ICD9:311": ("ICD9", "311", ["ICD9CM", "ICD9Proc"]),
    "": (None, "", []),
    None: (None, None, []),
}
# fmt: on


@pytest.fixture(scope="module")
def read():
    coded = with_code(pl.DataFrame({"value": list(READ)}, schema={"value": pl.String}))
    rows = coded.with_columns(**{v: is_of(v) for v in SHAPES}).iter_rows(named=True)
    return {row["value"]: (row["stated"], row["bare"], [v for v in SHAPES if row[v]]) for row in rows}


@pytest.mark.parametrize("value", READ)
def test_value(read, value):
    assert read[value] == READ[value]
