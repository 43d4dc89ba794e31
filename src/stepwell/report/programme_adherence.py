"""How often sessions were given as a regimen asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.treatment import Treatment
from stepwell.knowledge.treatment_card import regimen_rule
from stepwell.tables.sessions import OF_A_SESSION

from .counts import part_of, share_of, split
from .disclosure import Count
from .proportion import Proportion


@dataclass(frozen=True)
class Asked:
    """One criterion of a regimen over all sessions."""

    criterion: str
    words: str
    met: Count
    not_met: Count
    unknown: Count
    share: Proportion | None
    """Of the sessions of which it is known."""


@dataclass(frozen=True)
class Followed:
    """One regimen over the sessions of the series that its indication applies to."""

    title: str
    status: str
    series: dict[str, Count] | None
    """Series by whether the indication applies: `applies`, `unknown`, `does not apply`; None where the regimen asks for none."""
    indication: str | None
    """What shows that the indication applies, in words."""
    asked: tuple[Asked, ...]


def summarise_adherence(
    treatment: Treatment, n_series: int, judged: Sequence[dict], knowledge: Knowledge, below: int
) -> tuple[Followed, ...]:
    """Each regimen of the treatment, that by which its phases are named first. `judged` are rows of `judged_series` of the
    `n_series` series; a series that the indication does not apply to has none."""
    found = []
    for regimen in knowledge.regimens.values():
        rows = [j for j in judged if j["regimen"] == regimen.name]
        if regimen.treatment != treatment.id or not (rows or regimen.indicated):
            continue
        applies, indication = None, None
        if regimen.indicated is not None:
            unjudged = n_series - len(rows)
            unknown = sum(j["regimen.indicated"] is None for j in rows)
            rows = [j for j in rows if j["regimen.indicated"]]
            parts = {"applies": len(rows), "unknown": unknown, "does not apply": unjudged}
            applies, _ = split(parts, below)
            indication = regimen_rule("regimen.indicated", regimen.indicated)
        lines = []
        for criterion, form in dict(reversed(list(regimen.rules()))).items():
            name = criterion.partition(".")[2]
            if criterion not in OF_A_SESSION or criterion == "regimen.indicated" or not rows:
                continue
            if criterion == "regimen.in_force" and regimen.in_force_from is None:
                continue
            wrong, open_ = (sum(j[f"{part}.{name}"] for j in rows) for part in ("n_not_met", "n_unknown"))
            met = sum(j["n_sessions"] for j in rows) - wrong - open_
            parts, _ = split({"met": met, "not met": wrong, "unknown": open_}, below)
            known = part_of(met, met + wrong, below)
            words = regimen_rule(criterion, form)
            lines.append(Asked(criterion, words, parts["met"], parts["not met"], parts["unknown"], share_of(*known)))
        order = {c: i for i, c in enumerate(OF_A_SESSION)}
        lines.sort(key=lambda a: order[a.criterion])
        shown = (regimen.title, regimen.status, applies, indication, tuple(lines))
        found.append((regimen.id != treatment.phases_of, *shown))
    return tuple(Followed(*rest) for _, *rest in sorted(found, key=lambda f: f[:2]))
