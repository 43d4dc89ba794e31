"""What was found in a source, counted: one row is one table, one ingredient, one instrument, one code set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TableFound:
    """One record table: whether the source has such a table at all, and what of it was read."""

    table: str
    is_there: bool
    n_rows: int
    n_people: int


@dataclass(frozen=True)
class IngredientFound:
    """One ingredient that occurs."""

    ingredient: str
    label: str
    role: str
    n_rows: int
    n_people: int
    n_with_dose: int
    """Rows whose dose in mg a day is known: what definitions ask for."""
    n_with_end: int
    n_supplied: int = 0
    """Rows that say that the drug was handed over, paid for, given or taken."""
    n_ordered: int = 0
    """Orders that were never dispensed, though fills of the person are recorded at that time."""
    n_with_session_dose: int | None = None
    """Rows whose dose in mg of the session is known; None for a drug that is not given in sessions."""


@dataclass(frozen=True)
class InstrumentFound:
    """One instrument that occurs; usable rows have a total."""

    instrument: str
    label: str
    n_rows: int
    n_usable: int
    n_people: int


@dataclass(frozen=True)
class CodesetFound:
    """One code set of diagnoses or procedures that occurs."""

    codeset: str
    label: str
    kind: str
    n_rows: int
    n_people: int


@dataclass(frozen=True)
class CodingFound:
    """How many rows of one record table are known by one vocabulary and place; `vocabulary` None: those nobody could identify."""

    table: str
    vocabulary: str | None
    way: str | None
    n_rows: int
