"""The folder of a review: pages and forms for the reviewers, and the key, which they do not get."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from string import ascii_uppercase

from jinja2 import ChoiceLoader, Environment, PackageLoader
from markupsafe import Markup

from stepwell.errors import Problem, QuestionError
from stepwell.output import new_folder, write_text
from stepwell.report.paper import make_environment
from stepwell.result import Result
from stepwell.why.found import show_date, show_number
from stepwell.why.series import show_dose

from .forms import ANSWERS, CONFIDENCE, REVIEWERS, empty_form
from .key import KEY, write_key
from .records import read_chart
from .sample import Sample


def write_review(
    result: Result,
    sample: Sample,
    out: str | Path,
    *,
    reviewers: int = 2,
    progress: Callable[[str, int, int], None] | None = None,
) -> Path:
    """Writes a new folder and returns where it is: `reviewers/` with a page for each chart, a start page and a form for each
    reviewer, and `key/`. The same result and sample give the same bytes.

    Raises `QuestionError` where the folder cannot be written, or for a number of reviewers that has no letters.
    """
    if not 1 <= reviewers <= len(ascii_uppercase):
        problem = Problem("--reviewers", f"{reviewers}", f"from 1 to {len(ascii_uppercase)}")
        raise QuestionError("The review cannot be written.", [problem])
    environment, numbers = _environment(result, sample), [chart.number for chart in sample.charts]
    with new_folder(out) as folder:
        (folder / REVIEWERS).mkdir()
        (folder / KEY).mkdir()
        for chart in sample.charts:
            page = environment.get_template("chart.html.j2").render(
                number=chart.number, file_of=file_of, **read_chart(result, chart.person, chart.number)
            )
            write_text(folder / REVIEWERS / file_of(chart.number), page)
            if progress:
                progress("charts", chart.number, len(numbers))
        letters = ascii_uppercase[:reviewers]
        start = environment.get_template("start.html.j2").render(numbers=numbers, file_of=file_of, letters=letters)
        write_text(folder / REVIEWERS / "index.html", start)
        for letter in letters:
            # With the mark by which a spreadsheet reads UTF-8.
            write_text(folder / REVIEWERS / f"review_{letter}.csv", "\ufeff" + empty_form(sample.id, numbers))
        write_key(folder / KEY, sample)
    return Path(out)


def file_of(number: int) -> str:
    """The name of a chart's page."""
    return f"chart-{number:03d}.html"


def _environment(result: Result, sample: Sample) -> Environment:
    environment = make_environment(ChoiceLoader([PackageLoader("stepwell.review"), PackageLoader("stepwell.report")]))
    environment.filters |= {"day": show_date, "num": lambda v: "–" if v is None else show_number(v)}
    environment.globals |= {
        "style": Markup(environment.loader.get_source(environment, "report.css")[0]),
        "manifest": result.manifest,
        "crisis": [line.text for line in result.knowledge.crisis.values()],
        "question": sample.question,
        "sample": sample.id,
        "n_charts": len(sample.charts),
        "answers": ANSWERS,
        "confidence": CONFIDENCE,
        "svg": lambda drawing: Markup(drawing.svg),
        "show_dose": show_dose,
    }
    return environment
