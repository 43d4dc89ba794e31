"""One series as a small SVG: sessions as ticks, the totals of the followed scale as points, the cuts of response and remission.

It is drawn by hand, as the timeline of the chart is, and has no style attributes, which the content security policy refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from .statements import Series

WIDTH, LEFT, RIGHT, TOP, PLOT, FOOT = 760, 74, 100, 14, 170, 58
_SPAN = WIDTH - LEFT - RIGHT
_LABEL_APART = 14
_WEEKS_LABELLED = 9


def draw(series: Series, scale: str | None, cuts: Mapping[str, float]) -> str | None:
    """The SVG; None where no total is there to be drawn."""
    if not series.totals:
        return None
    start = series.row["start_date"]
    days = [day for day, _ in series.totals] + [s["session_date"] for s in series.sessions]
    first, last = min(days), max(days)
    length = max((last - first).days, 1)
    most = max(max(total for _, total in series.totals), *cuts.values(), 1.0)

    def x(day) -> float:
        return round(LEFT + (day - first).days / length * _SPAN, 1)

    def y(total: float) -> float:
        return round(TOP + PLOT * (1 - total / most), 1)

    bottom = TOP + PLOT
    parts = [f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>']
    for value in (0.0, most):
        parts.append(f'<text class="tick" x="{LEFT - 10}" y="{y(value) + 4}" text-anchor="end">{value:g}</text>')
    labels = []
    for name, cut in sorted(cuts.items(), key=lambda c: c[1]):
        parts.append(f'<line class="cut" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(cut)}" y2="{y(cut)}"/>')
        at = y(cut) + 4
        if labels and labels[-1] - at < _LABEL_APART:
            at = labels[-1] - _LABEL_APART
        labels.append(at)
        parts.append(f'<text class="tick" x="{WIDTH - RIGHT + 8}" y="{at}">{name} {cut:g}</text>')
    parts.append(f'<line class="begun" x1="{x(start)}" x2="{x(start)}" y1="{TOP}" y2="{bottom}"/>')
    points = [(x(day), y(total)) for day, total in series.totals]
    path = " ".join(f"{a},{b}" for a, b in points)
    parts.append(f'<polyline class="course" points="{path}"/>')
    for (day, total), (a, b) in zip(series.totals, points, strict=True):
        words = escape(f"{scale} {total:g} on {day:%Y-%m-%d}")
        parts.append(f'<g class="point"><title>{words}</title><circle cx="{a}" cy="{b}" r="4"/></g>')
    parts.append(f'<text class="tick" x="{LEFT - 10}" y="{bottom + 20}" text-anchor="end">sessions</text>')
    for session in series.sessions:
        at, known = x(session["session_date"]), "" if session["is_session"] else " session-open"
        title = escape(f"Session {session['session_number']}, {session['session_date']:%Y-%m-%d}")
        parts.append(f'<g class="session{known}"><title>{title}</title>')
        parts.append(f'<rect x="{at - 2}" y="{bottom + 9}" width="4" height="14"/></g>')
    parts += _weeks(first, last, start, x, bottom + 42)
    told = ", ".join(f"{total:g} on {day:%Y-%m-%d}" for day, total in series.totals)
    title = f"{scale} and sessions of one series"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="timeline" role="img" '
        f'viewBox="0 0 {WIDTH} {TOP + PLOT + FOOT}"><title>{escape(title)}</title>'
        f"<desc>{escape(f'{scale}: {told}. {len(series.sessions)} sessions.')}</desc>{''.join(parts)}</svg>"
    )


def _weeks(first, last, start, x, at: float) -> list[str]:
    """The weeks since the first session, as many as fit."""
    n_weeks = (last - start).days // 7
    every = -(-max(n_weeks, 1) // _WEEKS_LABELLED)
    parts = []
    for week in range(0, n_weeks + 1, every):
        words = "first session" if week == 0 else f"week {week}"
        place = x(start + timedelta(weeks=week))
        parts.append(f'<text class="tick" x="{place}" y="{at}" text-anchor="middle">{words}</text>')
    return parts
