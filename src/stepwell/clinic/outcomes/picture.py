"""One series as a small SVG: sessions as ticks, the totals of the followed scale as points, the cuts of response and remission.

It is drawn by hand, as the timeline of the chart is, and has no style attributes, which the content security policy refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, TOP, PLOT, FOOT = 760, 74, 100, 14, 170, 58
_SPAN = WIDTH - LEFT - RIGHT
_LABEL_APART = 14
_WEEKS_LABELLED = 9


def draw(series: Mapping) -> str | None:
    """The SVG of a series as `stepwell.outcomes` tells it; None where there is no total to draw."""
    totals = [(date.fromisoformat(day), total) for day, total in series["totals"]]
    sessions = [(date.fromisoformat(s["day"]), s) for s in series["sessions"]]
    if not totals:
        return None
    start, scale, cuts = date.fromisoformat(series["start"]), series["scale"], series["cuts"]
    days = [day for day, _ in (*totals, *sessions)]
    first, last = min(days), max(days)
    length = max((last - first).days, 1)
    most = max(max(total for _, total in totals), *cuts.values(), 1.0)

    def x(day: date) -> float:
        return round(LEFT + (day - first).days / length * _SPAN, 1)

    def y(total: float) -> float:
        return round(TOP + PLOT * (1 - total / most), 1)

    bottom = TOP + PLOT
    parts = [f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>']
    for value in (0.0, most):
        parts.append(f'<text class="tick" x="{LEFT - 10}" y="{y(value) + 4}" text-anchor="end">{value:g}</text>')
    parts += _cuts(cuts, y)
    parts.append(f'<line class="begun" x1="{x(start)}" x2="{x(start)}" y1="{TOP}" y2="{bottom}"/>')
    points = [(x(day), y(total)) for day, total in totals]
    parts.append(f'<polyline class="course" points="{" ".join(f"{a},{b}" for a, b in points)}"/>')
    for (day, total), (a, b) in zip(totals, points, strict=True):
        title = f"<title>{escape(f'{scale} {total:g} on {day}')}</title>"
        parts.append(f'<g class="point">{title}<circle cx="{a}" cy="{b}" r="4"/></g>')
    parts.append(f'<text class="tick" x="{LEFT - 10}" y="{bottom + 20}" text-anchor="end">sessions</text>')
    for day, session in sessions:
        known = "" if session["is_session"] else " session-open"
        title = f"<title>Session {session['number']}, {day}</title>"
        box = f'<rect x="{x(day) - 2}" y="{bottom + 9}" width="4" height="14"/>'
        parts.append(f'<g class="session{known}">{title}{box}</g>')
    parts += _weeks(first, last, start, x, bottom + 42)
    told = ", ".join(f"{total:g} on {day}" for day, total in totals)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="timeline" role="img" '
        f'viewBox="0 0 {WIDTH} {TOP + PLOT + FOOT}"><title>{escape(f"{scale} and the sessions of one series")}</title>'
        f"<desc>{escape(f'{scale}: {told}. {len(sessions)} sessions.')}</desc>{''.join(parts)}</svg>"
    )


def _cuts(cuts: Mapping[str, float], y) -> list[str]:
    """The cuts as lines with their names at the right, which do not cover each other."""
    parts: list[str] = []
    above = None
    for name, cut in sorted(cuts.items(), key=lambda c: c[1]):
        parts.append(f'<line class="cut" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(cut)}" y2="{y(cut)}"/>')
        at = y(cut) + 4 if above is None else min(y(cut) + 4, above - _LABEL_APART)
        above = at
        parts.append(f'<text class="tick" x="{WIDTH - RIGHT + 8}" y="{at}">{name} {cut:g}</text>')
    return parts


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
