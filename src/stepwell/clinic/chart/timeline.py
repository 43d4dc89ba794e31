"""The timeline of the person page as a small SVG: trials as bars, totals of questionnaires as points.

The report draws with a charting library, which takes longer than the whole page may; this picture is drawn by hand. It has no
style attributes, which the content security policy refuses.
"""

from __future__ import annotations

from datetime import date
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, ROW, PLOT = 760, 150, 16, 34, 120
_SPAN = WIDTH - LEFT - RIGHT
_YEARS_LABELLED = 9
_OUTCOME = {"unknown": "outcome not known"}


def draw(content: dict) -> str | None:
    """The SVG of what the page shows (`content.compose`); None where there is neither a trial nor a score."""
    trials, scores = content["trials"], content["scores"]
    days = [_day(t[k]) for t in trials for k in ("start", "end")] + [_day(s["day"]) for s in scores]
    if not days:
        return None
    first, last = min(days), max(days)
    length = max((last - first).days, 1)

    def x(day: str) -> float:
        return round(LEFT + (_day(day) - first).days / length * _SPAN, 1)

    top = len(trials) * ROW + 8
    height = top + (PLOT + 22 if scores else 0) + 24
    parts = [*_years(first, last, x, height - 24)]
    for row, trial in enumerate(trials):
        parts += _bar(trial, row * ROW + 8, x)
    if scores:
        parts += _points(scores, top + 10, x)
    told = "; ".join(_tell(t) for t in trials) or "no trial"
    totals = "; ".join(f"{s['instrument']} {s['total']:g} on {s['day']}" for s in scores) or "none"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="timeline" role="img" viewBox="0 0 {WIDTH} {height}" '
        f'aria-labelledby="timeline-title timeline-text"><title id="timeline-title">Timeline</title>'
        f'<desc id="timeline-text">{escape(f"Trials: {told}. Scores: {totals}.")}</desc>{"".join(parts)}</svg>'
    )


def _tell(trial: dict) -> str:
    dose = "dose not known" if trial["mg_per_day"] is None else f"up to {trial['mg_per_day']:g} mg a day"
    return f"{trial['drug']}, {dose}, {trial['start']} to {trial['end']}, {trial['outcome']}"


def _bar(trial: dict, y: float, x) -> list[str]:
    left, right = x(trial["start"]), x(trial["end"])
    width = max(right - left, 3)
    role = "antidepressant" if trial["role"] == "antidepressant" else "added"
    dose = "dose not known" if trial["mg_per_day"] is None else f"{trial['mg_per_day']:g} mg"
    words = escape(f"{dose} · {_OUTCOME.get(trial['outcome'], trial['outcome'])}")
    anchor, at = ("start", left) if left < LEFT + _SPAN / 2 else ("end", left + width)
    open_end = "" if trial["is_end_known"] else " bar-open"
    return [
        f'<text class="bar-name" x="{LEFT - 10}" y="{y + 20}" text-anchor="end">{escape(trial["drug"])}</text>',
        f'<rect class="bar bar-{role}{open_end}" x="{left}" y="{y + 12}" width="{width:.1f}" height="10" rx="2"/>',
        f'<text class="bar-words" x="{at}" y="{y + 8}" text-anchor="{anchor}">{words}</text>',
    ]


def _points(scores: list[dict], top: float, x) -> list[str]:
    most = max(s["total"] for s in scores) or 1
    instruments = list(dict.fromkeys(s["instrument"] for s in scores))
    parts = [f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{top + PLOT}" y2="{top + PLOT}"/>']
    for share in (0, 0.5, 1):
        y = round(top + PLOT * (1 - share), 1)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        if (most * share).is_integer():
            parts.append(f'<text class="tick" x="{LEFT - 10}" y="{y + 4}" text-anchor="end">{most * share:g}</text>')
    for score in scores:
        y = round(top + PLOT * (1 - score["total"] / most), 1)
        shape = instruments.index(score["instrument"]) % 3
        title = escape(f"{score['instrument']} {score['total']:g} on {score['day']}")
        parts.append(f'<g class="point point-{shape}"><title>{title}</title>{_mark(shape, x(score["day"]), y)}</g>')
    for number, name in enumerate(instruments):
        at = top + 6 + number * 16
        parts.append(f'<g class="point point-{number % 3}">{_mark(number % 3, 14, at)}</g>')
        parts.append(f'<text class="tick" x="24" y="{at + 4}">{escape(name)}</text>')
    return parts


def _mark(shape: int, x: float, y: float) -> str:
    if shape == 0:
        return f'<circle cx="{x}" cy="{y}" r="4"/>'
    if shape == 1:
        return f'<rect x="{x - 4}" y="{y - 4}" width="8" height="8"/>'
    return f'<path d="M{x} {y - 5}L{x + 5} {y + 4}H{x - 5}Z"/>'


def _years(first: date, last: date, x, bottom: float) -> list[str]:
    """A line at each new year, or each quarter of a span shorter than two years; as many labels as fit."""
    step = 3 if (last - first).days < 730 else 12
    marks = [
        date(year, month, 1)
        for year in range(first.year, last.year + 1)
        for month in range(1, 13, step)
        if first <= date(year, month, 1) <= last
    ]
    every = -(-len(marks) // _YEARS_LABELLED) or 1
    parts = []
    for number, mark in enumerate(marks):
        at = x(mark.isoformat())
        parts.append(f'<line class="grid" x1="{at}" x2="{at}" y1="0" y2="{bottom}"/>')
        if number % every == 0:
            words = f"{mark:%b %Y}" if step == 3 else f"{mark.year}"
            parts.append(f'<text class="tick" x="{at}" y="{bottom + 17}" text-anchor="middle">{words}</text>')
    return parts


def _day(text: str) -> date:
    return date.fromisoformat(text)
