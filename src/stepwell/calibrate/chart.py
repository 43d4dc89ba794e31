"""The chart of the fit: the model's shares beside the published ones."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from stepwell.report.drawing import BESIDE, DARK, Drawing, render

from .fit import Row
from .words import published, simulated

_WHO = {"published": BESIDE, "model": DARK}


def draw_fit(rows: Sequence[Row], name: str, title: str) -> Drawing | None:
    """Two dots with intervals for each share, the published one above the model's; None where there is no share."""
    shares = [row for row in rows if row.target.share is not None and row.found.value is not None]
    if not shares:
        return None
    dots = []
    for row in shares:
        low, high = row.target.interval() or (row.target.value, row.target.value)
        dots.append(_dot(row, "published", row.target.value, low, high))
        found = row.found
        dots.append(_dot(row, "model", found.value, found.low or found.value, found.high or found.value))
    y = alt.Y("what:N", scale=alt.Scale(domain=[row.target.what for row in shares])).axis(
        title=None, ticks=False, domain=False, grid=True, labelLimit=430
    )
    offset = alt.YOffset("who:N", scale=alt.Scale(domain=list(_WHO), paddingOuter=0.9))
    x = alt.X("share:Q", scale=alt.Scale(domain=[0, 1])).axis(format="%", title="share of people", tickCount=5)
    colour = alt.Color(
        "who:N",
        scale=alt.Scale(domain=list(_WHO), range=list(_WHO.values())),
        legend=alt.Legend(title=None, orient="top", direction="horizontal"),
    )
    shape = alt.Shape("who:N", scale=alt.Scale(domain=list(_WHO), range=["diamond", "circle"]), legend=None)
    chart = alt.Chart(alt.Data(values=dots)).encode(y=y, yOffset=offset, color=colour)
    layers = alt.layer(
        chart.mark_rule(strokeWidth=1.5).encode(x=alt.X("low:Q"), x2="high:Q"),
        chart.mark_point(filled=True, size=55, opacity=1).encode(x=x, shape=shape),
    ).properties(width=330, height=alt.Step(11))
    described = "; ".join(f"{r.target.what}: published {published(r)}, model {simulated(r)}" for r in shares)
    return render(layers, name, title, described)


def _dot(row: Row, who: str, share: float, low: float, high: float) -> dict:
    return {"what": row.target.what, "who": who, "share": share, "low": low, "high": high}
