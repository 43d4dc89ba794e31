"""The names behind the numbers, and named groups of codes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from stepwell.knowledge.definition import DEPRESSION
from stepwell.tables.row_type import NA


class Sets(NamedTuple):
    """Named groups of codes: `drug[set, drug]` and `codeset[set, code set]` are true where the code is in the group, `points[row,
    instrument]` is the least total of an instrument (NaN: none is asked of it)."""

    drug: np.ndarray
    codeset: np.ndarray
    points: np.ndarray
    depression: np.ndarray
    """The code sets whose diagnoses keep an episode going."""


@dataclass(frozen=True)
class Names:
    """The names behind the numbers: place n of a list is the name of number n."""

    drug: tuple[str, ...]
    drug_class: tuple[str, ...]
    instrument: tuple[str, ...]
    codeset: tuple[str, ...]
    setting: tuple[str, ...]
    rule: tuple[str, ...]
    definition: tuple[str, ...]
    staged_rule: tuple[str, ...] = ()
    staging: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    """Labels of stages, of all staging models."""
    signs: tuple[tuple[str, ...], ...] = ()
    """The ids of each model's stages or signs."""
    treatment: tuple[str, ...] = ()
    regimen: tuple[str, ...] = ()
    checkpoint: tuple[str, ...] = ()
    billing_code: tuple[str, ...] = ()
    item: tuple[str, ...] = ()
    """Items of instruments about suicide."""
    any_instrument: tuple[str, ...] = ()
    """All instruments, ranked or not, whose items are answered."""


@dataclass
class _Rows:
    """Collects rows of one kind, and gives their places; what is there already is not added again."""

    rows: list = field(default_factory=list)

    def place(self, row) -> int:
        if row not in self.rows:
            self.rows.append(row)
        return self.rows.index(row)


class SetRows:
    """Collects the named groups of drugs, of code sets and of limits of scores."""

    def __init__(self, names: Names, class_of: dict[str, str], role_of: dict[str, str]):
        self.names, self.class_of, self.role_of = names, class_of, role_of
        self.drug_rows, self.codeset_rows, self.points_rows = _Rows(), _Rows(), _Rows()

    def of_drugs(
        self, *, ingredients: Iterable[str] = (), classes: Iterable[str] = (), roles: Iterable[str] = ()
    ) -> int:
        """The place of the set of drugs that are named, or of a class or role that is."""
        wanted = [d in ingredients or self.class_of[d] in classes or self.role_of[d] in roles for d in self.names.drug]
        return self.drug_rows.place(wanted)

    def of_codesets(self, codesets: Iterable[str]) -> int:
        """The place of the set of code sets."""
        return self.codeset_rows.place([name in codesets for name in self.names.codeset])

    def of_points(self, limits: dict[str, float]) -> int:
        """The place of the least totals, by instrument."""
        # None, not NaN, which is not equal to itself.
        return self.points_rows.place([limits.get(name) for name in self.names.instrument])

    def as_arrays(self) -> Sets:
        """All sets that were placed."""
        depression = [name in DEPRESSION for name in self.names.codeset]
        return Sets(
            drug=_as_table(self.drug_rows.rows, len(self.names.drug), bool),
            codeset=_as_table(self.codeset_rows.rows, len(self.names.codeset), bool),
            points=_as_table(self.points_rows.rows, len(self.names.instrument), float),
            depression=np.array(depression, bool),
        )


def or_na(value: int | None) -> int:
    """The number, or NA where there is none."""
    return NA if value is None else value


def as_array(dtype: np.dtype, rows: Sequence[tuple]) -> np.recarray:
    """The rows as records."""
    filled = np.recarray(len(rows), dtype)
    for n, row in enumerate(rows):
        filled[n] = row
    return filled


def _as_table(rows: list[list], n_columns: int, kind: type) -> np.ndarray:
    return np.array(rows, kind).reshape(len(rows), n_columns)
