"""The command that lays definitions side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from .app import app, out_console


@app.command()
def compare(
    result: Annotated[
        str,
        typer.Argument(help="A folder that `stepwell run --definition all --out` wrote.", show_default=False),
    ],
    out: Annotated[
        Path | None, typer.Option(help="The HTML file.", show_default="compare.html in the result folder")
    ] = None,
    between: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B",
            help="Why two definitions do not mean the same people, criterion by criterion.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of writing a page.")] = False,
    suppress_below: Annotated[int, typer.Option(help="Counts below this are not shown (0 shows all).", min=0)] = 5,
) -> None:
    """Lays definitions side by side on the same people: shares, fields, agreement, overlap, and why two differ."""
    from stepwell.compare import compare as find
    from stepwell.compare import find_between, write_comparison
    from stepwell.compare.plain import plain
    from stepwell.result import Result

    opened = Result.open(result)
    comparison = find(opened, suppress_below=suppress_below)
    betweens = ()
    if between:
        betweens = (find_between(opened, comparison, *between, suppress_below=suppress_below),)
    if as_json:
        print(json.dumps(plain(comparison, betweens), indent=2, ensure_ascii=False))
        return
    page = write_comparison(opened, comparison, out, betweens=betweens, suppress_below=suppress_below)
    for found in betweens:
        for side in found.sides:
            for line in side.sentences():
                out_console.print(line, markup=False, highlight=False, soft_wrap=True)
    if not betweens:
        _show(comparison)
    out_console.print(f"\nPage: [bold]{escape(str(page))}[/bold]", highlight=False)


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
