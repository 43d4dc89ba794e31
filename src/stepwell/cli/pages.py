"""Commands that write a page about treatments given in sessions: of one person, of a programme."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from .app import PersonArg, PersonCommand, Replace, ResultArg, app, out_console


@app.command(cls=PersonCommand)
def person(
    result: ResultArg,
    person: PersonArg,
    html: Annotated[Path, typer.Option("--html", help="The HTML file to write.", show_default=False)],
    replace: Replace = False,
) -> None:
    """Writes the page of one person: drugs, doses, scores, sessions and psychotherapy on one line of time, criteria below."""
    from stepwell.report.person import write_person
    from stepwell.result import Result

    page = write_person(Result.open(result), person, html, replace_existing=replace)
    out_console.print(f"Page: [bold]{escape(str(page))}[/bold]  It names a person and shows dates.", highlight=False)


@app.command()
def programme(
    result: ResultArg,
    html: Annotated[Path, typer.Option("--html", help="The HTML file to write.", show_default=False)],
    suppress_below: Annotated[int, typer.Option(help="Counts below this are not shown (0 shows all).", min=0)] = 5,
    replace: Replace = False,
) -> None:
    """Writes the page of a programme: series given, response and remission by phase, how long it lasted, how it was given."""
    from stepwell.report.programme_page import write_programme
    from stepwell.result import Result

    page = write_programme(Result.open(result), html, suppress_below=suppress_below, replace_existing=replace)
    out_console.print(f"Page: [bold]{escape(str(page))}[/bold]", highlight=False)
