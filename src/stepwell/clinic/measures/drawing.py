"""Scores over time as a small SVG for each questionnaire, drawn on the server like the timeline of the chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

import stepwell

from .series import Score

WIDTH, LEFT, RIGHT, PLOT, TOP = 440, 34, 74, 120, 26
_SPAN = WIDTH - LEFT - RIGHT


@dataclass(frozen=True)
class Line:
    """One line of a drawing: a total, or one of the clinic's own questions."""

    name: str
    points: tuple[tuple[date, float], ...]


def lines_of(instrument: str, scores: Sequence[Score]) -> list[Line]:
    """The totals as one line; of questions without a total, one line for each."""
    if any(score.total is not None for score in scores):
        return [Line("", tuple((s.day, s.total) for s in scores if s.total is not None))]
    names = list(dict.fromkeys(name for score in scores for name in score.items))
    if instrument in stepwell.load_knowledge().all_instruments:
        return []
    said = {n: tuple((s.day, s.items[n]) for s in scores if s.items.get(n) is not None) for n in names}
    return [Line(name, points) for name, points in said.items() if points]


def draw(
    label: str,
    direction: str,
    line: Line,
    ends: tuple[float, float],
    doses: Sequence[date],
    span: tuple[date, date],
    number: int,
    remission: float | None = None,
) -> str:
    """The SVG of one line. Short strokes at the bottom are doses; the dashed line is remission, where the instrument has one."""
    first, last = span
    length = max((last - first).days, 1)
    least, most = ends

    def x(day: date) -> float:
        return round(LEFT + (day - first).days / length * _SPAN, 1)

    def y(value: float) -> float:
        return round(TOP + PLOT * (1 - (value - least) / (most - least or 1)), 1)

    bottom, name = TOP + PLOT, f"{label}: {line.name}" if line.name else label
    above = line.name or f"{least:g} to {most:g}, {direction}"
    parts = []
    for value in (least, (least + most) / 2, most):
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{LEFT + _SPAN}" y1="{y(value)}" y2="{y(value)}"/>')
        if float(value).is_integer():
            parts.append(f'<text class="tick" x="{LEFT - 8}" y="{y(value) + 4}" text-anchor="end">{value:g}</text>')
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{LEFT + _SPAN}" y1="{bottom}" y2="{bottom}"/>')
    if remission is not None:
        at = y(remission)
        parts.append(f'<line class="cut" x1="{LEFT}" x2="{LEFT + _SPAN}" y1="{at}" y2="{at}"/>')
        parts.append(f'<text class="tick" x="{LEFT + _SPAN + 6}" y="{at + 4}">remission</text>')
    for day in sorted({d for d in doses if first <= d <= last}):
        parts.append(f'<line class="dose" x1="{x(day)}" x2="{x(day)}" y1="{bottom}" y2="{bottom + 8}"/>')
    path = " ".join(f"{'M' if n == 0 else 'L'}{x(day)} {y(value)}" for n, (day, value) in enumerate(line.points))
    parts.append(f'<path class="series" d="{path}"/>')
    for day, value in line.points:
        told = escape(f"{value:g} on {day:%-d %b %Y}")
        parts.append(f'<g class="point"><title>{told}</title><circle cx="{x(day)}" cy="{y(value)}" r="4"/></g>')
    final_day, final = line.points[-1]
    parts.append(f'<text class="last" x="{x(final_day) + 8}" y="{y(final) - 7}">{final:g}</text>')
    parts.append(f'<text class="tick" x="{LEFT}" y="{bottom + 24}">{_day(first)}</text>')
    if last > first:
        parts.append(f'<text class="tick" x="{LEFT + _SPAN}" y="{bottom + 24}" text-anchor="end">{_day(last)}</text>')
    desc = escape("; ".join(f"{value:g} on {day.isoformat()}" for day, value in line.points))
    heading = f'<text class="bar-name" x="{LEFT}" y="13">{escape(above)}</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="timeline scores" role="img" '
        f'viewBox="0 0 {WIDTH} {bottom + 30}" aria-labelledby="scores-{number}-title scores-{number}-text">'
        f'<title id="scores-{number}-title">{escape(name)}</title><desc id="scores-{number}-text">{desc}</desc>'
        f"{heading}{''.join(parts)}</svg>"
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
