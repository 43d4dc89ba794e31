"""The page of the comparison: one HTML file that needs nothing else, in the report's style, made to be printed."""

from __future__ import annotations

from pathlib import Path

from jinja2 import ChoiceLoader, PackageLoader
from markupsafe import Markup

from stepwell.knowledge.sentences import short_name
from stepwell.output import check_file, in_folder, write_text
from stepwell.report.cards import make_bibliography
from stepwell.report.paper import make_environment
from stepwell.report.verdicts import EVERYBODY, TREATED
from stepwell.result import Result

from .between import Between
from .charts import draw_clock, draw_kappa, draw_overlap, draw_varied, time_of
from .comparison import Comparison
from .overlap import GROUPS
from .persistence import Clock, FirstWeeks
from .varied import Varied


def write_comparison(
    result: Result,
    comparison: Comparison,
    out: Path | None = None,
    *,
    betweens: tuple[Between, ...] = (),
    first_weeks: FirstWeeks | None = None,
    suppress_below: int = 5,
    replace_existing: bool = False,
) -> Path:
    """Writes the page and returns where it is (default: `compare.html` in the result's folder).

    Raises `QuestionError` for a place that cannot be written."""
    out = check_file(in_folder(out or result.folder, "compare.html"), replace_existing)
    html = render_comparison(
        result, comparison, betweens=betweens, first_weeks=first_weeks, suppress_below=suppress_below
    )
    return write_text(out, html, replace_existing)


def render_comparison(
    result: Result,
    comparison: Comparison,
    *,
    betweens: tuple[Between, ...] = (),
    first_weeks: FirstWeeks | None = None,
    suppress_below: int = 5,
) -> str:
    """The page as text; the same result gives the same text."""
    rows = comparison.rows
    letters = {row.definition.name: row.letter for row in rows}
    labels = {row.definition.name: f"{_cut(row.definition.title)}  {row.letter}" for row in rows}
    charts = {}
    if comparison.overlap.combinations:
        title = "Which definitions the same people meet"
        charts["overlap"] = Markup(draw_overlap(comparison.overlap, labels, "overlap", title).svg)
    if any(a.kappa is not None for a in comparison.verdicts.agreements):
        charts["kappa"] = Markup(draw_kappa(comparison.verdicts.agreements, labels, letters, "kappa").svg)
    return render(
        "compare.html.j2",
        manifest=result.manifest,
        rows=rows,
        comparison=comparison,
        letters=letters,
        charts=charts,
        groups=GROUPS,
        treated=comparison.verdicts.groups[TREATED],
        everybody=comparison.verdicts.groups[EVERYBODY],
        betweens=betweens,
        first_weeks=first_weeks,
        names={key: short_name(key, result.knowledge.references) for key in result.knowledge.references},
        clocks=_clocks(first_weeks) if first_weeks else (),
        suppress_below=suppress_below,
        bibliography=make_bibliography(comparison.definitions, result.knowledge),
    )


def _clocks(first_weeks: FirstWeeks) -> list[tuple[Clock, Markup | None]]:
    """Each clock with its chart, where there is something to draw."""
    clocks = []
    for name, clock in (("diagnosis", first_weeks.diagnosis), ("treatment", first_weeks.treatment)):
        is_drawn = any(line.share(clock.states[0]) for line in clock.lines)
        title = f"What had become, from the {clock.what}"
        clocks.append((clock, Markup(draw_clock(clock, f"clock-{name}", title).svg) if is_drawn else None))
    return clocks


def write_varied(varied: Varied, out: Path, *, suppress_below: int = 5, replace_existing: bool = False) -> Path:
    """Writes the page of one choice at a time. Raises `QuestionError` for a place that cannot be written."""
    return write_text(out, render_varied(varied, suppress_below=suppress_below), replace_existing)


def render_varied(varied: Varied, *, suppress_below: int = 5) -> str:
    """The page of one choice at a time as text."""
    return render(
        "vary.html.j2",
        varied=varied,
        chart=Markup(draw_varied(varied, "varied").svg) if varied.spans else None,
        suppress_below=suppress_below,
        bibliography=make_bibliography([varied.base], varied.knowledge),
    )


def render(template: str, **values: object) -> str:
    """A page of this package in the report's style."""
    environment = make_environment(ChoiceLoader([PackageLoader("stepwell.compare"), PackageLoader("stepwell.report")]))
    environment.filters["time"] = time_of
    style = "".join(environment.loader.get_source(environment, name)[0] for name in ("report.css", "compare.css"))
    return environment.get_template(template).render(style=Markup(style), **values).lstrip()


def _cut(title: str, most: int = 52) -> str:
    """A title short enough for the edge of a chart."""
    return title if len(title) <= most else title[: most - 1].rstrip(" ,") + "…"
