"""The command that lays definitions side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from .app import AsJson, Replace, app, out_console, print_json, progress


@app.command()
def compare(
    result: Annotated[
        str,
        typer.Argument(
            help="A folder that `stepwell run --definition all --out` wrote; with --vary the records themselves.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="The HTML file.", show_default="compare.html in the result folder; vary-DEFINITION.html here"
        ),
    ] = None,
    between: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B",
            help="Why two definitions do not mean the same people, criterion by criterion.",
            show_default=False,
        ),
    ] = None,
    persistence: Annotated[
        bool,
        typer.Option(
            "--persistence",
            help="Who begins, switches, adds and stops in the first weeks, as a regulator asked for it.",
        ),
    ] = False,
    vary: Annotated[
        str | None,
        typer.Option(
            metavar="DEFINITION",
            help="Which single choice moves the answer most: this definition, and each single change of it, on the records.",
            show_default=False,
        ),
    ] = None,
    replace: Replace = False,
    as_json: AsJson = False,
    suppress_below: Annotated[int, typer.Option(help="Counts below this are not shown (0 shows all).", min=0)] = 5,
) -> None:
    """Lays definitions side by side on the same people: shares, fields, agreement, overlap, and why two differ."""
    from stepwell.compare import compare as find
    from stepwell.compare import find_between, find_first_weeks, write_comparison
    from stepwell.compare.plain import plain
    from stepwell.result import Result

    if vary:
        _refuse_together(between, persistence)
        _vary(result, vary, out, replace, as_json, suppress_below)
        return
    opened = Result.open(result)
    comparison = find(opened, suppress_below=suppress_below)
    betweens = ()
    if between:
        betweens = (find_between(opened, comparison, *between, suppress_below=suppress_below),)
    weeks = find_first_weeks(opened, suppress_below=suppress_below) if persistence else None
    if as_json:
        print_json("compare", plain(comparison, betweens, weeks))
        return
    how = {"suppress_below": suppress_below, "replace_existing": replace}
    page = write_comparison(opened, comparison, out, betweens=betweens, first_weeks=weeks, **how)
    for found in betweens:
        for side in found.sides:
            for line in side.sentences():
                out_console.print(line, markup=False, highlight=False, soft_wrap=True)
    if weeks is not None:
        for clock in (weeks.diagnosis, weeks.treatment):
            _show_clock(clock)
    if not betweens and weeks is None:
        _show(comparison)
    out_console.print(f"\nPage: [bold]{escape(str(page))}[/bold]", highlight=False)


def _refuse_together(between, persistence: bool) -> None:
    from stepwell.errors import Problem, QuestionError

    if between or persistence:
        found = "was asked together with --vary, which reads records and no result"
        raise QuestionError(
            "One question at a time.",
            [Problem("--between" if between else "--persistence", found, "one of the two", "ask twice")],
        )


def _vary(source: str, definition: str, out: Path | None, replace: bool, as_json: bool, suppress_below: int) -> None:
    from stepwell.compare import vary, write_varied
    from stepwell.compare.plain import plain_varied
    from stepwell.output import check_file

    out = out or Path(f"vary-{definition}.html")
    if not as_json:
        check_file(out, replace)
    with progress() as report_progress:
        varied = vary(source, definition, suppress_below=suppress_below, progress=report_progress)
    if as_json:
        print_json("compare", plain_varied(varied))
        return
    page = write_varied(varied, out, suppress_below=suppress_below, replace_existing=replace)
    base = "too few people" if varied.base_share is None else f"{varied.base_share.value:.1%}"
    shown = Table("choice", "lowest", "highest", title=f"{varied.base.name}: {base}", box=None, pad_edge=False)
    for choice, least, most in varied.spans:
        shown.add_row(choice, f"{least.value:.1%}", f"{most.value:.1%}")
    out_console.print(shown)
    out_console.print(f"\nPage: [bold]{escape(str(page))}[/bold]", highlight=False)


def _show_clock(clock) -> None:
    title = f"From the {clock.what}: {clock.people.in_people}"
    shown = Table("days", "followed", *clock.states, "not observed so long", title=title, box=None, pad_edge=False)
    for line in clock.lines:
        cells = []
        for state in clock.states:
            found = line.share(state)
            cells.append(line.counts[state].text + (f" ({found.value:.0%})" if found else ""))
        shown.add_row(str(line.days), line.followed.text, *cells, line.lost.text)
    out_console.print(shown)


def _show(comparison) -> None:
    shown = Table("", "definition", "met", "share", "unknown", "of judged", "published", box=None, pad_edge=False)
    for row in comparison.rows:
        met, judged = row.treated.share("met"), row.of_judged
        shares = ("–" if p is None else f"{p.value:.1%}" for p in (met, judged))
        said = "; ".join(p.said for p in row.aligned.published)
        share, of_judged = shares
        counts = row.treated.counts
        shown.add_row(
            row.letter, row.definition.name, counts["met"].text, share, counts["unknown"].text, of_judged, said
        )
    out_console.print(shown)
    out_console.print(
        "\nOf people with a depression diagnosis and an antidepressant. Published shares are of other people: they are not "
        "comparable one to one."
    )
