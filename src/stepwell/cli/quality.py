"""The command of quality measures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from .app import AsJson, Replace, ResultArg, app, out_console, print_json


@app.command()
def quality(
    result: ResultArg,
    measure: Annotated[
        list[str] | None, typer.Option(help="Id of a measure (repeatable; default: all).", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A new CSV file with one row a person and measure, with the source's ids of the people.",
            show_default=False,
        ),
    ] = None,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Counts the quality measures in a result: who is in each, who reached remission, response or enough days."""
    from stepwell.knowledge.incomplete_words import say_source_incomplete
    from stepwell.knowledge.quality_card import standing
    from stepwell.output import check_file, write_table
    from stepwell.report.quality import count_quality, plain_counts, unanswerable, with_source_ids
    from stepwell.report.quality import quality as find
    from stepwell.result import Result

    if out is not None:
        check_file(out, replace)
    opened = Result.open(result)
    rows = find(opened, measure or ())
    if out is not None:
        write_table(out, with_source_ids(opened, rows), replace)
    if as_json:
        counts = [plain_counts(c) for c in count_quality(rows, opened.knowledge)]
        cannot = [*say_source_incomplete(opened.drug_rows), *unanswerable(opened, measure or ())]
        print_json("quality", {"measures": counts, "cannot_say": cannot})
        return
    for sentence in say_source_incomplete(opened.drug_rows):
        out_console.print(sentence, style="bold yellow", highlight=False)
    shown = Table("measure", "in it", "reached", "not reached", "unknown", "perhaps in it", box=None, pad_edge=False)
    for c in count_quality(rows, opened.knowledge):
        numbers = (c.included, c.reached, c.not_reached, c.unknown, c.perhaps_included)
        shown.add_row(f"{c.measure.title} ({c.measure.name}, {standing(c.measure)})", *map(str, numbers))
    out_console.print(shown)
    out_console.print(
        "\nPeople without a score in the window are unknown here; published measures count them as not reached. What else differs"
        " from the published measure, and what that does to its rate: stepwell knowledge show MEASURE."
    )
    for sentence in unanswerable(opened, measure or ()):
        out_console.print(sentence)
