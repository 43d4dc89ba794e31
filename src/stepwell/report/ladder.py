"""The ladder: how many people enter each step of treatment, what becomes of them there, and remission up to it, three ways.

A ladder is made from a population's `step` table or from a published table of steps, and both are the same thing
afterwards, so that they can be laid side by side.

Three ways, because they answer three questions:

* **observed**: of all who entered step 1, how many had a recorded remission by step k? Everybody who left without one
  counts in the denominator. It says what happened, and is low when many leave or are never scored.
* **product-limit**: what if nobody dropped out? 1 - (1 - p1) x (1 - p2) x ..., with p the remissions among those with a
  known outcome on that step. It supposes that those who left, and those who were never scored, would have done as well as
  those who stayed and were scored. Published ladders are often summed up by this number alone.
* **adjusted**: the product-limit with each person who went on to the next step standing in for those who were in the
  same state at the end of the step and did not (inverse probability of continuing). The states are what the record shows
  at that moment: response without remission, no response, or unscored; each with or without recorded intolerance. It
  supposes that, among people in one state, leaving says nothing about what the next step would have done for them, and
  that on each step the unscored did as the scored. Both can be wrong, and the data cannot show it: whoever feels better
  for another reason, or worse, may leave for it. Where nobody of a state went on, nobody can stand in for it; those
  people are counted in `unrepresented`. Published tables do not hold the states, so theirs cannot be adjusted.

A ladder ends at the first recorded remission. A step without a score is unknown, never "not remitted".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import fsum

import ibis
import ibis.expr.types as ir

from stepwell.knowledge.forms import PublishedLadder

from .proportion import ProductLimit, Proportion, wilson


@dataclass(frozen=True)
class State:
    """Where a person stood at the end of one step."""

    outcome: str
    """`remission`, `response` (without remission), `no response`, or `unscored`."""
    is_intolerance: bool
    ended: str
    """`next step`, `remission`, `lost`, `still treated`, or `unknown` where nobody watched what came after."""


Path = tuple[State, ...]
"""One person's steps in order."""


@dataclass(frozen=True)
class Rung:
    """One step of a ladder. Counts are people; None where the source does not tell. Fractions come from published shares."""

    number: int
    entered: int
    scored: int
    """With a known outcome; the denominator of remission and response."""
    remitted: float
    responded: float | None
    """At least the instrument's response, remission included."""
    intolerant: float | None
    """Recorded as stopped for intolerance; the denominator is all who entered."""
    went_on: int | None
    lost: int | None
    still_treated: int | None
    end_unknown: int | None
    """The time after the step was not observed."""
    observed: Proportion
    """Recorded remission up to this step, of all who entered step 1."""
    observed_if_unscored_remitted: Proportion
    """The same if every person with an unscored step had remitted on it: the most that the record allows."""
    product_limit: Proportion | None
    """None from the first step on which nobody was scored."""
    adjusted: Proportion | None

    @property
    def unscored(self) -> int:
        """Entered, outcome unknown."""
        return self.entered - self.scored

    @property
    def remission(self) -> Proportion | None:
        """Remission among those with a known outcome on this step."""
        return wilson(self.remitted, self.scored)

    @property
    def response(self) -> Proportion | None:
        """Response among those with a known outcome on this step."""
        return None if self.responded is None else wilson(self.responded, self.scored)

    @property
    def intolerance(self) -> Proportion | None:
        """Recorded intolerance among all who entered this step."""
        return None if self.intolerant is None else wilson(self.intolerant, self.entered)


@dataclass(frozen=True)
class Ladder:
    """The steps in order; `unrepresented` counts people whose state at some step nobody carried on from."""

    label: str
    rungs: tuple[Rung, ...]
    unrepresented: int = 0
    later: int = 0
    """People who entered a step after the last one shown."""


def published_ladder(published: PublishedLadder) -> Ladder:
    """A published table of steps as a ladder. Remitters are share x entrants, unrounded, so that the printed shares decide.

    Every entrant is taken as having a known outcome, as such tables do.
    """
    rungs: list[Rung] = []
    steps = published.steps
    product_limit, remitted_so_far = ProductLimit(), 0.0
    for i, step in enumerate(steps):
        share = step.remitted / 100
        remitted_so_far += step.entered * share
        product_limit.go_on(share, step.entered)
        observed = wilson(remitted_so_far, steps[0].entered)
        rungs.append(
            Rung(
                number=i + 1,
                entered=step.entered,
                scored=step.entered,
                remitted=step.entered * share,
                responded=None if step.responded is None else step.entered * step.responded / 100,
                intolerant=None if step.intolerant is None else step.entered * step.intolerant / 100,
                went_on=steps[i + 1].entered if i + 1 < len(steps) else None,
                lost=None,
                still_treated=None,
                end_unknown=None,
                observed=observed,
                observed_if_unscored_remitted=observed,
                product_limit=product_limit.share(step.entered),
                adjusted=None,
            )
        )
    return Ladder(published.label, tuple(rungs))


def summarise_ladder(step: ir.Table, label: str, n_steps: int) -> Ladder:
    """The ladder of a population, up to step `n_steps`.

    Needs: the `step` table. Rule: each person's first recorded episode with a treatment, so that a person counts once and
    the intervals hold; steps after the first recorded remission are left out. Unknown when: a step has no score.
    """
    return climb(_paths(step), label, n_steps)


def climb(paths: Mapping[Path, int], label: str, n_steps: int) -> Ladder:
    """The ladder of people counted by their path; `summarise_ladder` without the database."""
    # Sorted, because sums of fractions depend on their order and the same people must give the same bytes.
    people = sorted(((_until_remission(p), n) for p, n in paths.items() if p), key=repr)
    everyone = sum(n for _, n in people)
    weights = [1.0] * len(people)
    rungs: list[Rung] = []
    product_limit, adjusted_survivors = ProductLimit(), 1.0
    is_known, unrepresented = True, 0
    for k in range(n_steps):
        here = [(p, n, w) for (p, n), w in zip(people, weights, strict=True) if len(p) > k]
        if not here:
            break
        entered = sum(n for _, n, _ in here)
        scored = _count(here, k, lambda s: s.outcome != "unscored")
        remitted = _count(here, k, lambda s: s.outcome == "remission")
        is_known = is_known and scored > 0
        if is_known:
            product_limit.go_on(remitted / scored, scored)
            weighted = fsum(w * n for p, n, w in here if p[k].outcome != "unscored")
            adjusted_survivors *= 1 - fsum(w * n for p, n, w in here if p[k].outcome == "remission") / weighted
        so_far = sum(n for p, n in people if any(s.outcome == "remission" for s in p[: k + 1]))
        could_be = sum(n for p, n in people if any(s.outcome in ("remission", "unscored") for s in p[: k + 1]))
        rungs.append(
            Rung(
                number=k + 1,
                entered=entered,
                scored=scored,
                remitted=remitted,
                responded=_count(here, k, lambda s: s.outcome in ("remission", "response")),
                intolerant=_count(here, k, lambda s: s.is_intolerance),
                went_on=sum(n for p, n, _ in here if len(p) > k + 1),
                lost=_count(here, k, lambda s: s.ended == "lost"),
                still_treated=_count(here, k, lambda s: s.ended == "still treated"),
                end_unknown=_count(here, k, lambda s: s.ended == "unknown"),
                observed=wilson(so_far, everyone),
                observed_if_unscored_remitted=wilson(could_be, everyone),
                product_limit=product_limit.share(scored) if is_known else None,
                adjusted=Proportion(1 - adjusted_survivors, scored) if is_known else None,
            )
        )
        if k + 1 < n_steps:
            going, staying = _states_at_end(people, k)
            # Where nobody at all goes on, the ladder ends: no later step is estimated, so nobody is missing from one.
            unrepresented += sum(n for state, n in staying.items() if going and not going[state])
            weights = [
                w * (going[_known(p[k])] + staying[_known(p[k])]) / going[_known(p[k])] if len(p) > k + 1 else w
                for (p, _), w in zip(people, weights, strict=True)
            ]
    later = sum(n for p, n in people if len(p) > n_steps)
    return Ladder(label, tuple(rungs), unrepresented, later)


def _known(state: State) -> tuple[str, bool]:
    """What leaving is allowed to depend on."""
    return state.outcome, state.is_intolerance


def _states_at_end(people: Iterable[tuple[Path, int]], k: int) -> tuple[Counter, Counter]:
    """People without remission at the end of step k, by state: those who went on, and those who did not."""
    going, staying = Counter(), Counter()
    for path, n in people:
        if len(path) > k and path[k].outcome != "remission":
            (going if len(path) > k + 1 else staying)[_known(path[k])] += n
    return going, staying


def _count(here: list[tuple[Path, int, float]], k: int, holds) -> int:
    return sum(n for path, n, _ in here if holds(path[k]))


def _until_remission(path: Path) -> Path:
    first = next((i for i, s in enumerate(path) if s.outcome == "remission"), len(path))
    return path[: first + 1]


def _paths(step: ir.Table) -> dict[Path, int]:
    """How many people took which path: one row per path leaves the database, whatever the number of people."""
    first = step.group_by("person_id").mutate(first_episode=step.episode_number.min())
    first = first.filter(first.episode_number == first.first_episode)
    outcome = ibis.cases(
        (first.is_remission, "remission"),
        (first.is_remission.isnull(), "unscored"),
        (first.is_response.fill_null(False), "response"),
        else_="no response",
    )
    state = outcome + ibis.ifelse(first.is_intolerance.fill_null(False), "|intolerance|", "||")
    state = state + first.ended.fill_null("unknown")
    rows = first.mutate(state=state)
    paths = rows.group_by("person_id").agg(path=rows.state.group_concat(sep=">", order_by=rows.step_number))
    counted = paths.group_by("path").agg(n=paths.count()).to_pyarrow().to_pylist()
    return {_read(row["path"]): row["n"] for row in counted}


def _read(path: str) -> Path:
    parts = (state.split("|") for state in path.split(">"))
    return tuple(State(outcome, bool(intolerance), ended) for outcome, intolerance, ended in parts)
