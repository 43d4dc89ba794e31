"""How many people each staging model puts where, and how many show each sign of a profile."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from stepwell.knowledge.staging import Staging
from stepwell.knowledge.staging_card import points
from stepwell.result import Result

from .disclosure import Cells, Count

NOT_STAGED, UNSURE = "not staged: no failed trial", "unknown whether any trial failed"
STATES = ("present", "unknown", "absent")


@dataclass(frozen=True)
class Staged:
    """One staging model: people by stage, by a range where the record leaves room, or by the points that are certain."""

    name: str
    title: str
    lines: tuple[tuple[str, Count], ...]


@dataclass(frozen=True)
class Profile:
    """One profile: of the people with an episode, how many show each sign (`STATES`)."""

    name: str
    title: str
    people: Count
    lines: tuple[tuple[str, dict[str, Count]], ...]


@dataclass(frozen=True)
class Stages:
    """All models of a run."""

    models: tuple[Staged, ...] = ()
    profiles: tuple[Profile, ...] = ()


def summarise_stages(result: Result, people: int, shown_people: Count, suppress_below: int) -> Stages:
    """Counts everybody once for each model. The counts are protected together: models that count trials alike leave the same
    people unstaged."""
    if not result.stagings:
        return Stages()
    cells = Cells()
    cells.add_decided("all", people, shown_people)
    models = [s for s in result.stagings if not s.signs]
    profiles = [s for s in result.stagings if s.signs]
    added: set = set()
    labels = {s.name: _add_model(cells, result, s, added) for s in models}
    for staging in profiles:
        _add_profile(cells, result, staging, people)
    counts = cells.protect(suppress_below)
    return Stages(
        tuple(Staged(s.name, s.title, tuple((text, counts[key]) for text, key in labels[s.name])) for s in models),
        tuple(
            Profile(
                s.name,
                s.title,
                counts[s.name, "people"],
                tuple((sign.label, {state: counts[s.name, sign.id, state] for state in STATES}) for sign in s.signs),
            )
            for s in profiles
        ),
    )


def _add_model(cells: Cells, result: Result, staging: Staging, added: set) -> list[tuple[str, object]]:
    """Adds the counts of one model; the labels of its lines with the keys of their cells. `added` are the shared ones that are
    there already."""
    stage = result.table("stage")
    own = stage.filter(stage.staging == staging.name)
    columns = ("applies", "stage_at_least", "stage_at_most", "points_at_least")
    rows = own.group_by(*columns).agg(n=own.count()).to_pyarrow().to_pylist()
    found: Counter = Counter()
    for row in rows:
        found[_place(row, staging)] += row["n"]
    # Whether people are staged at all depends on the rule by which trials fail alone: one cell for all its models.
    rule = (result.manifest["rule_of"][staging.name], staging.failed.count.at_least)
    lines = []
    for state, label in ((False, NOT_STAGED), (None, UNSURE)):
        if (*rule, label) not in added:
            added.add((*rule, label))
            cells.add((*rule, label), sum(row["n"] for row in rows if row["applies"] is state))
        lines.append((label, (*rule, label)))
    for place in sorted(key for key in found if key is not None):
        cells.add((staging.name, place), found[place])
        lines.append((place[-1], (staging.name, place)))
    cells.add_sum("all", [key for _, key in lines])
    return lines


def _place(row: dict, staging: Staging) -> tuple[float, float, str] | None:
    """Where a staged person stands in the order of the model's stages or points, and what that is called."""
    if row["applies"] is not True:
        return None
    order = [part.label for part in (staging.names.ranges if staging.names else staging.rungs)]
    if not order:
        certain = row["points_at_least"]
        return certain, certain, f"{points(certain)} for certain"
    low, high = row["stage_at_least"], row["stage_at_most"]
    return order.index(low), order.index(high), low if low == high else f"{low} to {high}"


def _add_profile(cells: Cells, result: Result, staging: Staging, people: int) -> None:
    """Adds the counts of one profile: everybody with an episode, in one of three states for each sign."""
    stage = result.table("stage")
    rows = stage.filter(stage.staging == staging.name, stage.applies.fill_null(False))
    patterns = rows.group_by("present", "unknown").agg(n=rows.count()).to_pyarrow().to_pylist()
    n = sum(p["n"] for p in patterns)
    cells.add((staging.name, "people"), n)
    cells.add((staging.name, "rest"), people - n, is_shown=False)
    cells.add_sum("all", [(staging.name, "people"), (staging.name, "rest")])
    for sign in staging.signs:
        counted: Counter = Counter()
        for p in patterns:
            state = next((s for s in ("present", "unknown") if sign.id in p[s].split()), "absent")
            counted[state] += p["n"]
        for state in STATES:
            cells.add((staging.name, sign.id, state), counted[state])
        cells.add_sum((staging.name, "people"), [(staging.name, sign.id, state) for state in STATES])
