"""Which record tables can hold what is asked, and whether not finding it there says anything.

*None recorded* is said only where all of them were looked through: see `silence`, the one place that decides it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from pydantic import BaseModel

from stepwell.knowledge.forms import SUICIDALITY, Knowledge
from stepwell.knowledge.incomplete_words import NOT_ALL_KNOWN, of_trials
from stepwell.knowledge.treatment import Treatment
from stepwell.why.found import show_date, show_days
from stepwell.why.gaps import say_hidden

from .chart import Chart

_ALWAYS: dict[str, tuple[str, ...]] = {
    "age": ("person",),
    "resistance": ("exposure",),
    "failed_trials": ("exposure",),
    "added": ("exposure",),
    "recorded": ("condition",),
    "free_of": ("condition",),
    "pressure": ("vital", "monitoring"),
    "taking": ("exposure",),
    "not_taking": ("exposure", "concomitant"),
    "scored": ("measurement", "answer"),
    "had": ("procedure",),
    "not_had": ("procedure",),
}
"""The tables that can hold each thing, whatever it asks for. What makes a trial count stands in more; the engine reads it."""

_SOURCE = {
    "condition": ("diagnoses", {"condition"}),
    "answer": ("answers to questionnaires", {"answer"}),
    "measurement": ("scores", {"measurement"}),
    "procedure": ("procedures", {"procedure"}),
    "exposure": ("drugs", {"medication"}),
    "concomitant": ("drugs that interact", {"concomitant"}),
    "dose": ("drugs", {"medication", "dose"}),
}
"""What a table holds, and the record tables of the source of which one is enough to fill it."""


def tables_for(name: str, asked: BaseModel, knowledge: Knowledge) -> tuple[str, ...]:
    """The record tables able to hold what is asked, in the order in which they are named: a diagnosis of suicidality may be an
    answer, a session of a treatment may be a dose of its drug."""
    tables = _ALWAYS[name]
    if name in ("recorded", "free_of") and SUICIDALITY in asked.any_of:
        tables += ("answer",)
    if name in ("had", "not_had") and treatments_of(asked.any_of, knowledge):
        tables += ("declared_session",)
    if name in ("had", "not_had") and drugs_of(asked.any_of, knowledge):
        tables += ("dose", "exposure")
    return tables


def treatments_of(procedures: Iterable[str], knowledge: Knowledge) -> list[Treatment]:
    """The treatments whose sessions are these procedures."""
    wanted = set(procedures)
    return [t for t in knowledge.treatments.values() if wanted & set(t.procedures)]


def drugs_of(procedures: Iterable[str], knowledge: Knowledge) -> frozenset[str]:
    """The ingredients that are given in sessions of these procedures."""
    return frozenset(i for t in treatments_of(procedures, knowledge) for i in t.ingredients)


def silence(
    chart: Chart,
    tables: Iterable[str],
    within: int | None = None,
    sets: Iterable[str] = (),
    *,
    on_the_day: bool = False,
    drugs: frozenset[str] | None = None,
) -> tuple[str, bool]:
    """What is said where nothing was found in these tables, and whether they were looked through: the source holds them all, the
    time (with `on_the_day`, the day itself) was observed, (for drugs) every drug of the person is known and has a day, and every
    code of that time that may be of these code sets could be read. `drugs` are the only ones asked about: another one without a
    day is none of them.

    Only where that is so a line says *none recorded*. Whatever else takes the meaning from an absence belongs here.
    """
    tables = [table for table in tables if table in _SOURCE]
    is_held = {_SOURCE[table][0]: not _SOURCE[table][1].isdisjoint(chart.has) for table in tables}
    held, missing = ([what for what, is_there in is_held.items() if is_there is side] for side in (True, False))
    first = date.min if within is None else chart.day - timedelta(within)
    near = chart.unread_since(first)
    asking = {instrument for instrument, _ in chart.knowledge.safety_items} if SUICIDALITY in sets else set()
    hidden = "".join(
        say_hidden(near, record, asking if record == "answer" else sets)
        for record in _may_hide(tables, sets, chart.knowledge)
    )
    n = int(chart.is_observed) if on_the_day else chart.observed_days(within)
    if hidden and not missing:
        return f"none found{hidden}", False
    if not n and not missing:
        return "the day itself is not observed" if on_the_day else "this person was not observed in that time", False
    if missing:
        looked_at = f"none among the {' and '.join(held)}; " if held and n else ""
        return f"{looked_at}this source holds no {' and no '.join(missing)}", False
    if _may_hide_drugs(chart, drugs) and any("medication" in _SOURCE[table][1] for table in tables):
        return f"none recorded, but {NOT_ALL_KNOWN}", False
    if on_the_day:
        return "none recorded on that day", True
    since = "" if within is None else f" since {show_date(chart.day - timedelta(within))}"
    return f"none recorded in {show_days(n)} observed{since}", True


def _may_hide_drugs(chart: Chart, drugs: frozenset[str] | None) -> bool:
    """Whether the person may have taken one of these drugs without a usable record: one without a day, or one that nobody could
    identify. None asks about all drugs that treat."""
    if drugs is None:
        return bool(of_trials(chart.incomplete))
    return any(row.get("ingredient") is None or row["ingredient"] in drugs for row in chart.incomplete)


def _may_hide(tables: Iterable[str], sets: Iterable[str], knowledge: Knowledge) -> list[str]:
    """The records of `code_gap` whose rows may be what is asked: those of the tables, and observations that nobody could identify
    where OMOP's vocabulary puts codes of the sets there (record `answer`)."""
    may_be_observed = any(knowledge.codesets[name].among_observations for name in sets)
    asked = {*tables, "answer"} if may_be_observed else set(tables)
    return [record for record in ("condition", "procedure", "answer") if record in asked]
