"""The charts of the comparison. Each shows what a table beside it, or the JSON, says in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt

from stepwell.report.drawing import DARK, MIDDLE, PAPER, RULE, SHADE, Drawing, render
from stepwell.report.verdicts import Agreement

from .overlap import Overlap


def draw_overlap(overlap: Overlap, labels: Mapping[str, str], name: str, title: str) -> Drawing:
    """An UpSet chart: a column for each combination, its size on top, a dot for each definition that its people meet."""
    rows = list(labels)
    columns = [f"{i:02d}" for i in range(len(overlap.combinations))]
    bars, dots, lines = [], [], []
    for column, combination in zip(columns, overlap.combinations, strict=True):
        met = [r for r in rows if r in combination.met]
        bars.append({"column": column, "people": combination.people.n, "said": combination.people.text})
        lines.append({"column": column, "first": labels[met[0]], "last": labels[met[-1]]})
        for row in rows:
            kind = "met" if row in combination.met else "unknown" if row in combination.unknown else "not met"
            dots.append({"column": column, "row": labels[row], "kind": kind})
    x = alt.X("column:N", scale=alt.Scale(domain=columns), axis=None)
    y = alt.Y("row:N", scale=alt.Scale(domain=list(labels.values()))).axis(
        title=None, ticks=False, domain=False, labelFontSize=10, labelLimit=330, grid=True
    )
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=["met", "unknown", "not met"], range=[DARK, PAPER, SHADE]),
        legend=None,
    )
    bar = alt.Chart(alt.Data(values=bars)).encode(
        x=x, y=alt.Y("people:Q").axis(title="people", tickCount=4, domain=False)
    )
    top = alt.layer(
        bar.mark_bar(color=DARK, size=11),
        bar.mark_text(dy=-6, fontSize=9, baseline="bottom", angle=270, align="left", dx=6).encode(text="said:N"),
    ).properties(width=alt.Step(17), height=130)
    dot = alt.Chart(alt.Data(values=dots)).encode(x=x, y=y)
    matrix = alt.layer(
        alt.Chart(alt.Data(values=lines)).mark_rule(color=DARK, strokeWidth=1).encode(x=x, y="first:N", y2="last:N"),
        dot.mark_circle(opacity=1, size=55).encode(color=colour),
        dot.transform_filter("datum.kind == 'unknown'").mark_point(size=40, stroke=MIDDLE, strokeWidth=1.5, opacity=1),
    ).properties(width=alt.Step(17), height=alt.Step(13))
    described = "; ".join(
        f"{c.people} people meet {', '.join(labels[r] for r in rows if r in c.met)}" for c in overlap.combinations[:5]
    )
    chart = alt.vconcat(top, matrix, spacing=4).resolve_scale(x="shared")
    return render(chart, name, title, f"Combinations of definitions, the largest first. {described}.")


def draw_kappa(
    agreements: Sequence[Agreement], labels: Mapping[str, str], letters: Mapping[str, str], name: str
) -> Drawing:
    """A triangle of definitions, darker where two agree about more people than chance would have them."""
    order = list(labels)
    place = {d: i for i, d in enumerate(order)}
    cells = []
    for a in agreements:
        first, second = sorted((a.first, a.second), key=place.__getitem__)
        kappa = None if a.kappa is None else max(a.kappa, 0.0)
        text = "#ffffff" if kappa is not None and kappa > 0.6 else "#000000"
        said = "" if a.kappa is None else f"{a.kappa:.1f}".replace("0.", ".").replace("1.0", "1")
        cells.append({"row": labels[second], "column": letters[first], "kappa": kappa, "said": said, "text": text})
    y = alt.Y("row:N", scale=alt.Scale(domain=[labels[d] for d in order[1:]])).axis(
        title=None, ticks=False, domain=False, labelFontSize=10, labelLimit=330
    )
    x = alt.X("column:N", scale=alt.Scale(domain=[letters[d] for d in order[:-1]])).axis(
        title=None, ticks=False, domain=False, labelAngle=0, labelFontSize=8, orient="top"
    )
    base = alt.Chart(alt.Data(values=cells)).encode(x=x, y=y)
    fill = alt.Color("kappa:Q", scale=alt.Scale(domain=[0, 1], range=["#f4f7fa", DARK], interpolate="lab"), legend=None)
    chart = alt.layer(
        base.transform_filter("isValid(datum.kappa)").mark_rect(stroke=RULE, strokeWidth=0.5).encode(color=fill),
        base.mark_text(fontSize=8).encode(text="said:N", color=alt.Color("text:N", scale=None)),
    ).resolve_scale(color="independent")
    known = [a for a in agreements if a.kappa is not None]
    most = max(known, key=lambda a: a.kappa)
    least = min(known, key=lambda a: a.kappa)
    described = (
        f"Kappa of {len(known)} pairs, from {least.kappa:.2f} ({labels[least.first]} and {labels[least.second]}) "
        f"to {most.kappa:.2f} ({labels[most.first]} and {labels[most.second]})."
    )
    return render(chart.properties(width=alt.Step(14), height=alt.Step(13)), name, "Kappa of each pair", described)
