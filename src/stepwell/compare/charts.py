"""The charts of the comparison. Each shows what a table beside it, or the JSON, says in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt

from stepwell.report.drawing import DARK, INK, LIGHT, MIDDLE, MUTED, PAPER, RULE, SHADE, Drawing, render
from stepwell.report.verdicts import Agreement

from .overlap import Overlap
from .persistence import Clock
from .varied import Varied

_STATE_COLOURS = {
    "still on it": DARK,
    "started": DARK,
    "switched": MIDDLE,
    "added to": "#b9cbdb",
    "stopped": LIGHT,
    "not started": LIGHT,
    "not known": PAPER,
}


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
        bar.mark_text(fontSize=9, baseline="middle", angle=270, align="left", dx=4).encode(text="said:N"),
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
        said = "" if a.kappa is None else f"{100 * a.kappa:.0f}"
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
        base.mark_text(fontSize=7.5).encode(text="said:N", color=alt.Color("text:N", scale=None)),
    ).resolve_scale(color="independent")
    known = [a for a in agreements if a.kappa is not None]
    most = max(known, key=lambda a: a.kappa)
    least = min(known, key=lambda a: a.kappa)
    described = (
        f"Kappa of {len(known)} pairs, from {least.kappa:.2f} ({labels[least.first]} and {labels[least.second]}) "
        f"to {most.kappa:.2f} ({labels[most.first]} and {labels[most.second]})."
    )
    return render(chart.properties(width=alt.Step(14), height=alt.Step(13)), name, "Kappa of each pair", described)


def draw_varied(varied: Varied, name: str) -> Drawing:
    """A tornado: for each choice, how far the share moves from the base definition's when that one choice is another."""
    points = [{"choice": choice, "low": least.value, "high": most.value} for choice, least, most in varied.spans]
    base = varied.base_share
    order = [p["choice"] for p in points]
    y = alt.Y("choice:N", scale=alt.Scale(domain=order)).axis(title=None, ticks=False, domain=False, labelFontSize=12)
    x = alt.X("low:Q", scale=alt.Scale(zero=True, nice=True)).axis(
        format="%" if varied.spans[0][2].value > 0.1 else ".1%", title="share that meets it", tickCount=6
    )
    values = [{"choice": v.option.choice, "share": v.share.value} for v in varied.variants if v.share is not None]
    chart = alt.layer(
        alt.Chart(alt.Data(values=points)).mark_bar(height=14, color=MIDDLE).encode(x=x, x2="high:Q", y=y),
        alt.Chart(alt.Data(values=values)).mark_tick(color=INK, thickness=2, height=14).encode(x=alt.X("share:Q"), y=y),
        alt.Chart(alt.Data(values=[{"base": base.value}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(x="base:Q"),
    ).properties(width=420, height=alt.Step(26))
    described = "; ".join(f"{p['choice']}: {p['low']:.1%} to {p['high']:.1%}" for p in points)
    return render(chart, name, "Which single choice moves the answer most", f"Base {base.value:.1%}. {described}.")


def time_of(days: int) -> str:
    """`12 weeks`, or days where it is no whole number of weeks."""
    return f"{days // 7} weeks" if days % 7 == 0 else f"{days} days"


def draw_clock(clock: Clock, name: str, title: str) -> Drawing:
    """One bar a time: what had become of the people followed for so long, up to the first share that may not be shown."""
    bars = []
    for line in clock.lines:
        start = 0.0
        for state in clock.states:
            found = line.share(state)
            if found is None:
                break
            bars.append({"weeks": time_of(line.days), "state": state, "start": start, "end": start + found.value})
            start += found.value
    y = alt.Y("weeks:N", scale=alt.Scale(domain=[time_of(line.days) for line in clock.lines])).axis(
        title=None, ticks=False, domain=False
    )
    x = alt.X("start:Q", scale=alt.Scale(domain=[0, 1])).axis(
        format="%", title="of those followed for so long", tickCount=5
    )
    colour = alt.Color(
        "state:N",
        scale=alt.Scale(domain=list(clock.states), range=[_STATE_COLOURS[s] for s in clock.states]),
        legend=alt.Legend(title=None, orient="top", direction="horizontal", symbolType="square"),
    )
    chart = (
        alt.Chart(alt.Data(values=bars))
        .mark_bar(height=16, stroke=MUTED, strokeWidth=0.5)
        .encode(x=x, x2="end:Q", y=y, color=colour)
        .properties(width=420, height=alt.Step(26))
    )
    described = "; ".join(
        f"{time_of(line.days)}: " + ", ".join(f"{p.value:.0%} {s}" for s in clock.states if (p := line.share(s)))
        for line in clock.lines
    )
    return render(chart, name, title, f"{described}.")
