"""How many people are left at each step, from everybody in the records to the verdicts, with small counts suppressed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stepwell.knowledge.definition import Definition
from stepwell.report.disclosure import Cells, Count
from stepwell.report.summarise import Loss, summarise_losses
from stepwell.report.verdicts import EVERYBODY, TREATED, Share, count_verdicts, find_patterns
from stepwell.result import Result


@dataclass(frozen=True)
class Step:
    """One step: who is left, and who was left out by it (None for the first)."""

    people_are: str
    people: Count
    left_out_are: str | None = None
    left_out: Count | None = None


@dataclass(frozen=True)
class Attrition:
    """The steps, the verdicts among those who are left at the last one, and what was left out while reading."""

    steps: tuple[Step, ...]
    shares: tuple[Share, ...]
    losses: tuple[Loss, ...]


def find_attrition(result: Result, definitions: Sequence[Definition], suppress_below: int) -> Attrition:
    """Counts the people. Everybody and the last step are the groups of the report, so both show, or withhold, the same counts."""
    names = [d.name for d in result.definitions]
    episode = result.table("episode")
    patterns = find_patterns(result.table("determination"), episode, names)
    verdicts = count_verdicts(patterns, names, suppress_below)
    n_people = result.manifest["rows"]["person"]
    if names:
        everybody, treated = verdicts.groups[EVERYBODY], verdicts.groups[TREATED]
        n_treated = sum(n for (is_treated, _), n in patterns.items() if is_treated)
    else:  # nobody was judged, so the report has no groups
        everybody = treated = None
        n_treated = 0
    n_diagnosed = episode.filter(episode.n_diagnoses > 0).person_id.nunique().to_pyarrow().as_py() or 0
    cells = Cells()
    if everybody is None:
        cells.add("everybody", n_people)
    else:
        cells.add_decided("everybody", n_people, everybody)
    cells.add("diagnosed", n_diagnosed)
    cells.add("undiagnosed", n_people - n_diagnosed)
    cells.add_sum("everybody", ["diagnosed", "undiagnosed"])
    if treated is not None:
        cells.add_decided("treated", n_treated, treated)
        cells.add("untreated", n_diagnosed - n_treated)
        cells.add_sum("diagnosed", ["treated", "untreated"])
    counts = cells.protect(suppress_below)
    steps = [
        Step("People in the records", counts["everybody"]),
        Step(
            "with a depression diagnosis",
            counts["diagnosed"],
            "no depression diagnosis recorded",
            counts["undiagnosed"],
        ),
    ]
    if treated is not None:
        steps.append(
            Step(
                "and a trial of an antidepressant",
                counts["treated"],
                "no trial of an antidepressant recorded",
                counts["untreated"],
            )
        )
    chosen = {d.name for d in definitions}
    shares = tuple(s for s in verdicts.shares_of(TREATED) if s.definition in chosen)
    return Attrition(tuple(steps), shares, summarise_losses(result.table("attrition"), suppress_below))


def sentences(found: Attrition) -> list[str]:
    """The diagram in words, for those who cannot see it."""
    first, *others = found.steps
    said = [f"{first.people_are}: {first.people}."]
    said += [
        f"Of these, {step.people} {step.people_are}; left out: {step.left_out}, {step.left_out_are}." for step in others
    ]
    for share in found.shares:
        n = share.counts
        said.append(f"By {share.definition}, of these: {n['met']} met, {n['not met']} not met, {n['unknown']} unknown.")
    if not found.shares:
        said.append("Nobody was judged: these records cannot answer any definition.")
    return said
