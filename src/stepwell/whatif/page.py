"""The page of an answer: one HTML file in the report's style that needs nothing else."""

from __future__ import annotations

from pathlib import Path

from jinja2 import ChoiceLoader, PackageLoader
from markupsafe import Markup

from stepwell.output import write_text
from stepwell.report.paper import make_environment
from stepwell.version import __version__

from . import words
from .answer import Answer
from .chart import draw_answer, title_of
from .values import load_scenarios, load_values


def write_answer(answer: Answer, out: Path, *, replace_existing: bool = False) -> Path:
    """Writes the page and returns where it is. Raises QuestionError for a place that cannot be written."""
    return write_text(out, render_answer(answer), replace_existing)


def render_answer(answer: Answer) -> str:
    """The page as text; the same answer gives the same text."""
    rooms = ("stepwell.whatif", "stepwell.compare", "stepwell.report")
    environment = make_environment(ChoiceLoader([PackageLoader(room) for room in rooms]))
    style = "".join(environment.loader.get_source(environment, name)[0] for name in ("report.css", "compare.css"))
    return environment.get_template("whatif.html.j2").render(
        style=Markup(style),
        answer=answer,
        q=answer.question,
        treatments=[t.name.lower() if len(t.name) > 3 else t.name for t in answer.question.treatments],
        chart=Markup(draw_answer(answer, "whatif").svg),
        words=words,
        title_of=title_of,
        paragraphs=words.paragraphs(answer),
        sources=_sources(answer),
        version=__version__,
    )


def _sources(answer: Answer) -> list[dict]:
    """What the scenarios and values shown are from. (The model's own numbers have their sources in model.yaml.)"""
    q, scenarios, values = answer.question, load_scenarios(), load_values()
    cited = [(scenarios.references[e.source], e) for name in q.scenarios for e in scenarios.scenarios[name].because]
    if q.utilities is not None:
        chosen = values.utilities[q.utilities]
        cited += [(values.references[u.source], u) for u in (chosen.remission, chosen.response, chosen.ill)]
    if q.costs is not None:
        cited += [(values.references[a.source], a) for a in values.costs[q.costs].amounts()]
    return [{"reference": reference, "locator": part.locator, "seen": part.seen} for reference, part in cited]
