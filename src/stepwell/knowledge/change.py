"""What the change between two totals of one person means. Both are of one instrument; nothing converted is ever taken."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Problem, QuestionError
from .forms import Knowledge
from .instrument import Change
from .loader import load


@dataclass(frozen=True)
class Total:
    """One total of one person: the instrument's id and the points. For an instrument of a single item without a total, such
    as body weight, the answer to it."""

    instrument: str
    points: float


@dataclass(frozen=True)
class Meaning:
    """One published smallest change that matters, and whether the person's change reaches it, for the better or the worse."""

    change: Change
    is_reached: bool | None
    """None where it is a percentage and the baseline is 0."""


@dataclass(frozen=True)
class Judged:
    """A change, judged. `change_points` is the endpoint minus the baseline, `change_pct` that in percent of the baseline."""

    instrument: str
    change_points: float
    change_pct: float | None
    """None where the baseline is 0."""
    is_better: bool | None
    """None where nothing changed, or neither direction is better."""
    is_response: bool | None
    """None where the instrument has no response, or the baseline is at or below the remission cut: nothing to improve."""
    is_remission: bool | None
    """None where the instrument has no remission cut."""
    meanings: tuple[Meaning, ...]
    """Changes that matter within a person; those between groups say nothing about one. How each was seen stands in it."""
    recalled: tuple[str, ...]
    """Of `is_response` and `is_remission`, those that rest on a cut which nobody has verified."""


def find_change(baseline: Total, endpoint: Total, knowledge: Knowledge | None = None) -> Judged:
    """What the change from baseline to endpoint means, by the cuts of the instrument.

    Rule: response is an improvement of at least the instrument's share of the baseline, remission an endpoint at or below its
    cut; scores of different instruments are never mixed, and a crosswalk does not change that: it describes groups.
    Raises QuestionError where the two totals are of two instruments, or no totals of theirs.
    """
    known = (knowledge or load()).all_instruments
    problems = []
    for name, total in (("baseline", baseline), ("endpoint", endpoint)):
        form = known.get(total.instrument)
        if form is None:
            problems.append(
                Problem(name, f"no instrument {total.instrument!r}", "an instrument of the knowledge files")
            )
            continue
        least, most = form.at_least, form.at_most
        if form.scoring is None and len(form.items) == 1:
            least, most = form.items[0].at_least, form.items[0].at_most
        if least is None:
            problems.append(Problem(name, f"the {form.label} has no total", "an instrument with a total"))
        elif not least <= total.points <= most:
            problems.append(Problem(name, f"no total of the {form.label}", f"{least:g} to {most:g}"))
    if baseline.instrument != endpoint.instrument:
        found = f"baseline on {baseline.instrument!r}, endpoint on {endpoint.instrument!r}"
        remedy = "measure both with one instrument; a crosswalk describes groups and cannot stand in for a score"
        problems.append(Problem("response", found, "one instrument for both", remedy))
    if problems:
        raise QuestionError("this change cannot be judged", problems)

    form = known[baseline.instrument]
    points = endpoint.points - baseline.points
    percent = 100 * points / baseline.points if baseline.points else None
    sign = {"higher is worse": -1, "higher is better": 1, "neither": 0}[form.direction]
    response = remission = None
    if form.remission is not None:
        remission = endpoint.points <= form.remission.at_most
        if form.response is not None and baseline.points > form.remission.at_most:
            response = -percent >= form.response.at_least
    meanings = tuple(
        Meaning(change, _is_reached(change, points, percent))
        for change in form.meaningful_change
        if change.about == "within a person"
    )
    cuts = (("is_response", form.response), ("is_remission", form.remission))
    recalled = tuple(name for name, cut in cuts if cut is not None and cut.seen == "recalled")
    better = None if sign * points == 0 else sign * points > 0
    return Judged(form.id, points, percent, better, response, remission, meanings, recalled)


def _is_reached(change: Change, points: float, percent: float | None) -> bool | None:
    """By its points where it has them, else by its percentage."""
    if change.points is not None:
        return abs(points) >= change.points
    return None if percent is None else abs(percent) >= change.percent
