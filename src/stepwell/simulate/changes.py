"""Numbers of the model named by their paths and written with their units, as other files set them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pydantic import Field, TypeAdapter, ValidationError

from stepwell.errors import Problem
from stepwell.knowledge.cited import Form
from stepwell.knowledge.fill import closest, fill
from stepwell.knowledge.written import read_yaml

from .model import ModelParameters, impossible
from .quantities import Quantity

Texts = Mapping[str, object]
"""Paths as in model.yaml (`trial.onset.mean`), each with what stands there: `30 days`, or a list of such."""


class Calibrated(Form):
    """One number set by calibration."""

    value: str | tuple[str, ...]
    choice: str


class CalibratedFile(Form):
    """Everything in `data/calibrated.yaml`: numbers of the model, and numbers of how single studies are simulated."""

    values: dict[str, Calibrated] = Field(default_factory=dict)
    studies: dict[str, dict[str, Calibrated]] = Field(default_factory=dict)


def quantity_at(parameters: ModelParameters, path: str) -> Quantity | None:
    """What the path's last name is a number of; None where there is no such number."""
    *parts, name = path.split(".")
    form = dict(parameters.quantities()).get(".".join(parts))
    return form if form is not None and name in _numbers_of(form) else None


def parse(parameters: ModelParameters, texts: Texts, where: str, problems: list[Problem]) -> dict[str, object]:
    """The numbers as `ModelParameters.but` takes them. `where` is said of each problem, with the path."""
    values = {}
    for path, text in texts.items():
        form = quantity_at(parameters, path)
        if form is None:
            problems.append(_unknown(parameters, path, where))
            continue
        field = type(form).model_fields[path.rsplit(".", 1)[1]]
        try:
            values[path] = TypeAdapter(field.rebuild_annotation()).validate_python(text)
        except ValidationError as error:
            said = "; ".join(str(d.get("ctx", {}).get("error", d["msg"])) for d in error.errors(include_url=False))
            problems.append(Problem(where, f"`{path}`: {said}"))
    return values


def read_calibrated(path: Path, problems: list[Problem]) -> CalibratedFile:
    """The file, or an empty one where it is wrong; its problems are added."""
    written = read_yaml(path, path.name, problems)
    return (fill(CalibratedFile, written, problems) if written else None) or CalibratedFile()


def calibrate_by(parameters: ModelParameters, file: CalibratedFile, problems: list[Problem]) -> ModelParameters:
    """The parameters with the calibrated numbers, which say so; only what is marked `free` may be set."""
    where = "calibrated.yaml"
    values = parse(parameters, {path: set_to.value for path, set_to in file.values.items()}, where, problems)
    problems += not_free(parameters, values, where)
    if problems:
        return parameters
    changes: dict[str, object] = dict(values)
    for path, set_to in file.values.items():
        form, _ = path.rsplit(".", 1)
        changes |= {f"{form}.{name}": None for name in ("source", "locator", "seen")}
        changes[f"{form}.choice"] = set_to.choice
    changed = parameters.changed(changes)
    problems += [Problem(where, f"`{path}` {found}", *rest) for path, found, *rest in impossible(changed)]
    return changed


def not_free(parameters: ModelParameters, paths: Iterable[str], where: str) -> Iterator[Problem]:
    """What calibration may not set."""
    for path in paths:
        form = quantity_at(parameters, path)
        if form is None:
            yield _unknown(parameters, path, where)
        elif not form.free:
            found = f"`{path}` is not marked `free: true` in model.yaml"
            yield Problem(where, found, "a free number", "leave it out")


def _unknown(parameters: ModelParameters, path: str, where: str) -> Problem:
    meant = closest(path, _paths(parameters))
    remedy = f"did you mean `{meant}`?" if meant else "correct it"
    return Problem(where, f"`{path}` is no number of the model", "a path as in model.yaml", remedy)


def _numbers_of(form: Quantity) -> list[str]:
    return [name for name in type(form).model_fields if name not in ("free", "of", "low", "high", *_PROVENANCE)]


_PROVENANCE = ("source", "locator", "seen", "choice")


def _paths(parameters: ModelParameters) -> list[str]:
    return [f"{path}.{name}" for path, form in parameters.quantities() for name in _numbers_of(form)]
