"""The true course of treatment of some people: which drug, at what dose, for how long, and what it did.

Days are integers (days since 1970-01-01), scores are whole points, people are rows and treatments columns.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import IntEnum

import numpy as np

NEVER = -(10**6)


class Ended(IntEnum):
    """Why a treatment ended; the names are those of `truth_trial.ended_for`."""

    REMISSION_KEPT = 0
    NO_RESPONSE = 1
    INTOLERANCE = 2
    LOST = 3
    OBSERVATION_ENDED = 4


@dataclass
class Course:
    """People (rows) and their treatments (columns, by first day; the last column is the drug taken for sleep)."""

    person: np.ndarray
    female: np.ndarray
    birth: np.ndarray
    first_day: np.ndarray
    last_day: np.ndarray
    dies: np.ndarray
    depressed: np.ndarray
    instrument: np.ndarray
    supply: np.ndarray
    untreated_from: np.ndarray
    other_diagnosis: dict[str, np.ndarray]
    drug: np.ndarray
    start: np.ndarray
    end: np.ndarray
    step: np.ndarray
    episode: np.ndarray
    diagnosed: np.ndarray
    levels: np.ndarray
    dose_from: np.ndarray
    baseline: np.ndarray
    goal: np.ndarray
    full_effect: np.ndarray
    decided: np.ndarray
    ended: np.ndarray

    @property
    def given(self) -> np.ndarray:
        """Which cells hold a treatment."""
        return self.drug >= 0

    def take(self, rows: np.ndarray, columns: np.ndarray) -> Course:
        """Some of the people, with some of the treatments."""

        def part(value: np.ndarray | dict) -> np.ndarray | dict:
            if isinstance(value, dict):
                return {name: part(each) for name, each in value.items()}
            return value[rows] if value.ndim == 1 else value[rows[:, None], columns]

        return replace(self, **{f.name: part(getattr(self, f.name)) for f in fields(self)})

    def score_on(self, row: np.ndarray, column: np.ndarray, day: np.ndarray) -> np.ndarray:
        """The true score on a day of a treatment: straight from the baseline to what it will do, then level.

        In whole numbers, so that it is the same everywhere.
        """
        full = self.full_effect[row, column]
        elapsed = np.minimum(day - self.start[row, column], full)
        baseline = self.baseline[row, column]
        change = self.goal[row, column] - baseline
        return baseline + (2 * change * elapsed + full) // (2 * full)

    def dose_spans(self) -> tuple[np.ndarray, np.ndarray]:
        """First and last day (people x treatments x dose levels) of each dose; last before first where it was not given."""
        first = np.maximum(self.dose_from, self.start[..., None])
        following = np.concatenate([first[..., 1:], (self.end + 1)[..., None]], axis=-1)
        return first, np.minimum(following - 1, self.end[..., None])
