"""What a validation found, as tables for the terminal and as a page with charts."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import altair as alt
from jinja2 import ChoiceLoader, PackageLoader
from markupsafe import Markup
from rich.box import SIMPLE_HEAD
from rich.table import Table

from stepwell.knowledge import load
from stepwell.output import check_file, in_folder, write_text
from stepwell.report.drawing import BESIDE, DARK, MIDDLE, MUTED, Drawing, render
from stepwell.report.paper import make_environment
from stepwell.simulate import Noise, record_parameters
from stepwell.version import __version__

from .agreement import LEVELS, Validation

_SHARES = ("sensitivity", "predictive_value")


def tables(found: Validation) -> list[Table]:
    """By definition, by trial, and by knob where that was asked for."""
    made = [_by_definition(found.by_definition), _by_trial(found.by_trial)]
    return [*made, _by_knob(found)] if found.by_knob else made


def explained(found: Validation) -> str:
    """What stands in the tables, in a few sentences."""
    tidy = [row for row in found.by_definition if row["noise"] == "off"]
    missed = sum(row["n_true"] + row["n_met"] - 2 * row["n_both"] for row in tidy)
    late = sum(row["date_error_days"] not in (None, [0, 0, 0]) for row in tidy)
    said = (
        f"{found.people:,} simulated people (seed {found.seed}). Without noise the engine and the truth differ in {missed:,} "
        f"verdicts of met, and in the dates of {late} definitions. "
    )
    usual = [row for row in found.by_definition if row["noise"] == "realistic" and row["sensitivity"] is not None]
    if usual:
        best, worst = max(usual, key=_sensitivity), min(usual, key=_sensitivity)
        said += (
            f"At the usual noise it finds {best['sensitivity']:.0%} of those who truly meet {best['definition']} and "
            f"{worst['sensitivity']:.0%} of those who truly meet {worst['definition']}; of the latter, "
            f"{worst['n_true_unknown']:,} of {worst['n_true']:,} are unknown to it rather than missed. "
        )
    costs = knob_costs(found)
    if costs:
        first = costs[0]
        said += (
            f"Of single kinds of noise, {_words(first['knob'])} costs most: {first['cost']:.0%} of those who truly meet "
            f"{first['definition']} are no longer found. "
        )
    return said + "How untidy real records are is not known; the shares of the noise are choices."


def _sensitivity(row: dict) -> float:
    return row["sensitivity"]


def knob_costs(found: Validation) -> list[dict]:
    """One row is one knob and definition: how much sensitivity and predictive value it takes away alone; the dearest first."""
    tidy = {row["definition"]: row for row in found.by_definition if row["noise"] == "off"}
    costs = []
    for row in found.by_knob:
        base = tidy[row["definition"]]
        if row["sensitivity"] is None or base["sensitivity"] is None:
            continue
        wrong = None if row["predictive_value"] is None else 1 - row["predictive_value"]
        share = getattr(record_parameters().noise, row["noise"]).share
        costs.append(
            {
                "knob": row["noise"],
                "share_pct": share,
                "definition": row["definition"],
                "cost": base["sensitivity"] - row["sensitivity"],
                "unknown": (row["n_true_unknown"] - base["n_true_unknown"]) / row["n_true"],
                "wrong": wrong,
            }
        )
    return sorted(costs, key=lambda c: (-c["cost"], c["knob"], c["definition"]))


# --- terminal --------------------------------------------------------------------------------------------------------


def _table(*heads: str, left: int) -> Table:
    table = Table(*heads, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in table.columns[:left]:
        column.no_wrap = True  # a name that is cut off says nothing
    for column in table.columns[left:]:
        column.justify = "right"
    return table


def _by_definition(rows: Iterable[dict]) -> Table:
    heads = ("noise, definition", "truly", "met", "both", "unknown", "sensi-\ntivity", "pred.\nvalue", "days off")
    table = _table(*heads, left=1)
    for noise, of_noise in groupby(rows, key=lambda row: row["noise"]):
        table.add_section()
        table.add_row(f"[bold]{noise}[/bold]")
        for row in of_noise:
            counts = (f"{row[c]:,}" for c in ("n_true", "n_met", "n_both"))
            unknown = f"{row['n_true_unknown']}|{row['n_false_unknown']}"
            shares = (_percent(row[c]) for c in _SHARES)
            table.add_row(row["definition"], *counts, unknown, *shares, _days(row["date_error_days"]))
    table.caption = (
        "unknown: of those who truly meet it | of the others; "
        "days off: lower quartile | median | upper quartile of the engine's date minus the true one"
    )
    return table


def _by_trial(rows: Iterable[dict]) -> Table:
    heads = ("noise", "true trials", "found", "to the day", "first day off", "last day off")
    table = _table(*heads, "adequacy right, wrong", "remission right, wrong", left=1)
    for row in rows:
        table.add_row(
            row["noise"],
            f"{row['n_true']:,}",
            *(_percent(row[c] / row["n_true"] if row["n_true"] else None) for c in ("n_found", "n_exact")),
            _days(row["start_error_days"]),
            _days(row["end_error_days"]),
            *(f"{row[f'n_{what}_right']:,}, {row[f'n_{what}_wrong']:,}" for what in ("adequacy", "outcome")),
        )
    table.caption = "days off: 5th percentile | median | 95th; the rest of the trials found is unknown to the engine"
    return table


def _by_knob(found: Validation) -> Table:
    table = _table("only this is untidy", "usual", "definition", "no longer found", "of these unknown", left=3)
    for cost in knob_costs(found):
        if cost["cost"] > 0:
            row = (_words(cost["knob"]), f"{cost['share_pct']:g} %", cost["definition"])
            table.add_row(*row, _percent(cost["cost"]), _percent(cost["unknown"]))
    table.caption = "shares of those who truly meet the definition; what costs nothing alone is left out"
    return table


def _words(name: str) -> str:
    return name.replace("_", " ")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _days(quartiles: list[int] | None) -> str:
    return "-" if quartiles is None else "|".join(str(d) for d in quartiles)


# --- page ------------------------------------------------------------------------------------------------------------


def write_validation(found: Validation, out: Path, *, replace_existing: bool = False) -> Path:
    """Writes the page and returns where it is. Raises `QuestionError` for a place that cannot be written."""
    out = check_file(in_folder(out, "validation.html"), replace_existing)
    rooms = ("stepwell.validation", "stepwell.compare", "stepwell.report")
    environment = make_environment(ChoiceLoader([PackageLoader(room) for room in rooms]))
    environment.filters |= {"percent": _percent, "days": _days, "words": _words}
    style = "".join(environment.loader.get_source(environment, name)[0] for name in ("report.css", "compare.css"))
    knowledge = load()
    html = environment.get_template("validation.html.j2").render(
        style=Markup(style),
        found=found,
        explained=explained(found),
        costs=knob_costs(found),
        knobs=[(name, getattr(record_parameters().noise, name)) for name in Noise.model_fields],
        titles={d.name: d.title for d in knowledge.definitions.values()},
        charts={name: Markup(chart.svg) for name, chart in draw(found).items()},
        version=__version__,
        digest=knowledge.digest,
    )
    return write_text(out, html.lstrip(), replace_existing)


def draw(found: Validation) -> dict[str, Drawing]:
    """`levels`: sensitivity and predictive value by level; `knobs`: what each kind of noise costs alone, where it was asked."""
    charts = {"levels": _draw_levels(found)}
    return charts | {"knobs": _draw_knobs(found)} if any(c["cost"] > 0 for c in knob_costs(found)) else charts


def _draw_levels(found: Validation) -> Drawing:
    points = [
        {"noise": row["noise"], "definition": row["definition"], "what": _words(what), "share": row[what]}
        for row in found.by_definition
        for what in _SHARES
        if row[what] is not None
    ]
    x = alt.X("noise:N", sort=list(LEVELS), title="noise").axis(labelAngle=0, grid=False)
    y = alt.Y("share:Q", scale=alt.Scale(domain=[0, 1]), title=None).axis(format="%", tickCount=5)
    colour = alt.Color(
        "what:N",
        scale=alt.Scale(domain=[_words(s) for s in _SHARES], range=[DARK, BESIDE]),
        legend=alt.Legend(title=None, orient="top"),
    )
    base = alt.Chart().encode(x=x, y=y, color=colour, shape=alt.Shape("what:N", legend=None))
    chart = alt.layer(base.mark_line(), base.mark_point(filled=True, size=60), data=alt.Data(values=points))
    chart = chart.properties(width=190, height=150).facet(
        facet=alt.Facet("definition:N", title=None, header=alt.Header(labelFontSize=12)), columns=3
    )
    described = "; ".join(f"{p['definition']}, noise {p['noise']}: {p['what']} {p['share']:.0%}" for p in points)
    return render(chart, "levels", "Sensitivity and predictive value by noise", described)


def _draw_knobs(found: Validation) -> Drawing:
    costs = knob_costs(found)
    dearest = [
        k for k in dict.fromkeys(c["knob"] for c in costs) if max(c["cost"] for c in costs if c["knob"] == k) > 0
    ]
    bars = [
        {"knob": _words(c["knob"]), "definition": c["definition"], "part": part, "start": start, "end": end}
        for c in costs
        if c["knob"] in dearest
        for part, start, end in _parts(c)
    ]
    x = alt.X("start:Q", title="share of those who truly meet it").axis(format="%", tickCount=4)
    y = alt.Y("knob:N", sort=[_words(k) for k in dearest], title=None)
    colour = alt.Color(
        "part:N",
        scale=alt.Scale(domain=["unknown", "missed"], range=[MIDDLE, DARK]),
        legend=alt.Legend(title=None, orient="top"),
    )
    chart = alt.Chart(alt.Data(values=bars)).mark_bar(height=10, stroke=MUTED, strokeWidth=0.4)
    chart = chart.encode(x=x, x2="end:Q", y=y, color=colour).properties(width=190, height=alt.Step(16))
    chart = chart.facet(facet=alt.Facet("definition:N", title=None, header=alt.Header(labelFontSize=12)), columns=3)
    said = "; ".join(f"{c['definition']}, {_words(c['knob'])}: {c['cost']:.0%}" for c in costs if c["cost"] > 0)
    return render(chart, "knobs", "What each kind of noise costs alone", said)


def _parts(cost: dict) -> list[tuple[str, float, float]]:
    unknown = min(max(cost["unknown"], 0), max(cost["cost"], 0))
    return [("unknown", 0.0, unknown), ("missed", unknown, max(cost["cost"], 0))]
