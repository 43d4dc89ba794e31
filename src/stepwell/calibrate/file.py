"""`simulate/data/calibrated.yaml`: what calibration found, as the model reads it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stepwell.errors import KnowledgeError, Problem
from stepwell.output import write_text
from stepwell.simulate import ModelParameters, model_parameters
from stepwell.simulate.changes import parse, quantity_at, read_calibrated
from stepwell.simulate.packing import CALIBRATED, MODEL
from stepwell.simulate.quantities import Mean, Onset, Share, SharesByStep

from .search import Calibrated, Key

_HEAD = """\
# Made by `stepwell calibrate --out`; do not edit. These numbers take the place of those that model.yaml marks `free`; those under
# `studies` hold only where that study is simulated.
"""


def calibrated_file(found: Calibrated) -> str:
    """The numbers as text of the file; the same numbers give the same text."""
    base = model_parameters(MODEL)
    by_study: dict[str | None, list[Key]] = {None: []}
    for study, path in found.values:
        by_study.setdefault(study, []).append((study, path))
    lines = ["values:", *(_line(base, found, key, "  ") for key in by_study.pop(None)), "studies:"]
    for study, keys in by_study.items():
        lines += [f"  {study}:", *(_line(base, found, key, "    ") for key in keys)]
    return _HEAD + "\n".join(lines) + "\n"


def write_calibrated(found: Calibrated, out: Path, *, replace_existing: bool = False) -> Path:
    """Writes the file and returns where it is. Raises QuestionError for a place that cannot be written."""
    return write_text(out, calibrated_file(found), replace_existing)


def shipped_numbers(parameters: ModelParameters) -> Mapping[str, Mapping[str, object]]:
    """The shipped numbers that hold in single studies only: study, path, value."""
    return {study: values for study, values in _shipped(parameters).items() if study is not None}


def shipped(parameters: ModelParameters) -> Calibrated:
    """All shipped numbers, as a place from which a search can begin."""
    values = {(study, path): v for study, part in _shipped(parameters).items() for path, v in part.items()}
    return Calibrated(values, {}, float("nan"), float("nan"))


def _shipped(parameters: ModelParameters) -> dict[str | None, dict[str, object]]:
    problems: list[Problem] = []
    file = read_calibrated(CALIBRATED, problems)
    parts = {None: file.values, **file.studies}
    numbers = {
        study: parse(parameters, {path: n.value for path, n in part.items()}, "calibrated.yaml", problems)
        for study, part in parts.items()
    }
    if problems:
        raise KnowledgeError("The calibrated numbers are wrong", problems)
    return numbers


def _line(base: ModelParameters, found: Calibrated, key: Key, indent: str) -> str:
    value, (_, path) = found.values[key], key
    quantity = quantity_at(base, path)
    unit = (
        "%" if isinstance(quantity, Share | SharesByStep) else "days" if isinstance(quantity, Mean | Onset) else "times"
    )
    texts = [f"{number:.6g} {unit}" for number in (value if isinstance(value, tuple) else (value,))]
    written = f"[{', '.join(texts)}]" if isinstance(value, tuple) else texts[0]
    return f'{indent}{path}: {{value: {written}, choice: "Calibrated to {", ".join(found.moved_by[key])}."}}'
