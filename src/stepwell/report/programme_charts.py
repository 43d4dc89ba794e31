"""The charts of a programme's page. Each shows what a table beside it says in numbers."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from .drawing import BESIDE, DARK, INK, LIGHT, MIDDLE, MUTED, PAPER, RULE, Drawing, render
from .programme_adherence import Followed
from .programme_checkpoints import ShownCheckpoint
from .programme_shown import Given
from .shown_durability import ShownDurability

_PARTS = {"met": DARK, "unknown": LIGHT, "not met": BESIDE}


def draw_checkpoints(checkpoints: Sequence[ShownCheckpoint], name: str, title: str) -> Drawing | None:
    """Response and remission at each checkpoint with intervals; None where no share may be shown."""
    rows = []
    for c in checkpoints:
        for what, share in (("response", c.response), ("remission", c.remission)):
            if share is not None:
                rows.append({"when": c.label, "what": what, "share": share.value, "low": share.low, "high": share.high})
    if not rows:
        return None
    order = [c.label for c in checkpoints]
    y = alt.Y("when:N", scale=alt.Scale(domain=order), title=None).axis(ticks=False, domain=False, labelPadding=10)
    side = alt.YOffset("what:N", scale=alt.Scale(domain=["response", "remission"], paddingOuter=0.5))
    x = alt.X("share:Q", scale=alt.Scale(domain=[0, 1])).axis(
        format="%", title="share of series with a score then", tickCount=5
    )
    x_low = alt.X("low:Q", title=None)
    base = alt.Chart(alt.Data(values=rows)).encode(y=y, yOffset=side)
    look = {"domain": ["response", "remission"]}
    legend = alt.Legend(title=None, orient="top", direction="horizontal")
    colour = alt.Color("what:N", scale=alt.Scale(range=[DARK, MIDDLE], **look), legend=legend)
    shape = alt.Shape("what:N", scale=alt.Scale(range=["circle", "diamond"], **look), legend=legend)
    chart = alt.layer(
        base.mark_rule(strokeWidth=2, opacity=0.8).encode(x=x_low, x2="high:Q", color=colour),
        base.mark_point(filled=True, size=90, opacity=1).encode(x=x, color=colour, shape=shape),
    ).properties(width=300, height=alt.Step(15))
    told = "; ".join(f"{r['when']}, {r['what']}: {r['share']:.0%}" for r in rows)
    return render(chart, name, title, f"Points with 95% intervals. {told}.")


def draw_durability(durability: ShownDurability, name: str, title: str) -> Drawing | None:
    """How many have lost response by so many months, and how many had the next series or died before; None where not shown."""
    known = durability.at
    if not known:
        return None
    zero = {"months": 0, "lost": 0.0, "low": 0.0, "high": 0.0, "both": 0.0}
    rows = [zero] + [
        {
            "months": a.months,
            "lost": a.lost.value,
            "low": a.lost.value if a.lost.low is None else a.lost.low,
            "high": a.lost.value if a.lost.high is None else a.lost.high,
            "both": a.lost.value + a.other.value,
        }
        for a in known
    ]
    last = rows[-1]["months"]
    x = alt.X("months:Q", scale=alt.Scale(domain=[0, last], nice=False)).axis(
        title="months since the first score in response", values=[r["months"] for r in rows], grid=False
    )
    y = alt.Y("lost:Q", scale=alt.Scale(domain=[0, 1])).axis(
        format="%", title="of series in response", tickCount=5, domain=False
    )
    base = alt.Chart(alt.Data(values=rows))
    ends = [
        {"months": last, "lost": rows[-1]["lost"], "said": "response lost"},
        {"months": last, "lost": rows[-1]["both"], "said": "or next series, or death"},
    ]
    ends = ends if rows[-1]["both"] > rows[-1]["lost"] else ends[:1]
    chart = alt.layer(
        base.mark_area(color=MIDDLE, opacity=0.3).encode(x=x, y=alt.Y("low:Q", title=None), y2="high:Q"),
        base.mark_line(color=MUTED, strokeDash=[4, 3]).encode(x=x, y=alt.Y("both:Q", title=None)),
        base.mark_line(color=DARK, strokeWidth=2).encode(x=x, y=y),
        base.mark_point(color=DARK, filled=True, size=50, opacity=1).encode(x=x, y=y),
        *(
            alt.Chart(alt.Data(values=[end]))
            .mark_text(align="right", baseline=side, dy=dy, fill=INK, stroke=PAPER, strokeWidth=3)
            .encode(x=x, y=y, text="said:N")
            for end, side, dy in zip(ends, ("top", "bottom"), (9, -8), strict=False)
        ),
    ).properties(width=300, height=200)  # fmt: skip
    told = "; ".join(f"{r['lost']:.0%} by {r['months']} months" for r in rows[1:])
    return render(chart, name, title, f"A rising line. Response lost: {told}.")


def draw_adherence(followed: Followed, names: dict[str, str], name: str, title: str) -> Drawing | None:
    """One bar per criterion: sessions given so, not known, not given so; None where no count may be shown."""
    rows, order = [], []
    for a in followed.asked:
        parts = {"met": a.met.n, "unknown": a.unknown.n, "not met": a.not_met.n}
        order.append(names[a.criterion])
        whole = sum(n for n in parts.values() if n is not None)
        if None in parts.values() or not whole:
            continue
        start = 0.0
        for part, n in parts.items():
            rows.append({"asked": names[a.criterion], "part": part, "start": start, "end": start + n / whole})
            start += n / whole
    if not rows:
        return None
    hidden = [
        {"asked": o, "said": "too few to show one of its parts"} for o in order if o not in {r["asked"] for r in rows}
    ]
    y = alt.Y("asked:N", scale=alt.Scale(domain=order), title=None).axis(ticks=False, domain=False, labelPadding=8)
    x = alt.X("start:Q", scale=alt.Scale(domain=[0, 1])).axis(
        format="%", title="share of sessions", tickCount=5, grid=False
    )
    colour = alt.Color(
        "part:N",
        scale=alt.Scale(domain=list(_PARTS), range=list(_PARTS.values())),
        legend=alt.Legend(title=None, orient="top", direction="horizontal", symbolType="square"),
    )
    chart = alt.layer(
        alt.Chart(alt.Data(values=rows))
        .mark_bar(height=14, stroke=MUTED, strokeWidth=0.4)
        .encode(y=y, x=x, x2="end:Q", color=colour),
        alt.Chart(alt.Data(values=hidden))
        .mark_text(align="left", color=MUTED, fontStyle="italic")
        .encode(y=y, x=alt.value(2), text="said:N"),
    ).properties(width=300, height=alt.Step(24))
    told = "; ".join(f"{r['asked']}, {r['part']}: {r['end'] - r['start']:.0%}" for r in rows)
    return render(chart, name, title, f"Bars by criterion. {told}.")


def draw_published(given: Given, outcomes: Sequence[dict], name: str, title: str) -> Drawing | None:
    """Published shares, treated and control, trial by trial, under this programme's own at the end of the induction."""
    if not outcomes:
        return None
    own = given.induction_end
    shares = [(what, getattr(own, what)) for what in ("response", "remission") if own and getattr(own, what)]
    rows, spans, order = [], [], []
    for what, share in shares:
        order.append(f"This programme · {what} at the end of the induction")
        rows.append({"row": order[-1], "arm": "this programme", "share": share.value})
        spans.append({"row": order[-1], "low": share.low, "high": share.high, "arm": "this programme"})
    for o in outcomes:
        order.append(f"{o['trial']} · {o['what']}")
        arms = [(arm, o[arm] / 100) for arm in ("treated", "control") if o[arm] is not None]
        rows += [{"row": order[-1], "arm": arm, "share": share} for arm, share in arms]
        ends = [share for _, share in arms]
        spans.append({"row": order[-1], "low": min(ends), "high": max(ends), "arm": "between"})
    y = alt.Y("row:N", scale=alt.Scale(domain=order), title=None).axis(
        ticks=False, domain=False, labelPadding=8, labelLimit=360
    )
    x = alt.X("share:Q", scale=alt.Scale(domain=[0, 1])).axis(format="%", title="share of people", tickCount=5)
    arms = ["this programme", "treated", "control"]
    colour = alt.Color(
        "arm:N",
        scale=alt.Scale(domain=[*arms, "between"], range=[DARK, BESIDE, MUTED, RULE]),
        legend=alt.Legend(title=None, orient="top", direction="horizontal", values=arms),
    )
    shape = alt.Shape("arm:N", scale=alt.Scale(domain=arms, range=["diamond", "circle", "cross"]), legend=None)
    points = alt.Chart(alt.Data(values=rows)).mark_point(filled=True, size=75, opacity=1, stroke=PAPER, strokeWidth=0.5)
    chart = alt.layer(
        alt.Chart(alt.Data(values=spans))
        .mark_rule(strokeWidth=2)
        .encode(y=y, x=alt.X("low:Q", title=None), x2="high:Q", color=colour),
        points.encode(y=y, x=x, color=colour, shape=shape),
    ).properties(width=400, height=alt.Step(23))
    told = "; ".join(f"{r['row']}, {r['arm']}: {r['share']:.0%}" for r in rows)
    return render(chart, name, title, f"Points by trial. {told}.")
