"""One person on one line of time: treatments as bars, scores as points, episodes as shading, the day a definition was met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import altair as alt

from stepwell.knowledge.forms import Knowledge
from stepwell.result import Result

from .drawing import BESIDE, DARK, INK, LIGHT, MIDDLE, MUTED, RULE, SHADE, Drawing, render
from .supplies import Supply, draw_supplies

DAYS_PER_MONTH = 365.25 / 12
_ROLE_COLOURS = {"antidepressant": MIDDLE, "antipsychotic": LIGHT, "augmentation": LIGHT}


@dataclass(frozen=True)
class Course:
    """One treatment of the person, in the setting that the run used for its steps."""

    label: str
    role: str
    start: date
    end: date
    dose: str
    scores: str
    outcome: str
    counts_for: tuple[str, ...]
    """Letters of the definitions for which it counts as a failed trial."""


@dataclass(frozen=True)
class Judgement:
    """What one definition says of the person."""

    definition: str
    verdict: str
    met_date: date | None
    n_counted: int | None
    n_possible: int | None
    n_needed: int


@dataclass(frozen=True)
class Story:
    """Everything the timeline of one person shows. `shown_as` is the only name on the page."""

    shown_as: str
    is_named: bool
    start: date | None
    """The first day of the first treatment; for a person who is not named, time is counted from here and no date is shown."""
    courses: tuple[Course, ...]
    judgements: tuple[Judgement, ...]
    scores: tuple[tuple[str, date, float], ...]
    episodes: tuple[tuple[date, date], ...]
    sessions: tuple[tuple[str, date], ...] = ()
    """Days of treatments given in sessions, and of psychotherapy, by what they are called."""
    supplies: tuple[Supply, ...] = ()
    """Drugs as they were supplied, for a reader who is not to see which trials were made of them."""

    def when(self, day: date | None) -> str:
        """A day as the page may show it: the date, or the number of months since the first treatment."""
        if day is None:
            return ""
        if self.is_named:
            return f"{day.day} {day:%b %Y}"
        return f"month {(day - self.start).days / DAYS_PER_MONTH:.1f}"


def find_story(result: Result, person_id: int, shown_as: str, letters: Mapping[str, str], *, is_named: bool) -> Story:
    """Reads one person's rows. `letters` gives each definition its letter on the page."""
    setting = result.manifest["step_setting"]
    setting_of = result.manifest["setting_of"]
    trials = result.rows_of("trial", person_id)
    own = [t for t in trials if t["setting"] == setting]
    counted = _counted(result, person_id, letters, trials, setting_of)
    exposures = result.rows_of("exposure", person_id)
    how = [d.trials.medication_evidence.is_ for d in result.definitions if setting_of[d.name] == setting]
    if "supplied" in how:
        exposures = [e for e in exposures if e["is_supplied"]]
    sessions = sessions_of(result, person_id)
    # What is given in sessions has a row of ticks: a bar would say less.
    given = {i for t in result.knowledge.treatments.values() for i in t.ingredients} if sessions else set()
    courses = tuple(_course(t, exposures, counted, result.knowledge) for t in own if t["ingredient"] not in given)
    judged = {d["definition"]: d for d in result.rows_of("determination", person_id)}
    judgements = tuple(
        Judgement(name, *(judged[name][k] for k in ("verdict", "met_date", "n_counted", "n_possible", "n_needed")))
        for name in letters
    )
    labels = {i.id: i.label for i in result.knowledge.instruments.values()}
    scores = tuple(
        (labels.get(m["instrument"], m["instrument"]), m["measured_date"], m["total"])
        for m in result.rows_of("measurement", person_id)
        if m["total"] is not None
    )
    episodes = tuple(
        (e["start_date"], e["end_date"]) for e in result.rows_of("episode", person_id) if e["setting"] == setting
    )
    start = min(
        (c.start for c in courses), default=min((d for _, d in (*sessions, *(s[:2] for s in scores))), default=None)
    )
    return Story(shown_as, is_named, start, courses, judgements, scores, episodes, sessions)


def sessions_of(result: Result, person_id: int) -> tuple[tuple[str, date], ...]:
    """Every day that is a session or may be one, and days with psychotherapy where there are sessions."""
    treatments = result.knowledge.treatments
    rows = result.rows_of("session", person_id) if "session" in result.tables else []
    days = [(treatments[r["treatment"]].label, r["session_date"]) for r in rows if r["is_session"] is not False]
    if days:
        therapy = [r for r in result.rows_of("procedure", person_id) if r["procedure"] == "psychotherapy"]
        days += [("Psychotherapy", r["procedure_date"]) for r in therapy]
    return tuple(dict.fromkeys(days))


def _counted(result: Result, person_id: int, letters: Mapping[str, str], trials, setting_of) -> dict:
    """Letters of the definitions for which a trial counts, by ingredient and first day: settings number trials differently."""
    days = {(t["setting"], t["trial_number"]): (t["ingredient"], t["start_date"]) for t in trials}
    counted: dict[tuple[str, date], list[str]] = {}
    judged = result.rows_of("judged_trial", person_id)
    for name, rules in sorted(result.manifest["rules_of"].items()):
        for row in judged:
            if row["counts"] and row["rule"] in rules:
                trial = days[setting_of[name], row["trial_number"]]
                if letters[name] not in counted.setdefault(trial, []):
                    counted[trial].append(letters[name])
    return counted


def _course(trial: dict, exposures: Sequence[dict], counted: dict, knowledge: Knowledge) -> Course:
    doses = [
        e["mg_per_day"]
        for e in exposures
        if e["ingredient"] == trial["ingredient"] and trial["start_date"] <= e["start_date"] <= trial["end_date"]
    ]
    distinct = list(dict.fromkeys("?" if d is None else f"{d:g}" for d in doses))
    scores = ""
    if trial["endpoint_total"] is not None:
        label = knowledge.instruments[trial["instrument"]].label
        scores = f"{label} {trial['baseline_total']:g} → {trial['endpoint_total']:g}"
    key = (trial["ingredient"], trial["start_date"])
    return Course(
        label=knowledge.ingredients[trial["ingredient"]].label,
        role=trial["role"],
        start=trial["start_date"],
        end=trial["end_date"],
        dose="dose not known" if set(distinct) <= {"?"} else " → ".join(distinct) + " mg/day",
        scores=scores,
        outcome=trial["outcome"],
        counts_for=tuple(sorted(counted.get(key, ()))),
    )


def draw_timeline(story: Story, letters: Mapping[str, str], name: str) -> Drawing | None:
    """The picture; None where the person has neither a treatment nor a score."""
    if story.start is None:
        return None
    axis = _Axis(story)
    panels = []
    if story.courses:
        panels.append(_draw_courses(story, letters, axis))
    if story.supplies:
        is_last = not story.scores and not story.sessions
        panels.append(draw_supplies(story.supplies, axis, _WIDTH, labelled=is_last))
    if story.sessions:
        panels.append(_draw_sessions(story, axis))
    if story.scores:
        panels.append(_draw_scores(story, axis))
    chart = alt.vconcat(*panels, spacing=14).resolve_scale(x="shared")
    treatments = "; ".join(
        f"{c.label}, {c.dose}, {story.when(c.start)} to {story.when(c.end)}, {c.outcome}" for c in story.courses
    )
    treatments += "; ".join(
        f"{s.label}, {s.dose}, {story.when(s.start)} to {story.when(s.end)}" for s in story.supplies
    )
    totals = "; ".join(f"{i} {t:g} on {story.when(d)}" for i, d, t in story.scores)
    given = "; ".join(f"{what} on {story.when(d)}" for what, d in story.sessions)
    described = f"Treatments: {treatments or 'none'}. Sessions: {given or 'none'}. Scores: {totals or 'none'}."
    return render(chart, name, f"Timeline of {story.shown_as}", described)


class _Axis:
    """The time axis: dates for a person asked for by name, months since the first treatment for anybody else."""

    def __init__(self, story: Story):
        self.story = story
        days = [d for c in story.courses for d in (c.start, c.end)] + [d for _, d, _ in story.scores]
        days += [d for _, d in story.sessions] + [d for s in story.supplies for d in (s.start, s.end)]
        self.first, self.last = min(days), max(days)
        self.domain = [self.at(self.first), self.at(self.last)]

    def at(self, day: date) -> str | float:
        if self.story.is_named:
            return day.isoformat()
        return round((day - self.story.start).days / DAYS_PER_MONTH, 3)

    def share(self, day: date) -> float:
        """The place of a day on the axis, from 0 to 1."""
        return (day - self.first).days / max((self.last - self.first).days, 1)

    def within(self, first: date, last: date) -> tuple[date, date] | None:
        first, last = max(first, self.first), min(last, self.last)
        return (first, last) if first <= last else None

    def x(self, field: str, *, labelled: bool) -> alt.X:
        if self.story.is_named:
            kind, scale = "T", alt.Scale(type="utc", domain=self.domain, nice=False)
            axis = alt.Axis(title=None, format="%b %Y", tickCount=8, labelFlush=True)
        else:
            kind, scale = "Q", alt.Scale(domain=self.domain, nice=False)
            axis = alt.Axis(title="months since the first treatment", tickCount=10)
        axis.grid = False
        return alt.X(f"{field}:{kind}", scale=scale, axis=axis if labelled else None)


_WIDTH, _ROW = 720, 38
_LETTER = 6.4
"""The width of a letter of the words above the chart, in pixels, and a little more."""


def _levels(labels: list[tuple[float, str]]) -> list[int]:
    """The level above the chart of each label, so that none covers another; `labels` are shares of the width, in order."""
    ends: list[float] = []
    levels = []
    for share, said in labels:
        half = _LETTER * len(said) / 2
        level = next((n for n, end in enumerate(ends) if share * _WIDTH - half > end), len(ends))
        ends[level : level + 1] = [share * _WIDTH + half]
        levels.append(level)
    return levels


def _draw_courses(story: Story, letters: Mapping[str, str], axis: _Axis) -> alt.LayerChart:
    rows = [f"{c.label} {i}" for i, c in enumerate(story.courses, 1)]
    bars = [
        {
            "course": row,
            "start": axis.at(c.start),
            "end": axis.at(c.end),
            "role": c.role,
            "said": f"{c.dose} · {c.outcome}" + (f" · counts for {', '.join(c.counts_for)}" if c.counts_for else ""),
        }
        for row, c in zip(rows, story.courses, strict=True)
    ]
    met: dict[date, list[str]] = {}
    for judgement in story.judgements:
        if judgement.met_date and axis.within(judgement.met_date, judgement.met_date):
            met.setdefault(judgement.met_date, []).append(letters[judgement.definition])
    rules = [{"day": d, "at": axis.at(d), "said": "met: " + ", ".join(who)} for d, who in sorted(met.items())]
    for rule, level in zip(rules, _levels([(axis.share(r.pop("day")), r["said"]) for r in rules]), strict=True):
        rule["level"] = level
    y = alt.Y("course:N", scale=alt.Scale(domain=rows), title=None).axis(ticks=False, domain=False, labelPadding=8)
    # The words about a bar stand above it, to the left or the right of its start, whichever has more room.
    middle = axis.first + (axis.last - axis.first) / 2
    near = [b for b, c in zip(bars, story.courses, strict=True) if c.start <= middle]
    far = [b for b, c in zip(bars, story.courses, strict=True) if c.start > middle]
    colour = alt.Color(
        "role:N", scale=alt.Scale(domain=list(_ROLE_COLOURS), range=list(_ROLE_COLOURS.values())), legend=None
    )
    is_last = not story.scores and not story.sessions
    start = axis.x("start", labelled=is_last)
    said = {"dy": -11, "strokeJoin": "round", "fontSize": 11, "fill": INK, "stroke": SHADE, "strokeWidth": 6}
    return alt.layer(
        _shading(story, axis, labelled=is_last),
        alt.Chart(alt.Data(values=bars))
        .mark_bar(height=10, stroke=MUTED, strokeWidth=0.8, cornerRadius=2, yOffset=6)
        .encode(y=y, x=start, x2="end", color=colour),
        # The lines come before the words, whose outline keeps them free.
        alt.Chart(alt.Data(values=rules))
        .mark_rule(color=BESIDE, strokeWidth=1.6, strokeDash=[5, 3])
        .encode(x=axis.x("at", labelled=is_last)),
        alt.Chart(alt.Data(values=near)).mark_text(align="left", **said).encode(y=y, x=start, text="said:N"),
        alt.Chart(alt.Data(values=far))
        .mark_text(align="right", **said)
        .encode(y=y, x=axis.x("end", labelled=is_last), text="said:N"),
        *(
            alt.Chart(alt.Data(values=[r for r in rules if r["level"] == level]))
            .mark_text(color=BESIDE, fontSize=11, fontWeight="bold", baseline="bottom", dy=-3 - 13 * level)
            .encode(x=axis.x("at", labelled=is_last), y=alt.value(0), text="said:N")
            for level in sorted({r["level"] for r in rules})
        ),
    ).properties(width=_WIDTH, height=_ROW * len(rows))


def _draw_sessions(story: Story, axis: _Axis) -> alt.LayerChart:
    """A tick for each session, a row for each treatment and one for psychotherapy."""
    rows = list(dict.fromkeys(what for what, _ in story.sessions))
    ticks = [{"what": what, "at": axis.at(d)} for what, d in story.sessions]
    y = alt.Y("what:N", scale=alt.Scale(domain=rows), title=None).axis(ticks=False, domain=False, labelPadding=8)
    labelled = not story.scores
    tick = alt.Chart(alt.Data(values=ticks)).mark_tick(color=DARK, thickness=1.4, size=12)
    return alt.layer(
        _shading(story, axis, labelled=labelled), tick.encode(y=y, x=axis.x("at", labelled=labelled))
    ).properties(width=_WIDTH, height=20 * len(rows))


def _draw_scores(story: Story, axis: _Axis) -> alt.LayerChart:
    # Joined within an episode only: between two, nobody knows how the person was.
    points = [
        {"instrument": i, "at": axis.at(d), "total": t, "episode": sum(start <= d for start, _ in story.episodes)}
        for i, d, t in story.scores
    ]
    instruments = sorted({p["instrument"] for p in points})
    legend = alt.Legend(title=None, orient="right") if len(instruments) > 1 else None
    x = axis.x("at", labelled=True)
    title = instruments[0] if len(instruments) == 1 else "score"
    y = alt.Y("total:Q", scale=alt.Scale(domainMin=0)).axis(title=title, tickCount=4, domain=False, gridColor=RULE)
    base = alt.Chart(alt.Data(values=points)).encode(x=x, y=y)
    return alt.layer(
        _shading(story, axis, labelled=True),
        *(
            [base.mark_line(color=MUTED, strokeWidth=1).encode(detail=["instrument:N", "episode:N"])]
            * bool(story.episodes)
        ),
        base.mark_point(filled=True, size=55, color=DARK, opacity=1).encode(
            shape=alt.Shape("instrument:N", legend=legend)
        ),
    ).properties(width=_WIDTH, height=110)


def _shading(story: Story, axis: _Axis, *, labelled: bool) -> alt.Chart:
    spans = [axis.within(*e) for e in story.episodes]
    rows = [{"start": axis.at(s[0]), "end": axis.at(s[1])} for s in spans if s]
    return (
        alt.Chart(alt.Data(values=rows))
        .mark_rect(color=SHADE, stroke=RULE, strokeWidth=0.5)
        .encode(x=axis.x("start", labelled=labelled), x2="end")
    )
