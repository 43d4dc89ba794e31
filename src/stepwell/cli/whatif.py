"""The command that compares policies on simulated people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from .app import AsJson, Replace, Seed, app, out_console, print_json, progress


@app.command("what-if")
def what_if(
    offer: Annotated[str, typer.Option(help="What is offered: esketamine, ketamine, ect or tms.", show_default=False)],
    after: Annotated[
        str, typer.Option(help="After how many failed trials, each a policy of its own: 2,3,4.", show_default=False)
    ],
    against: Annotated[
        int | None,
        typer.Option(help="Compare with the offer after so many failed trials.", show_default="not offering it at all"),
    ] = None,
    uptake: Annotated[float, typer.Option(help="The share (0 to 1) who accept it.")] = 1.0,
    wait: Annotated[float, typer.Option(help="The mean wait for it, in days.")] = 0.0,
    failed_before: Annotated[
        int, typer.Option(help="People enter after so many failed trials (0: with the first trial of an episode).")
    ] = 0,
    years: Annotated[float, typer.Option(help="How long people are followed.")] = 5.0,
    utilities: Annotated[
        str | None,
        typer.Option(help="Count quality-adjusted years by this set: sapin or kolovos.", show_default="not counted"),
    ] = None,
    costs: Annotated[
        str | None, typer.Option(help="Count costs by this set: uk or us.", show_default="not counted")
    ] = None,
    discount: Annotated[float, typer.Option(help="Yearly discount of these two, in per cent.")] = 0.0,
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            help="A scenario to show beside the base case: null-trials or soon-recovery; base for none. Repeatable.",
            show_default="all that concern what is offered",
        ),
    ] = None,
    people: Annotated[int, typer.Option(help="People in each draw of the uncertain numbers.")] = 1000,
    draws: Annotated[int, typer.Option(help="Draws of the uncertain numbers (1: as they stand).")] = 100,
    seed: Seed = 1,
    as_json: AsJson = False,
    html: Annotated[
        Path | None,
        typer.Option(help="Write a page with the chart, the tables and what they stand on.", show_default="no page"),
    ] = None,
    replace: Replace = False,
) -> None:
    """Says what becomes of simulated people if a treatment is offered earlier or later, with every uncertainty beside it."""
    from stepwell.output import check_file
    from stepwell.whatif import ask, plain, words, write_answer
    from stepwell.whatif import what_if as answer_question
    from stepwell.whatif.chart import title_of

    question = ask(
        offer,
        after,
        against=against,
        uptake=uptake,
        wait_days=wait,
        scenarios=scenario or None,
        failed_before=failed_before,
        years=years,
        utilities=utilities,
        costs=costs,
        discount=discount,
        people=people,
        draws=draws,
        seed=seed,
    )
    if html is not None:
        check_file(html, replace)
    with progress() as report_progress:
        answer = answer_question(question, progress=report_progress)
    if html is not None:
        write_answer(answer, html, replace_existing=replace)
    if as_json:
        print_json("what-if", plain(answer))
        return
    for case in answer.cases:
        columns = ("per person", "policy", "mean", "difference", "95% of the draws", "error")
        shown = Table(
            *columns, title=title_of(case.scenario).capitalize(), box=None, pad_edge=False, title_justify="left"
        )
        for measure, unit in answer.measures:
            shown.add_row(
                words.of_unit(measure, unit), question.base_name, words.number(case.base[measure].value, unit)
            )
            for row in case.of(measure):
                d = row.difference
                numbers = (words.number(row.found.value, unit), words.signed(d.value, unit))
                shown.add_row("", row.policy, *numbers, words.interval(d, unit), words.error(d, unit))
        out_console.print(shown)
        out_console.print()
    for paragraph in words.paragraphs(answer):
        out_console.print(paragraph + "\n", markup=False, highlight=False)
    if html is not None:
        out_console.print(f"Page: [bold]{escape(str(html))}[/bold]", highlight=False)
