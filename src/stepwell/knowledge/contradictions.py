"""What a definition cannot mean: values out of range, and parts that contradict one another."""

from __future__ import annotations

from collections.abc import Iterator

from .cited import Form, without_provenance
from .criteria import Improvement, Recent
from .definition import (
    Added,
    Count,
    Definition,
    Failure,
    PublishedResult,
    TakenCount,
    TrialBuilding,
    Who,
    Within,
)
from .who import Age
from .written import Path_

Contradiction = tuple[Path_, str, str, str]
"""Where inside the form, what was found, what was expected, what to do."""

_CHECK = "check the value and its unit"


def contradictions(form: Form) -> Iterator[Contradiction]:
    """Everything of the kind in one form of a definition, the forms inside it not included."""
    if isinstance(form, Age):
        for name in ("at_least", "at_most"):
            years = getattr(form, name, None)
            if years is not None and not 0 < years <= 100:
                yield (name,), f"is {years} years", "an age from 1 to 100", _CHECK
        if form.at_least is not None and form.at_most is not None and form.at_least > form.at_most:
            yield ("at_most",), f"is {form.at_most} years, below the lower limit", "at least the lower limit", _CHECK
    if isinstance(form, Count | TakenCount | Added) and form.at_least < 1:
        yield ("at_least",), f"is {form.at_least} trials", "at least 1", _CHECK
    if isinstance(form, Recent) and (form.at_least < 1 or (form.begun_before or 0) > form.at_least):
        found = f"is {form.at_least} drugs"
        yield ("at_least",), found, "at least 1, and as many as must have been begun before", _CHECK
    if isinstance(form, Within) and form.days == 0:
        yield ("days",), "is no time at all", "at least a day", _CHECK
    if isinstance(form, Improvement):
        yield from _improvement(form)
    if isinstance(form, PublishedResult):
        if form.share is not None and form.share > 100:
            yield ("share",), f"is {form.share:g} %", "at most 100 %", _CHECK
        if form.n is not None and form.of is not None and form.n > form.of:
            yield ("n",), f"is {form.n} of {form.of}", "at most the whole", _CHECK
    if isinstance(form, Who) and form.diagnosis and form.never:
        for position, name in enumerate(form.never.any_of):
            if name in form.diagnosis.any_of:
                yield ("never", "any_of", position), f"excludes {name!r}, which `who.diagnosis` asks for", "", _ONE
    if isinstance(form, TrialBuilding) and form.endpoint.after_start < form.baseline.after:
        found = f"is {form.endpoint.after_start} days, while the score before a trial may be as late as day {form.baseline.after}"
        yield ("endpoint", "after_start"), found, "the baseline's time over before the endpoint's begins", _WINDOWS
    if isinstance(form, Failure) and form.taken:
        for name in type(form).model_fields:
            if name != "taken" and getattr(form, name):
                yield (name,), "decides nothing beside `taken`, by which every trial counts", "", _ONE
    if isinstance(form, Definition):
        plain = [without_provenance(branch.model_dump(exclude_none=True)) for branch in form.branch]
        for position, values in enumerate(plain):
            if values in plain[:position]:
                found = f"asks the same as `branch[{plain.index(values) + 1}]`"
                yield ("branch", position), found, "branches that differ", "delete one of the two"


_ONE = "keep one of the two"
_WINDOWS = "let the endpoint begin later, or the baseline end earlier"


def _improvement(form: Improvement) -> Iterator[Contradiction]:
    share, name = form.limit, "at_most" if form.below is None else "below"
    if not 0 < share <= 100:
        yield (name,), f"is {share:g} %", "more than 0 and at most 100 %", _CHECK
    elif share < 1:
        remedy = f"write `{100 * share:g} %` if that share was meant as a fraction"
        yield (name,), f"is {share:g} %, less than one in a hundred", "1 to 100 %", remedy
