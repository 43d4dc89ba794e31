"""The report: one HTML file that needs nothing else, readable without JavaScript, on paper and by screen readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import PackageLoader
from markupsafe import Markup

from stepwell.knowledge.incomplete_words import say_source_incomplete
from stepwell.knowledge.sentences import short_name
from stepwell.output import check_file, in_folder, write_text
from stepwell.result import Result

from .cards import make_bibliography, make_cards
from .charts import draw_agreement, draw_ladder, draw_shares, draw_waiting
from .drawing import Drawing
from .letters import letter
from .paper import make_environment
from .summarise import Summary, summarise
from .timeline import draw_timeline, find_story
from .verdicts import EVERYBODY, TREATED

_MOST_PAIRS = 100
"""Of definitions, in a table that somebody may still read through."""

_MONTHS = (6, 12, 24, 60)
"""The months at which the waiting-time table reads off its curves."""


def write_report(
    result: Result,
    out: Path | None = None,
    *,
    suppress_below: int = 5,
    people: Sequence[str] | None = (),
    replace_existing: bool = False,
) -> Path:
    """Writes the report of a result and returns where it is (default: `report.html` in the result's folder).

    Counts from 1 to `suppress_below` - 1 are withheld, with what would reveal them. `people` are ids as the source writes
    them, shown as timelines with dates; by default up to three people are chosen and shown without id or date, and with
    None nobody is. A file that stepwell did not write is replaced only with `replace_existing`.
    Raises `QuestionError` for a person who is not there and for a place that cannot be written.
    """
    out = check_file(in_folder(out or result.folder, "report.html"), replace_existing)
    html = render_report(result, suppress_below=suppress_below, people=people)
    return write_text(out, html, replace_existing)


def render_report(result: Result, *, suppress_below: int = 5, people: Sequence[str] | None = ()) -> str:
    """The page as text; the same result gives the same text."""
    definitions = result.definitions
    letters = {d.name: letter(i) for i, d in enumerate(definitions)}
    titles = {d.name: d.title for d in definitions}
    summary = summarise(result, suppress_below=suppress_below)
    environment = make_environment(PackageLoader("stepwell.report"))
    return environment.get_template("report.html.j2").render(
        style=Markup(environment.loader.get_source(environment, "report.css")[0]),
        manifest=result.manifest,
        summary=summary,
        incomplete=say_source_incomplete(result.drug_rows, suppress_below),
        definitions=definitions,
        letters=letters,
        titles=titles,
        months=_MONTHS,
        suppress_below=suppress_below,
        most_pairs=_MOST_PAIRS,
        crisis=result.knowledge.crisis["us"].text,
        met_range=_range_met(summary),
        has_steps=_has_scores(summary),
        charts=_draw(summary, titles),
        stories=_stories(result, letters, people),
        asked_by_name=bool(people),
        steps=range(1, 1 + max(len(ladder.rungs) for ladder in (summary.ladder, *summary.published))),
        names={key: short_name(key, result.knowledge.references) for key in result.knowledge.references},
        ladders=tuple(result.knowledge.ladders.values()),
        cards=make_cards(definitions, letters, result.knowledge),
        bibliography=make_bibliography(definitions, result.knowledge),
        EVERYBODY=EVERYBODY,
        TREATED=TREATED,
    )


def _range_met(summary: Summary) -> dict | None:
    """The lowest and the highest share among the treated, with the definitions that give them, and the same of unknown."""
    shares = [(s.share("met").value, s) for s in summary.verdicts.shares_of(TREATED) if s.share("met")]
    if not shares:
        return None
    unknown = sorted((p for _, s in shares if (p := s.share("unknown"))), key=lambda p: p.value)
    low, high = min(shares, key=lambda x: x[0]), max(shares, key=lambda x: x[0])
    return {"low": low[1], "high": high[1], "unknown": (unknown[0], unknown[-1]) if unknown else None}


def _draw(summary: Summary, titles: Mapping[str, str]) -> dict[str, Markup | dict[str, Markup]]:
    """The charts that have something to show, by name."""
    charts: dict[str, Markup | dict[str, Markup]] = {}
    for group, words in (
        (TREATED, "people with a depression diagnosis and an antidepressant"),
        (EVERYBODY, "everybody"),
    ):
        shares = summary.verdicts.shares_of(group)
        if any(s.share("met") for s in shares):
            charts[f"shares-{group}"] = _inline(
                draw_shares(shares, titles, f"shares-{group}", f"Share meeting each definition, among {words}")
            )
    if any(a.jaccard is not None for a in summary.verdicts.agreements):
        title = "Agreement between definitions"
        charts["agreement"] = _inline(draw_agreement(summary.verdicts.agreements, titles, "agreement", title))
    drawn = [w for w in summary.waiting if w.points and w.met.n]
    if drawn:
        months = max(w.points[-1].months for w in drawn)
        top = min(1.0, 1.1 * max(p.share.high or p.share.value for w in drawn for p in w.points))
        charts["waiting"] = {
            w.definition: _inline(
                draw_waiting(w, max(months, 1), top, f"waiting-{i}", f"Time to meeting: {titles[w.definition]}")
            )
            for i, w in enumerate(drawn)
        }
    ladders = [*([summary.ladder] if _has_scores(summary) else []), *summary.published]
    if ladders:
        charts["ladder"] = _inline(draw_ladder(ladders, summary.ladder, "ladder", "Remission by the end of each step"))
    return charts


def _has_scores(summary: Summary) -> bool:
    """Whether any step was scored: without a score, "0% observed" would be said of people of whom nobody knows."""
    return any(r.scored.n != 0 for r in summary.ladder.rungs)


def _inline(drawing: Drawing) -> Markup:
    return Markup(drawing.svg)  # made by the charting library and escaped in `render`


def _stories(result: Result, letters: Mapping[str, str], people: Sequence[str] | None) -> list[dict]:
    if people is None:
        return []
    if people:
        chosen = [(result.person_id(p), f"person {p}") for p in dict.fromkeys(people)]
    else:
        chosen = [(p, f"person {letter(i)}") for i, p in enumerate(_choose_people(result))]
    stories = [find_story(result, p, name, letters, is_named=bool(people)) for p, name in chosen]
    drawings = [draw_timeline(s, letters, f"person-{i}") for i, s in enumerate(stories)]
    return [{"story": s, "chart": None if d is None else _inline(d)} for s, d in zip(stories, drawings, strict=True)]


def _choose_people(result: Result) -> list[int]:
    """The first person who meets a definition, the first who meets none though all is known, and the first of whom no
    definition is met and one is unknown; each with a few treatments, so that there is something to see."""
    trial, determination = result.table("trial"), result.table("determination")
    own = trial.filter(trial.setting == result.manifest["step_setting"])
    treated = own.group_by("person_id").agg(n_trials=own.count())
    treated = treated.filter(treated.n_trials.between(2, 5))
    people = determination.group_by("person_id").agg(
        is_met=(determination.verdict == "met").any(), is_unknown=(determination.verdict == "unknown").any()
    )
    people = people.semi_join(treated, "person_id")
    met, unknown = people.is_met, people.is_unknown
    wanted = (met, ~met & ~unknown, ~met & unknown)
    first = people.agg(**{f"first_{i}": people.person_id.min(where=w) for i, w in enumerate(wanted)})
    row = first.to_pyarrow().to_pylist()[0]
    return [p for p in row.values() if p is not None]
