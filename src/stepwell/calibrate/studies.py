"""Simulating the studies that targets name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stepwell.simulate import ModelParameters, draw_events
from stepwell.simulate.changes import parse

from .history import History
from .targets import Aim, Study, Target

StudyNumbers = Mapping[str, Mapping[str, object]]
"""Numbers that calibration set for single studies: study, path, value."""


def studies_of(targets: Iterable[Target]) -> tuple[str, ...]:
    """The studies that these targets need, each once."""
    return tuple(dict.fromkeys(s for t in targets for s in (t.study, t.against) if s is not None))


def simulate_study(
    name: str, aim: Aim, parameters: ModelParameters, numbers: StudyNumbers, seed: int, people: int
) -> History:
    """The lives of so many people in one study. The same people (numbers 1 to `people`) are in every study."""
    study = aim.studies[name]
    changes = {
        path: value for s in _lineage(aim, study, name) for path, value in _changes(aim, parameters, numbers, s).items()
    }
    return History(draw_events(parameters.but(changes), study.policy(), seed, range(1, people + 1)))


def _lineage(aim: Aim, study: Study, name: str) -> list[str]:
    """The study after those that it is like."""
    names = [name]
    while study.like is not None and study.like not in names:
        names.insert(0, study.like)
        study = aim.studies[study.like]
    return names


def _changes(aim: Aim, parameters: ModelParameters, numbers: StudyNumbers, name: str) -> dict[str, object]:
    return {**parse(parameters, aim.studies[name].changes, name, []), **numbers.get(name, {})}
