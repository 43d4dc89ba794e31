"""The pages of one result, made when they are asked for. Nothing is written to disk."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import NamedTuple
from urllib.parse import quote

import ibis
from jinja2 import ChoiceLoader, PackageLoader
from markdown_it import MarkdownIt
from markupsafe import Markup

from stepwell.candidacy import assess
from stepwell.candidacy.page import render_candidacy
from stepwell.compare import compare
from stepwell.compare.page import render_comparison
from stepwell.errors import InternalError, Problem, QuestionError, StepwellError
from stepwell.knowledge.explain import show
from stepwell.report.page import render_report
from stepwell.report.paper import make_environment
from stepwell.report.person import render_person
from stepwell.report.programme_page import render_programme
from stepwell.result import Result
from stepwell.why.found import show_date

N_SHOWN = 100
"""So many people are listed at once."""
_SCROLLS = '<div class="scroll" role="group" tabindex="0" aria-label="Scrolls sideways">'
VERDICTS = ("met", "unknown", "not met")


class Page(NamedTuple):
    """What is answered: the status of HTTP and the page."""

    status: int
    html: str


class Pages:
    """The pages of one result by their addresses. One question is answered at a time: the result has one connection."""

    def __init__(self, result: Result, home: str):
        """`home` is the address of the first page; all others begin with it."""
        self._result, self._home = result, home
        self._turn = Lock()
        self._kept: dict[str, str] = {}

    def answer(self, path: str, query: Mapping[str, str]) -> Page:
        """The page at a path (without `home`), such as `person/12`, or one that says what is wrong."""
        name, _, rest = path.partition("/")
        with self._turn:
            try:
                if name in ("report", "programme", "compare") and not rest:
                    return Page(200, self._whole(name))
                if name == "person" and rest:
                    return Page(200, render_person(self._result, rest))
                if name == "candidacy" and rest:
                    return Page(200, render_candidacy(self._result, *assess(self._result, rest)))
                if name == "definition" and rest:
                    return Page(200, self._definition(rest))
                if not path:
                    return Page(200, self._search(query))
            except QuestionError as error:
                return Page(404, self._wrong(error))
            except StepwellError as error:
                return Page(500, self._wrong(error))
            except Exception as error:
                # The words of an unknown error may quote a record, so only its type is told.
                problem = Problem("this page", type(error).__name__, "no such error", "please report it")
                return Page(500, self._wrong(InternalError("stepwell itself is at fault.", [problem])))
        return Page(404, self._shown("wrong.html.j2", message="There is no such page.", problems=()))

    def _whole(self, name: str) -> str:
        """A page about everybody, which takes time to make and is kept."""
        makers = {
            "report": render_report,
            "programme": render_programme,
            "compare": lambda result: render_comparison(result, compare(result)),
        }
        if name not in self._kept:
            self._kept[name] = makers[name](self._result)
        return self._kept[name]

    def _search(self, query: Mapping[str, str]) -> str:
        asked, definition, verdict = (query.get(key, "").strip() for key in ("person", "definition", "verdict"))
        names = [d.name for d in self._result.definitions]
        definition = definition if definition in names else ""
        verdict = verdict if verdict in VERDICTS else ""
        found = self._people(asked, definition, verdict)
        return self._shown(
            "search.html.j2",
            asked=asked,
            definition=definition,
            verdict=verdict,
            verdicts=VERDICTS,
            definitions=self._result.definitions,
            counts=self._result.verdicts(),
            n_people=self._result.manifest["rows"]["person"],
            people=found[:N_SHOWN],
            is_more=len(found) > N_SHOWN,
            n_shown=N_SHOWN,
        )

    def _people(self, asked: str, definition: str, verdict: str) -> list[dict]:
        """People whose id holds what was asked for, in the order of their numbers, with their verdict by the definition."""
        people = self._result.table("person")
        if asked:
            people = people.filter(people.source_person_id.lower().contains(asked.lower()))
        people = people.select("person_id", "source_person_id")
        if definition:
            determined = self._result.table("determination")
            determined = determined.filter(determined.definition == definition)
            if verdict:
                determined = determined.filter(determined.verdict == verdict)
            people = people.join(determined.select("person_id", "verdict", "met_date"), "person_id")
        else:
            people = people.mutate(verdict=ibis.null("string"), met_date=ibis.null("date"))
        return people.order_by("person_id").limit(N_SHOWN + 1).to_pyarrow().to_pylist()

    def _definition(self, id_: str) -> str:
        card = MarkdownIt("commonmark", {"html": False}).enable("table").render(show(id_, self._result.knowledge))
        card = card.replace("<table>", f"{_SCROLLS}<table>").replace("</table>", "</table></div>")
        return self._shown("definition.html.j2", id=id_, card=Markup(card))

    def _wrong(self, error: StepwellError) -> str:
        return self._shown("wrong.html.j2", message=error.title, problems=error.problems)

    def _shown(self, template: str, **values: object) -> str:
        loader = ChoiceLoader([PackageLoader("stepwell.serve"), PackageLoader("stepwell.report")])
        environment = make_environment(loader)
        environment.filters |= {"day": show_date, "address": lambda text: quote(text, safe="")}
        return environment.get_template(template).render(
            style=Markup(loader.get_source(environment, "report.css")[0]),
            manifest=self._result.manifest,
            crisis=(self._result.knowledge.crisis["us"].text,),
            home=self._home,
            **values,
        )
