"""The single choices by which a definition may be changed, one at a time. No value is invented: each is one that another packaged
form uses, a dose standard that is at hand, or the base definition without the thing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stepwell.knowledge.cited import Cited, without_provenance
from stepwell.knowledge.definition import Branch, Definition, TakenCount
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.sentences import rule

WITHOUT = "not asked"


@dataclass(frozen=True)
class Option:
    """A base definition with one choice made otherwise: which choice, the other value in words, and who uses it."""

    choice: str
    value: str
    used_by: tuple[str, ...]
    definition: Definition
    is_recalled: bool
    """Whether the other value is only recalled, and not verified at its source."""


def find_options(base: Definition, knowledge: Knowledge) -> Iterator[Option]:
    """Every single change of `base`, choice by choice. What would leave it as it is, or without any way to fail, is left out."""
    number, seen = 0, {_asked(base)}
    for choice, change in _CHOICES.items():
        for value, used_by, changed in change(base, knowledge):
            if _asked(changed) in seen or any(not _ways(b) for b in changed.branch):
                continue
            seen.add(_asked(changed))
            number += 1
            named = changed.model_copy(update={"id": f"{base.id}-changed-{number}", "title": f"{choice}: {value}"})
            yield Option(choice, value, used_by, named, _is_recalled(changed, used_by, knowledge))


def _is_recalled(changed: Definition, used_by: tuple[str, ...], knowledge: Knowledge) -> bool:
    standard = changed.trials.dose_standard.is_
    asks_dose = any(branch.trial.min_dose for branch in changed.branch)
    doses = asks_dose and any(m.seen == "recalled" for m in knowledge.dose_minima if m.standard == standard)
    users = [knowledge.definitions[i].rests_on_recall for i in used_by]
    return doses or changed.rests_on_recall or (bool(users) and all(users))


Change = tuple[str, tuple[str, ...], Definition]


def _asked(definition: Definition) -> str:
    """What decides, without who says so: two definitions that ask the same are one."""
    parts = (definition.who, definition.trials, *definition.branch)
    return repr([without_provenance(part.model_dump()) for part in parts])


def _ways(branch: Branch) -> dict:
    return branch.failure.model_dump(exclude_none=True)


def _others(
    knowledge: Knowledge, value: Callable[[Definition, Branch], object]
) -> dict[str, tuple[object, tuple[str, ...]]]:
    """The values that packaged forms use, by what they ask, each with the ids of those that do; in a full order."""
    found, users = {}, defaultdict(set)
    for definition in sorted(knowledge.definitions.values(), key=lambda d: d.id):
        if definition.as_code is not None or definition.status == "retired":
            continue
        for branch in definition.branch:
            own = value(definition, branch)
            if own is not None:
                key = repr(without_provenance(own.model_dump()) if hasattr(own, "model_dump") else own)
                found.setdefault(key, own)
                users[key].add(definition.id)
    return {key: (found[key], tuple(sorted(users[key]))) for key in sorted(found)}


def _in_branches(base: Definition, change: Callable[[Branch], Branch]) -> Definition:
    return base.model_copy(update={"branch": tuple(change(branch) for branch in base.branch)})


def _in_failure(base: Definition, **changes: object) -> Definition:
    return _in_branches(
        base, lambda b: b.model_copy(update={"failure": b.failure.model_copy(update=changes | {"taken": None})})
    )


def _in_trial(base: Definition, **changes: object) -> Definition:
    return _in_branches(base, lambda b: b.model_copy(update={"trial": b.trial.model_copy(update=changes)}))


def _by_score(base: Definition, knowledge: Knowledge) -> Iterator[Change]:
    if all(b.failure.improvement is None and b.failure.not_remitted is None for b in base.branch):
        return
    for asked, users in _others(knowledge, lambda d, b: b.failure.improvement).values():
        yield rule("failure.improvement", asked), users, _in_failure(base, improvement=asked, not_remitted=None)
    for asked, users in _others(knowledge, lambda d, b: b.failure.not_remitted).values():
        yield rule("failure.not_remitted", asked), users, _in_failure(base, improvement=None, not_remitted=asked)


def _by_switch(base: Definition, knowledge: Knowledge) -> Iterator[Change]:
    yield WITHOUT, (), _in_failure(base, switched=None)
    for asked, users in _others(knowledge, lambda d, b: b.failure.switched).values():
        yield rule("failure.switched", asked), users, _in_failure(base, switched=asked)


def _by_addition(base: Definition, knowledge: Knowledge) -> Iterator[Change]:
    yield "no failure", (), _in_failure(base, added_to=None)
    for asked, users in _others(knowledge, lambda d, b: b.failure.added_to).values():
        yield rule("failure.added_to", asked), users, _in_failure(base, added_to=asked)


def _by_class(base: Definition, knowledge: Knowledge) -> Iterator[Change]:
    for distinct, users in _others(knowledge, lambda d, b: b.count.distinct).values():
        words = {"ingredient": "different drugs", "class": "different classes", "course": "courses of any drug"}[
            distinct
        ]
        changed = _in_branches(base, lambda b, d=distinct: b.model_copy(update={"count": _counted(b, distinct=d)}))
        yield words, users, changed


def _by_number(base: Definition, knowledge: Knowledge) -> Iterator[Change]:
    for n, users in _others(knowledge, lambda d, b: b.count.at_least).values():
        changed = _in_branches(base, lambda b, n=n: b.model_copy(update={"count": _counted(b, at_least=n)}))
        yield f"{n} trial{'s' * (n > 1)}", users, changed


def _by_last_drug(base: Definition, knowledge: Knowledge) -> Iterator[Change]:
    """One trial fewer must count, and as many drugs as before must have been taken: the last need not be adequate, nor fail."""
    if all(b.count.at_least > 1 and b.within.is_ is not None and b.taken is None for b in base.branch):

        def change(branch: Branch) -> Branch:
            taken = TakenCount(at_least=f"{branch.count.at_least} trials", distinct=branch.count.distinct, choice=_LAST)
            fewer = _counted(branch, at_least=branch.count.at_least - 1)
            return branch.model_copy(update={"count": fewer, "taken": taken})

        yield "begun is enough", (), _in_branches(base, change)
    for asked, users in _others(knowledge, lambda d, b: b.taken).values():
        if all(b.within.is_ is not None and b.count.at_least < asked.at_least for b in base.branch):
            changed = _in_branches(base, lambda b, t=asked: b.model_copy(update={"taken": t}))
            yield f"a further one begun ({rule('taken', asked)})", users, changed


_LAST = "The base definition's own number: the last drug need only have been begun."


def _counted(branch: Branch, **changes: object):
    return _changed(branch.count, **changes)


def _changed(asked: Cited, **changes: object) -> Cited:
    """The field with another value, which is no longer that of its source."""
    return asked.model_copy(update={"source": None, "locator": None, "seen": None, "choice": _VARIED, **changes})


_VARIED = "One choice of the base definition, made otherwise to see what it moves."


def _by_time(base: Definition, knowledge: Knowledge) -> Iterator[Change]:
    """The least time, of the course and at the dose alike: a longer time at the dose would hide a shorter course."""
    for asked, users in _others(
        knowledge, lambda d, b: b.trial.min_duration and b.trial.min_duration.at_least
    ).values():

        def change(branch: Branch, days: int = asked) -> Branch:
            times = {
                name: _changed(own, at_least=days)
                for name in ("min_duration", "min_dose")
                if (own := getattr(branch.trial, name)) is not None
            }
            return branch.model_copy(update={"trial": branch.trial.model_copy(update=times)})

        yield f"{asked} days", users, _in_branches(base, change)
    if all(b.trial.min_dose is None for b in base.branch):
        yield WITHOUT, (), _in_trial(base, min_duration=None)


def _by_dose(base: Definition, knowledge: Knowledge) -> Iterator[Change]:
    if all(b.trial.min_dose is None for b in base.branch):
        return
    yield WITHOUT, (), _in_trial(base, min_dose=None)
    for standard, info in sorted(knowledge.dose_standards.items()):
        asked = _changed(base.trials.dose_standard, is_=standard)
        trials = base.trials.model_copy(update={"dose_standard": asked})
        yield f"{info.label} ({standard})", (), base.model_copy(update={"trials": trials})


def _by_gap(base: Definition, knowledge: Knowledge) -> Iterator[Change]:
    for asked, users in _others(knowledge, lambda d, b: d.trials.max_gap).values():
        trials = base.trials.model_copy(update={"max_gap": asked})
        yield f"{asked.at_most} days", users, base.model_copy(update={"trials": trials})


def _by_episode_gap(base: Definition, knowledge: Knowledge) -> Iterator[Change]:
    for asked, users in _others(knowledge, lambda d, b: d.trials.episode_gap).values():
        trials = base.trials.model_copy(update={"episode_gap": asked})
        yield f"{asked.at_most} days", users, base.model_copy(update={"trials": trials})


def _by_window(base: Definition, knowledge: Knowledge) -> Iterator[Change]:
    if any(b.taken or b.added or b.within.after or b.within.before for b in base.branch):
        return

    def untied(definition: Definition, branch: Branch):
        return None if branch.within.after or branch.within.before else branch.within

    for asked, users in _others(knowledge, untied).values():
        changed = _in_branches(base, lambda b, w=asked: b.model_copy(update={"within": w}))
        yield rule("within", asked), users, changed


def _by_role(base: Definition, knowledge: Knowledge) -> Iterator[Change]:
    for asked, users in _others(knowledge, lambda d, b: b.trial.role).values():
        if "antidepressant" in asked.roles:
            yield rule("trial.role", asked), users, _in_trial(base, role=asked)


def _by_use(base: Definition, knowledge: Knowledge) -> Iterator[Change]:
    for asked, users in _others(knowledge, lambda d, b: b.trial.use).values():
        yield rule("trial.use", asked), users, _in_trial(base, use=asked)


_CHOICES: dict[str, Callable[[Definition, Knowledge], Iterator[Change]]] = {
    "Failure by score": _by_score,
    "Failure by a switch": _by_switch,
    "An addition": _by_addition,
    "Different by": _by_class,
    "Number": _by_number,
    "The last drug": _by_last_drug,
    "Minimum time": _by_time,
    "Dose standard": _by_dose,
    "Gap within a course": _by_gap,
    "New episode after": _by_episode_gap,
    "Counted within": _by_window,
    "Add-ons as trials": _by_role,
    "Low doses": _by_use,
}
"""The choices, each with the ways to make it otherwise."""
