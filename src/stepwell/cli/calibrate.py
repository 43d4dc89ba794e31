"""The command that calibrates the simulator and lays it beside what was published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from .app import AsJson, Replace, Seed, app, out_console, print_json, progress


@app.command()
def calibrate(
    as_shipped: Annotated[
        bool, typer.Option("--as-shipped", help="Set nothing anew: show the shipped numbers beside what was published.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the calibrated numbers to this YAML file.", show_default="they are only printed"),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(help="Write the page that lays the model beside every published result.", show_default="no page"),
    ] = None,
    replace: Replace = False,
    people: Annotated[int, typer.Option(help="How many people to simulate in each study (100 or more).")] = 20_000,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Sets the simulator's free numbers by published results, and shows where it agrees with them and where it misses."""
    from stepwell.calibrate import calibrate as search
    from stepwell.calibrate import calibrated_file, find_fit, words, write_calibrated, write_fit
    from stepwell.calibrate.plain import plain_fit
    from stepwell.errors import Problem, QuestionError
    from stepwell.output import check_file

    if as_shipped and out is not None:
        found = "was asked together with --as-shipped, which sets nothing"
        raise QuestionError("One question at a time.", [Problem("--out", found, "one of the two", "ask twice")])
    for place in filter(None, (out, html)):
        check_file(place, replace)
    with progress() as report_progress:
        found = None if as_shipped else search(people, seed, progress=report_progress)
        fit = find_fit(people, seed, calibrated=found, progress=report_progress)
    if out is not None:
        write_calibrated(found, out, replace_existing=replace)
    if html is not None:
        write_fit(fit, html, replace_existing=replace)
    if as_json:
        print_json("calibrate", plain_fit(fit, found))
        return
    if found is not None:
        out_console.print(calibrated_file(found), markup=False, highlight=False, soft_wrap=True)
        said = f"Sum of squared misses: {found.start:.2f} before, {found.found:.2f} after.\n"
        out_console.print(said, highlight=False)
    shown = Table("result", "published", "model", "", box=None, pad_edge=False)
    for kind, (title, _) in words.KINDS.items():
        shown.add_row(f"[bold]{title}[/bold]")
        for row in fit.of(kind):
            shown.add_row(escape(row.target.what), words.published(row), words.simulated(row), words.verdict(row))
    out_console.print(shown)
    said = f"\n{len(fit.rows)} published results, {fit.people:,} simulated people in each study, 95% intervals."
    out_console.print(said, highlight=False)
    if out is not None:
        out_console.print(f"Numbers: [bold]{escape(str(out))}[/bold]", highlight=False)
    if html is not None:
        out_console.print(f"Page: [bold]{escape(str(html))}[/bold]", highlight=False)
