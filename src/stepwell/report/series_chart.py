"""One series on one line of time, counted from its first session: doses, what is in plasma by a published set, scores, an answer
about suicide, other measures, psychotherapy. And one dose by the hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import altair as alt

from stepwell.knowledge.plasma import Plasma
from stepwell.knowledge.plasma_curve import find_curve

from .drawing import BESIDE, DARK, INK, LIGHT, MIDDLE, MUTED, RULE, SHADE, Drawing, render

_WIDTH = 700
_PHASES = {"induction": DARK, "optimisation": MIDDLE, "maintenance": MIDDLE}
HOURS_SHOWN = 12
"""How much of a day the picture of one dose shows."""


@dataclass(frozen=True)
class Dose:
    """One session: days since the first, mg where it is known exactly, phase."""

    day: int
    mg: float | None
    phase: str | None


@dataclass(frozen=True)
class Measure:
    """One measure around the series: what it is called, which way is better, its values by days since the first session."""

    label: str
    better: str | None
    values: tuple[tuple[int, float], ...]
    cut: float | None = None
    """The remission cut, where response is judged by it."""
    half: float | None = None
    """The value at which it is response."""


@dataclass(frozen=True)
class Asked:
    """One administration of an instrument that asks about suicide: days since the first session, state, answer."""

    day: int
    state: str
    value: float | None


@dataclass(frozen=True)
class SeriesView:
    """Everything that the picture of one series shows."""

    title: str
    doses: tuple[Dose, ...]
    scores: tuple[Measure, ...]
    concern: tuple[Asked, ...]
    others: tuple[Measure, ...]
    therapy: tuple[tuple[int, str | None], ...]
    """Days since the first session, and the stretch after a session that it falls into."""
    plasma: Plasma | None

    @property
    def domain(self) -> list[int]:
        """The first and the last day drawn."""
        days = [d.day for d in self.doses] + [v[0] for m in (*self.scores, *self.others) for v in m.values]
        days += [a.day for a in self.concern] + [d for d, _ in self.therapy]
        return [min(days), max(days) + 1]


def draw_series(view: SeriesView, name: str) -> Drawing:
    """The picture of one series."""
    x = alt.X("day:Q", scale=alt.Scale(domain=view.domain, nice=False), axis=None)
    panels = [_scores(m, x) for m in view.scores]
    panels.append(_doses(view, x))
    if view.plasma is not None and _curves(view):
        panels.append(_plasma(view, x))
    if any(a.state != "not recorded" for a in view.concern):
        panels.append(_concern(view, x))
    panels += [_measure(m, x) for m in view.others]
    if view.therapy:
        panels.append(_therapy(view, x))
    panels.append(_axis(view))
    chart = alt.vconcat(*panels, spacing=22).resolve_scale(x="shared", y="independent", color="independent")
    return render(chart, name, view.title, _described(view))


def _axis(view: SeriesView) -> alt.Chart:
    """The days, on a line of their own at the foot."""
    x = alt.X("day:Q", scale=alt.Scale(domain=view.domain, nice=False)).axis(
        title="days since the first session", tickCount=12, grid=False
    )
    return alt.Chart(alt.Data(values=[{"day": view.domain[0]}])).mark_point(opacity=0).encode(x=x).properties(
        width=_WIDTH, height=1
    )  # fmt: skip


def _panel(title: str, note: str, height: int, *layers: alt.Chart) -> alt.LayerChart:
    """Layers under a title that stands at their left, with a word in grey after it."""
    head = alt.Chart(alt.Data(values=[{"title": title, "note": note}]))
    place = {"x": alt.value(0), "y": alt.value(0)}
    bold = head.mark_text(align="left", baseline="bottom", dy=-4, fontWeight="bold", fontSize=12, color=INK)
    grey = head.mark_text(align="right", baseline="bottom", dy=-4, fontSize=11, color=MUTED)
    layers = (
        *layers,
        bold.encode(text="title:N", **place),
        grey.encode(text="note:N", **(place | {"x": alt.value(_WIDTH)})),
    )
    return alt.layer(*layers).properties(width=_WIDTH, height=height)


def _start(x: alt.X) -> alt.Chart:
    return alt.Chart(alt.Data(values=[{"day": 0}])).mark_rule(color=RULE, strokeWidth=1).encode(x=x)


def _scores(measure: Measure, x: alt.X) -> alt.LayerChart:
    points = [{"day": d, "value": v} for d, v in measure.values]
    top = 1.06 * max(v for _, v in measure.values)
    y = alt.Y("value:Q", scale=alt.Scale(domain=[0, top or 1])).axis(
        title=None, tickCount=4, domain=False, gridColor=RULE
    )
    base = alt.Chart(alt.Data(values=points)).encode(x=x, y=y)
    lines = [
        {"value": v, "said": s} for v, s in ((measure.cut, "remission"), (measure.half, "response")) if v is not None
    ]
    rules = alt.Chart(alt.Data(values=lines)).encode(y=y)
    return _panel(
        measure.label,
        "lower is better" if measure.better == "lower" else "",
        120,
        _start(x),
        rules.mark_rule(color=BESIDE, strokeDash=[4, 3], strokeWidth=1),
        rules.mark_text(align="right", baseline="bottom", dy=-2, color=BESIDE, fontSize=10).encode(
            x=alt.value(_WIDTH), text="said:N"
        ),
        base.mark_line(color=DARK, strokeWidth=1.5),
        base.mark_point(filled=True, size=50, color=DARK, opacity=1),
    )


def _doses(view: SeriesView, x: alt.X) -> alt.LayerChart:
    known = [{"day": d.day, "mg": d.mg, "phase": d.phase or "", "zero": 0} for d in view.doses if d.mg is not None]
    unknown = [{"day": d.day, "said": "?"} for d in view.doses if d.mg is None]
    top = max((d["mg"] for d in known), default=1)
    values = sorted({d["mg"] for d in known})
    y = alt.Y("mg:Q", scale=alt.Scale(domain=[0, top])).axis(
        title=None, values=values if len(values) <= 4 else None, domain=False, gridColor=RULE
    )
    colour = alt.Color(
        "phase:N", scale=alt.Scale(domain=[*_PHASES, ""], range=[*_PHASES.values(), MIDDLE]), legend=None
    )
    phases = dict.fromkeys(d.phase for d in view.doses if d.phase)
    return _panel(
        "Dose, mg",
        " · ".join(phases),
        64,
        _start(x),
        alt.Chart(alt.Data(values=known)).mark_rule(strokeWidth=3).encode(x=x, y=y, y2="zero:Q", color=colour),
        alt.Chart(alt.Data(values=known)).mark_point(filled=True, size=26, opacity=1).encode(x=x, y=y, color=colour),
        alt.Chart(alt.Data(values=unknown)).mark_text(color=BESIDE, fontWeight="bold").encode(
            x=x, y=alt.value(32), text="said:N"
        ),
    )  # fmt: skip


def can_draw(plasma: Plasma, mg: float | None) -> bool:
    """Whether the set can draw this dose: known, and a whole number of devices where it is sprayed."""
    return mg is not None and mg > 0 and (plasma.devices is None or mg % plasma.devices.each == 0)


def _curves(view: SeriesView) -> list[dict]:
    """One point an hour for a day after each dose that the set can draw; nothing is left of the dose before."""
    points = []
    for number, dose in enumerate(view.doses):
        if can_draw(view.plasma, dose.mg):
            curve = find_curve(view.plasma, dose.mg)
            drawn = next(m.id for m in view.plasma.measured if m.is_drawn)
            for hour in range(25):
                at = (abs(curve.hours - hour)).argmin()
                value = round(float(curve.concentration[drawn][at]), 1)
                points.append({"day": round(dose.day + hour / 24, 4), "value": value, "dose": number})
    return points


def _plasma(view: SeriesView, x: alt.X) -> alt.LayerChart:
    label = next(m.label for m in view.plasma.measured if m.is_drawn)
    y = alt.Y("value:Q").axis(title=None, tickCount=2, domain=False, grid=False)
    base = alt.Chart(alt.Data(values=_curves(view))).encode(x=x, y=y, detail="dose:N")
    return _panel(
        f"{label} in plasma, ng/mL: an illustration, not measured", view.plasma.label, 44, _start(x),
        base.mark_area(color=LIGHT), base.mark_line(color=MUTED, strokeWidth=0.7),
    )  # fmt: skip


_STATES = {"above zero": BESIDE, "zero": MIDDLE}


def _concern(view: SeriesView, x: alt.X) -> alt.LayerChart:
    answered = [{"day": a.day, "value": a.value, "state": a.state} for a in view.concern if a.value is not None]
    # An unanswered one stands at no height of the scale: it is not a zero.
    silent = [{"day": a.day, "said": "?"} for a in view.concern if a.state == "unanswered"]
    top = max([1, *(p["value"] for p in answered)])
    y = alt.Y("value:Q", scale=alt.Scale(domain=[0, top])).axis(
        title=None, values=[0, top], format="d", domain=False, gridColor=RULE
    )
    scale = alt.Scale(domain=list(_STATES), range=list(_STATES.values()))
    base = alt.Chart(alt.Data(values=answered)).encode(x=x, y=y, color=alt.Color("state:N", scale=scale, legend=None))
    words = alt.Chart(alt.Data(values=silent)).encode(x=x, y=alt.value(20), text="said:N")
    return _panel(
        "Answer about suicide or self-harm", "?: asked and not answered", 40, _start(x),
        base.mark_point(filled=True, size=70, opacity=1),
        words.mark_text(color=INK, fontWeight="bold", fontSize=14),
    )  # fmt: skip


def _measure(measure: Measure, x: alt.X) -> alt.LayerChart:
    points = [{"day": d, "value": v} for d, v in measure.values]
    y = alt.Y("value:Q", scale=alt.Scale(zero=False, nice=True)).axis(
        title=None, tickCount=2, domain=False, gridColor=RULE
    )
    base = alt.Chart(alt.Data(values=points)).encode(x=x, y=y)
    way = {"higher": "higher is better", "lower": "lower is better", None: ""}[measure.better]
    return _panel(
        measure.label, way, 44, _start(x),
        base.mark_line(color=MUTED, strokeWidth=1), base.mark_point(filled=True, size=34, color=DARK, opacity=1),
    )  # fmt: skip


def _therapy(view: SeriesView, x: alt.X) -> alt.LayerChart:
    points = [{"day": d, "within": w or "other"} for d, w in view.therapy]
    base = alt.Chart(alt.Data(values=points)).encode(x=x, y=alt.value(9))
    return _panel(
        "Psychotherapy", "the time after a dose is shown, not judged", 18, _start(x),
        base.mark_point(shape="diamond", filled=True, size=60, color=INK, opacity=1),
    )  # fmt: skip


def _described(view: SeriesView) -> str:
    doses = ", ".join(f"day {d.day} {'dose not known' if d.mg is None else f'{d.mg:g} mg'}" for d in view.doses)
    told = [f"Sessions: {doses}."]
    for m in (*view.scores, *view.others):
        told.append(f"{m.label}: {', '.join(f'{v:g} on day {d}' for d, v in m.values)}.")
    asked = ", ".join(f"day {a.day} {a.state}" for a in view.concern)
    told += [f"Answers about suicide: {asked}."] if asked else []
    told += [f"Psychotherapy on days {', '.join(str(d) for d, _ in view.therapy)}."] if view.therapy else []
    return " ".join(told)


def draw_dose(plasma: Plasma, doses: Sequence[float], observed_hours: float | None, name: str) -> Drawing:
    """The curve after one dose by the hour, for each dose given; shaded, how long the label asks that a person is observed."""
    drawn = next(m for m in plasma.measured if m.is_drawn)
    rows, ends = [], []
    for mg in doses:
        curve = find_curve(plasma, mg)
        times = [(h, c) for h, c in zip(curve.hours, curve.concentration[drawn.id], strict=True) if h <= HOURS_SHOWN]
        kept = [b for (a, b) in pairwise([None, *times]) if a is None or int(a[0] * 12) != int(b[0] * 12)]
        rows += [{"hour": round(float(h), 3), "value": round(float(c), 1), "dose": f"{mg:g} mg"} for h, c in kept]
        ends.append({"hour": curve.tmax(drawn.id), "value": curve.cmax(drawn.id), "said": f"{mg:g} mg"})
    x = alt.X("hour:Q", scale=alt.Scale(domain=[0, HOURS_SHOWN], nice=False)).axis(
        title="hours since the beginning of the dose", tickCount=12, grid=False
    )
    y = alt.Y("value:Q").axis(title="ng/mL", tickCount=4, domain=False, gridColor=RULE)
    layers = []
    if observed_hours is not None:
        band = [{"hour": 0, "end": observed_hours, "said": "observed, as the label asks"}]
        shade = alt.Chart(alt.Data(values=band))
        layers.append(shade.mark_rect(color=SHADE).encode(x=x, x2="end:Q"))
    names = [f"{mg:g} mg" for mg in doses]
    dashes = [[1, 0], [6, 3], [2, 2], [8, 2, 2, 2]]
    dash = alt.StrokeDash("dose:N", scale=alt.Scale(domain=names, range=dashes[: len(names)]), legend=None)
    layers += [
        alt.Chart(alt.Data(values=rows)).mark_line(color=DARK, strokeWidth=2).encode(x=x, y=y, strokeDash=dash),
        alt.Chart(alt.Data(values=ends))
        .mark_text(align="left", baseline="bottom", dx=6, dy=-2, color=INK)
        .encode(x=x, y=y, text="said:N"),
    ]
    chart = alt.layer(*layers).properties(width=420, height=170)
    peaks = "; ".join(f"{e['said']} peaks at {e['value']:.0f} ng/mL after {60 * e['hour']:.0f} minutes" for e in ends)
    return render(chart, name, f"{drawn.label} in plasma after one dose, an illustration", f"{plasma.label}. {peaks}.")
