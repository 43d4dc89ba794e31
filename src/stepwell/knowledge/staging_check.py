"""What a staging model cannot mean: grades that do not rise, points for bands that an instrument does not have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from ..errors import Problem
from .forms import Instrument
from .staging import Staging
from .written import Path_

Report = Callable[[Path_, str, str], Problem]


def check_staging(form: Staging, instruments: Mapping[str, Instrument], problem: Report) -> Iterator[Problem]:
    """Every problem of one model. `instruments` are those that can be asked, by id."""
    if form.names:
        yield from _rising(("names", "ranges"), [part.at_least for part in form.names.ranges], problem)
    if form.points is None:
        seen = set()
        for position, sign in enumerate(form.asked_signs):
            if sign.id in seen:
                kind = "rungs" if form.rungs else "signs"
                yield problem((kind, position, "id"), f"is {sign.id!r} again", "an id of its own")
            seen.add(sign.id)
        return
    for name in ("duration", "failed", "augmented"):
        item = getattr(form.points, name)
        if item is not None and item.grades:
            path = ("points", name, "grades")
            yield from _rising(path, [grade.at_least for grade in item.grades], problem)
            yield from _rising(path, [grade.points for grade in item.grades], problem)
    for position, item in enumerate(form.points.unrecorded):
        if item.at_most < item.at_least:
            path = ("points", "unrecorded", position, "at_most")
            yield problem(path, f"is {item.at_most:g} points, below the least", "at least the least points")
    if form.points.severity:
        yield from _scales(form, instruments, problem)


def _scales(form: Staging, instruments: Mapping[str, Instrument], problem: Report) -> Iterator[Problem]:
    severity = form.points.severity
    for position, scale in enumerate(severity.scales):
        path = ("points", "severity", "scales", position, "points")
        known = instruments.get(scale.instrument)
        if known is not None and len(known.bands) != len(scale.points):
            found = f"gives {len(scale.points)} numbers of points"
            yield problem(path, found, f"one for each of the {len(known.bands)} bands of {known.label}")
        if list(scale.points) != sorted(scale.points):
            yield problem(path, "falls from one band to the next", "points that do not fall")
    if severity.psychotic and severity.psychotic.points <= severity.psychotic.of:
        path = ("points", "severity", "psychotic", "points")
        yield problem(path, f"is {severity.psychotic.points:g} points", f"more than {severity.psychotic.of:g} points")


def _rising(path: Path_, values: Sequence[float], problem: Report) -> Iterator[Problem]:
    for position, (before, value) in enumerate(pairwise(values), 1):
        if value <= before:
            yield problem((*path, position), f"does not rise: {before:g}, then {value:g}", "one more than the other")
