"""A definition without one of the things that it asks, as a form that the rules judge like any other."""

from __future__ import annotations

from stepwell.knowledge.criteria import Failure, Role, Taken, Use
from stepwell.knowledge.definition import Branch, Definition, fields
from stepwell.tables import TRIAL

EVERYTHING = "everything"
_REASON = "set aside to see what the definition says without it"
_ASKS_NOTHING = {
    # A trial may be of a role that no form can ask for (rapid-acting drugs).
    "trial.role": Role.model_construct(is_=None, any_of=TRIAL.by_name["role"].values, choice=_REASON),
    "trial.use": Use.model_validate({"is": "any", "choice": _REASON}),
    "failure": Failure(taken=Taken(choice=_REASON)),
}
"""What stands in place of a field that a form cannot leave empty."""
_OF_THE_STRETCH = ("within", "count.distinct", "taken", "added")


def set_aside(definition: Definition) -> dict[str, Definition]:
    """The definition without each thing that it asks of trials, by the path of the thing, in the order of the form; at last, as
    `everything`, without all of them but the role of the drug and the number."""
    asked = [f"trial.{name}" for branch in definition.branch for name, _ in fields(branch.trial)]
    paths = dict.fromkeys([*asked, "failure", *_OF_THE_STRETCH])
    without = {path: _without(definition, {path}) for path in paths}
    without[EVERYTHING] = _without(definition, paths.keys() - {"trial.role"})
    changed = {path: form for path, form in without.items() if form.branch != definition.branch or path == EVERYTHING}
    # Each needs a name of its own, by which its rows are found.
    return {
        path: form.model_copy(update={"id": f"{definition.id}-without-{number}"})
        for number, (path, form) in enumerate(changed.items(), 1)
    }


def _without(definition: Definition, paths: set[str]) -> Definition:
    branches = tuple(_branch_without(branch, paths) for branch in definition.branch)
    return definition.model_copy(update={"branch": branches})


def _branch_without(branch: Branch, paths: set[str]) -> Branch:
    trial = {name: _ASKS_NOTHING.get(f"trial.{name}") for name, _ in fields(branch.trial) if f"trial.{name}" in paths}
    changes: dict[str, object] = {name: None for name in ("taken", "added") if name in paths}
    changes["trial"] = branch.trial.model_copy(update=trial)
    if "failure" in paths:
        changes["failure"] = _ASKS_NOTHING["failure"]
    if "within" in paths:
        ever = {"is_": "ever", "days": None, "after": None, "before": ()}
        changes["within"] = branch.within.model_copy(update=ever)
    if "count.distinct" in paths:
        changes["count"] = branch.count.model_copy(update={"distinct": "course"})
    return branch.model_copy(update=changes)
