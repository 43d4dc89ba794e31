"""The charts of the report. Each shows what a table beside it says in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt

from .drawing import BESIDE, DARK, INK, LIGHT, MIDDLE, MUTED, PAPER, RULE, Drawing, render
from .letters import letter
from .shown import ShownLadder
from .verdicts import Agreement, Share
from .waiting import Waiting

_VERDICT_COLOURS = {"met": DARK, "unknown": MIDDLE, "not met": LIGHT}


def draw_shares(shares: Sequence[Share], titles: Mapping[str, str], name: str, title: str) -> Drawing:
    """One bar per definition: met, unknown, not met, with the interval of the share that meets it."""
    bars, intervals = [], []
    for share in shares:
        start, met = 0.0, share.share("met")
        if met is not None:
            intervals.append({"definition": share.definition, "low": met.low, "high": met.high})
        for verdict in _VERDICT_COLOURS:
            part = share.share(verdict)
            if part is None:
                break
            bar = {"definition": share.definition, "verdict": verdict, "start": start, "end": start + part.value}
            bars.append(bar)
            start += part.value
    drawn = {bar["definition"] for bar in bars}
    empty = [
        {"definition": s.definition, "said": "too few people to show"} for s in shares if s.definition not in drawn
    ]
    order = [s.definition for s in shares]
    labels = [{"definition": s.definition, "title": titles[s.definition]} for s in shares]
    y = alt.Y("definition:N", scale=alt.Scale(domain=order), axis=None)
    x = alt.X("start:Q", scale=alt.Scale(domain=[0, 1])).axis(
        format="%", title="share of people", tickCount=5, grid=False
    )
    colour = alt.Color(
        "verdict:N",
        scale=alt.Scale(domain=list(_VERDICT_COLOURS), range=list(_VERDICT_COLOURS.values())),
        legend=alt.Legend(title=None, orient="top", direction="horizontal", symbolType="square"),
    )
    interval = alt.Chart(alt.Data(values=intervals)).encode(y=y, x="low:Q", x2="high:Q")
    layers = alt.layer(
        alt.Chart(alt.Data(values=labels))
        .mark_text(align="left", baseline="bottom", dy=-12)
        .encode(y=y, x=alt.value(0), text="title:N"),
        alt.Chart(alt.Data(values=bars))
        .mark_bar(height=18, stroke=MUTED, strokeWidth=0.5)
        .encode(y=y, x=x, x2="end:Q", color=colour),
        alt.Chart(alt.Data(values=empty))
        .mark_text(align="left", color=MUTED, fontStyle="italic")
        .encode(y=y, x=alt.value(0), text="said:N"),
        interval.mark_rule(color=PAPER, strokeWidth=5),
        interval.mark_rule(color=INK, strokeWidth=2),
    )
    described = "; ".join(f"{titles[s.definition]}: {_words(s)}" for s in shares)
    chart = layers.properties(width=420, height=alt.Step(50))
    return render(chart, name, title, f"Bars by definition. {described}.")


def _words(share: Share) -> str:
    met, unknown = share.share("met"), share.share("unknown")
    if met is None:
        return "not shown, too few people"
    said = f"{met.value:.1%} met ({met.low:.1%} to {met.high:.1%})"
    return said + (f", {unknown.value:.1%} unknown" if unknown is not None else "")


def draw_agreement(agreements: Sequence[Agreement], titles: Mapping[str, str], name: str, title: str) -> Drawing:
    """A triangle of definitions: how many of the people who meet either meet both. Their names stand on the diagonal."""
    definitions = list(dict.fromkeys(d for a in agreements for d in (a.first, a.second)))
    letters = {d: letter(i) for i, d in enumerate(definitions)}
    cells = [
        {
            "row": letters[a.second],
            "column": letters[a.first],
            "jaccard": a.jaccard,
            "said": "–" if a.jaccard is None else f"{a.jaccard:.0%}",
            "text": INK if a.jaccard is None else "#ffffff" if a.jaccard > 0.6 else "#000000",
        }
        for a in agreements
    ]
    names = [{"row": letters[d], "column": letters[d], "said": f"{letters[d]}  {titles[d]}"} for d in definitions]
    order = [letters[d] for d in definitions]
    y = alt.Y("row:N", scale=alt.Scale(domain=order), axis=None)
    x = alt.X("column:N", scale=alt.Scale(domain=order), title=None).axis(
        orient="bottom", ticks=False, domain=False, labelAngle=0, labelPadding=6
    )
    base = alt.Chart(alt.Data(values=cells)).encode(x=x, y=y)
    fill = alt.Color(
        "jaccard:Q", scale=alt.Scale(domain=[0, 1], range=["#f4f7fa", DARK], interpolate="lab"), legend=None
    )
    chart = alt.layer(
        base.transform_filter("isValid(datum.jaccard)").mark_rect(stroke=RULE, strokeWidth=1).encode(color=fill),
        base.mark_text(fontSize=13).encode(text="said:N", color=alt.Color("text:N", scale=None)),
        alt.Chart(alt.Data(values=names)).mark_text(align="left", dx=-18).encode(x=x, y=y, text="said:N"),
    )
    chart = chart.resolve_scale(color="independent").properties(width=alt.Step(56), height=alt.Step(40))
    described = "; ".join(
        f"{titles[a.first]} and {titles[a.second]}: " + ("not shown" if a.jaccard is None else f"{a.jaccard:.0%}")
        for a in agreements
    )
    return render(chart, name, title, f"People who meet both, of those who meet either. {described}.")


def draw_waiting(waiting: Waiting, months: int, top: float, name: str, title: str) -> Drawing:
    """One curve: the share who have met the definition by so many months after the first antidepressant."""
    points = [
        {"months": p.months, "share": p.share.value, "low": p.share.low, "high": p.share.high} for p in waiting.points
    ]
    for point in points:
        point["low"] = point["share"] if point["low"] is None else point["low"]
        point["high"] = point["share"] if point["high"] is None else point["high"]
    x = alt.X("months:Q", scale=alt.Scale(domain=[0, months], nice=False)).axis(
        title="months since the first antidepressant", grid=False, tickCount=6
    )
    y = alt.Y("share:Q", scale=alt.Scale(domain=[0, top])).axis(format="%", title=None, tickCount=4, domain=False)
    base = alt.Chart(alt.Data(values=points))
    chart = alt.layer(
        base.mark_area(interpolate="step-after", color=MIDDLE, opacity=0.4).encode(
            x=x, y=alt.Y("low:Q", title=None), y2="high:Q"
        ),
        base.mark_line(interpolate="step-after", color=DARK, strokeWidth=2).encode(x=x, y=y),
    ).properties(width=260, height=130)
    last = waiting.points[-1]
    described = f"A rising curve that reaches {last.share.value:.1%} at {last.months} months."
    return render(chart, name, title, described)


_WAYS = {
    "product_limit": ("if nobody dropped out", "circle", (1, 0)),
    "adjusted": ("adjusted for drop-out", "square", (6, 3)),
    "observed": ("observed", "triangle-up", (2, 2)),
}


def draw_ladder(ladders: Sequence[ShownLadder], own: ShownLadder, name: str, title: str) -> Drawing:
    """Cumulative remission by step, three ways, own and published; shaded, what the unscored steps of `own` leave open."""
    lines, bands = [], []
    for ladder in ladders:
        for way, (words, _, _) in _WAYS.items():
            for rung in ladder.rungs:
                share = getattr(rung, way)
                if share is not None:
                    lines.append({"step": rung.number, "share": share.value, "series": f"{ladder.label}: {words}"})
    for rung in own.rungs if own in ladders else ():
        low, high = rung.observed, rung.observed_if_unscored_remitted
        if low is not None and high is not None:
            bands.append({"step": rung.number, "low": low.value, "high": high.value})
    series = list(dict.fromkeys(line["series"] for line in lines))
    look = {s: next(v for v in _WAYS.values() if s.endswith(v[0])) for s in series}
    colours = [DARK if s.startswith(own.label) else BESIDE for s in series]
    n_steps = max((line["step"] for line in lines), default=1)
    x = alt.X("step:Q", scale=alt.Scale(domain=[0.8, n_steps + 0.2], nice=False)).axis(
        title="step", values=list(range(1, n_steps + 1)), format="d", grid=False
    )
    y = alt.Y("share:Q", scale=alt.Scale(domain=[0, 1])).axis(
        format="%", title="remission by the end of the step", tickCount=5, domain=False
    )
    legend = alt.Legend(
        title=None, orient="bottom", direction="vertical", columns=1, symbolStrokeWidth=0, symbolLimit=20
    )
    colour = alt.Color("series:N", scale=alt.Scale(domain=series, range=colours), legend=legend)
    shape = alt.Shape("series:N", scale=alt.Scale(domain=series, range=[look[s][1] for s in series]), legend=legend)
    dash = alt.StrokeDash(
        "series:N", scale=alt.Scale(domain=series, range=[list(look[s][2]) for s in series]), legend=None
    )
    base = alt.Chart(alt.Data(values=lines)).encode(x=x, y=y, color=colour)
    chart = alt.layer(
        alt.Chart(alt.Data(values=bands))
        .mark_area(color=MIDDLE, opacity=0.25)
        .encode(x=x, y=alt.Y("low:Q", title=None), y2="high:Q"),
        base.mark_line(strokeWidth=2).encode(strokeDash=dash),
        base.mark_point(filled=True, size=60, opacity=1).encode(shape=shape),
    ).properties(width=420, height=260)
    ends = [
        f"{line['series']}, {line['share']:.1%} after step {line['step']}"
        for line in lines
        if line["step"] == max(o["step"] for o in lines if o["series"] == line["series"])
    ]
    return render(chart, name, title, f"Lines rising by step. {'; '.join(ends)}.")
