"""The chart of an answer: what each policy changes, in the base case and in the scenarios."""

from __future__ import annotations

import altair as alt

from stepwell.report.drawing import BESIDE, DARK, MIDDLE, MUTED, Drawing, render

from .answer import Answer
from .values import load_scenarios
from .words import interval, of_unit, signed

_DRAWN = (
    "time in remission",
    "time ill and resistant",
    "relapses and recurrences",
    "quality-adjusted life years",
    "costs",
)
_LOOKS = ((DARK, "circle"), (BESIDE, "diamond"), (MIDDLE, "square"))
"""The base case, then the scenarios; more than three would not be told apart."""


def title_of(scenario: str) -> str:
    """What a scenario is called."""
    known = load_scenarios().scenarios
    return known[scenario].title if scenario in known else scenario


def draw_answer(answer: Answer, name: str) -> Drawing:
    """A row of dots with intervals for each measure; the line at zero is the policy compared with."""
    cases = answer.cases[: len(_LOOKS)]
    domain = [title_of(case.scenario) for case in cases]
    looks = _LOOKS[: len(cases)]
    order = list(answer.question.policies)
    colour = alt.Color(
        "case:N",
        scale=alt.Scale(domain=domain, range=[c for c, _ in looks]),
        legend=alt.Legend(title=None, orient="top", direction="horizontal"),
    )
    shape = alt.Shape("case:N", scale=alt.Scale(domain=domain, range=[s for _, s in looks]), legend=None)
    offset = alt.YOffset("case:N", scale=alt.Scale(domain=domain, paddingOuter=0.6))
    parts, described = [], []
    for measure, unit in answer.measures:
        if measure not in _DRAWN:
            continue
        dots = []
        for case, said in zip(cases, domain, strict=True):
            for row in case.of(measure):
                d = row.difference
                low, high = (d.value, d.value) if d.low is None else (d.low, d.high)
                dots.append({"policy": row.policy, "case": said, "value": d.value, "low": low, "high": high})
                described.append(f"{measure}, {row.policy}, {said}: {signed(d.value, unit)} ({interval(d, unit)})")
        y = alt.Y("policy:N", scale=alt.Scale(domain=order)).axis(title=None, ticks=False, domain=False, grid=True)
        title = f"{of_unit(measure, unit)}: difference per person"
        x = alt.X("value:Q", scale=alt.Scale(zero=True, nice=True)).axis(title=title, tickCount=5)
        chart = alt.Chart(alt.Data(values=dots)).encode(y=y, yOffset=offset, color=colour)
        parts.append(
            alt.layer(
                alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(color=MUTED).encode(x="zero:Q"),
                chart.mark_rule(strokeWidth=1.5).encode(x="low:Q", x2="high:Q"),
                chart.mark_point(filled=True, size=60, opacity=1).encode(x=x, shape=shape),
            ).properties(width=420, height=alt.Step(13))
        )
    chart = alt.vconcat(*parts, spacing=18)
    return render(chart, name, f"What changes against “{answer.question.base_name}”", "; ".join(described))
