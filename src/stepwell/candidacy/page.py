"""Candidacy on paper: one HTML file that needs nothing else, made to be printed on A4 or Letter, faxed and filed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import PackageLoader
from markupsafe import Markup

from stepwell.knowledge.candidacy_card import KINDS, arms, days_of, standing_of
from stepwell.knowledge.check import sources_of
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.sentences import provenance, short_name
from stepwell.output import write_text
from stepwell.report.paper import make_environment
from stepwell.result import Result
from stepwell.version import __version__
from stepwell.why.found import show_date

from .assess import Assessment
from .chart import Chart
from .story import MARKS, reach
from .suicidality import signs_of, to_say_first
from .trial_rows import tell_trials

_PARTS = (("Contraindications", "contraindications"), ("To be weighed", "cautions"))


def write_candidacy(
    result: Result, chart: Chart, assessments: Sequence[Assessment], out: Path, *, replace_existing: bool = False
) -> Path:
    """Writes the page and returns where it is. Raises `QuestionError` for a place that cannot be written."""
    return write_text(out, render_candidacy(result, chart, assessments), replace_existing)


def render_candidacy(result: Result, chart: Chart, assessments: Sequence[Assessment]) -> str:
    """The page as text; the same question gives the same text."""
    knowledge = chart.knowledge
    environment = make_environment(PackageLoader("stepwell.candidacy"))
    environment.filters |= {"date": show_date}
    return environment.get_template("candidacy.html.j2").render(
        style=Markup(environment.loader.get_source(environment, "candidacy.css")[0]),
        chart=chart,
        reach=reach(chart),
        source=result.manifest["source"]["label"],
        version=__version__,
        digest=result.manifest["knowledge"],
        crisis=knowledge.crisis["us"].text,
        signs=to_say_first(signs_of(chart)),
        assessments=assessments,
        parts=_PARTS,
        marks={stands: mark for stands, (mark, _) in MARKS.items()},
        nearly=" or ".join(dict.fromkeys(f"{n.share:g} %" for n in knowledge.nearly.values())),
        trials=_trials(assessments, knowledge),
        evidence=_evidence(assessments, knowledge),
        published=knowledge.published,
        kinds=KINDS,
        standing_of=standing_of,
        days_of=days_of,
        arms=arms,
        provenance=lambda form: provenance(form, knowledge).strip("[]"),
        sources=_sources(assessments, knowledge),
    )


def _trials(assessments: Sequence[Assessment], knowledge: Knowledge) -> dict[str, list[dict]]:
    """The trials by each definition, under the first form that asks for it."""
    told, by_form = set(), {}
    for one in assessments:
        new = [j for j in one.judged if j.definition.name not in told]
        told |= {j.definition.name for j in new}
        by_form[one.form.name] = [tell_trials(j, knowledge) for j in new]
    return by_form


def _evidence(assessments: Sequence[Assessment], knowledge: Knowledge) -> list[tuple[str, list[str]]]:
    """The published trials beside the forms, once each, by what they treated with."""
    by_treatment: dict[str, dict[str, None]] = {}
    for one in assessments:
        label = knowledge.ingredients[one.form.treatment].label
        by_treatment.setdefault(label, {}).update(dict.fromkeys(one.form.evidence))
    return [(label, list(names)) for label, names in by_treatment.items() if names]


def _sources(assessments: Sequence[Assessment], knowledge: Knowledge) -> list[tuple[str, str]]:
    """Every source named on the page: what it is called, and in full."""
    forms = [one.form for one in assessments]
    forms += [knowledge.published[name] for one in assessments for name in one.form.evidence]
    forms += [judged.definition for one in assessments for judged in one.judged]
    keys = {key for form in forms for key in sources_of(form)}
    told = []
    for key in sorted(keys, key=lambda k: (short_name(k, knowledge.references).casefold(), k)):
        r = knowledge.references[key]
        named = [r.authors, r.title, r.published_in, str(r.year) if r.year else None]
        parts = [part.rstrip(".") for part in named if part]
        where = f"doi:{r.doi}" if r.doi else r.url
        told.append((short_name(key, knowledge.references), ". ".join([*parts, *([where] if where else [])]) + "."))
    return told
