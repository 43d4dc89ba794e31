"""Bare source values as codes: `F33.1`, `f331`, `ICD10CM:F33.1`, `F33.1 - text`, `G30.0+`, `90870-59`.

A value that holds several codes is read as none of them: the row counts as unidentified, and nothing is lost silently.
"""

from __future__ import annotations

import polars as pl

SHAPES = {
    "ICD10CM": r"^[A-Z][0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?$",
    "ICD10": r"^[A-Z][0-9][0-9](\.?[0-9]{1,2})?$",
    "ICD9CM": r"^([0-9]{3}(\.[0-9]{1,2}|[0-9]{0,2})|[EV][0-9]{2,3}(\.?[0-9]{1,2})?)$",
    "SNOMED": r"^[0-9]{6,18}$",
    "HCPCS": r"^[A-Z][0-9]{4}$",
    "CPT4": r"^[0-9]{4}[0-9A-Z]$",
    "ICD10PCS": r"^[0-9A-HJ-NP-Z]{7}$",
    "ICD9Proc": r"^[0-9]{2}(\.[0-9]{1,2}|[0-9]{0,2})$",
    "LOINC": r"^[0-9]{1,5}-[0-9]$",
}
"""What a bare source value must look like to be read as a code of the vocabulary. It keeps the ICD-9-CM prefix 296 from
matching a SNOMED number that begins with the same digits."""

_CALLED = {
    "ICD10CM": ("ICD10CM", "ICD10"),
    "ICD10": ("ICD10",),
    "ICD9CM": ("ICD9CM", "ICD9"),
    "SNOMED": ("SNOMED", "SNOMEDCT", "SCT"),
    "HCPCS": ("HCPCS", "CPT"),
    "CPT4": ("CPT4", "CPT", "HCPCS"),
    "ICD10PCS": ("ICD10PCS", "ICD10"),
    "ICD9Proc": ("ICD9PROC", "ICD9PCS", "ICD9"),
    "LOINC": ("LOINC", "LNC", "LN"),
}
"""What a value may call its vocabulary before a colon. In the United States `ICD10:` also stands before ICD-10-CM codes."""

_STATED = r"^((?:ICD|SNOMED|SCT|LOINC|LNC|LN|CPT|HCPCS)[-_ ]?(?:10|9|4|CT)?[-_ ]?(?:CM|PCS|PROC)?) *[:|#] *"
_CODE = r"[0-9A-Z]+(?:\.[0-9A-Z]+)?(?:-[0-9A-Z]+)?"
_BEFORE_TEXT = rf"^({_CODE})[.*+!†]* *(?:[:|(\[,;]| [-–—] ).*$"
_BEFORE_WORDS = r"^([A-Z][0-9][0-9A-Z](?:\.?[0-9A-Z]+)?)[.*+!†]* +[^ ].*$"
"""A code before a blank and words must begin with a letter and a digit: `295 lb` is no diagnosis."""
_SEVERAL = r"^[^ ,;/|&]+[ ,;/|&]+[A-Z]?[0-9][0-9A-Z]+(?:\.[0-9A-Z]+)?(?:[ ,;/|&].*)?$"
_MODIFIER = r"^([0-9A-Z]{5})-[0-9A-Z]{2}$"
_MARKS = r"[.*+!†]+$"


def with_code(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds to a column `value` (capitals, no blanks around it) the `stated` vocabulary, NULL where the value names none, and the
    `bare` code, without marks and words around it."""
    value = pl.col("value")
    stated = value.str.extract(_STATED).str.replace_all("[-_ ]", "")
    rows = rows.with_columns(
        stated=pl.when(stated != "").then(stated).otherwise(None), rest=value.str.replace(_STATED, "")
    )
    rest = pl.col("rest")
    found = pl.coalesce(rest.str.extract(_BEFORE_TEXT), rest.str.extract(_BEFORE_WORDS), rest)
    found = pl.when(rest.str.contains(_SEVERAL)).then(rest).otherwise(found)
    return rows.with_columns(bare=found.str.replace(_MARKS, "").str.replace(_MODIFIER, "${1}")).drop("rest")


def is_of(vocabulary: str) -> pl.Expr:
    """Whether the value (of `with_code`) may be a code of that vocabulary; no where there is no value."""
    stated = pl.col("stated")
    may_be = stated.is_null() | stated.is_in(_CALLED[vocabulary])
    return (may_be & pl.col("bare").str.contains(SHAPES[vocabulary])).fill_null(False)
