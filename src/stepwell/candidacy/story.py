"""Candidacy told in the terminal: each form with its lines, what is missing, and the published trials beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stepwell.knowledge.candidacy_card import arms, standing_of
from stepwell.knowledge.forms import Knowledge
from stepwell.why.found import show_date

from .assess import Assessment
from .chart import Chart
from .line import Line
from .suicidality import signs_of, to_say_first

MARKS = {
    "met": ("✓", "green"),
    "nearly met": ("≈", "yellow"),
    "not met": ("✗", "red"),
    "unknown": ("?", "yellow"),
    "none recorded": ("–", "default"),
}
"""How each line stands; what is none recorded is not excluded."""


def tell_candidacy(chart: Chart, assessments: Sequence[Assessment]) -> Iterator[RenderableType]:
    """Renderable parts: an overview, then form by form."""
    knowledge = chart.knowledge
    yield Text(f"Person {chart.person}, as known on {show_date(chart.day)}", style="bold")
    signs = to_say_first(signs_of(chart))
    if signs:
        yield Text("About death, suicide or self-harm, in these records:", style="bold red")
    for sign in signs:
        yield Text(f"! {sign.words}{f'  {sign.address}' if sign.address else ''}", style="bold red")
    yield Text(knowledge.crisis["us"].text, style="bold")
    yield Text(reach(chart))
    if len(assessments) > 1:
        yield _overview(assessments)
    for one in assessments:
        yield from _tell_form(one, knowledge)
    yield Text(
        "\n✓ met   ≈ nearly met   ✗ not met   ? unknown   – none recorded, which is not the same as none: ask",
        style="dim",
    )
    yield Text("stepwell explains what the records show; clinicians decide.")


def reach(chart: Chart) -> str:
    """How far the records reach on that day."""
    unseen = "which itself is not observed: what is taken on it is not known"
    tail = "which is observed" if chart.is_observed else unseen
    return f"{chart.observed_days():,} days observed up to that day, {tail}."


def _overview(assessments: Iterable[Assessment]) -> RenderableType:
    table = Table("", "records", "open", "documents", box=None, pad_edge=False)
    for one in assessments:
        name = f"{one.form.title} ({one.form.name})"
        table.add_row(name, one.stands, str(len(one.open)) if one.is_in_force else "", str(len(one.documents)))
    return table


def _tell_form(one: Assessment, knowledge: Knowledge) -> Iterator[RenderableType]:
    form = one.form
    off_label = ", off-label" if form.off_label else ""
    yield Text(f"\n{form.title} ({form.name}, {standing_of(form)}{off_label}): {one.stands}", style="bold")
    if one.currency.words:
        yield Padding(Text(one.currency.words), (0, 0, 0, 2))
    if not one.is_in_force:
        return
    for weighed in one.indications:
        yield Text(f"  {weighed.indication.label}: {weighed.stands}", style="bold")
        yield _lines(weighed.lines)
    for title, lines in (("Contraindications", one.contraindications), ("To be weighed", one.cautions)):
        if lines:
            yield Text(f"  {title}", style="bold")
            yield _lines(lines)
    missing = [f"{line.label}: {line.settled_by}" for line in one.open if line.settled_by]
    missing += [f"Document: {document.label}" for document in one.documents]
    if missing:
        yield Text("  Missing before anybody could say", style="bold")
        yield Padding(Text("\n".join(dict.fromkeys(missing))), (0, 0, 0, 5))
    for saying in one.says:
        yield Padding(Text(saying.text), (0, 0, 0, 2))
    if form.evidence:
        yield Text("  Published trials, each in its own people", style="bold")
        yield _trials(form.evidence, knowledge)
    yield Padding(Text("\n".join(form.not_held), style="dim"), (0, 0, 0, 2))


def _lines(lines: Iterable[Line]) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("mark", "label", "found"):
        table.add_column(column, no_wrap=column == "mark")
    for line in lines:
        mark, colour = MARKS[line.stands]
        cited = f"  [{line.asked}; {line.provenance}]"
        read = f"  {line.found.address}" if line.found.address else ""
        table.add_row(Text(mark, style=colour), line.label, Text.assemble(line.found.words, (cited + read, "dim")))
    return Padding(table, (0, 0, 0, 5))


def _trials(names: Iterable[str], knowledge: Knowledge) -> RenderableType:
    table = Table("trial", "in whom", "outcome", "treated", "compared", "difference", box=None, pad_edge=False)
    for name in names:
        trial = knowledge.published[name]
        head = (f"{trial.label} (n={trial.people:,}; main comparison: {trial.primary.is_})", trial.population)
        for outcome in trial.outcomes:
            what = f"{'harm: ' if outcome.harm else ''}{outcome.what}"
            table.add_row(*head, what, *arms(outcome), outcome.difference or "")
            head = ("", "")
    return Padding(table, (0, 0, 0, 5))
