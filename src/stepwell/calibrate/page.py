"""The page of the fit: one HTML file in the report's style that needs nothing else."""

from __future__ import annotations

from pathlib import Path

from jinja2 import ChoiceLoader, PackageLoader
from markupsafe import Markup

from stepwell.knowledge.sentences import short_name
from stepwell.output import write_text
from stepwell.report.paper import make_environment
from stepwell.simulate import unverified
from stepwell.version import __version__

from . import words
from .chart import draw_fit
from .fit import Fit


def write_fit(fit: Fit, out: Path, *, replace_existing: bool = False) -> Path:
    """Writes the page and returns where it is. Raises QuestionError for a place that cannot be written."""
    return write_text(out, render_fit(fit), replace_existing)


def render_fit(fit: Fit) -> str:
    """The page as text; the same fit gives the same text."""
    rooms = ("stepwell.calibrate", "stepwell.compare", "stepwell.report")
    environment = make_environment(ChoiceLoader([PackageLoader(room) for room in rooms]))
    style = "".join(environment.loader.get_source(environment, name)[0] for name in ("report.css", "compare.css"))
    charts = {}
    for n, (kind, (title, _)) in enumerate(words.KINDS.items()):
        drawing = draw_fit(fit.of(kind), f"fit-{n}", title)
        charts[kind] = None if drawing is None else Markup(drawing.svg)
    judged = [row for row in fit.of("held out") if row.is_met is not None]
    calibrated = {p: q for p, q in fit.parameters.quantities() if (q.choice or "").startswith("Calibrated to ")}
    return environment.get_template("calibrate.html.j2").render(
        style=Markup(style),
        fit=fit,
        kinds=words.KINDS,
        charts=charts,
        words=words,
        judged=judged,
        agreeing=[row for row in judged if row.is_met],
        calibrated=calibrated,
        unverified=[u for u in unverified(fit.parameters) if u.path not in calibrated],
        names={key: short_name(key, fit.references) for key in fit.references},
        version=__version__,
    )
