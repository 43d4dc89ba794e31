"""Everything the report counts, as one object. Counts only: nothing here decides anything, and no person can be seen in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from stepwell.result import Result
from stepwell.tables import TRIAL

from .disclosure import Cells, Count
from .ladder import published_ladder, summarise_ladder
from .proportion import Proportion, share_of
from .shown import ShownLadder, show_ladder
from .stages import Stages, summarise_stages
from .verdicts import Verdicts, summarise_verdicts
from .waiting import Waiting, summarise_waiting

OUTCOMES = TRIAL.by_name["outcome"].values
_MOST_TRIALS = 5
"""The last line of the trials-per-person table is "so many or more"; nothing clinical hangs on where it is drawn."""


@dataclass(frozen=True)
class Line:
    """One line of a table of counts: so many of so many, with the share where both may be shown."""

    label: str
    n: Count
    of: Count

    @property
    def share(self) -> Proportion | None:
        """`n` of `of` with its interval."""
        return share_of(self.n, self.of)


@dataclass(frozen=True)
class Loss:
    """One line of attrition."""

    table: str
    what: str
    effect: str
    rows: Count
    people: Count | None


@dataclass(frozen=True)
class Column:
    """The outcomes of one trial in the order of a person's trials (the first, the second ...)."""

    order: int
    trials: Count
    outcomes: Mapping[str, Count]


@dataclass(frozen=True)
class Summary:
    """All counts of a report, ready to be shown."""

    people: Count
    coverage: tuple[Line, ...]
    losses: tuple[Loss, ...]
    verdicts: Verdicts
    waiting: tuple[Waiting, ...]
    trials_per_person: tuple[Line, ...]
    outcomes: tuple[Column, ...]
    ladder: ShownLadder
    published: tuple[ShownLadder, ...]
    stages: Stages


def summarise(result: Result, *, suppress_below: int = 5) -> Summary:
    """Counts everything that the report shows. Counts from 1 to `suppress_below` - 1 are withheld, with what would reveal
    them. Trials and the ladder are those of the setting that the run used for its steps."""
    definitions = [d.name for d in result.definitions]
    determination, trial, episode = (result.table(n) for n in ("determination", "trial", "episode"))
    own = trial.filter(trial.setting == result.manifest["step_setting"])
    taken = own.filter((own.role == "antidepressant") & own.is_antidepressant_use.fill_null(True))
    published = [published_ladder(p) for p in result.knowledge.ladders.values()]
    n_steps = max((len(p.rungs) for p in published), default=4)
    n_orders = min(n_steps, _MOST_TRIALS)
    coverage = _coverage(result, own, taken, suppress_below)
    per_person, outcomes = _trials(taken, _rows(result.table("person")), n_orders, suppress_below)
    return Summary(
        people=coverage[0].of,
        coverage=coverage,
        losses=summarise_losses(result.table("attrition"), suppress_below),
        verdicts=summarise_verdicts(determination, episode, definitions, suppress_below),
        waiting=summarise_waiting(determination, own, result.table("observation_period"), definitions, suppress_below),
        trials_per_person=per_person,
        outcomes=outcomes,
        ladder=show_ladder(summarise_ladder(result.table("step"), "These records", n_steps), suppress_below),
        published=tuple(show_ladder(p, 0) for p in published),
        stages=summarise_stages(result, _rows(result.table("person")), coverage[0].of, suppress_below),
    )


def _rows(table: ir.Table) -> int:
    return table.count().to_pyarrow().as_py()


def _people(table: ir.Table) -> int:
    return table.person_id.nunique().to_pyarrow().as_py() or 0


def _coverage(result: Result, trial: ir.Table, taken: ir.Table, suppress_below: int) -> tuple[Line, ...]:
    """What the records hold, as people of people and stretches of stretches; the first line's total is everybody."""
    people = _rows(result.table("person"))
    exposure, episode = result.table("exposure"), result.table("episode")
    supplies, trials = _rows(exposure), _rows(trial)
    lines = [
        ("People with an observation period", _people(result.table("observation_period")), people),
        ("People with a depression diagnosis", _people(episode.filter(episode.n_diagnoses > 0)), people),
        ("People with an antidepressant trial", _people(taken), people),
        ("People with a questionnaire total", _people(_scored(result.table("measurement"))), people),
        ("Stretches of supply with a known dose", _rows(exposure.filter(exposure.mg_per_day.notnull())), supplies),
        ("Stretches of supply with a known end", _rows(exposure.filter(exposure.is_end_known)), supplies),
        ("Trials with a score before and after", _rows(trial.filter(trial.endpoint_total.notnull())), trials),
        ("Trials with a recorded reason for stopping", _rows(trial.filter(trial.stop_reason.notnull())), trials),
    ]
    cells = Cells()
    for i, (_, n, of) in enumerate(lines):
        cells.add((i, "n"), n)
        cells.add((i, "rest"), of - n, is_shown=False)
        cells.add((i, "of"), of)
        cells.add_sum((i, "of"), [(i, "n"), (i, "rest")])
    counts = cells.protect(suppress_below)
    return tuple(Line(label, counts[i, "n"], counts[i, "of"]) for i, (label, _, _) in enumerate(lines))


def _scored(measurement: ir.Table) -> ir.Table:
    return measurement.filter(measurement.total.notnull())


def summarise_losses(attrition: ir.Table, suppress_below: int) -> tuple[Loss, ...]:
    """What was left out, read as unknown, corrected or kept while reading, in the order in which it happened."""
    rows = attrition.order_by("number").to_pyarrow().to_pylist()
    cells = Cells()
    for row in rows:
        for name in ("n_rows", "n_people"):
            if row[name] is not None:
                cells.add((row["number"], name), row[name])
    counts = cells.protect(suppress_below)
    return tuple(
        Loss(r["table"], r["what"], r["effect"], counts[r["number"], "n_rows"], counts.get((r["number"], "n_people")))
        for r in rows
    )


def _trials(
    taken: ir.Table, people: int, n_orders: int, suppress_below: int
) -> tuple[tuple[Line, ...], tuple[Column, ...]]:
    """How many people have 0, 1, 2 ... antidepressant trials, and what became of everybody's first, second ... one, over
    all their episodes. Protected together: the second is a sum of the first."""
    per_person = taken.group_by("person_id").agg(n_trials=ibis.least(taken.count(), _MOST_TRIALS))
    counted = per_person.group_by("n_trials").agg(n=per_person.count()).to_pyarrow().to_pylist()
    having = {row["n_trials"]: row["n"] for row in counted}
    having[0] = people - sum(having.values())
    cells = Cells()
    for k in range(_MOST_TRIALS + 1):
        cells.add(("having", k), having.get(k, 0))
    cells.add("all", people)
    cells.add_sum("all", [("having", k) for k in range(_MOST_TRIALS + 1)])

    order = ibis.row_number().over(group_by=taken.person_id, order_by=taken.trial_number) + 1
    numbered = taken.mutate(order=order)
    numbered = numbered.filter(numbered.order <= n_orders)
    rows = numbered.group_by("order", "outcome").agg(n=numbered.count()).to_pyarrow().to_pylist()
    orders = sorted({r["order"] for r in rows})
    for k in orders:
        for outcome in OUTCOMES:
            cells.add((k, outcome), sum(r["n"] for r in rows if (r["order"], r["outcome"]) == (k, outcome)))
        cells.add(("order", k), sum(r["n"] for r in rows if r["order"] == k))
        cells.add_sum(("order", k), [(k, o) for o in OUTCOMES])
        cells.add_sum(("order", k), [("having", j) for j in range(k, _MOST_TRIALS + 1)])

    counts = cells.protect(suppress_below)
    labels = [*(str(k) for k in range(_MOST_TRIALS)), f"{_MOST_TRIALS} or more"]
    lines = tuple(Line(label, counts["having", k], counts["all"]) for k, label in enumerate(labels))
    return lines, tuple(Column(k, counts["order", k], {o: counts[k, o] for o in OUTCOMES}) for k in orders)
