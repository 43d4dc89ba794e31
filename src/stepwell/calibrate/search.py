"""Setting the free numbers of the model by the targets to calibrate, and by nothing else.

Least squares by Gauss and Newton's steps. The same people live in every try, so the model's shares move smoothly with its
numbers. Numbers move on the logit (shares) or log scale (all others); a miss is counted in standard errors of the published
share, on the logit scale. A weak pull towards model.yaml holds what the targets leave open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stepwell.errors import Problem, QuestionError
from stepwell.simulate import MOST_AT_ONCE, ModelParameters, model_parameters
from stepwell.simulate.changes import quantity_at
from stepwell.simulate.packing import MODEL
from stepwell.simulate.quantities import Share, SharesByStep

from .measures import measure
from .studies import simulate_study, studies_of
from .targets import DATA, Aim, read_aim

PEOPLE, SEED = 20_000, 1
_PULL = 3.0
"""How far a number moves from model.yaml as easily as a share misses by one standard error: a factor of about twenty."""
_STEP = 0.2
"""The step by which slopes are taken, in units of the logarithm."""


Key = tuple[str | None, str]
"""The study (None: the model itself) and the path of a number."""


@dataclass(frozen=True)
class Calibrated:
    """Numbers set by calibration, with the targets that tell most about each."""

    values: Mapping[Key, object]
    moved_by: Mapping[Key, tuple[str, ...]]
    start: float
    """The sum of squared misses before, and `found` after it, the pull included."""
    found: float

    def parameters(self, base: ModelParameters) -> ModelParameters:
        """The model with its own numbers set."""
        return base.but({path: value for (study, path), value in self.values.items() if study is None})


def calibrate(
    people: int = PEOPLE,
    seed: int = SEED,
    *,
    folder: Path = DATA,
    begin: Calibrated | None = None,
    steps: int = 20,
    progress: Callable[[str, int, int], None] | None = None,
) -> Calibrated:
    """Sets the free numbers. The same targets, people and seed give the same numbers. The search ends where no step is better:
    one that betters the sum of squares by little may be followed by one that betters it by more.

    Of the targets it opens `calibrate.yaml` only. `begin` is where the search starts (default: model.yaml). Raises
    QuestionError for fewer than 100 people or more than fit into memory, and KnowledgeError where the targets are wrong.
    """
    check_people(people, "Nothing was calibrated")
    base = model_parameters(MODEL)
    search = _Search(base, read_aim("calibrate", base, folder), people, seed)
    x = search.home if begin is None else search.scaled(begin.values)
    misses = search.misses(x)
    start = found = float(misses @ misses)
    slopes = search.slopes(x, misses)
    for n in range(steps):
        if progress is not None:
            progress("calibrating", n, steps)
        step = np.linalg.lstsq(slopes, -misses, rcond=None)[0]
        x_next, misses_next = search.best_along(x, step, found)
        if x_next is None:
            break
        x, misses, found = x_next, misses_next, float(misses_next @ misses_next)
        slopes = search.slopes(x, misses)
    return Calibrated(search.values(x), search.moved_by(slopes), start, found)


class _Search:
    """The sum of squares as a function of the free numbers, laid out as one vector."""

    def __init__(self, base: ModelParameters, aim: Aim, people: int, seed: int):
        self.base, self.aim, self.people, self.seed = base, aim, people, seed
        self.targets = list(aim.targets.items())
        self.keys = [(free.study, path) for path, free in aim.free.items()]
        self.is_share = [isinstance(quantity_at(base, path), Share | SharesByStep) for _, path in self.keys]
        parts = [np.atleast_1d(np.asarray(self._written(path), float)) for _, path in self.keys]
        self.ends = np.cumsum([len(part) for part in parts])
        self.is_list = [isinstance(self._written(path), tuple) for _, path in self.keys]
        self.home = self._scale(parts)
        p = np.array([t.value for _, t in self.targets])
        of = np.array([t.of for _, t in self.targets], float)
        self.aims, self.errors = _logit(p), 1 / np.sqrt(of * p * (1 - p))

    def _written(self, path: str) -> object:
        return getattr(quantity_at(self.base, path), path.rsplit(".", 1)[1])

    def _scale(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate(
            [_logit(part / 100) if s else np.log(part) for part, s in zip(parts, self.is_share, strict=True)]
        )

    def scaled(self, values: Mapping[Key, object]) -> np.ndarray:
        """Where in the search these numbers are."""
        return self._scale([np.atleast_1d(np.asarray(values[key], float)) for key in self.keys])

    def values(self, x: np.ndarray) -> dict[Key, object]:
        """The numbers in the units of the file."""
        parts = np.split(x, self.ends[:-1])
        numbers = [100 / (1 + np.exp(-v)) if s else np.exp(v) for v, s in zip(parts, self.is_share, strict=True)]
        return {
            key: tuple(rounded(n) for n in part) if several else rounded(part[0])
            for key, part, several in zip(self.keys, numbers, self.is_list, strict=True)
        }

    def misses(self, x: np.ndarray) -> np.ndarray:
        """How far each target is missed, and each number pulled away, in standard errors."""
        values = self.values(x)
        parameters = self.base.but({path: v for (study, path), v in values.items() if study is None})
        numbers: dict[str, dict[str, object]] = {}
        for (study, path), value in values.items():
            if study is not None:
                numbers.setdefault(study, {})[path] = value
        histories = {
            study: simulate_study(study, self.aim, parameters, numbers, self.seed, self.people)
            for study in studies_of(t for _, t in self.targets)
        }
        found = [measure(target, histories) for _, target in self.targets]
        share = np.array([np.clip(e.value or 0.0, 0.5 / max(e.of, 1), 1 - 0.5 / max(e.of, 1)) for e in found])
        return np.concatenate([(_logit(share) - self.aims) / self.errors, (x - self.home) / _PULL])

    def slopes(self, x: np.ndarray, misses: np.ndarray) -> np.ndarray:
        """How the misses change with each number: one column a number."""
        steps = _STEP * np.eye(len(x))
        return np.stack([(self.misses(x + step) - misses) / _STEP for step in steps], axis=1)

    def best_along(self, x: np.ndarray, step: np.ndarray, found: float):
        """The whole step, or a half, a quarter … of it, where that is better; None where nothing is."""
        for part in (1.0, 0.5, 0.25, 0.125, 0.0625):
            misses = self.misses(x + part * step)
            if misses @ misses < found:
                return x + part * step, misses
        return None, None

    def moved_by(self, slopes: np.ndarray) -> dict[Key, tuple[str, ...]]:
        """For each number the targets that tell most about it: those with a tenth of the steepest slope or more."""
        names, moved = [name for name, _ in self.targets], {}
        for key, columns in zip(self.keys, np.split(np.arange(len(self.home)), self.ends[:-1]), strict=True):
            steep = np.abs(slopes[: len(names), columns])
            is_steep = (steep >= 0.1 * steep.max(axis=0)).any(axis=1) & (steep.max() > 0)
            moved[key] = tuple(name for name, is_it in zip(names, is_steep, strict=True) if is_it)
        return moved


def rounded(value: float) -> float:
    """As it is written: the search goes on with exactly what the file will say."""
    return float(f"{value:.6g}")


def _logit(p: np.ndarray) -> np.ndarray:
    return np.log(p / (1 - p))


def check_people(people: int, title: str) -> None:
    """Raises `QuestionError` for fewer people than tell anything and for more than fit into memory."""
    if not 100 <= people <= MOST_AT_ONCE:
        problem = Problem("people", f"is {people}", f"100 to {MOST_AT_ONCE:,}", "choose a number between")
        raise QuestionError(title, [problem])
