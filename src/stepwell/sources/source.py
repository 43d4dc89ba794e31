"""What every source becomes: its record tables, and what had to be said about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import ibis.expr.types as ir
import polars as pl

from .counts import Counts
from .laid_down import Scratch


@dataclass(frozen=True)
class Loss:
    """One line of `attrition`: something that was left out, changed, read as unknown, or kept with a caution."""

    table: str
    what: str
    effect: str
    n_rows: int
    n_people: int | None = None
    n_remaining: int | None = None


@dataclass(frozen=True)
class CodedRows(Loss):
    """The line of `attrition` that counts the rows of one record table known by one vocabulary and one `way` (the place that
    holds the code); `vocabulary` None: those that nobody could identify."""

    vocabulary: str | None = None
    way: str | None = None


@dataclass(frozen=True)
class DrugRows:
    """The drug rows of a source: how many are of drugs looked for, of other drugs, and of drugs that nobody could identify; whose
    (`n_people`) those are; how many people have a drug looked for without a day (`n_with_undated`), or one that only interacts
    (`n_with_undated_interacting`); and of how many people nothing but what was given in care is recorded
    (`n_given_in_care_only`)."""

    n_looked_for: int
    n_other: int
    n_unidentified: int
    n_people: int = 0
    n_with_undated: int = 0
    n_with_undated_interacting: int = 0
    n_given_in_care_only: int = 0
    is_above: bool = False
    """Whether so many are unidentified that the absence of a drug says nothing for anybody."""
    remedy: str = ""
    """What would identify them."""
    not_fetched: tuple[str, ...] = ()
    """The types of FHIR resources about drugs that a live server did not give."""

    @property
    def is_incomplete_for_some(self) -> bool:
        """Whether there is anybody of whom the absence of a drug says nothing."""
        undated = self.n_with_undated or self.n_with_undated_interacting
        return bool(self.n_unidentified or undated or self.n_given_in_care_only or self.not_fetched)

    @property
    def is_incomplete_for_all(self) -> bool:
        """Whether the absence of a drug says nothing for anybody."""
        return self.is_above or bool(self.not_fetched)

    @property
    def n_rows(self) -> int:
        """All of them."""
        return self.n_looked_for + self.n_other + self.n_unidentified


@dataclass(frozen=True)
class Source:
    """Records that have been opened, checked and read; nobody is judged yet.

    `tables` holds one expression per table of `stepwell.tables.RECORDS`, with exactly its columns, on the connection given
    to the reader. `has` names the record tables that the source has at all: a source without diagnoses says nothing by
    the absence of one. `fingerprint` changes when the files do. `counts` are the numbers of the rows of `tables`.
    """

    tables: dict[str, ir.Table]
    has: frozenset[str]
    losses: tuple[Loss, ...]
    counts: Counts
    drug_rows: DrugRows | None = None
    """None where the source has no drug records."""
    label: str = ""
    location: str = ""
    fingerprint: str = ""
    frames: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    """Those of the tables that are in memory too: all tables of few people."""
    scratch: Scratch | None = None
    """What holds the files on which the tables rest, as long as it lives; None where they are in memory or on the engine."""

    def with_table(self, name: str, rows: ir.Table) -> Source:
        """The same records with other rows in one table."""
        frames = {table: of for table, of in self.frames.items() if table != name}
        return replace(self, tables={**self.tables, name: rows}, frames=frames, has=self.has | {name})

    def named(self, label: str, location: str, fingerprint: str) -> Source:
        """The same records, with what they are called, where they lie, and what tells their files from others."""
        return replace(self, label=label, location=location, fingerprint=fingerprint)
