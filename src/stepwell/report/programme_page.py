"""The page of a programme: series given, response and remission by phase, how long it held, how it was given, beside the
published trials. Counts only: small ones are withheld, with what would reveal them."""

from __future__ import annotations

from pathlib import Path

from jinja2 import PackageLoader
from markupsafe import Markup

from stepwell.knowledge.check import sources_of
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.sentences import provenance, short_name
from stepwell.output import write_text
from stepwell.result import Result
from stepwell.why.series_story import CAUTION

from .paper import make_environment
from .programme_beside import STATES
from .programme_charts import draw_adherence, draw_checkpoints, draw_durability, draw_published
from .programme_headlines import headlines_of
from .programme_shown import REASONS, Given, show_programme
from .shown_durability import Middle

_ASKED = {
    "regimen.in_force": "given while approved",
    "regimen.first_dose": "first dose",
    "regimen.dose": "dose",
    "regimen.frequency": "how often",
    "regimen.observed": "observed long enough",
    "regimen.pressure_before": "blood pressure before",
    "regimen.pressure_after": "blood pressure after",
    "regimen.pressure_end": "blood pressure at the end",
    "regimen.oxygen": "oxygen saturation taken",
    "regimen.sedation": "sedation over",
    "regimen.dissociation": "dissociation over",
    "regimen.form": "form sent",
}
"""The criteria of a session in two or three words."""
_BETWEEN = "<!-- the content -->"


def write_programme(result: Result, out: Path, *, suppress_below: int = 5, replace_existing: bool = False) -> Path:
    """Writes the page of a programme and returns where it is. Raises `QuestionError` for a place that cannot be written."""
    return write_text(out, render_programme(result, suppress_below=suppress_below), replace_existing)


def render_programme(result: Result, *, suppress_below: int = 5) -> str:
    """The page as text; the same result gives the same text."""
    return _filled(result, suppress_below, "layout.html.j2")


def render_programme_parts(result: Result, *, suppress_below: int = 5) -> dict[str, str]:
    """The parts of the page, `head` and `content`, for a page that has a frame and a style of its own."""
    head, _, content = _filled(result, suppress_below, "parts.html.j2").partition(_BETWEEN)
    return {"head": head, "content": content}


def _filled(result: Result, suppress_below: int, layout: str) -> str:
    knowledge, summary = result.knowledge, show_programme(result, suppress_below=suppress_below)
    environment = make_environment(PackageLoader("stepwell.report"))
    environment.filters |= {"median": _median, "months": lambda n: f"{n} month{'s' * (n != 1)}"}
    return environment.get_template("programme.html.j2").render(
        layout=layout,
        between=Markup(_BETWEEN),
        style=Markup(environment.loader.get_source(environment, "report.css")[0]),
        manifest=result.manifest,
        summary=summary,
        parts=[_part(g, knowledge, i) for i, g in enumerate(summary.given)],
        suppress_below=suppress_below,
        reasons=REASONS,
        states=STATES,
        asked=_ASKED,
        crisis=[line.text for line in knowledge.crisis.values()],
        caution=CAUTION,
        therapy=knowledge.around.therapy,
        names={key: short_name(key, knowledge.references) for key in knowledge.references},
        following=knowledge.following,
    )


def _part(given: Given, knowledge: Knowledge, number: int) -> dict:
    """One treatment with its charts and the trials laid beside it."""
    label = given.treatment.label
    trials = published_for(given, knowledge)
    outcomes = [
        {"trial": t.label, "what": o.what, "treated": o.treated, "control": o.control}
        for t in trials
        for o in t.outcomes
        if o.treated is not None and not o.harm and o.seen != "recalled"
    ]
    charts = {
        "checkpoints": draw_checkpoints(given.checkpoints, f"checkpoints-{number}", f"Response and remission: {label}"),
        "durability": draw_durability(given.durability, f"durability-{number}", f"How long response lasted: {label}"),
        "adherence": draw_adherence(given.regimens[0], _ASKED, f"adherence-{number}", f"Given as asked: {label}")
        if given.regimens
        else None,
        "published": draw_published(given, outcomes, f"published-{number}", f"Published trials: {label}"),
    }
    told = [
        {
            "trial": t,
            "outcomes": [(o, provenance(o, knowledge).strip("[]")) for o in t.outcomes],
            "primary": provenance(t.primary, knowledge).strip("[]"),
            "sources": sources_of(t),
        }
        for t in trials
    ]
    shown = {n: Markup(d.svg) for n, d in charts.items() if d is not None}
    return {"given": given, "headlines": headlines_of(given), "charts": shown, "trials": told}


def published_for(given: Given, knowledge: Knowledge) -> list:
    """The published trials of the treatment's ingredients, by year, null results among them."""
    ingredients = set(given.treatment.ingredients)
    trials = [t for t in knowledge.published.values() if ingredients & set(t.treatment)]
    return sorted(trials, key=lambda t: (t.year, t.label))


def _median(values: Middle | None) -> str:
    if values is None:
        return "–"
    low, middle, high = (None if value is None else round(value, 1) for value in values)
    return f"{middle:g} ({low:g} to {high:g})" if low != high else f"{middle:g}"
