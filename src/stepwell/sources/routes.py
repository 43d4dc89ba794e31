"""Recorded routes of administration, by stepwell's own names."""

from __future__ import annotations

import polars as pl

from .cells import chosen

ROUTES = {
    "nasal": ("nasal", "intranasal", "in", "nasal route"),
    "intravenous": ("intravenous", "intravenous route", "iv", "i.v.", "infusion", "intravenous infusion"),
    "intramuscular": ("intramuscular", "intramuscular route", "im", "i.m."),
    "subcutaneous": ("subcutaneous", "subcutaneous route", "sc", "s.c.", "subcut"),
    "oral": ("oral", "oral route", "po", "p.o.", "by mouth", "sublingual", "sublingual route", "buccal"),
    "transdermal": ("transdermal", "transdermal route", "patch", "td"),
    "topical": ("topical", "topical route", "cutaneous", "cutaneous route"),
}
"""Whole entries, compared without case; any other entry is `other`."""


def route(recorded: pl.Expr) -> pl.Expr:
    """The recorded route (a text cell) as one of the declared words; NULL where nothing is recorded."""
    entry = recorded.str.to_lowercase()
    known = ((entry.is_in(words), name) for name, words in ROUTES.items())
    return chosen(*known, (entry.is_not_null(), "other"))


def concept_names(names: pl.DataFrame) -> pl.DataFrame:
    """One row per concept (`concept_id`) that has a name (`called`), from the names in the vocabulary."""
    return names.drop_nulls("called").group_by("concept_id").agg(pl.col("called").min())
