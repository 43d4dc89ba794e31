"""The model beside every published result, those it was calibrated to and those held back, with intervals and misses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stepwell.knowledge.forms import Reference
from stepwell.simulate import ModelParameters, model_parameters

from .file import shipped_numbers
from .measures import Estimate, measure
from .search import PEOPLE, SEED, Calibrated, check_people
from .studies import simulate_study, studies_of
from .targets import DATA, Target, read_aim

Kind = Literal["calibrated", "went in", "held out"]


@dataclass(frozen=True)
class Row:
    """One published result beside the simulated one."""

    name: str
    target: Target
    study: str
    found: Estimate

    @property
    def kind(self) -> Kind:
        """Whether the model was set by it, was made with it, or has never seen it."""
        if self.target.use == "calibrate":
            return "calibrated"
        return "went in" if self.target.went_in else "held out"

    @property
    def is_met(self) -> bool | None:
        """Whether the two intervals touch; None where the published one is not known or only recalled."""
        published = self.target.interval()
        if published is None or self.target.seen == "recalled" or self.found.value is None:
            return None
        low = self.found.value if self.found.low is None else self.found.low
        high = self.found.value if self.found.high is None else self.found.high
        return published[0] <= high and low <= published[1]


@dataclass(frozen=True)
class Fit:
    """All rows, those calibrated to first, and what is needed to say where they are from."""

    rows: tuple[Row, ...]
    parameters: ModelParameters
    references: Mapping[str, Reference]
    people: int
    seed: int

    def of(self, kind: Kind) -> tuple[Row, ...]:
        """The rows of one kind."""
        return tuple(row for row in self.rows if row.kind == kind)


def find_fit(
    people: int = PEOPLE,
    seed: int = SEED,
    *,
    calibrated: Calibrated | None = None,
    folder: Path = DATA,
    progress: Callable[[str, int, int], None] | None = None,
) -> Fit:
    """Lays the model beside the targets, with the calibrated numbers that are shipped or those given.

    Raises QuestionError for fewer than 100 people or more than fit into memory, and KnowledgeError where the targets are wrong.
    """
    check_people(people, "Nothing was simulated")
    parameters = model_parameters()
    numbers = shipped_numbers(parameters)
    if calibrated is not None:
        parameters = calibrated.parameters(parameters)
        numbers = {}
        for (study, path), value in calibrated.values.items():
            if study is not None:
                numbers.setdefault(study, {})[path] = value
    aims = [read_aim(use, parameters, folder) for use in ("calibrate", "validate")]
    targets = {name: target for aim in aims for name, target in aim.targets.items()}
    studies = studies_of(targets.values())
    histories = {}
    for n, study in enumerate(studies):
        if progress is not None:
            progress("simulating studies", n, len(studies))
        histories[study] = simulate_study(study, aims[0], parameters, numbers, seed, people)
    rows = tuple(
        Row(name, target, aims[0].studies[target.study].title, measure(target, histories))
        for name, target in targets.items()
    )
    return Fit(rows, parameters, aims[0].references, people, seed)
