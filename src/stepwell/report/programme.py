"""What a programme of one treatment did, counted over all its series: for a page to show, which protects small counts itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stepwell.report.durability import Durability, find_durability
from stepwell.report.proportion import Proportion, wilson

if TYPE_CHECKING:
    from stepwell.result import Result

_SERIES = ["person_id", "treatment", "series_number"]


@dataclass(frozen=True)
class AtCheckpoint:
    """One checkpoint: of `n_series` series so many have a score; shares are of those of which it is known."""

    checkpoint: str
    n_series: int
    n_scored: int
    n_judged: int
    """Of those scored, so many were ill enough at baseline to respond."""
    response: Proportion | None
    remission: Proportion | None


@dataclass(frozen=True)
class Adherence:
    """One criterion of one regimen over all series."""

    regimen: str
    """Only series that its indication certainly applies to are counted."""
    criterion: str
    n_met: int
    n_not_met: int
    n_unknown: int


@dataclass(frozen=True)
class MeanLoad:
    """Medicines in one stretch, on average over the series whose stretches before, during and after were all observed."""

    stretch: str
    n_series: int
    n_antidepressants: float
    n_psychotropics: float


@dataclass(frozen=True)
class Programme:
    """Everything counted of one treatment. Days of which nobody can tell whether they are sessions make no series here."""

    treatment: str
    n_people: int
    n_series: int
    n_sessions: int
    n_uncertain_series: int
    checkpoints: tuple[AtCheckpoint, ...]
    durability: Durability
    adherence: tuple[Adherence, ...]
    load: tuple[MeanLoad, ...]


def summarise_programme(result: Result, treatment: str) -> Programme:
    """Counts the series of one treatment in a result."""
    all_series = result.table("series").filter(lambda s: s.treatment == treatment)
    sure = all_series.filter(all_series.is_series)
    total = sure.agg(people=sure.person_id.nunique(), series=sure.count(), sessions=sure.n_sessions.sum())
    (counts,) = total.to_pyarrow().to_pylist()
    return Programme(
        treatment=treatment,
        n_people=counts["people"],
        n_series=counts["series"],
        n_sessions=int(counts["sessions"] or 0),
        n_uncertain_series=all_series.count().to_pyarrow().as_py() - counts["series"],
        checkpoints=tuple(_checkpoints(result, sure)),
        durability=find_durability(result, treatment),
        adherence=tuple(_adherence(result, treatment, sure)),
        load=tuple(_load(result, sure)),
    )


def _checkpoints(result: Result, sure) -> list[AtCheckpoint]:
    rows = result.table("series_response").semi_join(sure, _SERIES)
    counted = rows.group_by("checkpoint_number", "checkpoint").agg(
        n=rows.count(),
        scored=rows.total.count(),
        judged=rows.is_response.count(),
        responded=rows.is_response.fill_null(False).sum(),
        remitted=(rows.is_remission & rows.is_response.notnull()).fill_null(False).sum(),
    )
    return [
        AtCheckpoint(
            c["checkpoint"],
            c["n"],
            c["scored"],
            c["judged"],
            wilson(c["responded"], c["judged"]) if c["judged"] else None,
            wilson(c["remitted"], c["judged"]) if c["judged"] else None,
        )
        for c in counted.order_by("checkpoint_number").to_pyarrow().to_pylist()
    ]


def _adherence(result: Result, treatment: str, sure) -> list[Adherence]:
    rows = result.table("judged_series")
    found = []
    for regimen in result.knowledge.regimens.values():
        if regimen.treatment != treatment:
            continue
        own = rows.filter(rows.regimen == regimen.name).semi_join(sure, ["person_id", "series_number"])
        if regimen.indicated is not None:
            own = own.filter(own["regimen.indicated"].fill_null(False))
        for criterion in dict.fromkeys(path for path, _rule in regimen.rules()):
            verdict = own[criterion]
            numbers = own.agg(met=verdict.sum().fill_null(0), known=verdict.count(), n=own.count())
            (c,) = numbers.to_pyarrow().to_pylist()
            met, known = int(c["met"]), c["known"]
            found.append(Adherence(regimen.name, criterion, met, known - met, c["n"] - known))
    return found


def _load(result: Result, sure) -> list[MeanLoad]:
    rows = result.table("load").semi_join(sure, _SERIES)
    whole = rows.group_by(_SERIES).agg(n_seen=rows.is_observed.fill_null(False).sum(), n=rows.count())
    rows = rows.semi_join(whole.filter(whole.n_seen == whole.n), _SERIES)
    means = rows.group_by("stretch_number", "stretch").agg(
        n=rows.count(), antidepressants=rows.n_antidepressants.mean(), psychotropics=rows.n_psychotropics.mean()
    )
    return [
        MeanLoad(m["stretch"], m["n"], m["antidepressants"], m["psychotropics"])
        for m in means.order_by("stretch_number").to_pyarrow().to_pylist()
    ]
