"""The total of a questionnaire or rating scale from its items."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import Problem, QuestionError
from .forms import Instrument


def score(instrument: Instrument, items: Mapping[str, int | None]) -> float | None:
    """The total in points, or None where too many items are unanswered to know it.

    Rule: the greatest answer of each group of items, summed over the groups; a plain sum has one item a group. A group is
    answered when any of its items is. Up to `missing_at_most` unanswered groups are prorated: the mean of the answered ones
    times the number of groups. `items` are the answers by item; an item left out, or None, is unanswered.
    Raises QuestionError for an item the instrument does not have or an answer outside its range.
    """
    known = {item.item: item for item in instrument.items}
    problems = []
    for name, answer in items.items():
        if name not in known:
            problems.append(Problem(instrument.id, f"has no item {name!r}", f"one of {', '.join(known)}"))
        elif answer is not None and not known[name].at_least <= answer <= known[name].at_most:
            expected = f"{known[name].at_least} to {known[name].at_most}, or nothing where it was not answered"
            problems.append(Problem(instrument.id, f"item {name!r} has an answer outside its range", expected))
    if problems:
        raise QuestionError(f"these are no answers to the {instrument.label}", problems)

    groups = [
        [answer for name in group if (answer := items.get(name)) is not None] for group in instrument.scoring.groups
    ]
    answered = [max(group) for group in groups if group]
    if not answered or len(groups) - len(answered) > instrument.scoring.missing_at_most:
        return None
    return sum(answered) * len(groups) / len(answered)
