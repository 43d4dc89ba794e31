"""The command of candidacy."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from .app import AsJson, PersonArg, PersonCommand, Replace, ResultArg, app, out_console, print_json


@app.command(cls=PersonCommand)
def candidacy(
    result: ResultArg,
    person: PersonArg,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help="Id of a payer's policy, a label or a practice (repeatable); default: all. See `stepwell knowledge list`.",
            show_default=False,
        ),
    ] = None,
    definition: Annotated[
        str | None,
        typer.Option(
            help="The definition of resistance that labels and practices are asked by, in the place of their own.",
            show_default=False,
        ),
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="The day asked about: only what was recorded by then is read.",
            show_default="the last day observed or recorded",
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write the page to print or fax to this file.", show_default=False)
    ] = None,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """One person before esketamine or ketamine: what labels and payers ask, what the records say to each, what is missing."""
    from stepwell.candidacy import assess
    from stepwell.candidacy.story import tell_candidacy
    from stepwell.candidacy.suicidality import signs_of, to_say_first
    from stepwell.result import Result

    opened = Result.open(result)
    day = at.date() if at else None
    chart, assessments = assess(opened, person, policy or (), definition=definition, day=day)
    if html is not None:
        from stepwell.candidacy.page import write_candidacy

        page = write_candidacy(opened, chart, assessments, html, replace_existing=replace)
        out_console.print(f"Page: [bold]{escape(str(page))}[/bold]", highlight=False)
        return
    if as_json:
        rows = [one.as_dict() for one in assessments]
        said = {
            "person": person,
            "say_first": [sign.words for sign in to_say_first(signs_of(chart))],
            "crisis": opened.knowledge.crisis["us"].text,
            "forms": rows,
        }
        print_json("candidacy", said)
        return
    for part in tell_candidacy(chart, assessments):
        out_console.print(part)
