"""What a programme of esketamine, ketamine, electroconvulsive therapy or magnetic stimulation gave and saw, as counts that may be
shown. Nothing here decides anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stepwell.knowledge.forms import SUICIDALITY, Knowledge
from stepwell.knowledge.treatment import Treatment
from stepwell.result import Result

from .around import around
from .counts import alone, split
from .disclosure import Cells, Count
from .programme import Programme, summarise_programme
from .programme_adherence import Followed, summarise_adherence
from .programme_arms import ShownArm, summarise_arms
from .programme_beside import (
    Beyond,
    Loaded,
    Monitored,
    series_key,
    summarise_beyond,
    summarise_concerns,
    summarise_load,
    summarise_monitoring,
    summarise_therapy,
    summarise_therapy_outcome,
)
from .programme_checkpoints import ShownCheckpoint, show_checkpoint
from .programme_routes import ByRoute, summarise_routes
from .proportion import Proportion
from .shown_durability import ShownDurability, show_durability

REASONS = ("intolerance", "no effect", "other", "not recorded")
PHASES = ("induction", "optimisation", "maintenance", "no phase")


@dataclass(frozen=True)
class Ending:
    """Series that ended in one phase, by recorded reason."""

    phase: str
    reasons: dict[str, Count]
    series: Count


@dataclass(frozen=True)
class Given:
    """Everything about one treatment."""

    treatment: Treatment
    people: Count
    series: Count
    possible: Count
    sessions: Count
    ongoing: Count
    checkpoints: tuple[ShownCheckpoint, ...]
    routes: tuple[ByRoute, ...] | None
    """Response at the end of the induction by route; empty where there is one route only, None where it may not be shown."""
    arms: tuple[ShownArm, ...]
    durability: ShownDurability
    endings: tuple[Ending, ...]
    regimens: tuple[Followed, ...]
    loaded: tuple[Loaded, ...]
    n_loaded: Count
    fewer: dict[str, Count]
    """Series with fewer, as many and more antidepressants after than before."""
    beyond: tuple[Beyond, ...]
    monitored: tuple[Monitored, ...]
    therapy: tuple[tuple[str, Count], ...]
    therapy_outcome: tuple[tuple[str, Count, Count, Proportion | None], ...]
    """Series with therapy at some time, and without: scored at the end of the induction, in response, share."""

    @property
    def induction_end(self) -> ShownCheckpoint | None:
        """The checkpoint at the end of the induction. None where no series is certain: possible series have no checkpoints."""
        return next((c for c in self.checkpoints if c.label == "end of induction"), None)


@dataclass(frozen=True)
class ShownProgramme:
    """The whole page's counts. `states` are administrations of instruments that ask about suicide, `suicidal` people by how
    suicidal ideation or behaviour is recorded of them: by an answer, by a diagnosis, by both."""

    people: Count
    given: tuple[Given, ...]
    states: dict[str, Count]
    risen: Count
    suicidal: dict[str, Count]
    people_suicidal: Count


def show_programme(result: Result, *, suppress_below: int = 5) -> ShownProgramme:
    """Counts everything that the programme's page shows; 1 to `suppress_below` - 1 are withheld, with what would reveal them."""
    found = around(result)
    names = ("series", "session", "series_response", "effect", "load", "judged_series", "arm_response")
    rows = {n: _rows(result, n) for n in names}
    readings = _readings(result)
    reasons = _stop_reasons(result)
    given = []
    for treatment in result.knowledge.treatments.values():
        own = {
            n: [r for r in of if r.get("treatment", treatment.id) == treatment.id] for n, of in (rows | found).items()
        }
        if own["series"]:
            counted = summarise_programme(result, treatment.id)
            own["monitoring"] = readings
            given.append(_given(treatment, counted, own, reasons, result.knowledge, suppress_below))
    given.sort(key=lambda g: -(g.series.n or 0))
    people = result.table("person").count().to_pyarrow().as_py()
    condition = result.table("condition")
    of_set = condition.filter(condition.codeset == SUICIDALITY).select("person_id").distinct()
    diagnosed = set(of_set.person_id.to_pyarrow().to_pylist())
    return ShownProgramme(
        alone(people, suppress_below), tuple(given), *summarise_concerns(found["concern"], diagnosed, suppress_below)
    )


def _rows(result: Result, name: str) -> list[dict]:
    return result.table(name).to_pyarrow().to_pylist() if name in result.tables else []


def _readings(result: Result) -> list[dict]:
    """The readings of scales of monitoring around sessions, blood pressure left out."""
    if "monitoring" not in result.tables:
        return []
    scales = [i.id for i in result.knowledge.all_instruments.values() if i.use == "monitoring"]
    rows = result.table("monitoring")
    return rows.filter(rows.kind.isin(scales)).to_pyarrow().to_pylist()


def _stop_reasons(result: Result) -> dict[tuple[int, str], list[tuple]]:
    """First day, last day and recorded reason of every course of an ingredient given in sessions."""
    trial, setting = result.table("trial"), result.manifest["step_setting"]
    ingredients = sorted({i for t in result.knowledge.treatments.values() for i in t.ingredients})
    if not ingredients:
        return {}
    own = trial.filter((trial.setting == setting) & trial.ingredient.isin(ingredients))
    found: dict[tuple[int, str], list[tuple]] = {}
    for r in own.to_pyarrow().to_pylist():
        found.setdefault((r["person_id"], r["ingredient"]), []).append(
            (r["start_date"], r["end_date"], r["stop_reason"])
        )
    return found


def _given(
    treatment: Treatment, counted: Programme, own: dict, reasons: dict, knowledge: Knowledge, below: int
) -> Given:
    certain = [s for s in own["series"] if s["is_series"]]
    keys = {series_key(s) for s in certain}
    judged = [j for j in own["judged_series"] if (j["person_id"], treatment.id, j["series_number"]) in keys]
    readings, arms = own["monitoring"], summarise_arms(own["arm_response"], below)
    own = {
        n: [r for r in own[n] if series_key(r) in keys]
        for n in ("session", "series_response", "effect", "load", "trajectory", "therapy")
    }
    ongoing, _ = split({str(v): sum(s["is_ongoing"] is v for s in certain) for v in (True, False, None)}, below)
    loaded, n_loaded, fewer = summarise_load(own["load"], below)
    checkpoints = tuple(show_checkpoint(c, below) for c in counted.checkpoints)
    end = next((c for c in checkpoints if c.label == "end of induction"), None)
    is_end_shown = end is not None and end.responded.n is not None and end.scored.n is not None
    return Given(
        treatment=treatment,
        people=alone(counted.n_people, below),
        series=alone(counted.n_series, below),
        possible=alone(counted.n_uncertain_series, below),
        sessions=alone(counted.n_sessions, below),
        ongoing=ongoing["True"],
        checkpoints=checkpoints,
        routes=summarise_routes(own, is_end_shown, below),
        arms=arms,
        durability=show_durability(own["effect"], below),
        endings=_endings(treatment, certain, reasons, below),
        regimens=summarise_adherence(treatment, len(certain), judged, knowledge, below),
        loaded=loaded,
        n_loaded=n_loaded,
        fewer=fewer,
        beyond=summarise_beyond(own["trajectory"], knowledge, below),
        monitored=summarise_monitoring(own["trajectory"], own["session"], readings, knowledge, below),
        therapy=summarise_therapy(own["therapy"], knowledge, below),
        therapy_outcome=summarise_therapy_outcome(own, below),
    )


def _endings(treatment: Treatment, series: Sequence[dict], reasons: dict, below: int) -> tuple[Ending, ...]:
    ended = [(s, _reason(treatment, s, reasons)) for s in series if s["is_ongoing"] is False]
    cells = Cells()
    cells.add("all", len(ended))
    n = {(p, r): sum(_phase(s) == p and why == r for s, why in ended) for p in PHASES for r in REASONS}
    phases = [p for p in PHASES if any(n[p, r] for r in REASONS)]
    for p in phases:
        cells.add(p, sum(n[p, r] for r in REASONS))
        for r in REASONS:
            cells.add((p, r), n[p, r])
        cells.add_sum(p, [(p, r) for r in REASONS])
    if phases:
        cells.add_sum("all", phases)
    counts = cells.protect(below)
    return tuple(Ending(p, {r: counts[p, r] for r in REASONS}, counts[p]) for p in phases)


def _phase(series: dict) -> str:
    """The phase that the last session falls into: the last one that has any."""
    if series["n_induction"] is None:
        return "no phase"
    return next((p for p in ("maintenance", "optimisation", "induction") if series[f"n_{p}"]), "no phase")


def _reason(treatment: Treatment, series: dict, reasons: dict) -> str:
    courses = [c for i in treatment.ingredients for c in reasons.get((series["person_id"], i), ())]
    said = [why for first, last, why in courses if first <= series["end_date"] and last >= series["end_date"] and why]
    return said[-1] if said else "not recorded"
