"""Drugs as they were supplied, one row a drug: gaps stay gaps, and nothing says what was made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import altair as alt

from .drawing import INK, LIGHT, MIDDLE, MUTED, PAPER

_HEIGHT = 34
_LETTER = 6.4
"""The width of a letter of the doses above the bars, in pixels, and a little more."""


@dataclass(frozen=True)
class Supply:
    """One drug in one dose over days on which supplies follow each other without a day between them."""

    label: str
    is_antidepressant: bool
    start: date
    end: date
    dose: str
    n_supplies: int
    is_supplied: bool | None
    """Whether the drug was handed over, given or taken; no: it was ordered only; None: not recorded."""
    is_end_known: bool
    """Whether the records say how long the last supply lasted."""


def draw_supplies(supplies: Sequence[Supply], axis, width: int, *, labelled: bool) -> alt.LayerChart:
    """Bars by drug; the dose stands above the first bar that has it, where there is room."""
    rows = list(dict.fromkeys(s.label for s in supplies))
    bars = [
        {
            "drug": s.label,
            "start": axis.at(s.start),
            "end": axis.at(min(s.end + timedelta(1), axis.last)),
            "antidepressant": s.is_antidepressant,
            "opacity": 0.25 if s.is_supplied is False else 1,
        }
        for s in supplies
    ]
    y = alt.Y("drug:N", scale=alt.Scale(domain=rows), title=None).axis(ticks=False, domain=False, labelPadding=8)
    start = axis.x("start", labelled=labelled)
    colour = alt.Color("antidepressant:N", scale=alt.Scale(domain=[True, False], range=[MIDDLE, LIGHT]), legend=None)
    bar = alt.Chart(alt.Data(values=bars)).mark_bar(height=10, stroke=MUTED, strokeWidth=0.8, cornerRadius=1, yOffset=6)
    said = {"dy": -11, "fontSize": 11, "fill": INK, "stroke": PAPER, "strokeWidth": 4, "strokeJoin": "round"}
    near, far = _doses(supplies, axis, width)
    return alt.layer(
        bar.encode(y=y, x=start, x2="end", color=colour, opacity=alt.Opacity("opacity:Q", scale=None)),
        alt.Chart(alt.Data(values=near)).mark_text(align="left", **said).encode(y=y, x=start, text="dose:N"),
        alt.Chart(alt.Data(values=far)).mark_text(align="right", **said).encode(y=y, x=start, text="dose:N"),
    ).properties(width=width, height=_HEIGHT * len(rows))


def _doses(supplies: Sequence[Supply], axis, width: int) -> tuple[list[dict], list[dict]]:
    """The changes of dose that have room: those written to the right of their day, and those to the left, near the end."""
    ends: dict[str, float] = {}
    last: dict[str, str] = {}
    near, far = [], []
    for s in supplies:
        at, size = axis.share(s.start) * width, _LETTER * len(s.dose)
        is_far = at + size > width
        first = at - size if is_far else at
        if s.dose != last.get(s.label) and first >= ends.get(s.label, -width):
            (far if is_far else near).append({"drug": s.label, "start": axis.at(s.start), "dose": s.dose})
            ends[s.label], last[s.label] = first + size + _LETTER, s.dose
    return near, far
